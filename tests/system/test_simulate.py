"""Trouble on purpose on a real kernel: who notices it, whether it panics, and what the dump says; readers that are not
ours open each dump."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.vm.machine import REBOOT_SECONDS, Machine
from tests.vm.patience import factor, wait_until

from . import readers
from .driving import Driven

pytestmark = pytest.mark.system
CRASH_SECONDS = 240
INSTALL_SECONDS = 300
# What builds the module, as `simulate` itself says where it is missing.
TOOLS = "linux-headers-$(uname -r) make gcc"


@dataclass(frozen=True)
class Case:
    """One simulation: the settings of the kernel before, the words of the command, who notices it, and with which line
    the kernel log in the dump (of a panic) or in the host (without) says so."""

    name: str
    settings: str
    words: tuple[str, ...]
    detector: str
    line: str
    panics: bool = True


QUICK = (
    Case("oops", "kernel.panic_on_oops=1", ("oops",), "oops", "BUG: kernel NULL pointer dereference"),
    Case(
        "memcg-oom-survived",
        "vm.panic_on_oom=1",
        ("memcg-oom",),
        "OOM killer",
        "Memory cgroup out of memory: Killed process",
        panics=False,
    ),
    Case(
        "soft-lockup-survived",
        "kernel.watchdog_thresh=2 kernel.softlockup_panic=0",
        ("soft-lockup", "--duration", "12", "--off", "softirq", "--iterations", "2", "--cooldown", "5"),
        "soft lockup",
        "BUG: soft lockup - CPU#1 stuck for",
        panics=False,
    ),
)
LONG = (
    Case(
        "soft-lockup",
        "kernel.watchdog_thresh=2 kernel.softlockup_panic=1",
        ("soft-lockup", "--duration", "60"),
        "soft lockup",
        "Kernel panic - not syncing: softlockup: hung tasks",
    ),
    Case(
        "memcg-oom",
        "vm.panic_on_oom=2",
        ("memcg-oom",),
        "OOM killer",
        "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled",
    ),
    Case("bug", "kernel.panic_on_oops=1", ("bug",), "kernel BUG", "kernel BUG at"),
    Case("bug-survived", "kernel.panic_on_oops=0", ("bug",), "kernel BUG", "kernel BUG at", panics=False),
    Case("oops-survived", "kernel.panic_on_oops=0", ("oops",), "oops", "BUG: kernel NULL pointer", panics=False),
    Case(
        "hung-task",
        "kernel.hung_task_timeout_secs=10 kernel.hung_task_panic=1",
        ("hung-task", "--duration", "60"),
        "hung task",
        "Kernel panic - not syncing: hung_task: blocked tasks",
    ),
    Case(
        "hung-task-survived",
        "kernel.hung_task_timeout_secs=10 kernel.hung_task_panic=0",
        ("hung-task",),
        "hung task",
        "INFO: task kdump-simulate:",
        panics=False,
    ),
    Case(
        "hung-task-killable",
        "kernel.hung_task_timeout_secs=10 kernel.hung_task_panic=1",
        ("hung-task", "--state", "K"),
        "",
        "hung-task 1 of 1 is over",
        panics=False,
    ),
    Case(
        "rcu-stall",
        "kernel.panic_on_rcu_stall=1",
        ("rcu-stall", "--duration", "90"),
        "RCU stall",
        "Kernel panic - not syncing: RCU Stall",
    ),
    Case("rcu-stall-survived", "kernel.panic_on_rcu_stall=0", ("rcu-stall",), "RCU stall", "rcu: INFO:", panics=False),
    Case(
        "oom",
        "vm.panic_on_oom=1",
        ("oom",),
        "OOM killer",
        "Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled",
    ),
    Case("oom-survived", "vm.panic_on_oom=0", ("oom",), "OOM killer", "Out of memory: Killed process", panics=False),
    Case("sysrq", "kernel.sysrq=0", ("sysrq",), "SysRq", "Kernel panic - not syncing: sysrq triggered crash"),
)
CASES = [*QUICK, *(pytest.param(case, marks=pytest.mark.long, id=case.name) for case in LONG)]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driven]:
    """A machine that is ready and builds modules; each test begins there."""
    with Machine("simulate") as machine:
        host = Driven(machine, machine.inventory(path=tmp_path_factory.mktemp("simulate") / "inventory.yml"))
        install = f"apt-get update -qq && apt-get install -y -qq --no-install-recommends {TOOLS} > /dev/null"
        machine.ssh(f"DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND; {install}", timeout=INSTALL_SECONDS)
        host.run("enable", "-i", host.inventory, "-y", "--reboot", "if-needed", expect=0, quiet=True)
        machine.wait_until_idle()
        machine.save("ready")
        yield host


def machine_of(host: Driven) -> Machine:
    """The virtual machine."""
    assert isinstance(host.machine, Machine)
    return host.machine


def simulate(host: Driven, *words: str, expect: int) -> dict[str, Any]:
    """The simulation of the host's record, as a run with consent leaves it."""
    limit = ("--timeout", str(int(CRASH_SECONDS * factor())), "--yes-crash", machine_of(host).name)
    output = host.run("simulate", *words, "-i", host.inventory, *limit, "--format", "json", expect=expect)
    found = host.record(output[output.index('{\n "schema"') :])["simulation"]
    assert isinstance(found, dict)
    return found


