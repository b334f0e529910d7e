"""The tables of size, backups and --show-policy, made from recorded machines."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timezone
from typing import Any

import pytest

from kdump_enabler import evidence
from kdump_enabler.audit import audit
from kdump_enabler.facts.backups import ROOT, BackupSet, next_name
from kdump_enabler.policy import Layer, policy_file
from kdump_enabler.report import document, fleet
from kdump_enabler.report.views import VIEWS, render
from kdump_enabler.verdict import Verdict
from tests.hosts import machines
from tests.unit.building import judge

COMMAND = "sudo kdump-enabler enable"
MANIFEST = {
    "schema": "kdump-enabler/backup/1",
    "created_at": "2026-11-20T10:11:12Z",
    "tool_version": "0.1.0",
    "files": [
        {
            "path": "/etc/default/grub.d/zz-kdump-enabler.cfg",
            "before": None,
            "after": {"sha256": "0123456789abcdef", "mode": "0644"},
        },
        {
            "path": "/etc/sysctl.d/[x].conf",
            "before": {"sha256": "fedcba9876543210", "mode": "0600"},
            "after": {"sha256": "0123456789abcdef", "mode": "0644"},
        },
    ],
    "packages": ["kdump-tools"],
    "units": {"kdump-tools.service": {"before": "disabled", "after": "enabled"}},
    "settings": {"kernel.panic": {"before": "0", "after": "10"}},
}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def shown(view: str, raw: dict[str, Any], *layers: Layer) -> str:
    found = evidence.from_raw(raw)
    record = audit(found, policy_file.in_effect(found, layers)).as_dict("web1")
    return " ".join(render(view, document.document([record]), COMMAND).split())


def with_sets(**manifests: object) -> dict[str, Any]:
    raw = copy.deepcopy(machines.load("debian12-ready"))
    raw["directories"][ROOT] = {"names": sorted(manifests)}
    for name, manifest in manifests.items():
        if manifest is not None:
            machines.write(raw, f"{ROOT}/{name}/manifest.json", json.dumps(manifest))
    return raw


def test_size_says_what_and_why() -> None:
    words = shown("sizes", machines.load("debian12-pristine"))
    assert "→ 1G-8G:256M,8G-16G:384M,16G-:512M 256 MiB enough by experience for this RAM" in words
    assert "384M-:128M 128 MiB the distribution's own" in words
    assert "256 MiB of 2047 MiB are 13 %" in words
    assert COMMAND in words


def test_who_asks_sees_why_so_much_is_wanted() -> None:
    hosts = [judge(machines.load(name)).as_dict(name) for name in ("debian12-pristine", "debian12-container")]
    short, whole = (render("findings", document.document(hosts), COMMAND, verbose) for verbose in (False, True))
    said = "the distribution's own"
    assert (short.count(said), whole.count(said)) == (0, 1), "a container sees the RAM of its host"


def test_size_keeps_what_is_larger() -> None:
    words = shown("sizes", machines.load("debian12-larger-stays"))
    assert "→ 1G 1024 MiB written in the GRUB defaults" in words
    assert "To do" not in words


def test_size_of_the_policys_own() -> None:
    words = shown("sizes", machines.load("debian12-ready"), Layer("command line", {"kdump_crashkernel": "512M"}))
    assert "→ 512M 512 MiB the policy's own" in words


def test_size_where_nothing_is_to_be_reserved() -> None:
    assert "Examplix 3 is not supported" in shown("sizes", machines.load("examplix"))


@pytest.mark.parametrize(
    ("machine", "why"), [("debian12-container", "its kernel belongs to the host"), ("debian12-wsl", "")]
)
def test_size_where_there_is_no_kernel_of_its_own(machine: str, why: str) -> None:
    words = shown("sizes", machines.load(machine))
    assert judge(machines.load(machine)).as_dict("web1")["reason"] in words
    assert why in words
    assert [word for word in ("To do", "MiB") if word in words] == []


def test_policy_names_who_states_it() -> None:
    words = shown(
        "policy", machines.load("debian12-ready"), Layer("fleet.yml", {"kdump_sysctls": {"kernel.panic": None}})
    )
    assert "kdump_sysctls.kernel.panic = null fleet.yml" in words
    assert "kdump_crashkernel_allow_lower = false default" in words


def test_backups_the_newest_first() -> None:
    raw = with_sets(
        **{"20261120T101112Z": MANIFEST, "20261121T000000Z": {**MANIFEST, "restored_at": "2026-11-21T01:00:00Z"}}
    )
    words = shown("backups", raw)
    assert words.index("20261121T000000Z") < words.index("20261120T101112Z")
    assert "restored 2026-11-21T01:00:00Z" in words
    assert "20261120T101112Z can be restored /etc/default/grub.d/zz-kdump-enabler.cfg" in words
    assert "installed kdump-tools" in words
    assert "rollback --to SET --dry-run --diff" in words
    assert "/etc/sysctl.d/[x].conf" in words


def test_all_that_a_set_holds() -> None:
    words = shown("backup set", with_sets(**{"20261120T101112Z": MANIFEST}))
    assert "begun 2026-11-20T10:11:12Z, by kdump-enabler 0.1.0" in words
    assert "/etc/default/grub.d/zz-kdump-enabler.cfg: no file → 0644, sha256 0123456789ab" in words
    assert "/etc/sysctl.d/[x].conf: 0600, sha256 fedcba987654 → 0644, sha256 0123456789ab" in words
    assert "kdump-tools.service: disabled → enabled kernel.panic: 0 → 10 installed kdump-tools" in words


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ([], "20261121T101112Z"),
        (["20261121T101111Z"], "20261121T101112Z"),
        (["20261121T101112Z", "20261121T235959Z"], "20261122T000000Z"),
        (["by-hand"], "20261121T101112Z"),
    ],
)
def test_the_next_name_comes_after_all(names: list[str], name: str) -> None:
    """Also when another controller's clock was ahead: going back follows the names."""
    sets = tuple(BackupSet(one) for one in names)
    assert next_name(sets, datetime(2026, 11, 21, 10, 11, 12, tzinfo=timezone.utc)) == name


