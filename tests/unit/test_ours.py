"""Machines that are not ours to configure: the sentence names what to do instead."""

from __future__ import annotations

import pytest

from kdump_enabler import platforms
from tests.hosts import bases, machines
from tests.unit.building import judge

# How their own os-release files begin.
NAMES = {
    "bottlerocket": "NAME=Bottlerocket\nID=bottlerocket\nVARIANT_ID=aws-k8s-1.30\nVERSION_ID=1.20.0\n",
    "cos": 'NAME="Container-Optimized OS"\nID=cos\nVERSION_ID=117\n',
    "flatcar": 'NAME="Flatcar Container Linux by Kinvolk"\nID=flatcar\nID_LIKE=coreos\nVERSION_ID=4081.2.0\n',
    "guix": 'NAME="Guix System"\nID=guix\nPRETTY_NAME="Guix System"\n',
    "nixos": 'NAME=NixOS\nID=nixos\nVERSION_ID="25.05"\n',
    "steamos": 'NAME="SteamOS"\nID=steamos\nID_LIKE=arch\nVARIANT_ID=steamdeck\nVERSION_ID=3.7.16\n',
    "talos": 'NAME="Talos"\nID=talos\nVERSION_ID=v1.10.0\n',
    "ubuntu-core": 'NAME="Ubuntu Core"\nID=ubuntu-core\nVERSION_ID="24"\n',
}


def test_every_refused_system_without_releases_is_tried() -> None:
    rows = {match.id for match, _ in platforms.refused() if match.any}
    assert rows == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_based_system_is_told_its_own_way(name: str) -> None:
    raw = bases.pristine()
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        machines.write(raw, path, NAMES[name])
    found = judge(raw)
    assert (found.verdict.value, found.plan.steps()) == ("unsupported", [])
    reason = found.as_dict("x")["reason"]
    own = next(text for match, text in platforms.refused() if match.id == name)
    assert reason.endswith(f" is not supported by this version: {own}")
    assert "\n" not in reason
