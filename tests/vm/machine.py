"""A running machine: started from a snapshot in seconds, reached by ssh, crashed, and taken away for sure."""

import atexit
import itertools
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType

from . import disk, host, patience, qemu
from .errors import VmError
from .login import Login

BOOTED = "booted"
COLD_BOOT_SECONDS = 90  # 30 s when quiet; a first boot on a busy machine took 117 s
REBOOT_SECONDS = 240  # a crash, its dump and the boot after it: 70 s when quiet
_numbers = itertools.count(1)


class Machine:
    """One virtual machine; as a context manager it starts on entry and is gone on exit.

    `snapshot` is what it starts from: `booted` (about 3 s to ssh) or None for a cold boot through GRUB, or with `uefi`
    through systemd-boot, which has no snapshot.
    A detached machine outlives this process, until `stop()` or `python3 -m tests.vm down NAME`.
    """

    def __init__(
        self, name: str | None = None, snapshot: str | None = BOOTED, detached: bool = False, uefi: bool = False
    ) -> None:
        self.name = name or f"test-{os.getpid()}-{next(_numbers)}"
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.name):
            raise VmError(f"{self.name!r} is not a name for a machine.", "Use letters, digits, '.', '_' and '-'.")
        self.directory = host.cache() / "machines" / self.name
        self.serial_log = self.directory / qemu.SERIAL
        self.disk = self.directory / qemu.DISK
        self._snapshot = None if uefi else snapshot
        self._uefi = uefi
        self._detached = detached
        self._key = host.ssh_key()
        self._pid = self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def known(cls, name: str = "*") -> "list[Machine]":
        """The machines of any process that have a directory: running, or ended with a serial log left."""
        found = [cls(path.name, detached=True) for path in sorted((host.cache() / "machines").glob(f"{name}/"))]
        for machine in found:
            machine._read_state()
        return found

    @classmethod
    def attach(cls, name: str) -> "Machine":
        """The machine of this name that another process started; raises if none runs."""
        for machine in cls.known(name):
            if machine.running():
                return machine
        raise VmError(f"No machine {name!r} is running.", f"Start it: python3 -m tests.vm up {name}")

    def __enter__(self) -> "Machine":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(failed=kind is not None)

    def start(self) -> "Machine":
        """Start it and return when ssh answers and the guest's clock is right."""
        self._read_state()
        if self.running():
            raise VmError(f"The machine {self.name!r} is running already.", f"python3 -m tests.vm down {self.name}")
        self._make_directory()
        if not self._detached:
            atexit.register(self.stop)
        try:
            self._process, self._port = qemu.spawn(self.directory, self._snapshot, self._detached)
            self._pid = self._process.pid
            (self.directory / "state.json").write_text(json.dumps({"pid": self._pid, "port": self._port}))
            self.wait_for_ssh()
            self._set_clock()
        except BaseException:
            self.stop(failed=True)
            raise
        return self

    def stop(self, failed: bool = False) -> None:
        """End QEMU and remove the machine's files; after a failure the serial log stays."""
        atexit.unregister(self.stop)
        if self.running():
            qemu.end(self._pid, self.directory)
        if self._process:
            self._process.wait()
        self._pid = 0
        if not failed:
            host.remove_tree(self.directory)
        else:
            for path in (self.disk, self.directory / "state.json"):
                path.unlink(missing_ok=True)

    def shut(self) -> Path:
        """End QEMU in order, so that it completes its disk image, and return the image."""
        qemu.end(self._pid, self.directory)
        return self.disk

    def running(self) -> bool:
        """Whether its QEMU is alive; the guest may have crashed all the same."""
        return self._pid > 0 and qemu.alive(self._pid, self.directory)

    @property
    def login(self) -> Login:
        """How it is reached."""
        return Login(self.name, "127.0.0.1", self._port, self._key, self.serial_log)

    def ssh(
        self, command: str, user: str = "root", check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the guest, see Login.ssh."""
        return self.login.ssh(command, user, check, timeout)

    def copy_from(self, remote: str, local: Path, timeout: float = 120) -> None:
        """Copy a file or directory out of the guest, as root."""
        self.login.copy_from(remote, local, timeout)

    def copy_to(self, local: Path, remote: str, timeout: float = 120) -> None:
        """Copy a file or directory into the guest, as root."""
        self.login.copy_to(local, remote, timeout)

    def wait_for_ssh(self, seconds: float = COLD_BOOT_SECONDS) -> float:
        """Return the seconds it took until root could log in."""
        return patience.wait_until(self._reachable, f"{self.name}: ssh to answer", seconds, self.serial_log)

    def boot_id(self) -> str:
        """The random name of the current boot: the only proof that a reboot happened."""
        return self.ssh("cat /proc/sys/kernel/random/boot_id", timeout=20).stdout.strip()

    def wait_for_reboot(self, old_boot_id: str, seconds: float = REBOOT_SECONDS) -> float:
        """Return the seconds it took until the guest answered from another boot."""
        return patience.wait_until(
            lambda: self._reachable(old_boot_id), f"{self.name}: another boot", seconds, self.serial_log
        )

    def wait_until_idle(self, seconds: float = COLD_BOOT_SECONDS) -> None:
        """Return when systemd has started all there is to start, whether or not a unit failed."""
        self.ssh("systemctl is-system-running --wait", check=False, timeout=seconds)

    def monitor(self, command: str) -> str:
        """What QEMU's human monitor answers, for example to `info snapshots` or `nmi`."""
        return qemu.monitor(self.directory, command, 60 * patience.factor())

    def save(self, name: str) -> None:
        """Keep the whole state (disk, memory, devices) in the machine's own disk image, in about 1 s."""
        self._snapshot_command("savevm", name)

    def load(self, name: str) -> None:
        """Go back to a state that `save` kept; ssh answers afterwards and the clock is right."""
        self._snapshot_command("loadvm", name)
        self.wait_for_ssh()
        self._set_clock()

    def reset(self, saved: str = "") -> None:
        """Press the reset button, at the very moment of a state that `save` kept if one is named.

        What the guest held in memory is lost. What it has written to its disk stays, flushed or not, because QEMU
        lives on (cache=unsafe ignores flushes only): a reset, not a disk that loses its own cache with the power.
        """
        self.monitor("stop")
        if saved:
            self._snapshot_command("loadvm", saved)
        self.monitor("system_reset")
        self.monitor("cont")

    def ssh_arguments(self, user: str = "root") -> list[str]:
        """The arguments after `ssh` that reach the guest; a command may follow."""
        return self.login.arguments(user)

    def inventory(self, user: str = "root", path: Path | None = None) -> Path:
        """An Ansible inventory with this host alone (`path`, else in the machine's directory)."""
        return self.login.write_inventory(path or self.directory / "inventory.yml", user)

    def _reachable(self, other_than: str = "") -> bool:
        """Whether root can log in, in a boot other than the given one."""
        if not self.running():
            said = (self.directory / qemu.STDERR).read_text(errors="replace").strip()
            raise VmError(f"The QEMU of {self.name} ended.", f"It said: {said or 'nothing'}. See {self.serial_log}")
        try:
            return self.boot_id() != other_than
        except VmError:
            return False

    def _set_clock(self) -> None:
        """Set the guest's clock: a snapshot goes on at its own time, and apt and TLS refuse the future."""
        self.ssh(f"date -s @{time.time():.0f} > /dev/null")

    def _snapshot_command(self, verb: str, name: str) -> None:
        if answer := self.monitor(f"{verb} {name}").strip():
            raise VmError(f"{self.name}: {verb} {name} failed.", f"QEMU said: {answer}")

    def _read_state(self) -> None:
        path = self.directory / "state.json"
        if path.exists():
            state = json.loads(path.read_text())
            self._pid, self._port = int(state["pid"]), int(state["port"])

    def _make_directory(self) -> None:
        """Make a fresh directory with the disk: the booted layer, or an empty layer over the built disk."""
        host.require_tools(host.RUN_TOOLS)
        kind = disk.UEFI if self._uefi else disk.BIOS
        source = prepare() if self._snapshot else disk.build(kind)
        host.remove_tree(self.directory)
        self.directory.mkdir(parents=True)
        if self._snapshot:
            shutil.copyfile(source, self.disk)
        else:
            backing = disk.BACKING.format(key=source.name)
            host.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", backing, str(self.disk)])
        if self._uefi:
            variables = str(self.directory / qemu.OWN_VARIABLES)
            host.run(["qemu-img", "convert", "-O", "qcow2", str(qemu.VARIABLES), variables])


def prepare() -> Path:
    """The disk's layer with the snapshot `booted`: made now, by one boot, if the cache does not have it."""
    host.require_tools(host.RUN_TOOLS)
    built = disk.build()
    layer = built / f"booted-{qemu.hardware_key()}.qcow2"
    with host.lock("booted"):
        if not layer.exists():
            with Machine(f"booting-{built.name}", snapshot=None) as machine:
                machine.wait_until_idle()
                machine.ssh("sync")
                machine.save(BOOTED)
                machine.shut().rename(layer)
    return layer