def log_of(host: Driven, dump: str, folder: Path) -> str:
    """The kernel log in a dump, by makedumpfile."""
    local = folder / "vmcore"
    machine_of(host).copy_from(dump, local)
    return readers.kernel_log(local)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_happens_as_said(case: Case, ready: Driven, tmp_path: Path) -> None:
    """The detector speaks, and the policy decides what follows."""
    machine = machine_of(ready)
    machine.load("ready")
    ready.machine.ssh(f"sysctl -q -w {case.settings}")
    boot = machine.boot_id()
    found = simulate(ready, *case.words, expect=0)
    assert (found["state"], found["difference"], found["expected"]["panics"]) == ("done", "", case.panics)
    assert [one["name"] for one in found["seen"]["detectors"]][:1] == ([case.detector] if case.detector else [])
    assert (machine.boot_id() != boot) is found["seen"]["panicked"] is case.panics
    dump = found["seen"]["dump"]
    assert (dump is not None) is case.panics
    assert case.line in (log_of(ready, dump, tmp_path) if dump else ready.machine.ssh("dmesg").stdout)
    assert not machine.ssh("ls -d /run/kdump-enabler-simulate-* /sys/module/kdump_simulate", check=False).stdout


def test_a_dry_run_changes_nothing(ready: Driven) -> None:
    """It says that nobody would notice a hard lockup: an emulated processor has no performance counter."""
    machine_of(ready).load("ready")
    before = ready.tree()
    said = ready.run("simulate", "hard-lockup", "-i", ready.inventory, "--dry-run", expect=1)
    assert "its own detector says nothing: kernel.nmi_watchdog = 0" in " ".join(said.split())
    assert ready.tree() == before
    assert "kdump-enabler" not in ready.machine.ssh("dmesg").stdout


@pytest.mark.long
def test_without_what_builds_the_module(ready: Driven) -> None:
    """It says what to install, and installs nothing."""
    machine_of(ready).load("ready")
    ready.machine.ssh("mv /usr/bin/make /usr/bin/make.away")
    said = " ".join(ready.run("simulate", "oops", "-i", ready.inventory, "--dry-run", expect=1).split())
    assert "What builds the module is missing here: make" in said
    assert "Install make (apt); nothing was installed." in said


@pytest.mark.long
@pytest.mark.parametrize(
    ("settings", "panics"),
    [
        ("unknown_nmi_panic=1 panic_on_unrecovered_nmi=0", True),
        ("unknown_nmi_panic=0 panic_on_unrecovered_nmi=0", False),
    ],
)
def test_an_nmi_from_outside(settings: str, panics: bool, ready: Driven, tmp_path: Path) -> None:
    """What a management controller does; nothing inside can make it."""
    machine = machine_of(ready)
    machine.load("ready")
    machine.ssh("sysctl -q -w " + " ".join(f"kernel.{setting}" for setting in settings.split()))
    boot = machine.boot_id()
    machine.monitor("nmi")
    if not panics:
        wait_until(lambda: "Uhhuh. NMI received" in machine.ssh("dmesg").stdout, "a word about the NMI", 30)
        assert machine.boot_id() == boot
        return
    machine.wait_for_reboot(boot, REBOOT_SECONDS)
    machine.wait_until_idle()
    output = ready.run("dumps", "show", "latest", "-i", ready.inventory, "--format", "json", expect=0, quiet=True)
    (dump,) = ready.record(output)["vmcores"]
    log = log_of(ready, dump["path"], tmp_path)
    assert "Uhhuh. NMI received for unknown reason" in log
    assert "Kernel panic - not syncing: NMI: Not continuing" in log
    assert (dump["complete"], "NMI: Not continuing" in dump["panic"]) == (True, True)
