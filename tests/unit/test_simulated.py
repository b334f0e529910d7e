"""What a simulation led to, from kernel logs as virtual machines wrote them, against what was said before."""

from __future__ import annotations

from typing import Any

import pytest

from kdump_enabler.crash import simulated
from kdump_enabler.crash.outcome import Outcome

ID = "5f1c0a9e"
DUMP = "/var/crash/202611211500/dump.202611211500"
WHOLE = Outcome("proven", f"{DUMP} is whole and holds this crash", dump={"path": DUMP})
NO_PANIC = Outcome("no_panic", "The host is still in the boot that was to crash")
NO_DUMP = Outcome("no_dump", "The host came back without a new dump")
GONE = Outcome("no_return", "The host did not come back")
BEGINS = f"[  100.500000] kdump-enabler: begins module, {ID}"
# The line that names each detector, as kernels print it; 6.1 where nothing else is said.
SPOKEN = [
    ("soft lockup", "[  121.700000] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [kdump-simulate:812]"),
    ("soft lockup", "[  121.700000] NMI watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [insmod:2]"),
    ("hard lockup", "[  110.000000] NMI watchdog: Watchdog detected hard LOCKUP on cpu 1"),
    ("hard lockup", "[  110.000000] watchdog: Watchdog detected hard LOCKUP on cpu 1"),
    ("RCU stall", "[  122.000000] rcu: INFO: rcu_preempt self-detected stall on CPU"),
    ("RCU stall", "[  122.000000] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:"),
    ("RCU stall", "[  122.0][  C0] rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-... }"),
    ("hung task", "[  240.000000] INFO: task kdump-simulate:812 blocked for more than 120 seconds."),
    ("oops", "[  100.600000] BUG: kernel NULL pointer dereference, address: 0000000000000000"),
    ("oops", "[  100.6] Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000"),
    ("kernel BUG", "[  100.600000] kernel BUG at /run/kdump-enabler-simulate-x/kdump_simulate.c:118!"),
    (
        "OOM killer",
        "[  130.000000] python3 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=1000",
    ),
    ("SysRq", "[  100.600000] sysrq: Trigger a crash"),
]
PANIC = "[  121.800000] Kernel panic - not syncing: softlockup: hung tasks"


def before(
    kind: str = "soft-lockup", panics: bool | None = True, name: str = "soft lockup", **more: Any
) -> dict[str, Any]:
    """What was said, with one detector; an empty name for none."""
    detector = {"name": name, "after_seconds": 20, "at_most_seconds": 25, "panics": panics, "setting": ""}
    said = {"detectors": [detector] if name else [], "reason": "", "panics": panics, "dumps": True, "remarks": []}
    return {"state": "expected", "kind": kind, "options": {}, "trigger": "module", "expected": {**said, **more}}


def done(said: dict[str, Any], outcome: Outcome, *log: str) -> dict[str, Any]:
    return simulated.record(said, outcome.kind == "no_panic", outcome, [BEGINS, *log], ID)


@pytest.mark.parametrize(("name", "line"), SPOKEN)
def test_who_noticed_it(name: str, line: str) -> None:
    (one,) = done(before(), NO_PANIC, "[  100.6] nothing", line, line)["seen"]["detectors"]
    assert one["name"] == name
    assert one["line"] in line
    assert not one["line"].startswith("[")


def test_the_time_is_that_of_the_kernel() -> None:
    (one,) = done(before(), NO_PANIC, SPOKEN[0][1])["seen"]["detectors"]
    assert one["after_seconds"] == 21.2


def test_only_what_came_after_counts() -> None:
    log = [SPOKEN[0][1], BEGINS.replace(ID, "another"), SPOKEN[4][1], BEGINS]
    found = simulated.record(before(panics=False, name=""), True, NO_PANIC, log, ID)
    assert (found["seen"]["detectors"], found["difference"]) == ([], "")


def test_it_came_true() -> None:
    found = done(before(), WHOLE, SPOKEN[0][1], PANIC)
    assert (found["state"], found["difference"]) == ("done", "")
    seen = found["seen"]
    assert (seen["panicked"], seen["dump"], seen["complete"]) == (True, DUMP, True)
    assert seen["panic"] == "Kernel panic - not syncing: softlockup: hung tasks"
    assert simulated.trouble(found, WHOLE, "") == {}


def test_a_fault_that_panics_prints_no_panic() -> None:
    found = done(before("oops", name="oops"), WHOLE, SPOKEN[8][1])
    assert (found["seen"]["panic"], found["difference"]) == ("", "")


def test_it_survived_as_said() -> None:
    assert done(before(panics=False), NO_PANIC, SPOKEN[0][1])["difference"] == ""


@pytest.mark.parametrize(
    ("said", "outcome", "log", "words"),
    [
        (before(), NO_PANIC, [SPOKEN[0][1]], "did not panic, and it was to panic"),
        (before(panics=False), WHOLE, [SPOKEN[0][1], PANIC], "panicked, and it was to go on"),
        (before(), GONE, [], "did not come back, and it was to panic"),
        (before(), NO_DUMP, [], "no whole dump of it came out"),
        (before(panics=False), NO_PANIC, [], "The detector of a soft lockup said nothing"),
        (before("rcu-stall", False, "RCU stall"), NO_PANIC, [], "The detector of an RCU stall said nothing"),
        (before(panics=False, name=""), NO_PANIC, [SPOKEN[0][1]], "Nothing was to notice it, and there was: watchdog"),
    ],
)
def test_it_was_other_than_said(said: dict[str, Any], outcome: Outcome, log: list[str], words: str) -> None:
    found = done(said, outcome, *log)
    assert words in found["difference"]
    told = simulated.trouble(found, outcome, "")
    assert (told["kind"], told["exit_code"]) == ("not_as_said", 1)
    assert told["hint"]


def test_a_log_that_nobody_could_read() -> None:
    found = simulated.record(before(), False, WHOLE, None, ID)
    assert "nobody knows who noticed it" in found["difference"]


def test_what_was_not_known_before_is_not_compared() -> None:
    assert done(before(panics=None), NO_PANIC, SPOKEN[0][1])["difference"] == ""


def test_another_detector_may_panic_first() -> None:
    both = [
        {"name": "soft lockup", "after_seconds": 20, "at_most_seconds": 25, "panics": False, "setting": ""},
        {"name": "RCU stall", "after_seconds": 21, "at_most_seconds": None, "panics": True, "setting": ""},
    ]
    assert done(before(detectors=both), WHOLE, SPOKEN[4][1])["difference"] == ""
    assert "RCU stall said nothing" in done(before(detectors=both), WHOLE, SPOKEN[0][1])["difference"]


def test_what_could_not_be_made_is_told_first() -> None:
    found = done(before(panics=False), NO_PANIC)
    told = simulated.trouble(found, NO_PANIC, "insmod: ERROR: could not insert module x.ko: Invalid parameters\n")
    assert (told["kind"], "Invalid parameters" in told["msg"]) == ("not_made", True)
