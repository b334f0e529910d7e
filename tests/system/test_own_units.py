"""Our own units on a real kernel: a Debian with kexec-tools and makedumpfile, and no package that sets kdump up.

What is asked afterwards is /sys, the files on the machine's disk, makedumpfile and drgn.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.machine import Machine
from tests.vm.patience import factor, wait_until

from . import readers
from .driving import Driven, ids

pytestmark = pytest.mark.system
OWN = ("--", "-e", "kdump_provider=own")
LOAD = "kdump-enabler-load.service"
OURS = (
    "/etc/systemd/system/kdump-enabler-load.service",
    "/etc/systemd/system/kdump-enabler-save.service",
    "/etc/systemd/system/multi-user.target.d/kdump-enabler-load.conf",
    "/usr/local/lib/kdump-enabler/load.sh",
    "/usr/local/lib/kdump-enabler/save.sh",
)
KEPT = "/var/lib/kdump-enabler/capture/$(uname -r)"
CAPTURE_SECONDS = 240


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driven]:
    """A machine that our own units made ready; its disk as it was then is kept under this name."""
    with Machine("own-units") as machine:
        host = Driven(machine, machine.inventory(path=tmp_path_factory.mktemp("own") / "inventory.yml"))
        host.run("enable", "-i", host.inventory, "-y", "--reboot", "if-needed", *OWN, expect=0, quiet=True)
        machine.wait_until_idle()
        machine.save("ready")
        yield host


def at_the_beginning(host: Driven) -> Machine:
    """The machine, ready again."""
    machine = host.machine
    assert isinstance(machine, Machine)
    machine.load("ready")
    return machine


def prove(host: Driven, expect: int, *words: str) -> str:
    """Crash it on purpose."""
    machine = host.machine
    assert isinstance(machine, Machine)
    limit = str(int(CAPTURE_SECONDS * factor()))
    return host.run(
        "prove", "-i", host.inventory, "--timeout", limit, "--yes-crash", machine.name, *words, expect=expect
    )


def dumps(machine: Machine) -> list[str]:
    """The vmcores on the machine."""
    return machine.ssh("find /var/crash -name 'vmcore*' -not -name '*.txt'", check=False).stdout.split()


def wait_until_loaded(machine: Machine) -> None:
    """The unit loads the capture kernel some time after ssh answers."""
    shown = "/sys/kernel/kexec_crash_loaded"
    wait_until(lambda: machine.ssh(f"cat {shown}").stdout.strip() == "1", "a loaded capture kernel", 120)


def test_a_dump_comes_out(ready: Driven, tmp_path: Path) -> None:
    """Ready, by the kernel's word; a crash that is proven, and whose dump others open; a second run changes nothing."""
    machine = at_the_beginning(ready)
    assert not machine.ssh("dpkg-query -W kdump-tools", check=False).stdout
    assert ready.cat("/sys/kernel/kexec_crash_loaded") == "1"
    host = ready.check(expect=0)
    assert (host["verdict"], host["captures_now"], host["findings"]) == ("ready", True, [])
    ready.converged()
    kernel = ready.cat("/proc/sys/kernel/osrelease")
    assert f"{machine.name}: proven" in prove(ready, 0)
    (dump,) = dumps(machine)
    assert machine.ssh(f"stat -c '%a %u' {dump}").stdout.split() == ["600", "0"]
    local = tmp_path / "vmcore"
    machine.copy_from(dump, local)
    assert "Kernel panic - not syncing: sysrq triggered crash" in readers.log_of_plain(local)
    assert "sysrq triggered crash" in ready.cat(f"{dump}-dmesg.txt")
    assert readers.opened(local).release == kernel
    wait_until_loaded(machine)
    assert ready.check(expect=0)["proof"]["state"] == "proven"


def test_all_of_it_goes_away(ready: Driven) -> None:
    """`disable` unloads the capture kernel at once, and leaves no file; `rollback` of what enabled it leaves none."""
    machine = at_the_beginning(ready)
    ready.run("disable", "-i", ready.inventory, "-y", expect=0, quiet=True)
    assert ready.cat("/sys/kernel/kexec_crash_loaded") == "0"
    assert not machine.ssh(f"ls -d {' '.join(OURS)} {KEPT}", check=False).stdout
    assert machine.ssh(f"systemctl show -p LoadState --value {LOAD}").stdout.strip() == "not-found"
    assert "crashkernel" not in ready.sourced("GRUB_CMDLINE_LINUX_DEFAULT")
    machine.load("ready")
    ready.run("rollback", "-i", ready.inventory, "-y", expect=0, quiet=True)
    assert not machine.ssh(f"ls -d {' '.join(OURS)}", check=False).stdout
