"""Our own units on a real kernel: a Debian with kexec-tools and makedumpfile, and no package that sets kdump up.

What is asked afterwards is /sys, the files on the machine's disk, makedumpfile and drgn.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.host import run as host_run
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
# Another kernel under the same name: where the image says its version (see load.sh), it says another.
OTHER_KERNEL = (
    "image=/boot/vmlinuz-$(uname -r); at=$(($(od -An -tu2 -j526 -N2 $image) + 512));"
    " printf 99 | dd of=$image bs=1 seek=$at conv=notrunc status=none"
)
# A device that no capture kernel has: a disk image, made a device early in an ordinary boot.
DEVICE = """
cat > /etc/systemd/system/image.service <<EOF
[Unit]
DefaultDependencies=no
ConditionPathExists=!/proc/vmcore
After=systemd-remount-fs.service
Before=local-fs-pre.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/sbin/modprobe loop
ExecStart=/sbin/losetup /dev/loop0 /image
[Install]
WantedBy=local-fs-pre.target
EOF
systemctl enable image.service
"""
ESP = f"""{DEVICE}
apt-get install -y --no-install-recommends dosfstools > /dev/null
truncate -s 64M /image && mkfs.vfat -n ESP /image > /dev/null && mkdir -p /boot/efi
echo 'LABEL=ESP /boot/efi vfat umask=0077 0 1' >> /etc/fstab
"""
DUMPS = f"""{DEVICE}
truncate -s 512M /image && mkfs.ext4 -q -L DUMPS /image
echo 'LABEL=DUMPS /var/crash ext4 defaults 0 2' >> /etc/fstab
"""
OWN_PARTITION = """
echo ',+,83' | sfdisk -q --append --no-reread --no-tell-kernel /dev/vda && partx -a --nr 2 /dev/vda; udevadm settle
mkfs.ext4 -q /dev/vda2 && mkdir -p -m 0700 /var/crash
echo "UUID=$(blkid -s UUID -o value /dev/vda2) /var/crash ext4 nofail 0 2" >> /etc/fstab
systemctl daemon-reload && mount /var/crash
"""
TOO_SMALL = "128M"
NORMAL = {"KD064"}  # emulated processors have no counters for an NMI watchdog
CAPTURE_SECONDS = 240


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driven]:
    """A machine that our own units made ready; its disk as it was then is kept under this name."""
    with Machine("own-units") as machine:
        inventory = tmp_path_factory.mktemp("own") / "inventory.yml"
        # A connection that is kept would wait for ever for a machine that went back to an earlier state.
        host = Driven(machine, machine.login.write_inventory(inventory, ansible_ssh_args="-o ControlMaster=no"))
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
    console = ("--console", str(machine.serial_log), "--timeout", limit, "--yes-crash", machine.name)
    return host.run("prove", "-i", host.inventory, *console, *words, expect=expect)


def dumps(machine: Machine) -> list[str]:
    """The vmcores on the machine."""
    return machine.ssh("find /var/crash -name 'vmcore*' -not -name '*.txt'", check=False).stdout.split()


def wait_until_loaded(machine: Machine) -> None:
    """The unit loads the capture kernel some time after ssh answers."""
    shown = "/sys/kernel/kexec_crash_loaded"
    wait_until(lambda: machine.ssh(f"cat {shown}").stdout.strip() == "1", "a loaded capture kernel", 120)


def reboot(machine: Machine) -> None:
    """Restart it in order."""
    before = machine.boot_id()
    machine.ssh("systemctl reboot", check=False)
    machine.wait_for_reboot(before)
    machine.wait_until_idle()


def test_a_dump_comes_out(ready: Driven, tmp_path: Path) -> None:
    """Ready, by the kernel's word; a crash that is proven, and whose dump others open; a second run changes nothing."""
    machine = at_the_beginning(ready)
    assert not machine.ssh("command -v kdump-config", check=False).stdout
    assert ready.cat("/sys/kernel/kexec_crash_loaded") == "1"
    host = ready.check(expect=0)
    assert (host["verdict"], host["captures_now"], ids(host)) == ("ready", True, NORMAL)
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


@pytest.mark.long
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


