"""What a simulation should lead to on a machine: who notices it, after how long, whether the kernel then panics.

The kernel's own words: Documentation/admin-guide/{lockup-watchdogs.rst,sysctl/kernel.rst,sysctl/vm.rst},
Documentation/RCU/stallwarn.rst, kernel/{watchdog,hung_task}.c, mm/oom_kill.c.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..facts.detectors import Detectors
from .simulation import ALL, BUG, HARD, HOLDING, HUNG, MEMCG, OOM, OOPS, RCU, SOFT, SYSRQ, Asked

SOFT_LOCKUP, HARD_LOCKUP, STALL, HUNG_TASK = "soft lockup", "hard lockup", "RCU stall", "hung task"
FAULT, KERNEL_BUG, OOM_KILLER, CRASH_KEY = "oops", "kernel BUG", "OOM killer", "SysRq"
# Of each kind the detector that it is for; others may speak, too.
OWN: Mapping[str, str] = {
    SOFT: SOFT_LOCKUP,
    HARD: HARD_LOCKUP,
    RCU: STALL,
    HUNG: HUNG_TASK,
    OOPS: FAULT,
    BUG: KERNEL_BUG,
    OOM: OOM_KILLER,
    MEMCG: OOM_KILLER,
    SYSRQ: CRASH_KEY,
}
DIED = 128  # bit 7 of kernel.tainted, an oops (admin-guide/tainted-kernels.rst)
LEAST_HOLD = 10  # seconds, so that a detector on a slow machine has its time
UNSEEN_HOLD = 60


@dataclass(frozen=True)
class Detector:
    """One that will speak: after how many seconds, and at the latest (null: it depends); whether the kernel then panics
    (null: could not be seen), by which setting."""

    name: str
    after_seconds: int | None
    at_most_seconds: int | None
    panics: bool | None
    setting: str


@dataclass(frozen=True)
class Expected:
    """`detectors` are those that will speak, the first of them first; `reason` says why the one that this kind is for
    will not, empty when it will. `panics`: whether any of them makes the kernel panic; `dumps`: whether a panic leaves
    a dump here. Null: could not be seen. `remarks` are sentences."""

    detectors: tuple[Detector, ...]
    reason: str
    panics: bool | None
    dumps: bool | None
    remarks: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As the result document holds it."""
        return asdict(self) | {
            "detectors": [asdict(one) for one in self.detectors],
            "remarks": list(self.remarks),
        }


def with_duration(one: Asked, found: Detectors) -> Asked:
    """The same with a duration in which its detector speaks, where it has none."""
    if one.duration is not None or one.kind not in (*HOLDING, HUNG):
        return one
    return replace(one, duration=max(LEAST_HOLD, _long_enough(one.kind, found)))


def expected(one: Asked, found: Detectors, captures_now: bool | None) -> Expected:
    """What should happen, for a simulation with a duration. Pure."""
    speaking, reason = _speaking(one, found)
    ordered = tuple(sorted(speaking, key=lambda detector: detector.after_seconds or 0))
    panics = _any([detector.panics for detector in ordered])
    return Expected(ordered, reason, panics, captures_now, tuple(_remarks(one, panics, captures_now, found)))


def is_off(one: Asked, found: Detectors) -> str:
    """Why this machine has not the detector that this kind is for; empty where it has, or where that was not seen."""
    return _own(one, found)[1] if one.kind in (*HOLDING, HUNG) else ""


def first_word(expected_record: Mapping[str, Any], own: str) -> str:
    """The detector that must have spoken for this to have come true: the first that panics, else the kind's own, else
    any; empty for none. Takes the record of the result document."""
    names = [detector["name"] for detector in expected_record["detectors"]]
    panicking = [detector["name"] for detector in expected_record["detectors"] if detector["panics"]]
    return next(iter([*panicking[:1], *(name for name in names if name == own), *names]), "")


def _speaking(one: Asked, found: Detectors) -> tuple[list[Detector], str]:
    """The detectors that will speak, and why the own one will not."""
    if one.kind in (OOPS, BUG):
        return [Detector(OWN[one.kind], 0, 0, *_flag(found, "kernel.panic_on_oops"))], ""
    if one.kind in (OOM, MEMCG):
        return [_oom_killer(one, found)], ""
    if one.kind == SYSRQ:
        return [Detector(CRASH_KEY, 0, 0, True, "")], ""
    detector, reason = _own(one, found)
    others = list(_others(one, found))
    if detector is None:
        return others, reason
    if one.kind == HUNG and one.state != "D":
        return [], f"only tasks in state D count as hung, not those in {one.state}"
    if detector.after_seconds is not None and (one.duration or 0) <= detector.after_seconds:
        return others, f"{one.duration} s are not more than the {detector.after_seconds} s after which it speaks"
    return [detector, *others], ""


def _own(one: Asked, found: Detectors) -> tuple[Detector | None, str]:
    """The detector that a kind is for; null with the reason where it is off."""
    return {SOFT: _soft, HARD: _hard, RCU: _stall, HUNG: _hung}[one.kind](found)


