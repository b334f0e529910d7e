"""The result document, from recorded machines and from what plays register."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from kdump_enabler import __version__
from kdump_enabler.report import document, packing
from tests.hosts import machines
from tests.unit.building import judge

LOST = "Failed to connect to the host via ssh: ssh: connect to host web1 port 22: Connection refused"
HOST_KEYS = {"host", "verdict", "captures_now", "exit_code", "facts", "findings", "plan"}
FACT_KEYS = {"platform", "family", "package_manager", "boot_loader", "kernel", "arch", "memory_bytes"} | {
    "crashkernel",
    "capture_kernel_loaded",
}
SIZE_KEYS = {"running", "running_bytes", "next_boot", "next_boot_bytes", "wanted", "wanted_bytes"}
FINDING_KEYS = {"id", "severity", "title", "current", "wanted", "evidence", "remedy", "needs_reboot"}
VERDICTS = {"ready", "reboot-pending", "drift", "broken", "unsupported", "unknown", "unreachable"}


def record(name: str) -> dict[str, Any]:
    return judge(machines.load(name)).as_dict(name)


def check_keys(result: dict[str, Any]) -> None:
    """The keys that design.md 5 promises; more may come, these stay."""
    assert set(result) >= {"schema", "generated_at", "tool_version", "summary", "hosts"}
    assert result["schema"] == "kdump-enabler/result/1"
    assert set(result["summary"]) == VERDICTS
    assert sum(result["summary"].values()) == len(result["hosts"])
    for host in result["hosts"]:
        assert set(host) >= HOST_KEYS
        assert result["summary"][host["verdict"]] > 0
        if host["facts"] is not None:
            assert set(host["facts"]) >= FACT_KEYS
            assert set(host["facts"]["crashkernel"]) >= SIZE_KEYS
        for finding in host["findings"]:
            assert set(finding) >= FINDING_KEYS
            assert finding["severity"] in ("error", "warning", "info")
            assert all(set(source) == {"source", "line", "text"} for source in finding["evidence"])
        assert all(set(step) == {"step", "changes"} for step in host["plan"])


def test_every_recorded_machine_has_the_promised_keys() -> None:
    result = document.document([record(name) for name in machines.names()])
    check_keys(json.loads(json.dumps(result)))
    assert result["tool_version"] == __version__
    generated = datetime.fromisoformat(result["generated_at"])
    assert generated.utcoffset() == timedelta(0)


def test_the_worst_host_decides() -> None:
    names = ["debian12-ready", "debian12-container", "debian12-pending"]
    assert document.exit_code(document.document([record(name) for name in names])) == 3
    assert document.exit_code(document.document([])) == 0


def test_summary_counts() -> None:
    names = ["debian12-ready", "debian12-pristine", "debian12-noisy-nmi"]
    summary = document.document([record(name) for name in names])["summary"]
    assert {verdict: count for verdict, count in summary.items() if count} == {"ready": 1, "drift": 2}


def test_a_host_that_was_looked_at() -> None:
    host = record("debian12-pending")
    assert document.from_play("web1", {"kdump_audit": {"record": packing.packed(host)}}) == host


def test_a_host_that_nobody_could_reach() -> None:
    found = document.from_play("web1", {"kdump_audit": {"unreachable": True, "msg": LOST}})
    assert (found["host"], found["verdict"], found["exit_code"]) == ("web1", "unreachable", 2)
    assert (found["facts"], found["captures_now"]) == (None, None)
    assert found["reason"].startswith("ssh: connect to host web1 port 22: Connection refused; ")


def test_a_look_that_failed() -> None:
    trouble = {"kind": "no_root", "sentence": "It is not root", "hint": "Use sudo.", "exit_code": 2}
    found = document.from_play("web1", {"kdump_audit": {"failed": True}, "kdump_trouble": trouble})
    assert (found["verdict"], found["exit_code"], found["trouble"]["kind"]) == ("unknown", 2, "no_root")


def test_a_change_that_failed_counts_beside_the_verdict() -> None:
    """A ready machine whose rollback failed is not a success."""
    trouble = {"kind": "package_lock", "sentence": "It is locked", "hint": "Wait.", "exit_code": 1, "lines": "-1"}
    found = document.from_play(
        "web1", {"kdump_audit": {"record": packing.packed(record("debian12-ready"))}, "kdump_trouble": trouble}
    )
    assert (found["verdict"], found["exit_code"]) == ("ready", 1)
    assert found["trouble"] == {"kind": "package_lock", "sentence": "It is locked", "hint": "Wait.", "diff": "-1"}


@pytest.mark.parametrize(("name", "continued"), [("one", True), ("two", False)])
def test_a_run_that_had_been_killed(name: str, continued: bool) -> None:
    look = {"record": packing.packed(record("debian12-ready")), "run": name}
    begun = {"killed": {"run": "one", "goal": "enable", "started_at": "2026-11-21T10:11:12Z"}}
    found = document.from_play("web1", {"kdump_audit": look, "kdump_begun": begun})
    assert found["killed_run"] == {**begun["killed"], "continued": continued}
    assert "killed_run" not in document.from_play("web1", {"kdump_audit": look, "kdump_begun": {"killed": {}}})


def test_going_back_tells_all_that_changes_and_what_stays() -> None:
    """As kdump.enabler.restore returns it."""
    look = {"record": packing.packed(judge(machines.load("debian12-ready")).as_dict("web1"))}
    restored = {
        "paths": ["/etc/a", "/etc/new"],
        "removed": ["/etc/new"],
        "settings": {"kernel.panic": "0"},
        "units": {
            "kdump-tools.service": {"before": "disabled", "after": "enabled"},
            "late.service": {"before": "enabled", "after": "enabled"},
        },
        "packages": ["kdump-tools", "makedumpfile"],
    }
    found = document.from_play("web1", {"kdump_audit": look, "kdump_restored": restored})
    assert [(step["step"], step["changes"]) for step in found["plan"]] == [
        ("put back", "/etc/a"),
        ("remove file", "/etc/new"),
        ("set now", "kernel.panic = 0"),
        ("disable unit", "kdump-tools.service"),
        ("keep packages", "kdump-tools, makedumpfile"),
    ]


def test_a_milder_trouble_does_not_hide_the_verdict() -> None:
    trouble = {"kind": "no_reboot", "sentence": "x", "hint": "y", "exit_code": 3}
    found = document.from_play(
        "web1", {"kdump_audit": {"record": packing.packed(record("debian12-pristine"))}, "kdump_trouble": trouble}
    )
    assert found["exit_code"] == 1


def test_a_reboot_that_failed() -> None:
    late = {"kind": "no_return", "sentence": "It is late", "hint": "Look.", "exit_code": 2}
    found = document.from_play(
        "web1", {"kdump_audit": {"record": packing.packed(record("debian12-pending"))}, "kdump_trouble": late}
    )
    assert (found["trouble"]["kind"], found["exit_code"]) == ("no_return", 2)


def test_a_host_that_did_not_come_back_from_a_crash() -> None:
    """What was seen before the crash says nothing of it now."""
    look = {"record": packing.packed(record("debian12-ready")), "open": True}
    trouble = {"kind": "capture_kernel", "sentence": "It did not come up", "hint": "", "exit_code": 1}
    found = document.from_play(
        "web1", {"kdump_audit": look, "kdump_trouble": trouble, "kdump_proof": {"returned": False}}
    )
    assert (found["verdict"], found["facts"], found["exit_code"]) == ("unreachable", None, 1)
    assert found["trouble"]["kind"] == "capture_kernel"
    back = document.from_play(
        "web1", {"kdump_audit": look, "kdump_trouble": trouble, "kdump_proof": {"returned": True}}
    )
    assert back["verdict"] == "ready"


def test_a_host_that_was_lost_on_the_way() -> None:
    look = {"record": packing.packed(record("debian12-ready")), "open": True}
    assert document.from_play("web1", {"kdump_audit": look})["verdict"] == "unknown"
    assert document.from_play("web1", {})["exit_code"] == 2
