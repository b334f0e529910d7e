"""The way of one machine from a plain Debian 12 to an opened vmcore, and back: `make demo`, and the system tests.

Each step drives the product as its users do and then asks somebody else whether it is true: /proc and /sys of the
machine, a shell, makedumpfile, drgn.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kdump_enabler import __version__, vmcore
from tests.vm.machine import Machine
from tests.vm.patience import factor, wait_until

from . import readers
from .driving import CONFIG, Driven, ids

MIB = 1024 * 1024
REBOOT_SECONDS = 300  # on a quiet machine, for Ansible's own waiting
CRASH_SECONDS = 240
PROOF = "/var/lib/kdump-enabler/proof.json"
PACKAGE_LINE = "crashkernel=384M-:128M"  # what kdump-tools 1:1.8.1 alone puts on the command line


class Story(Driven):
    """The steps, in order; each raises AssertionError with what it saw instead."""

    def __init__(self, machine: Machine, folder: Path, say: Callable[[str], None] = print) -> None:
        super().__init__(machine, machine.inventory(path=folder / "inventory.yml"), say)
        self.machine: Machine = machine
        self.folder = folder
        self.user_inventory = machine.inventory(user="probe", path=folder / "unprivileged.yml")

    # -- steps ---------------------------------------------------------------------------------------------------

    def a_plain_machine(self) -> None:
        """A Debian 12 that nobody has prepared, started by its own GRUB"""
        assert "crashkernel" not in self.cat("/proc/cmdline")
        assert self.cat("/proc/cmdline").startswith("BOOT_IMAGE=/boot/vmlinuz-")
        assert self.cat("/sys/kernel/kexec_crash_size") == "0"
        assert "MODULES=most" in self.cat("/etc/initramfs-tools/initramfs.conf")
        assert not self.machine.ssh("command -v kdump-config", check=False).stdout
        self.say(f"{self.cat('/etc/issue').split(chr(92))[0].strip()}: {self.cat('/proc/cmdline')}")

    def look(self) -> None:
        """Would a panic now leave a dump? Asked over SSH, by an unprivileged login, and on the machine itself"""
        host = self.check(expect=1)
        assert (host["verdict"], host["captures_now"]) == ("drift", False)
        assert {"KD010", "KD020", "KD021", "KD030", "KD060", "KD070"} <= ids(host)
        assert host["facts"]["crashkernel"]["wanted_bytes"] == 256 * MIB
        unprivileged = self.record(
            self.run("check", "-i", self.user_inventory, "--format", "json", expect=1, quiet=True)
        )
        assert unprivileged["facts"]["crashkernel"]["next_boot"] is None
        assert unprivileged["facts"]["privileged"] is False
        local = self.record(self.on_the_machine("check --format json", expect=1))
        assert local["findings"] == host["findings"]

    def change(self) -> None:
        """Make it crash-ready: packages by apt, drop-ins with a backup, and nothing live that could do harm"""
        before = self.machine.boot_id()
        self.run("enable", "-i", self.inventory, "-y", expect=3)
        assert self.machine.boot_id() == before
        assert self.sourced("GRUB_CMDLINE_LINUX_DEFAULT").count("crashkernel=") == 1
        assert self.cat("/proc/sys/kernel/panic_on_oops") == "0", "must wait for a capture kernel"
        assert (self.cat("/proc/sys/kernel/panic"), self.cat("/proc/sys/kernel/sysrq")) == ("10", "446")
        assert self.machine.ssh(f'. {CONFIG}; echo "$KDUMP_CMDLINE_APPEND"').stdout.split()[-1] == "panic=10"
        manifest = json.loads(self.cat("/var/lib/kdump-enabler/backups/*/manifest.json"))
        assert {entry["path"] for entry in manifest["files"]} == {CONFIG, *self.ours()}
        assert (manifest["packages"], manifest["tool_version"]) == (["kdump-tools", "makedumpfile"], __version__)
        answer = self.run("check", "-i", self.inventory, "--format", "json", expect=3, quiet=True)
        assert self.record(answer)["verdict"] == "reboot-pending"

    def reboot(self) -> None:
        """Reboot with consent, and see that the new command line is in effect"""
        assert self.cat("/sys/kernel/kexec_loaded") == "0"
        before = self.machine.boot_id()
        timeout = f"kdump_reboot_timeout={int(REBOOT_SECONDS * factor())}"
        self.run("enable", "-i", self.inventory, "-y", "--reboot", "if-needed", "--", "-e", timeout, expect=0)
        assert self.machine.boot_id() != before
        assert self.cat("/proc/cmdline").count("crashkernel=") == 1
        assert self.cat("/sys/kernel/kexec_crash_size") == str(256 * MIB)

    def ready(self) -> None:
        """Ready, and a second run changes nothing and costs one round trip"""
        host = self.check(expect=0)
        assert (host["verdict"], host["captures_now"], host["plan"]) == ("ready", True, [])
        assert self.cat("/sys/kernel/kexec_crash_loaded") == "1"
        assert [self.cat(f"/proc/sys/kernel/{key}") for key in ("panic_on_oops", "unknown_nmi_panic")] == ["1", "1"]
        self.converged()

    def crash(self) -> None:
        """Prove it by a crash, and let other programs open the dump, too"""
        kernel, before = self.cat("/proc/sys/kernel/osrelease"), self.dumps()
        consent = ("--yes-crash", self.machine.name, "--timeout", str(int(CRASH_SECONDS * factor())))
        self.run("prove", "-i", self.inventory, *consent, expect=0)
        (dump,) = self.dumps() - before
        local = self.folder / "vmcore"
        self.machine.copy_from(dump, local)
        note, log = json.loads(self.cat(PROOF)), readers.kernel_log(local)
        assert "Kernel panic - not syncing: sysrq triggered crash" in log
        assert f"kdump-enabler: crash on purpose, {note['id']}" in log
        assert note["outcome"]["dump"]["path"] == dump
        opened = readers.opened(local)
        assert opened.release == kernel
        assert opened.panic_cpu < readers.NO_CPU
        self.say(f"{dump}, {local.stat().st_size // MIB} MiB: makedumpfile and drgn both see the panic of {kernel}")
        self.no_other_user_reads(dump)
        self.wait_until_loaded()
        assert self.check(expect=0)["proof"]["state"] == "proven"

    def stale(self) -> None:
        """Another capture initrd, and the proof does not hold any more"""
        self.machine.ssh("head -c 4 /dev/zero >> /var/lib/kdump/initrd.img-$(uname -r)")  # padding, as cpio(5) has it
        host = self.check(expect=0)
        assert (host["verdict"], host["proof"]["state"], ids(host)) == ("ready", "stale", {"KD064", "KD101"})
        assert [text.partition(":")[0] for text in host["proof"]["changed"]] == ["capture initrd"]

    def tell(self) -> None:
        """Tell what the dump is: on the machine, to a login without rights, and of copies that are cut"""
        (path,) = self.dumps()
        self.run("dumps", "list", "-i", self.inventory, expect=0)
        (seen,) = self.told("dumps", "list", "-i", self.inventory, expect=0)
        size, mode = self.machine.ssh(f"stat -c '%s %a' {path}").stdout.split()
        assert (seen["path"], seen["size_bytes"], seen["mode"]) == (path, int(size), int(mode, 8))
        assert (seen["kernel"], seen["complete"]) == (self.cat("/proc/sys/kernel/osrelease"), True)
        assert (seen["open_to_others"], seen["machine"]) == (False, self.machine.ssh("uname -m").stdout.strip())
        notes = base64.b64decode(self.machine.ssh("base64 /sys/kernel/notes").stdout)
        assert seen["build_id"] == readers.build_id(notes) == readers.opened(self.folder / "vmcore").build_id
        (closed,) = self.told("dumps", "list", "-i", self.user_inventory, expect=2)
        assert (closed["path"], closed["complete"]) == (None, None)
        output = self.run("dumps", "show", "latest", "-i", self.inventory, expect=0)
        assert "Kernel panic - not syncing: sysrq triggered crash" in output
        self.tell_of_copies()

    def roll_back(self) -> None:
        """Undo: after a reboot the command line is what the installed packages alone give"""
        self.run("rollback", "-i", self.inventory, "-y", "--reboot", "if-needed", expect=0)
        assert [word for word in self.cat("/proc/cmdline").split() if "crashkernel" in word] == [PACKAGE_LINE]
        assert not self.machine.ssh(f"ls {' '.join(self.ours())}", check=False).stdout

    def disable(self) -> None:
        """Take the reservation away, whoever asked for it"""
        self.run("disable", "-i", self.inventory, "-y", "--reboot", "if-needed", expect=0)
        assert "crashkernel" not in self.cat("/proc/cmdline")
        assert self.cat("/sys/kernel/kexec_crash_size") == "0"

    STEPS = (a_plain_machine, look, change, reboot, ready, crash, tell, stale, roll_back, disable)

    # -- tools ---------------------------------------------------------------------------------------------------

    def on_the_machine(self, words: str, expect: int) -> str:
        """Run kdump-enabler inside the machine, from a copy of the package and what it imports."""
        self.say(f"[dev #] kdump-enabler {words}")
        with tempfile.TemporaryDirectory() as folder:
            needs = ("click", "distro", "pyyaml", "rich", "markdown-it-py", "mdurl", "pygments")
            install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", folder, ".", *needs]
            subprocess.run(install, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.machine.copy_to(Path(folder), "/opt/kdump-enabler")
        answer = self.machine.ssh(f"PYTHONPATH=/opt/kdump-enabler python3 -m kdump_enabler {words}", check=False)
        assert answer.returncode == expect, answer.stdout + answer.stderr
        return answer.stdout

    def told(self, *words: str | Path, expect: int) -> list[dict[str, Any]]:
        """The dumps in what a command prints."""
        record = self.record(self.run(*words, "--format", "json", expect=expect, quiet=True))
        return list(record["vmcores"])

    def tell_of_copies(self) -> None:
        """The dump as it is and as makedumpfile rearranged it, whole and cut in many places."""
        dump = self.folder / "vmcore"
        for copy in (readers.packed_again(dump), dump, dump.with_suffix(".plain")):
            began = time.monotonic()
            assert vmcore.read(str(copy))["complete"] is True
            self.say(f"{copy.name}: {copy.stat().st_size // MIB} MiB read in {time.monotonic() - began:.3f} s")
            words = (b"sysrq triggered crash", b"there is no such text in it")
            assert [vmcore.contains(str(copy), word)["found"] for word in words] == [True, False]
            for part in (1 - 1e-9, 0.999, 0.9, 0.5, 0.1, 0.001):
                os.truncate(copy, int(copy.stat().st_size * part))
                assert vmcore.read(str(copy))["complete"] is False
            self.run("dumps", "show", copy, expect=1)

    def dumps(self) -> set[str]:
        """The vmcores on the machine."""
        return set(self.machine.ssh("find /var/crash -name 'dump.*'", check=False).stdout.split())

    def no_other_user_reads(self, dump: str) -> None:
        """The dump and its log are closed to a login without rights."""
        stamp = dump.rpartition(".")[2]
        for path in (dump, f"{dump.rpartition('/')[0]}/dmesg.{stamp}"):
            answer = self.machine.ssh(f"head -c 1 {path}", user="probe", check=False)
            assert "Permission denied" in answer.stderr, f"{path}: {answer}"

    def wait_until_loaded(self) -> None:
        """The unit loads the capture kernel some time after ssh answers."""
        wait_until(lambda: self.cat("/sys/kernel/kexec_crash_loaded") == "1", "a loaded capture kernel", 120)


def title(step: Callable[[Story], None]) -> str:
    """What a step is about, in a few words."""
    return (step.__doc__ or "").strip()


def timed(step: Callable[[Story], None], story: Story) -> float:
    """Play one step; the seconds it took."""
    started = time.monotonic()
    step(story)
    return time.monotonic() - started
