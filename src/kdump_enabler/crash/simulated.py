"""What a simulation led to, and whether that is what was said before."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .expectation import (
    CRASH_KEY,
    FAULT,
    HARD_LOCKUP,
    HUNG_TASK,
    KERNEL_BUG,
    OOM_KILLER,
    OWN,
    SOFT_LOCKUP,
    STALL,
    first_word,
)
from .outcome import PANIC, Outcome
from .proof import PROVEN

# Put into the kernel log right before the trigger, by plugins/modules/simulate.py.
BEGINS = "kdump-enabler: begins "
# How the detectors speak, on all kernels that are supported: kernel/watchdog.c and watchdog_hld.c, hung_task.c,
# rcu/tree_stall.h and tree_exp.h, arch/*/mm/fault.c, lib/bug.c and arch/x86/kernel/traps.c, mm/oom_kill.c,
# drivers/tty/sysrq.c.
LINES: Mapping[str, re.Pattern[str]] = {
    SOFT_LOCKUP: re.compile(r"BUG: soft lockup - CPU#"),
    HARD_LOCKUP: re.compile(r"[Hh]ard LOCKUP"),
    STALL: re.compile(r"rcu.*(self-detected stall|detected (expedited )?stalls)"),
    HUNG_TASK: re.compile(r"INFO: task .* blocked (in I/O wait )?for more than"),
    FAULT: re.compile(r"BUG: (unable to handle|kernel NULL)|Unable to handle kernel"),
    KERNEL_BUG: re.compile(r"kernel BUG at"),
    OOM_KILLER: re.compile(r"invoked oom-killer"),
    CRASH_KEY: re.compile(r"[Ss]ys[Rr]q ?: Trigger a crash|sysrq triggered crash"),
}
STAMP = re.compile(r"^(?:<\d+>)?\[ *(\d+\.\d+)\]")


@dataclass(frozen=True)
class Spoken:
    """The first line of a detector, and how many seconds after the trigger it came, by the kernel's clock (null: its
    log has no times)."""

    name: str
    line: str
    after_seconds: float | None


@dataclass(frozen=True)
class Seen:
    """`panicked` is null where the host did not come back, so that nobody knows; `panic` is the kernel's line, empty
    where it printed none (an oops that panics prints none before the dump). `detectors` is null where nobody could read
    the kernel log. `dump` is the vmcore's path, `complete` whether it is whole and of this panic."""

    panicked: bool | None
    panic: str
    detectors: tuple[Spoken, ...] | None
    dump: str | None
    complete: bool | None

    def as_dict(self) -> dict[str, Any]:
        """As the result document holds it."""
        spoken = None if self.detectors is None else [asdict(one) for one in self.detectors]
        return asdict(self) | {"detectors": spoken}


def seen(survived: bool, outcome: Outcome, log: Sequence[str] | None) -> Seen:
    """What happened: from the kernel log since the trigger, and from what came out of a crash."""
    panic = next((_message(line) for line in log or () if PANIC in line), "")
    spoken = None if log is None else tuple(_spoken(log))
    if survived:
        return Seen(False, panic, spoken, None, None)
    gone = outcome.kind == "no_return" and not outcome.dump
    return Seen(None if gone else True, panic, spoken, outcome.dump.get("path"), outcome.kind == PROVEN)


def since(lines: Iterable[str], identifier: str) -> list[str]:
    """The lines of a kernel log from the trigger on; all of them where the word is not there any more."""
    kept = list(lines)
    marked = list(itertools.dropwhile(lambda line: not (BEGINS in line and identifier in line), kept))
    return marked or kept


def difference(kind: str, expected: Mapping[str, Any], found: Seen) -> str:
    """The first thing that was other than said, as a sentence; empty when it was as said. What could not be seen before
    is not compared."""
    if expected["panics"] is not None and found.panicked is not expected["panics"]:
        was = {True: "panicked", False: "did not panic", None: "did not come back"}
        return f"The host {was[found.panicked]}, and it was to {'panic' if expected['panics'] else 'go on'}"
    if found.panicked and expected["dumps"] and not found.complete:
        return "The host panicked, and no whole dump of it came out"
    if found.detectors is None:
        return "The kernel log could not be read, so nobody knows who noticed it" if expected["detectors"] else ""
    names, wanted = [one.name for one in found.detectors], first_word(expected, OWN[kind])
    if wanted and wanted not in names:
        return f"The detector of a{'n' if wanted[0] in 'aeioOR' else ''} {wanted} said nothing"
    if not expected["detectors"] and names:
        return f"Nothing was to notice it, and there was: {found.detectors[0].line}"
    return ""


def _spoken(log: Sequence[str]) -> Iterator[Spoken]:
    """Each detector that spoke, with its first line, in their order."""
    began = _time(log[0]) if log and BEGINS in log[0] else None
    known: set[str] = set()
    for line in log:
        name = next((name for name, pattern in LINES.items() if name not in known and pattern.search(line)), None)
        if name:
            known.add(name)
            at = _time(line)
            yield Spoken(name, _message(line), None if began is None or at is None else round(at - began, 1))


def _time(line: str) -> float | None:
    match = STAMP.match(line)
    return float(match[1]) if match else None


def _message(line: str) -> str:
    """A line without its time and CPU, in one row."""
    return " ".join(re.sub(r"^(?:<\d+>)?(?:\[[^\]]*\] ?)*", "", line).split())


def record(
    before: Mapping[str, Any], survived: bool, outcome: Outcome, log: Sequence[str] | None, identifier: str
) -> dict[str, Any]:
    """The simulation as the result document holds it when it is over."""
    found = seen(survived, outcome, None if log is None else since(log, identifier))
    what = difference(before["kind"], before["expected"], found)
    return {**before, "state": "done", "seen": found.as_dict(), "difference": what}


def trouble(done: Mapping[str, Any], outcome: Outcome, said: str) -> dict[str, Any]:
    """What was other than said, as the result of a failed task; empty when nothing was."""
    if said:
        sentence = f"It could not be made: {' '.join(said.split())}"
        return {"kind": "not_made", "msg": sentence, "hint": "See the kernel log of the host.", "exit_code": 1}
    if not done["difference"]:
        return {}
    why = "" if outcome.kind in (PROVEN, "no_panic") else f"{outcome.sentence}. "
    hint = f"{why}{outcome.line}".strip() or "Compare `expected` and `seen` of the result (--format json)."
    return {"kind": "not_as_said", "msg": done["difference"], "hint": hint, "exit_code": 1}