def _others(one: Asked, found: Detectors) -> Iterator[Detector]:
    """Those that a held CPU wakes beside the one that it is for."""
    if one.kind not in (SOFT, HARD):
        return
    stall, hold = _stall(found)[0], one.duration or 0
    alone = one.cpu == ALL or len(found.cpus) == 1
    # A CPU without interrupts looks at nothing itself.
    if stall and stall.after_seconds and hold > stall.after_seconds and not (one.kind == HARD and alone):
        yield stall
    soft = _soft(found)[0]
    # The timer that was held up runs at once when interrupts are back.
    if one.kind == HARD and soft and soft.after_seconds and hold > soft.after_seconds:
        yield replace(soft, after_seconds=hold, at_most_seconds=None)


def _soft(found: Detectors) -> tuple[Detector | None, str]:
    off = _off(found, "kernel.watchdog", "kernel.soft_watchdog", "kernel.watchdog_thresh")
    if off:
        return None, off
    threshold = found.value("kernel.watchdog_thresh")
    number = found.value("kernel.softlockup_panic")
    # Newer kernels (7.2) panic after as many thresholds; when that is, is not known here.
    panics = None if number is None or number > 1 else number == 1
    setting = f"kernel.softlockup_panic = {_shown(number)}"
    if threshold is None:
        return Detector(SOFT_LOCKUP, None, None, panics, setting), ""
    # The timer looks five times in that time (get_sample_period() of kernel/watchdog.c).
    return Detector(SOFT_LOCKUP, 2 * threshold, 2 * threshold + 2 * threshold // 5 + 1, panics, setting), ""


def _hard(found: Detectors) -> tuple[Detector | None, str]:
    # Reads 1 only where the detector really runs: without a performance counter, as in most virtual machines, it is 0.
    off = _off(found, "kernel.watchdog", "kernel.nmi_watchdog", "kernel.watchdog_thresh")
    if off:
        return None, off
    threshold = found.value("kernel.watchdog_thresh")
    at_most = None if threshold is None else 2 * threshold
    return Detector(HARD_LOCKUP, threshold, at_most, *_flag(found, "kernel.hardlockup_panic")), ""


def _stall(found: Detectors) -> tuple[Detector | None, str]:
    if found.stall_seconds is None:
        return None, "RCU's stall detector is suppressed (rcupdate.rcu_cpu_stall_suppress)"
    return Detector(STALL, found.stall_seconds, None, *_flag(found, "kernel.panic_on_rcu_stall")), ""


def _hung(found: Detectors) -> tuple[Detector | None, str]:
    off = _off(found, "kernel.hung_task_timeout_secs")
    if off:
        return None, off
    # check_hung_uninterruptible_tasks() of kernel/hung_task.c: "If the system crashed already then all bets are off".
    if (found.value("kernel.tainted") or 0) & DIED:
        return None, "after an oops the kernel reports no hung tasks until the next boot (kernel.tainted)"
    number = found.value("kernel.hung_task_panic")
    # Newer kernels (7.2) count the hung tasks that are found at once; this makes one.
    panics = None if number is None else number == 1
    timeout = found.value("kernel.hung_task_timeout_secs")
    at_most = None if timeout is None else _latest(timeout, found.value("kernel.hung_task_check_interval_secs") or 0)
    return Detector(HUNG_TASK, timeout, at_most, panics, f"kernel.hung_task_panic = {_shown(number)}"), ""


def _latest(timeout: int, interval: int) -> int:
    """A task is first seen within an interval; from then on the time counts, and each interval looks again."""
    step = min(interval, timeout) or timeout
    return step + -(-timeout // step) * step


def _oom_killer(one: Asked, found: Detectors) -> Detector:
    """1 panics only when the whole machine is out of memory, 2 also for a cgroup's limit (sysctl/vm.rst)."""
    number = found.value("vm.panic_on_oom")
    panics = None if number is None else number == 2 or (number == 1 and one.kind == OOM)
    return Detector(OOM_KILLER, None, None, panics, f"vm.panic_on_oom = {_shown(number)}")


def _flag(found: Detectors, key: str) -> tuple[bool | None, str]:
    number = found.value(key)
    return (None if number is None else number >= 1), f"{key} = {_shown(number)}"


def _off(found: Detectors, *keys: str) -> str:
    """The first of these that is 0, as a reason."""
    return next((f"{key} = 0" for key in keys if found.value(key) == 0), "")


def _shown(number: int | None) -> str:
    return "unknown" if number is None else str(number)


def _any(answers: Sequence[bool | None]) -> bool | None:
    return True if True in answers else None if None in answers else False


def _long_enough(kind: str, found: Detectors) -> int:
    """Three times what a lockup needs: on a busy console a report of a stall resets the detector of soft lockups."""
    detector, _ = {SOFT: _soft, HARD: _hard, RCU: _stall, HUNG: _hung}[kind](found)
    if detector is None or detector.after_seconds is None:
        return UNSEEN_HOLD
    if kind == HUNG:
        return (detector.at_most_seconds or 0) + LEAST_HOLD
    return (2 if kind == RCU else 3) * detector.after_seconds


def _remarks(one: Asked, panics: bool | None, captures_now: bool | None, found: Detectors) -> Iterator[str]:
    if panics is not False and captures_now is False:
        halts = found.value("kernel.panic") == 0
        yield "no capture kernel would write a dump" + ("; a panic halts the host (kernel.panic = 0)" if halts else "")
    if one.kind == HARD and (one.cpu == ALL or len(found.cpus) == 1):
        yield "nothing answers while it lasts, not even the clock"
