"""Crashes on purpose of which no dump comes out: each says why, with the line of the capture kernel.

The look before a crash would refuse each of these machines, where it can see the fault; so the fault comes after it, by
the command that takes a host out of service.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.vm.machine import REBOOT_SECONDS, Machine
from tests.vm.patience import factor

from . import readers
from .driving import Driven, ids

pytestmark = [pytest.mark.system, pytest.mark.long]
PROOF = "/var/lib/kdump-enabler/proof.json"
IN_SERVICE = "/run/in-service-again"
CAPTURE_SECONDS = 180
ROOT = Path(__file__).resolve().parents[2]
NMI = """
import sys
from pathlib import Path

sys.path.insert(0, {root!r})
from tests.vm import qemu

qemu.monitor(Path({directory!r}), "nmi", 60)
"""
TOO_SMALL = "112M"  # the capture kernel starts, and there is no room for its initrd


@dataclass(frozen=True)
class Fault:
    """What goes wrong: how it is made, what is found, in which line; `comes_back`: the machine does, by itself;
    `exit_code`: of a check afterwards, which cannot see into an initrd and finds the proof stale."""

    name: str
    make: str
    kind: str
    line: str
    comes_back: bool = True
    exit_code: int = 1


RELOAD = "kdump-config unload > /dev/null && kdump-config load > /dev/null"
BROKEN = (
    "i=/var/lib/kdump/initrd.img-$(uname -r); size=$(stat -c %s $i);"
    " dd if=/dev/urandom of=$i bs=1M seek=1 count=$((size >> 20)) conv=notrunc status=none"
)
FAULTS = (
    # The capture kernel has room for the kernel log, and for a part of the dump.
    Fault(
        "full-target",
        "blocks=$(stat -f -c %f /var/crash); fallocate -l $(((blocks - 6144) * 4))K /filler; sync",
        "no_space",
        "No space left on device",
    ),
    Fault(
        "missing-target",
        f"echo 'NFS=\"10.0.2.2:/nowhere\"' >> /etc/default/kdump-tools; {RELOAD}",
        "target",
        "Unable to mount remote NFS directory",
    ),
    Fault("broken-initrd", f"{BROKEN}; {RELOAD}", "capture_kernel", "Initramfs unpacking failed", exit_code=0),
    # What KD068 is about: without `panic=` on its own line a capture kernel that panics waits for ever.
    Fault(
        "broken-initrd-without-panic",
        f"{BROKEN}; sed -i 's/ panic=10//' /etc/default/kdump-tools; {RELOAD}",
        "capture_kernel",
        "Initramfs unpacking failed",
        comes_back=False,
        exit_code=0,
    ),
)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driven]:
    """A machine that is ready; each test begins there."""
    with Machine("prove") as machine:
        host = Driven(machine, machine.inventory(path=tmp_path_factory.mktemp("prove") / "inventory.yml"))
        host.run("enable", "-i", host.inventory, "-y", "--reboot", "if-needed", expect=0, quiet=True)
        machine.wait_until_idle()
        machine.save("ready")
        yield host


def prove(host: Driven, expect: int, *words: str) -> str:
    """Crash it on purpose."""
    machine = host.machine
    assert isinstance(machine, Machine)
    limit = str(int(CAPTURE_SECONDS * factor()))
    console = ("--console", str(machine.serial_log), "--timeout", limit, "--yes-crash", machine.name)
    return host.run("prove", "-i", host.inventory, *console, *words, expect=expect)


def power_cycle(host: Driven) -> None:
    """What somebody does who finds a machine that hangs."""
    machine = host.machine
    assert isinstance(machine, Machine)
    machine.monitor("system_reset")
    machine.wait_for_ssh(REBOOT_SECONDS)
    machine.wait_until_idle()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_no_dump_says_why(fault: Fault, ready: Driven, tmp_path: Path) -> None:
    """One word for programs, one sentence for people, and the line that says so."""
    machine = ready.machine
    assert isinstance(machine, Machine)
    machine.load("ready")
    variables = tmp_path / "hook.json"
    # ansible.builtin.command takes no shell.
    hook = [{"command": f"sh -c {json.dumps(fault.make)}"}]
    after = [f"touch {IN_SERVICE}"]
    variables.write_text(json.dumps({"kdump_before_down": hook, "kdump_after_down": after}), encoding="utf-8")
    assert fault.line in " ".join(prove(ready, 1, "--", "-e", f"@{variables}").split())
    if fault.comes_back and fault.kind != "no_space":  # no module of Ansible runs without room for it in /tmp
        ready.machine.ssh(f"test -e {IN_SERVICE}")
        assert "KD091" not in ids(ready.check(expect=fault.exit_code))
    if not fault.comes_back:
        power_cycle(ready)
    if not fault.comes_back or fault.kind == "no_space":  # where not even the outcome could be written
        # Only a full disk can be seen without a crash (KD050).
        assert ready.check(expect=fault.exit_code)["proof"]["state"] == "unfinished"
        ready.machine.ssh("rm -f /filler")
        prove(ready, 1)
    outcome = json.loads(ready.cat(PROOF))["outcome"]
    assert (outcome["kind"], fault.line in outcome["line"]) == (fault.kind, True)
    assert ready.check(expect=fault.exit_code)["proof"]["state"] in ("failed", "stale")


def test_too_little_memory(ready: Driven) -> None:
    """Reserved, loaded, and yet too small: only a crash shows it, and then the check says so."""
    machine = ready.machine
    assert isinstance(machine, Machine)
    machine.load("ready")
    small = ("--crashkernel", TOO_SMALL, "--reboot", "if-needed")
    allow = ("--", "-e", "kdump_crashkernel_allow_lower=true")
    ready.run("enable", "-i", ready.inventory, "-y", *small, *allow, expect=0, quiet=True)
    said = " ".join(prove(ready, 1).split())
    assert "ran out of the memory that is reserved for it; the host came back without a new dump" in said
    assert json.loads(ready.cat(PROOF))["outcome"]["kind"] == "out_of_memory"
    assert "KD102" in ids(ready.check(expect=1))


@pytest.mark.parametrize("trigger", ["CPU 1", "NMI"])
def test_a_chosen_trigger(trigger: str, ready: Driven, tmp_path: Path) -> None:
    """On the CPU that somebody names, or by what a management controller does from outside."""
    machine = ready.machine
    assert isinstance(machine, Machine)
    machine.load("ready")
    asked = "sysrq:1"
    if trigger == "NMI":
        script = tmp_path / "nmi.py"
        script.write_text(NMI.format(root=str(ROOT), directory=str(machine.directory)), encoding="utf-8")
        asked = f"{sys.executable} {script}"
    said = prove(ready, 0, "--", "-e", json.dumps({"kdump_prove_trigger": asked}))
    assert f"{machine.name}: proven" in said
    dump = json.loads(ready.cat(PROOF))["outcome"]["dump"]["path"]
    local = tmp_path / "vmcore"
    machine.copy_from(dump, local)
    log = readers.kernel_log(local)
    if trigger == "NMI":
        assert "Kernel panic - not syncing: NMI: Not continuing" in log
    else:
        assert readers.opened(local).panic_cpu == 1
        assert "Kernel panic - not syncing: sysrq triggered crash" in log
