"""What is printed about dumps beyond what files of this machine can show: who reads them, and hosts without any."""

from __future__ import annotations

from typing import Any

import pytest

from kdump_enabler.report import document
from kdump_enabler.report.views import render
from kdump_enabler.verdict import Verdict
from kdump_enabler.vmcore import FILE_KEYS, HEADER_KEYS
from tests.hosts import machines
from tests.unit.building import judge

DUMP: dict[str, Any] = dict.fromkeys((*FILE_KEYS, *HEADER_KEYS)) | {
    "directory": "/var/crash/202611201114",
    "path": "/var/crash/202611201114/dump.202611201114",
    "size_bytes": 34120251,
    "allocated_bytes": 34123776,
    "written_at": "2026-11-20T11:16:56Z",
    "mode": 0o600,
    "uid": 0,
    "gid": 0,
    "open_to_others": False,
    "format": "flattened",
    "complete": True,
    "origin": "real",
}


def shown(view: str, vmcores: list[dict[str, Any]] | None, machine: str = "debian12-ready") -> str:
    record = judge(machines.load(machine)).as_dict("web1") | {"vmcores": vmcores}
    return render(view, document.document([record]), "kdump-enabler enable")


@pytest.mark.parametrize(
    ("changes", "readers"),
    [
        ({}, "root"),
        ({"open_to_others": True, "mode": 0o644}, "everyone"),
        ({"uid": 1000, "mode": 0o600}, "user 1000"),
        ({"gid": 4, "mode": 0o640}, "root, group 4"),
        ({"gid": 4, "mode": 0o600}, "root"),
    ],
)
def test_who_reads_it(changes: dict[str, Any], readers: str) -> None:
    row = shown("dumps", [DUMP | changes]).splitlines()[2]
    assert row.rpartition("  ")[2] == readers
    assert f"readable by  {readers} (mode " in shown("dump", [DUMP | changes | {"log_tail": None, "panic": None}])


def test_the_time_of_writing_stands_in() -> None:
    assert shown("dumps", [DUMP]).splitlines()[2].startswith(" 2026-11-20 11:16:56 ")
    crashed = shown("dumps", [DUMP | {"crashed_at": "2026-11-20T11:14:49Z"}])
    assert crashed.splitlines()[2].startswith(" 2026-11-20 11:14:49 ")


def test_dumps_that_are_kept_elsewhere() -> None:
    words = shown("dumps", [], "debian12-ftp")
    assert "web1  no dump\n" in words
    assert "Its dumps are kept elsewhere: FTP=" in words
    assert shown("dumps", []) == " web1  no dump; new ones go to /var/crash"


def test_a_directory_on_a_network() -> None:
    assert "not looked at: /var/crash may wait for a network" in shown("dumps", None, "debian12-crash-nfs")
    assert "could not be seen" in shown("dumps", None)


def test_a_host_that_nobody_could_ask() -> None:
    record = document.nobody("web9", Verdict.UNREACHABLE, "ssh: no route") | {"vmcores": None}
    assert "web9  unreachable: ssh: no route" in render("dumps", document.document([record]), "")
    record["trouble"] = {"kind": "task", "sentence": "Look for dumps failed: no python3", "hint": ""}
    assert "web9  Look for dumps failed: no python3" in render("dumps", document.document([record]), "")


def test_without_rights() -> None:
    closed = DUMP | {"complete": None, "reason": "it could not be read: Permission denied"}
    assert "run it again as root" in shown("dumps", [closed], "debian12-ready-unprivileged")
    other = shown("dumps", [closed | {"reason": "it is no vmcore"}], "debian12-ready-unprivileged")
    assert "run it again as root" not in other
    assert "run it again as root" not in shown("dumps", [closed]), "root ran it, and a share may be closed to root"


def test_nothing_a_host_says_reaches_the_terminal_as_it_is() -> None:
    evil = DUMP | {"kernel": "\x1b[2J[red]x", "path": "/a\nb", "log": "/l", "log_bytes": 1, "panic": "[bold]\x07"}
    words = shown("dump", [evil | {"log_tail": ["\x1b]0;x\x07", "\ttab"]}]) + shown("dumps", [evil])
    assert [sign for sign in words if not (sign.isprintable() or sign == "\n")] == []
    assert "[red]x" in words
