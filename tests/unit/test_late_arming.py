"""Panics that are armed after kdump: what is written, what a check makes of it, and the way back."""

from __future__ import annotations

import pytest

from kdump_enabler import evidence, platforms, probe
from kdump_enabler.audit import audit
from kdump_enabler.facts.late_arming import UNIT, VALUES, starter
from kdump_enabler.facts.settings import PANIC_DROPIN
from kdump_enabler.policy import Layer
from kdump_enabler.policy.policy_file import HOST_FILE, in_effect
from tests.hosts import bases, machines, red_hat
from tests.hosts.machines import Raw
from tests.unit.building import identifiers, judge
from tests.unit.converging import apply, converge, remembering

STARTER = "/etc/systemd/system/kdump-tools.service.d/zz-kdump-enabler-late-arming.conf"
FILES = (VALUES, UNIT, STARTER)
EARLY = ["kernel.panic = 10", "kernel.watchdog_thresh = 30"]
OFF = [Layer("command line", {"kdump_late_arming": False})]


def late(**variables: object) -> Raw:
    """A machine with this policy in effect."""
    raw = bases.ready()
    bases.knobs(raw)
    for path in (HOST_FILE, *FILES):
        raw["files"][path] = {"error": "ENOENT"}
    converge(raw, late_arming=True, **variables)
    return raw


def lines(raw: Raw, path: str) -> list[str]:
    return [line for line in raw["files"][path]["text"].splitlines() if not line.startswith("#")]


def absent(raw: Raw) -> list[str]:
    return [path for path in FILES if raw["files"][path].get("error") == "ENOENT"]


def test_what_makes_events_panic_is_in_a_file_of_its_own() -> None:
    raw = late(panic_profile="vm", sysctls={"kernel.max_rcu_stall_to_panic": None})
    assert lines(raw, PANIC_DROPIN) == EARLY
    keys = ("panic_on_oops", "panic_on_rcu_stall", "panic_on_unrecovered_nmi", "unknown_nmi_panic")
    assert lines(raw, VALUES) == [f"kernel.{key} = 1" for key in keys]
    assert "After=kdump-tools.service" in lines(raw, UNIT)
    assert f"ExecStart=/lib/systemd/systemd-sysctl {VALUES}" in lines(raw, UNIT)
    assert lines(raw, STARTER) == ["[Unit]", "Wants=kdump-enabler-late-arming.service"]


def test_it_waits_for_the_platform_s_own_unit() -> None:
    raw = red_hat.ready()()
    path = starter("kdump.service")
    raw["files"] |= {name: {"error": "ENOENT"} for name in (HOST_FILE, VALUES, UNIT, path)}
    converge(raw, late_arming=True)
    assert "After=kdump.service" in lines(raw, UNIT)
    assert lines(raw, path) == ["[Unit]", "Wants=kdump-enabler-late-arming.service"]
    assert remembering(raw).plan.empty


def test_the_probe_reads_every_platform_s_drop_ins() -> None:
    wanted = {f"/etc/systemd/system/{row.unit}.d/*.conf" for row in platforms.table()}
    assert wanted <= set(probe.TEXT_GLOBS)


def test_a_check_takes_it_for_what_the_next_boot_sets() -> None:
    found = remembering(late())
    assert (found.verdict.value, found.plan.steps(), identifiers(found)) == ("ready", [], [])


@pytest.mark.parametrize("path", FILES)
def test_without_a_part_of_it_nothing_would_panic(path: str) -> None:
    raw = late()
    machines.remove(raw, path)
    found = remembering(raw)
    assert identifiers(found) == ["KD060 error"] * 3
    assert [change.path for change in found.plan.panic_policy] == [path]


def test_a_masked_unit_sets_nothing() -> None:
    raw = late()
    raw["files"][UNIT] |= {"link": "/dev/null", "text": ""}
    assert identifiers(remembering(raw)) == ["KD060 error"] * 3


def test_systemd_reads_the_unit() -> None:
    raw = bases.ready()
    assert judge(raw, late_arming=True).plan.reload_units
    assert not judge(raw, panic_profile="vm").plan.reload_units


def test_another_file_that_panics_at_once_stays_and_is_not_repeated() -> None:
    raw = bases.ready()
    machines.write(raw, "/etc/sysctl.d/50-admin.conf", "kernel.panic_on_oops = 1\n")
    converge(raw, late_arming=True)
    assert [line for line in lines(raw, VALUES) if "oops" in line] == []


def test_switched_off_again_all_is_as_before() -> None:
    raw = late(panic_profile="bare-metal")
    seen = evidence.from_raw(raw)
    plan = audit(seen, in_effect(seen, OFF)).plan
    assert plan.reload_units
    assert plan.sysctls is None
    apply(raw, plan)
    assert sorted(absent(raw)) == sorted(FILES)
    assert "kernel.hardlockup_panic = 1" in lines(raw, PANIC_DROPIN)
    assert remembering(raw).plan.empty


def test_disable_takes_it_away() -> None:
    raw = late()
    seen = evidence.from_raw(raw)
    plan = audit(seen, in_effect(seen, []), "disable").plan
    assert {change.path for change in plan.panic_policy if change.absent} == {PANIC_DROPIN, *FILES}
    assert plan.reload_units
    assert plan.sysctls == dict.fromkeys(
        ("kernel.panic_on_oops", "kernel.panic_on_unrecovered_nmi", "kernel.unknown_nmi_panic"), 0
    )


@pytest.mark.parametrize(
    ("state", "loaded", "settled"),
    [
        ("inactive", "1", False),
        ("activating", "1", False),
        ("active", "1", True),
        ("failed", "1", True),
        ("inactive", "0", True),
    ],
)
def test_after_a_boot_the_unit_is_waited_for(state: str, loaded: str, settled: bool) -> None:
    raw = late()
    shown = f"Id={UNIT.rpartition('/')[2]}\nLoadState=loaded\nActiveState={state}\nUnitFileState=static\n"
    raw["commands"][1]["out"] += f"\n{shown}"
    machines.kernel(raw, kexec_crash_loaded=loaded)
    assert remembering(raw).settled == settled


def test_without_late_arming_nothing_is_waited_for() -> None:
    raw = bases.ready()
    raw["commands"][1]["out"] += f"\nId={UNIT.rpartition('/')[2]}\nLoadState=not-found\nActiveState=inactive\n"
    assert judge(raw).settled
