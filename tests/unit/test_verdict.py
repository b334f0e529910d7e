"""The verdict, first match in the order of design.md 2, and the exit codes."""

from __future__ import annotations

from typing import Any

import pytest

from kdump_enabler import evidence
from kdump_enabler.facts import machine
from kdump_enabler.finding import Finding, Severity
from kdump_enabler.judging import captures_now, decide
from kdump_enabler.verdict import EXIT_CODES, Verdict, worst_exit_code
from tests.hosts import machines
from tests.hosts.machines import Raw

CODES = {
    "ready": 0,
    "drift": 1,
    "broken": 1,
    "unknown": 2,
    "unreachable": 2,
    "reboot-pending": 3,
    "unsupported": 4,
}
WORST = [
    ([], 0),
    ([0, 0], 0),
    ([0, 4], 4),
    ([4, 3], 3),
    ([3, 4, 0], 3),
    ([3, 2], 2),
    ([4, 3, 2, 0], 2),
    ([2, 1], 1),
    ([0, 1, 2, 3, 4], 1),
]
ERROR: dict[str, Any] = {"severity": Severity.ERROR}
LASTING = ERROR | {"blocks_capture": True}
REBOOT = ERROR | {"needs_reboot": True, "blocks_capture": True}
UNSEEN = {"severity": Severity.WARNING, "unseen": True}
# Machine, findings, verdict: `switched-off` has the tools and no capture kernel, `pristine` neither.
ORDER = [
    ("debian12-container", [LASTING], "unsupported"),
    ("debian12-switched-off", [LASTING], "broken"),
    ("debian12-switched-off", [LASTING, REBOOT, UNSEEN], "broken"),
    ("debian12-switched-off", [REBOOT], "reboot-pending"),
    ("debian12-switched-off", [REBOOT, UNSEEN], "reboot-pending"),
    ("debian12-switched-off", [REBOOT, ERROR], "drift"),
    ("debian12-pristine", [LASTING], "drift"),
    ("debian12-ready", [LASTING], "drift"),
    ("debian12-ready", [ERROR], "drift"),
    ("debian12-ready", [ERROR, UNSEEN], "drift"),
    ("debian12-ready", [UNSEEN], "unknown"),
    ("debian12-ready", [], "ready"),
    ("debian12-ready", [{"severity": Severity.WARNING}, {"severity": Severity.INFO}], "ready"),
]


def finding(**fields: Any) -> Finding:
    return Finding(id="KD999", title="", current="", wanted="", remedy="", **fields)


@pytest.mark.parametrize(("name", "findings", "verdict"), ORDER)
def test_first_match(name: str, findings: list[dict[str, Any]], verdict: str) -> None:
    facts = machine.read(evidence.from_raw(machines.load(name)))
    assert decide(facts, [finding(**fields) for fields in findings]).value == verdict


def test_exit_codes() -> None:
    assert {verdict.value: EXIT_CODES[verdict] for verdict in Verdict} == CODES


@pytest.mark.parametrize(("codes", "worst"), WORST)
def test_worst_exit_code(codes: list[int], worst: int) -> None:
    assert worst_exit_code(codes) == worst


def no_room(raw: Raw) -> None:
    raw["mounts"]["/"]["free"] = 1024 * 1024


def gone(raw: Raw) -> None:
    raw["directories"]["/var/crash"] = {"error": "ENOENT", "dumps": {}}


def read_only(raw: Raw) -> None:
    raw["mounts"]["/"]["options"] = "ro,relatime"


def closed(raw: Raw) -> None:
    raw["directories"]["/var/crash"] = {"error": "EACCES", "dumps": {}}


def not_loaded(raw: Raw) -> None:
    machines.kernel(raw, kexec_crash_loaded="0")


def unseen(raw: Raw) -> None:
    machines.unreadable(raw, "/sys/kernel/kexec_crash_loaded")


def other_disk(raw: Raw) -> None:
    raw["mounts"]["/var/crash"] = {"source": "nas:/dumps", "type": "nfs4", "options": "rw"}


@pytest.mark.parametrize(
    ("change", "captures"),
    [
        (no_room, False),
        (gone, None),  # kdump-config would make it (`mkdir -p`), wherever that is then
        (read_only, False),
        (not_loaded, False),
        (closed, None),
        (unseen, None),
        (other_disk, None),  # nobody asks a network mount, which may hang, how much room it has
    ],
)
def test_captures_now(change: Any, captures: bool | None) -> None:
    raw = machines.load("debian12-ready")
    change(raw)
    assert captures_now(machine.read(evidence.from_raw(raw))) is captures