def test_backups_closed_to_us_and_damaged_ones() -> None:
    words = shown("backups", with_sets(**{"20261120T101112Z": None, "20261121T000000Z": ["no manifest"]}))
    assert words.count("only root can read it") == 2


@pytest.mark.parametrize("view", ["backups", "backup set"])
def test_backups_of_a_host_that_nobody_could_ask(view: str) -> None:
    """Root does not help there."""
    result = document.document([document.nobody("web1", Verdict.UNREACHABLE, "No route to host")])
    assert render(view, result, COMMAND) == " web1  unreachable: No route to host"


def test_no_backups() -> None:
    raw = machines.load("debian12-ready")
    assert "nothing was changed here" in shown("backups", raw)
    raw["directories"][ROOT] = {"error": "EACCES"}
    assert "could not be read, even by root" in shown("backups", raw)
    assert "run it again as root" in shown("backups", {**raw, "euid": 1000})


@pytest.mark.parametrize("view", ["hosts", "findings", "plan", "policy", "sizes", "backups"])
def test_a_host_nobody_saw(view: str) -> None:
    nobody = document.nobody("web1", Verdict.UNREACHABLE, "Connection refused")
    assert "web1" in render(view, document.document([nobody]), COMMAND)
    trouble = nobody | {"trouble": {"kind": "policy", "sentence": "It is wrong", "hint": ""}}
    assert "It is wrong" in render(view, document.document([trouble]), COMMAND)


LOCKED = {"kind": "x", "sentence": "The package manager is locked", "hint": "Wait for it."}
WHY = "Connection refused; start sshd there"


@pytest.mark.parametrize("view", VIEWS)
def test_what_to_do_is_told_wherever_the_trouble_is(view: str) -> None:
    gone = {**document.nobody("gone", Verdict.UNREACHABLE, WHY), "vmcores": None}
    locked = {**judge(machines.load("debian12-ready")).as_dict("web1"), "vmcores": None, "trouble": LOCKED}
    words = " ".join(render(view, document.document([gone, locked]), COMMAND).split())
    assert "The package manager is locked. Wait for it." in words
    assert WHY in words


@pytest.mark.parametrize("view", ["findings", "plan"])
def test_what_to_do_is_told_in_an_overview(view: str) -> None:
    many = [document.nobody(f"gone{number}", Verdict.UNREACHABLE, WHY) for number in range(fleet.MANY)]
    locked = {**judge(machines.load("debian12-ready")).as_dict("web1"), "trouble": LOCKED}
    words = " ".join(render(view, document.document([*many, locked]), COMMAND).split())
    assert f"{fleet.MANY} {WHY}" in words
    assert "The package manager is locked. Wait for it." in words


@pytest.mark.parametrize("view", ["hosts", "findings", "plan", "policy", "sizes", "backups"])
@pytest.mark.parametrize("name", machines.names())
def test_every_machine_fits_the_width(view: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    found = evidence.from_raw(machines.load(name))
    text = render(view, document.document([audit(found, policy_file.in_effect(found, [])).as_dict("web1")]), COMMAND)
    assert "\x1b" not in text
    lines = [line.strip() for line in text.splitlines() if "To do" not in line and len(line) > 80]
    assert [line for line in lines if " " in line] == []


def test_a_dry_run_of_reboot_tells_what_that_does() -> None:
    """And not what `enable` would change on hosts that are not as they should be."""
    names = {"web1": "debian12-pending", "web2": "debian12-pristine", "web3": "debian12-ready"}
    result = document.document(judge(machines.load(machine)).as_dict(host) for host, machine in names.items())
    said = render("reboots", result, COMMAND)
    assert "A run would reboot web1." in said
    assert "write file" not in said
    ready = document.document([judge(machines.load("debian12-ready")).as_dict("web3")])
    assert "A run would reboot no host" in render("reboots", ready, COMMAND)
