"""What trouble can be made on purpose, with which options, and what to run for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import UserError

SOFT, HARD, RCU, HUNG = "soft-lockup", "hard-lockup", "rcu-stall", "hung-task"
OOPS, BUG, OOM, MEMCG, SYSRQ = "oops", "bug", "oom", "memcg-oom", "sysrq"
KINDS = (SOFT, HARD, HUNG, RCU, OOPS, BUG, OOM, MEMCG, SYSRQ)
HOLDING = (SOFT, HARD, RCU)  # these hold a CPU
BY_MODULE = (*HOLDING, HUNG, OOPS, BUG)
PREEMPTION, SOFTIRQ, INTERRUPTS = "preemption", "softirq", "interrupts"
OFF = (PREEMPTION, SOFTIRQ, INTERRUPTS)
STATES = ("R", "D", "K", "S")
ALL = "all"
MOST_SECONDS = 3600  # of all together, as kdump_simulate.c has it
MOST_ITERATIONS = 100
OOM_SECONDS = 600  # for which memory is taken at most; a machine with much swap may need long

# Which options fit which kind.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "duration": (*HOLDING, HUNG),
    "cpu": HOLDING,
    "off": HOLDING,
    "state": (*HOLDING, HUNG),
    "iterations": (*HOLDING, HUNG),
    "cooldown": (*HOLDING, HUNG),
}
# What is off where nobody says.
SETTLED: Mapping[str, tuple[str, ...]] = {SOFT: (PREEMPTION,), HARD: (INTERRUPTS,), RCU: (PREEMPTION,)}


@dataclass(frozen=True)
class Asked:
    """One simulation. `duration` and `cooldown` are seconds; a null duration is long enough for the detector to speak;
    `cpu` is a number, `all`, or null for the last one; `off` is what is switched off while a CPU is held; `state` is
    the letter of ps(1), and K of TASK_KILLABLE."""

    kind: str
    duration: int | None = None
    cpu: int | str | None = None
    off: tuple[str, ...] = ()
    state: str = "R"
    iterations: int = 1
    cooldown: int = 0

    def as_dict(self) -> dict[str, Any]:
        """As the result document holds it."""
        return asdict(self) | {"off": list(self.off)}


@dataclass(frozen=True)
class Trigger:
    """What a host is to run: `how` is module (ours), test_lockup (the kernel's own), or the name of a kind that needs
    no module; `parameters` are those of the module; `cpu` is where it is loaded, null for anywhere; `seconds` is how
    long it lasts at most."""

    how: str
    parameters: tuple[str, ...]
    cpu: int | None
    seconds: int

    def as_dict(self) -> dict[str, Any]:
        """As the host's module takes it."""
        return asdict(self) | {"parameters": list(self.parameters)}


def asked(kind: str, options: Mapping[str, Any]) -> Asked:
    """A simulation that makes sense. Raises UserError with one sentence for one that does not."""
    if kind not in KINDS:
        raise UserError(f"There is no simulation {kind!r}", f"Known: {', '.join(KINDS)}.")
    given = {name: value for name, value in options.items() if value not in (None, "", (), [])}
    for name in given:
        if name not in OPTIONS:
            raise UserError(f"There is no option {name!r} of a simulation", f"Known: {', '.join(OPTIONS)}.")
        if kind not in OPTIONS[name]:
            raise UserError(f"--{name} makes no sense for {kind}", f"It is for {', '.join(OPTIONS[name])}.")
    return Asked(
        kind=kind,
        duration=_seconds("duration", given["duration"], 1) if "duration" in given else None,
        cpu=_cpu(given.get("cpu")),
        off=_off(kind, given.get("off", ())),
        state=_state(kind, str(given.get("state", "D" if kind == HUNG else "R"))),
        iterations=_number("iterations", given.get("iterations", 1), 1, MOST_ITERATIONS),
        cooldown=_seconds("cooldown", given.get("cooldown", 0), 0),
    )


def trigger(one: Asked, cpus: frozenset[int], has_test_lockup: bool) -> Trigger:
    """What makes it. Its duration must be known. Raises UserError where this machine cannot do it so."""
    if one.kind not in BY_MODULE:
        return Trigger(one.kind, (), None, OOM_SECONDS if one.kind in (OOM, MEMCG) else 0)
    cpu = _chosen(one, cpus)
    hold = one.duration or 0
    seconds = one.iterations * (hold + one.cooldown)
    if seconds > MOST_SECONDS:
        raise UserError(f"It would take {seconds} s, and {MOST_SECONDS} s are the most", "Give a shorter --duration.")
    if has_test_lockup and _fits_test_lockup(one):
        return Trigger("test_lockup", _test_lockup(one, hold), cpu, seconds)
    return Trigger("module", _own(one, hold, cpu), None, seconds)


def _chosen(one: Asked, cpus: frozenset[int]) -> int | None:
    """The CPU that is held: the last one, which has the fewest interrupts, where nobody says; null for all."""
    if one.cpu == ALL:
        return None
    if one.cpu is None:
        return max(cpus, default=None)
    if cpus and one.cpu not in cpus:
        raise UserError(f"This host has no CPU {one.cpu}", f"Online: {', '.join(map(str, sorted(cpus)))}.")
    return int(one.cpu)


def _own(one: Asked, hold: int, cpu: int | None) -> tuple[str, ...]:
    """The parameters of data/module/kdump_simulate.c."""
    words = [f"kind={one.kind}", f"seconds={hold}", f"state={one.state}"]
    words += [f"iterations={one.iterations}", f"cooldown={one.cooldown}"]
    words += [f"disable_{name}=1" for name in one.off]
    words += ["all_cpus=1"] if one.cpu == ALL else [] if cpu is None else [f"cpu={cpu}"]
    return tuple(words)


def _fits_test_lockup(one: Asked) -> bool:
    """It has no oops, and lets go of nothing between two times that hold a CPU unless it takes locks again."""
    return one.kind in (*HOLDING, HUNG) and (one.iterations == 1 or one.kind == HUNG)


def _test_lockup(one: Asked, hold: int) -> tuple[str, ...]:
    """The parameters of the kernel's lib/test_lockup.c, with the same effect. A stall is many short times that keep the
    soft lockup detector quiet."""
    names = {PREEMPTION: "disable_preempt", SOFTIRQ: "disable_softirq", INTERRUPTS: "disable_irq"}
    times = (1, hold) if one.kind == RCU else (hold, one.iterations)
    words = [f"time_secs={times[0]}", f"iterations={times[1]}", f"cooldown_secs={one.cooldown}", f"state={one.state}"]
    words += [f"{names[name]}=1" for name in one.off]
    words += ["lock_rcu=1", "touch_softlockup=1"] if one.kind == RCU else []
    words += ["all_cpus=1"] if one.cpu == ALL else []
    return tuple(words)


def _off(kind: str, names: Any) -> tuple[str, ...]:
    words = names.replace(",", " ").split() if isinstance(names, str) else list(names)
    unknown = [word for word in words if word not in OFF]
    if unknown:
        raise UserError(f"--off {unknown[0]} is nothing that can be off", f"Known: {', '.join(OFF)}.")
    if INTERRUPTS in words and kind != HARD:
        raise UserError(f"With interrupts off it is no {kind} any more", f"That is {HARD}.")
    if kind == HARD and words and INTERRUPTS not in words:
        raise UserError(f"A {HARD} has interrupts off", f"Without it is {SOFT}.")
    return tuple(name for name in OFF if name in (words or SETTLED.get(kind, ())))


def _state(kind: str, letter: str) -> str:
    fitting = "DKS" if kind == HUNG else "R"
    if letter not in STATES:
        raise UserError(f"--state {letter} is none of {', '.join(STATES)}", "Give one letter.")
    if letter not in fitting:
        why = "A hung task sleeps" if kind == HUNG else f"What sleeps holds no CPU, so {letter} is no {kind}"
        raise UserError(why, f"It takes --state {', '.join(fitting)}.")
    return letter


def _cpu(value: Any) -> int | str | None:
    if value is None or value == ALL:
        return value  # type: ignore[no-any-return] # null or the word
    return _number("cpu", value, 0, 1 << 16, f" or {ALL}")


def _seconds(name: str, value: Any, least: int) -> int:
    return _number(name, value, least, MOST_SECONDS)


def _number(name: str, value: Any, least: int, most: int, more: str = "") -> int:
    if not str(value).isdecimal() or not least <= int(str(value)) <= most:
        raise UserError(f"--{name} {value} is no number from {least} to {most}{more}", "Give a whole number.")
    return int(str(value))
