"""What can be asked of `simulate`, and what a host is to run for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler.crash import simulation
from kdump_enabler.crash.simulation import asked, trigger
from kdump_enabler.errors import UserError

SOURCE = Path(simulation.__file__).parents[1] / "data" / "module" / "kdump_simulate.c"
CPUS = frozenset({0, 1, 2, 3})
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("panic", {}, "There is no simulation 'panic'"),
    ("oops", {"colour": "red"}, "There is no option 'colour'"),
    ("oops", {"duration": "5"}, "--duration makes no sense for oops"),
    ("bug", {"cpu": "1"}, "--cpu makes no sense for bug"),
    ("oom", {"iterations": "2"}, "--iterations makes no sense for oom"),
    ("memcg-oom", {"duration": "2"}, "--duration makes no sense for memcg-oom"),
    ("sysrq", {"off": ["interrupts"]}, "--off makes no sense for sysrq"),
    ("hung-task", {"cpu": "all"}, "--cpu makes no sense for hung-task"),
    ("hung-task", {"off": ["preemption"]}, "--off makes no sense for hung-task"),
    ("hung-task", {"state": "R"}, "A hung task sleeps"),
    ("soft-lockup", {"state": "D"}, "so D is no soft-lockup"),
    ("soft-lockup", {"state": "Z"}, "--state Z is none of R, D, K, S"),
    ("soft-lockup", {"off": ["interrupts"]}, "With interrupts off it is no soft-lockup any more"),
    ("rcu-stall", {"off": ["interrupts"]}, "With interrupts off it is no rcu-stall"),
    ("hard-lockup", {"off": ["preemption"]}, "A hard-lockup has interrupts off"),
    ("soft-lockup", {"off": ["lights"]}, "--off lights is nothing that can be off"),
    ("soft-lockup", {"duration": "0"}, "--duration 0 is no number from 1 to 3600"),
    ("soft-lockup", {"duration": "long"}, "--duration long is no number"),
    ("soft-lockup", {"duration": "-5"}, "--duration -5 is no number"),
    ("soft-lockup", {"cpu": "one"}, "or all"),
    ("soft-lockup", {"iterations": "101"}, "--iterations 101 is no number from 1 to 100"),
    ("soft-lockup", {"cooldown": "1.5"}, "--cooldown 1.5 is no number"),
]


@pytest.mark.parametrize(("kind", "options", "words"), REFUSED)
def test_what_makes_no_sense_is_refused_in_one_sentence(kind: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=re.escape(words)) as refused:
        asked(kind, options)
    assert "\n" not in str(refused.value)
    assert refused.value.hint


def test_a_kind_has_its_own_defaults() -> None:
    assert [asked(kind, {}).off for kind in ("soft-lockup", "hard-lockup", "rcu-stall", "hung-task", "oops")] == [
        ("preemption",),
        ("interrupts",),
        ("preemption",),
        (),
        (),
    ]
    assert (asked("hung-task", {}).state, asked("soft-lockup", {}).state) == ("D", "R")


def test_options_of_a_file_and_of_the_command_line_are_the_same() -> None:
    typed = {"duration": "30", "cpu": "1", "off": ["softirq"], "iterations": "2", "cooldown": "5", "state": "R"}
    written = {"duration": 30, "cpu": 1, "off": "softirq", "iterations": 2, "cooldown": 5, "state": "R"}
    assert asked("soft-lockup", typed) == asked("soft-lockup", written)


def words(kind: str, has_test_lockup: bool = False, **options: Any) -> tuple[str, ...]:
    return trigger(asked(kind, {"duration": 30, **options}), CPUS, has_test_lockup).parameters


def test_our_module_gets_everything() -> None:
    found = words("soft-lockup", off=["preemption", "softirq"], cpu="1", iterations=2, cooldown=3)
    assert set(found) == {
        *("kind=soft-lockup", "seconds=30", "state=R", "iterations=2", "cooldown=3"),
        *("disable_preemption=1", "disable_softirq=1", "cpu=1"),
    }
    assert "cpu=3" in words("rcu-stall"), "the last one"
    assert "all_cpus=1" in words("hard-lockup", cpu="all")
    assert "state=K" in words("hung-task", state="K")


def test_the_module_has_every_parameter_that_it_gets() -> None:
    known = set(re.findall(r"^module_param\((\w+),", SOURCE.read_text(encoding="utf-8"), re.MULTILINE))
    used = {*words("soft-lockup", off=["preemption", "softirq"], cpu="all"), *words("hard-lockup"), *words("hung-task")}
    assert {word.partition("=")[0] for word in used} == known


def test_the_kernels_own_module_is_taken_where_it_fits() -> None:
    one = trigger(asked("rcu-stall", {"duration": 30}), CPUS, True)
    assert (one.how, one.cpu, one.seconds) == ("test_lockup", 3, 30)
    assert {"time_secs=1", "iterations=30", "lock_rcu=1", "touch_softlockup=1", "disable_preempt=1"} <= set(
        one.parameters
    )
    hard = words("hard-lockup", has_test_lockup=True, cpu="all")
    assert {"time_secs=30", "disable_irq=1", "all_cpus=1"} <= set(hard)
    assert trigger(asked("oops", {}), CPUS, True).how == "module"
    assert trigger(asked("soft-lockup", {"duration": 9, "iterations": 2}), CPUS, True).how == "module"


def test_kinds_that_need_no_module() -> None:
    assert [trigger(asked(kind, {}), CPUS, False).how for kind in ("oom", "memcg-oom", "sysrq")] == [
        "oom",
        "memcg-oom",
        "sysrq",
    ]


def test_what_this_host_cannot_do_is_refused() -> None:
    with pytest.raises(UserError, match="no CPU 4"):
        words("soft-lockup", cpu="4")
    with pytest.raises(UserError, match="It would take 6000 s"):
        words("soft-lockup", iterations=100, cooldown=30)
