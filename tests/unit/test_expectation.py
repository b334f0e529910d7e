"""What a simulation should lead to, by the settings of a kernel as its documents explain them."""

from __future__ import annotations

from typing import Any

import pytest

from kdump_enabler.crash.expectation import Expected, expected, is_off, with_duration
from kdump_enabler.crash.simulation import asked
from kdump_enabler.facts import detectors
from tests.unit.building import seen

# A Debian 12 in a virtual machine, as it reads there.
DEBIAN = {
    "kernel.watchdog": "1",
    "kernel.nmi_watchdog": "0",
    "kernel.soft_watchdog": "1",
    "kernel.watchdog_thresh": "10",
    "kernel.softlockup_panic": "0",
    "kernel.hardlockup_panic": "0",
    "kernel.hung_task_panic": "0",
    "kernel.hung_task_timeout_secs": "120",
    "kernel.hung_task_check_interval_secs": "0",
    "kernel.panic_on_rcu_stall": "0",
    "kernel.panic_on_oops": "1",
    "kernel.panic": "10",
    "vm.panic_on_oom": "0",
}


def expect(kind: str, options: Any = None, cpus: str = "0-1", **settings: str) -> Expected:
    """What should happen with these settings; names are given with an underscore for the dot."""
    changed = {name.replace("_", ".", 1): value for name, value in settings.items()}
    files = {"/proc/sys/" + key.replace(".", "/"): value + "\n" for key, value in {**DEBIAN, **changed}.items()}
    files |= {detectors.ONLINE: cpus + "\n", detectors.STALL_TIMEOUT: "21\n", detectors.STALL_SUPPRESS: "0\n"}
    found = detectors.read(seen(files))
    return expected(with_duration(asked(kind, options or {}), found), found, True)


def names(found: Expected) -> list[tuple[str, int | None, bool | None]]:
    return [(one.name, one.after_seconds, one.panics) for one in found.detectors]


def test_a_soft_lockup_is_twice_the_threshold() -> None:
    assert names(expect("soft-lockup")) == [("soft lockup", 20, False), ("RCU stall", 21, False)]
    quick = expect("soft-lockup", kernel_watchdog_thresh="2", kernel_softlockup_panic="1")
    assert names(quick) == [("soft lockup", 4, True)]
    assert (quick.panics, quick.dumps, quick.reason) == (True, True, "")
    assert quick.detectors[0].setting == "kernel.softlockup_panic = 1"


def test_a_lockup_may_panic_by_the_detector_of_another() -> None:
    assert expect("soft-lockup", kernel_panic_on_rcu_stall="1").panics is True
    assert expect("soft-lockup", {"duration": "20"}, kernel_panic_on_rcu_stall="1").panics is False


def test_a_hold_that_is_too_short_wakes_nobody() -> None:
    found = expect("soft-lockup", {"duration": "15"}, kernel_softlockup_panic="1")
    assert (names(found), found.panics) == ([], False)
    assert found.reason == "15 s are not more than the 20 s after which it speaks"


@pytest.mark.parametrize("key", ["kernel_watchdog", "kernel_soft_watchdog", "kernel_watchdog_thresh"])
def test_a_detector_that_is_off(key: str) -> None:
    found = expect("soft-lockup", kernel_softlockup_panic="1", **{key: "0"})
    assert found.reason == f"{key.replace('_', '.', 1)} = 0"
    assert names(found) == [("RCU stall", 21, False)]


def test_no_perf_counter_no_detector_of_hard_lockups() -> None:
    found = expect("hard-lockup")
    assert found.reason == "kernel.nmi_watchdog = 0"
    assert names(found)[0] == ("RCU stall", 21, False), "another CPU sees it"
    assert expect("hard-lockup", kernel_panic_on_rcu_stall="1").panics is True
    assert names(expect("hard-lockup", cpus="0", kernel_watchdog="0")) == [], "nobody is left to look"
    assert "not even the clock" in " ".join(expect("hard-lockup", {"cpu": "all"}).remarks)


def test_a_hard_lockup_is_the_threshold() -> None:
    found = expect("hard-lockup", kernel_nmi_watchdog="1", kernel_hardlockup_panic="1")
    assert names(found)[0] == ("hard lockup", 10, True)


def test_a_hung_task_is_found_at_the_second_look() -> None:
    (one,) = expect("hung-task", kernel_hung_task_panic="1").detectors
    assert (one.name, one.after_seconds, one.at_most_seconds, one.panics) == ("hung task", 120, 240, True)
    often = expect("hung-task", kernel_hung_task_timeout_secs="10", kernel_hung_task_check_interval_secs="4")
    assert often.detectors[0].at_most_seconds == 16, "seen after 4, 10 more are reached at the third look"
    assert expect("hung-task", kernel_hung_task_panic="3").panics is False, "one task is not three"
    for state in ("K", "S"):
        killable = expect("hung-task", {"state": state}, kernel_hung_task_panic="1")
        assert (names(killable), killable.panics, state in killable.reason) == ([], False, True)
    assert expect("hung-task", kernel_hung_task_timeout_secs="0").reason == "kernel.hung_task_timeout_secs = 0"


def test_after_an_oops_nobody_looks_for_hung_tasks() -> None:
    """As seen on 6.1; out-of-tree modules (4096, 8192) do not matter."""
    assert names(expect("hung-task", kernel_tainted="12416")) == []
    assert len(names(expect("hung-task", kernel_tainted="12288"))) == 1


def test_an_rcu_stall() -> None:
    assert names(expect("rcu-stall")) == [("RCU stall", 21, False)]
    assert expect("rcu-stall", kernel_panic_on_rcu_stall="1").panics is True
    suppressed = detectors.read(seen({detectors.STALL_SUPPRESS: "1\n"}))
    assert "suppressed" in is_off(asked("rcu-stall", {}), suppressed)


def test_faults() -> None:
    assert names(expect("oops")) == [("oops", 0, True)]
    assert names(expect("bug", kernel_panic_on_oops="0")) == [("kernel BUG", 0, False)]
    assert expect("sysrq").panics is True


@pytest.mark.parametrize(("value", "machine", "cgroup"), [("0", False, False), ("1", True, False), ("2", True, True)])
def test_out_of_memory(value: str, machine: bool, cgroup: bool) -> None:
    """2 panics for a cgroup, too, 1 does not (Documentation/admin-guide/sysctl/vm.rst)."""
    assert expect("oom", vm_panic_on_oom=value).panics is machine
    assert expect("memcg-oom", vm_panic_on_oom=value).panics is cgroup


def test_what_was_not_seen_is_unknown() -> None:
    blind = detectors.read(seen({}))
    found = expected(with_duration(asked("soft-lockup", {}), blind), blind, None)
    assert (found.panics, found.dumps, found.reason) == (None, None, "")
    assert found.detectors[0].after_seconds is None


def test_without_a_capture_kernel_it_says_what_a_panic_does() -> None:
    found = detectors.read(seen({"/proc/sys/kernel/panic": "0\n"}))
    assert "halts the host" in " ".join(expected(asked("sysrq", {}), found, False).remarks)


@pytest.mark.parametrize(
    ("text", "cpus"), [("0-1\n", {0, 1}), ("0\n", {0}), ("0-1,4,6-7\n", {0, 1, 4, 6, 7}), ("", set())]
)
def test_lists_of_cpus(text: str, cpus: set[int]) -> None:
    assert detectors.read(seen({detectors.ONLINE: text})).cpus == cpus
