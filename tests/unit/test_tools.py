"""Packages, units and shell-style files, from what the tools that own them print."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler.facts import tools
from tests.unit.building import seen

DPKG = (
    "kdump-tools\tinstalled\t1:1.8.1\nmakedumpfile\tconfig-files\t1:1.7.2-1\n"
    "kexec-tools\thalf-configured\t1:2.0.25-3+b1\n"
)
SHOW = """Result=success
UMask=0022
Id=kdump-tools.service
LoadState=loaded
ActiveState=active
SubState=exited
UnitFileState=enabled

Result=success
UMask=0077
Id=kdump-tools-dump.service
LoadState=masked
ActiveState=inactive
SubState=dead
UnitFileState=
"""
# Lines as an administrator writes them: sh says what they mean.
LINES = [
    "KEY=1",
    "KEY=",
    "KEY=''",
    'KEY=""',
    'KEY="a b"',
    "KEY='a b'",
    "KEY=a\\ b",
    "KEY=\"a\"'b'c",
    'KEY="say \\"hi\\""',
    "KEY='it'\\''s'",
    "KEY=1 # why",
    'KEY="1" # why',
    "KEY=1 # don't",
    "KEY=a#b",
    "KEY='a # b'",
    "  KEY=1",
    "export KEY=1",
    "KEY=0\nKEY=1",
    "#KEY=0\nKEY=1",
    "KEY=1\n#KEY=0",
    "OTHER=2\nKEY=/var/crash\n",
    'KEY="-c -d 31"',
    "KEY=192.168.0.1:/export",
]


def command(name: str, rc: int | None, out: str = "") -> dict[str, Any]:
    return {"argv": name.split(), "rc": rc, "out": out, "err": ""}


def test_only_installed_packages_count() -> None:
    found = tools.packages(seen(commands=[command("dpkg-query -W", 1, DPKG)]), "apt")
    assert found == {"kdump-tools": "1:1.8.1"}


def test_none_installed_is_an_answer() -> None:
    assert tools.packages(seen(commands=[command("dpkg-query -W", 1)]), "apt") == {}


@pytest.mark.parametrize("commands", [[], [command("dpkg-query -W", None)]])
def test_packages_unseen(commands: list[dict[str, Any]]) -> None:
    assert tools.packages(seen(commands=commands), "apt") is None


RPM = "package kdump-utils is not installed\nkexec-tools\tinstalled\t2.0.29-5.el9\n"


def test_what_rpm_says_of_missing_packages_is_no_package() -> None:
    both = [command("dpkg-query -W", 1), command("rpm -q", 1, RPM)]
    assert tools.packages(seen(commands=both), "dnf") == {"kexec-tools": "2.0.29-5.el9"}


def test_a_database_that_rpm_cannot_read_is_no_answer() -> None:
    failed = {**command("rpm -q", 1), "err": "error: cannot open Packages database in /var/lib/rpm\n"}
    assert tools.packages(seen(commands=[failed]), "dnf") is None


def test_units() -> None:
    found = tools.units(seen(commands=[command("systemctl show x", 0, SHOW)]))
    assert found == {
        "kdump-tools.service": tools.Unit("loaded", "active", "exited", "success", "enabled", "0022"),
        "kdump-tools-dump.service": tools.Unit("masked", "inactive", "dead", "success", "", "0077"),
    }


@pytest.mark.parametrize("rc", [1, None])
def test_units_unseen(rc: int | None) -> None:
    """`System has not been booted with systemd as init system`: exit status 1 and no properties."""
    assert tools.units(seen(commands=[command("systemctl show x", rc)])) is None


@pytest.mark.parametrize("text", LINES)
def test_shell_values_as_sh_reads_them(text: str, tmp_path: Path) -> None:
    file = tmp_path / "defaults"
    file.write_text(text + "\n", encoding="utf-8")
    run = subprocess.run(
        ["sh", "-c", '. "$0"; printf %s "$KEY"', str(file)], capture_output=True, text=True, check=True
    )
    assert tools.shell_values(text)["KEY"].value == run.stdout


def test_shell_values_have_the_line_that_counts() -> None:
    found = tools.shell_values("# USE_KDUMP=1\nUSE_KDUMP=1\n\nUSE_KDUMP=0\nFOO=x\n")
    assert {name: value.line for name, value in found.items()} == {"USE_KDUMP": 4, "FOO": 5}


def test_what_sh_would_refuse_is_no_setting() -> None:
    """`KEY = 1` runs a command named KEY; the kdump role of linux-system-roles writes it."""
    assert tools.shell_values("USE_KDUMP = 1\n") == {}


def test_an_unbalanced_quote_is_kept_as_written() -> None:
    assert tools.shell_values('KEY="quiet\n')["KEY"].value == '"quiet'