@pytest.mark.long
def test_another_file_system_keeps_no_dump_back(ready: Driven) -> None:
    """A line of /etc/fstab whose device is not there in the capture kernel: the dump comes out, and at once."""
    machine = at_the_beginning(ready)
    machine.ssh(ESP, timeout=120)
    reboot(machine)
    assert machine.ssh("findmnt -no FSTYPE /boot/efi").stdout.strip() == "vfat"
    wait_until_loaded(machine)
    assert f"{machine.name}: proven" in prove(ready, 0)
    assert (
        "boot-efi"
        not in machine.serial_log.read_text(errors="replace").rpartition("elfcorehdr=")[2].partition("GRUB")[0]
    )


@pytest.mark.long
def test_a_dump_directory_that_does_not_come(ready: Driven) -> None:
    """Its device is not there in the capture kernel: no dump, and yet the machine comes back by itself."""
    machine = at_the_beginning(ready)
    machine.ssh(DUMPS, timeout=120)
    reboot(machine)
    ready.run("enable", "-i", ready.inventory, "-y", expect=0, quiet=True)
    assert "reach the place for dumps" in " ".join(prove(ready, 1).split())
    assert dumps(machine) == []


@pytest.mark.long
def test_too_little_memory(ready: Driven) -> None:
    """Said before, as a warning; the machine comes back by itself, and then it is known."""
    machine = at_the_beginning(ready)
    small = ("--crashkernel", TOO_SMALL, "--reboot", "if-needed", *OWN, "-e", "kdump_crashkernel_allow_lower=true")
    ready.run("enable", "-i", ready.inventory, "-y", *small, expect=0, quiet=True)
    wait_until_loaded(machine)
    assert ids(ready.check(expect=0)) == NORMAL | {"KD106"}
    said = " ".join(prove(ready, 1).split())
    assert "ran out of the memory that is reserved for it; the host came back without a new dump" in said
    assert dumps(machine) == []
    assert "KD102" in ids(ready.check(expect=1))


@pytest.mark.long
def test_a_kernel_that_was_upgraded(ready: Driven) -> None:
    """Another kernel takes the name before the reboot: the copy that was kept is loaded, and a dump comes out. Without
    a copy nothing is loaded, rather than the wrong one, and a check says what to do."""
    machine = at_the_beginning(ready)
    machine.ssh(OTHER_KERNEL)
    machine.ssh(f"kexec -p -u && systemctl restart {LOAD}")
    assert ready.cat("/sys/kernel/kexec_crash_loaded") == "1"
    assert ids(ready.check(expect=0)) == NORMAL
    machine.save("upgraded")
    machine.ssh(f"kexec -p -u; rm -r {KEPT}")
    failed = machine.ssh(f"systemctl restart {LOAD}", check=False)
    assert failed.returncode
    assert "is not the kernel that runs" in machine.ssh(f"journalctl -b -u {LOAD} -o cat").stdout
    assert ready.cat("/sys/kernel/kexec_crash_loaded") == "0"
    host = ready.check(expect=3)
    assert (host["verdict"], ids(host)) == ("reboot-pending", NORMAL | {"KD030", "KD049"})
    machine.load("upgraded")
    assert f"{machine.name}: proven" in prove(ready, 0)


class Larger(Machine):
    """A machine whose disk has room behind its only partition."""

    def _make_directory(self) -> None:
        super()._make_directory()
        host_run(["qemu-img", "resize", "-q", str(self.disk), "+1G"])


@pytest.mark.long
def test_a_disk_of_its_own(tmp_path: Path) -> None:
    """The dump directory on another partition, which a boot need not mount: it is mounted, and has the dump."""
    with Larger("own-disk", snapshot=None) as machine:
        machine.ssh(OWN_PARTITION, timeout=120)
        assert machine.ssh("findmnt -no SOURCE /var/crash").stdout.strip() == "/dev/vda2"
        inventory = machine.login.write_inventory(tmp_path / "inventory.yml", ansible_ssh_args="-o ControlMaster=no")
        host = Driven(machine, inventory)
        host.run("enable", "-i", inventory, "-y", "--reboot", "if-needed", *OWN, expect=0, quiet=True)
        assert "udev" in host.cat("/etc/systemd/system/kdump-enabler-save.service")
        assert ids(host.check(expect=0)) == NORMAL
        assert f"{machine.name}: proven" in prove(host, 0)
        (dump,) = dumps(machine)
        assert machine.ssh(f"findmnt -no SOURCE --target {dump}").stdout.strip() == "/dev/vda2"
