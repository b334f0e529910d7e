"""A running container: up in seconds from a cached image, told what its kernel says, and taken away for sure."""

import atexit
import json
import os
import re
import subprocess
from pathlib import Path
from types import TracebackType

from ..vm import host, patience
from ..vm.errors import VmError
from ..vm.login import Login
from . import nspawn, root
from .kernel import Kernel

REBOOTS = 133  # how nspawn leaves it to its caller to start the container again (EXIT_FORCE_RESTART in nspawn.c)
BOOT_SECONDS = 20  # 1 s when quiet, after 2 s for its copy of the image


class Container:
    """One container of a Debian suite; as a context manager it starts on entry and is gone on exit.

    A detached container outlives this process, until `stop()` or `python3 -m tests.container down NAME`. With `shared`
    its root is that image in place of the suite's; nobody writes to it, what this one writes stays in memory.
    """

    def __init__(self, name: str, suite: str = "bookworm", detached: bool = False, shared: Path | None = None) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,50}", name):
            raise VmError(f"{name!r} is not a name for a container.", "Use lower-case letters, digits and '-'.")
        self.name = name
        self.suite = suite
        self.directory = host.cache("container") / "machines" / name
        self.log = self.directory / nspawn.LOG
        self._detached = detached
        self._shared = shared
        self._pid = self._number = 0
        self._login: Login | None = None
        self._kernel: Kernel | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def known(cls, name: str = "*") -> "list[Container]":
        """The containers of any process that have a directory: running, or ended with a log left."""
        found = [cls(path.name, detached=True) for path in sorted(host.cache("container").glob(f"machines/{name}/"))]
        for container in found:
            container._read_state()
        return found

    @classmethod
    def attach(cls, name: str) -> "Container":
        """The container of this name that another process started; raises if none runs."""
        for container in cls.known(name):
            if container.running():
                return container
        raise VmError(f"No container {name!r} is running.", f"Start it: python3 -m tests.container up {name}")

    def __enter__(self) -> "Container":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(failed=kind is not None)

    @property
    def login(self) -> Login:
        """How it is reached."""
        if self._login is None:
            raise VmError(f"The container {self.name!r} is not running.")
        return self._login

    @property
    def kernel(self) -> Kernel:
        """What its kernel seems to say."""
        if self._kernel is None:
            raise VmError(f"The container {self.name!r} is not running.")
        return self._kernel

    def start(self) -> "Container":
        """Start it afresh and return when ssh answers and systemd has started all there is to start."""
        built = root.build(self.suite)
        self._read_state()
        if self.running():
            raise VmError(
                f"The container {self.name!r} is running already.", f"python3 -m tests.container down {self.name}"
            )
        self.stop()  # what a killed run left
        self.directory.mkdir(parents=True)
        if not self._detached:
            atexit.register(self.stop)
        try:
            self._start(built)
        except BaseException:
            self.stop(failed=True)
            raise
        return self

    def stop(self, failed: bool = False) -> None:
        """End it and remove its files; after a failure the console's log stays."""
        atexit.unregister(self.stop)
        nspawn.end(self._pid, self.directory)
        nspawn.disconnect(self.directory)
        if self._process:
            self._process.wait()
        self._pid = self._number = 0
        if failed:
            for name in (root.IMAGE, "state.json"):
                (self.directory / name).unlink(missing_ok=True)
        else:
            host.remove_tree(self.directory)

    def running(self) -> bool:
        """Whether its nspawn is alive."""
        return self._pid > 0 and nspawn.alive(self._pid, self.directory)

    def asks_to_reboot(self) -> bool:
        """Whether it went down to be booted again, see boot(); not of a detached one."""
        return self._process is not None and self._process.poll() == REBOOTS

    def boot(self) -> None:
        """Start it on the files that it has; returns at once."""
        volatile = ["--volatile=overlay"] if self._shared else []
        self._process = nspawn.spawn(self.directory, [*self.kernel.binds(), *volatile], self._detached)
        self._pid = self._process.pid
        self._write_state(self.kernel.release)

    def ssh(
        self, command: str, user: str = "root", check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command in it, see Login.ssh."""
        return self.login.ssh(command, user, check, timeout)

    def inventory(self, path: Path | None = None, user: str = "root") -> Path:
        """An Ansible inventory with this host alone, marked as a test container."""
        target = path or self.directory / "inventory.yml"
        return self.login.write_inventory(target, user, kdump_test_container=True)

    def _start(self, built: Path) -> None:
        self._number = nspawn.take_number()
        self._write_state(root.kernel_release(built))
        address = nspawn.connect(self.directory, self._number)
        self.kernel.create()
        if self._shared:
            (self.directory / root.IMAGE).hardlink_to(self._shared)
        else:
            host.run(["cp", "--sparse=always", str(built / root.IMAGE), str(self.directory)])
        self.boot()
        patience.wait_until(self._reachable, f"{self.name} ({address}): ssh to answer", BOOT_SECONDS, self.log, 0.1)
        self.ssh("systemctl is-system-running --wait", check=False)

    def _reachable(self) -> bool:
        if not self.running():
            said = "\n".join(patience.tail(self.log, 5))
            raise VmError(f"The container {self.name} ended.", f"It said: {said or 'nothing'}. See {self.log}")
        try:
            return bool(self.ssh("true", timeout=20))
        except VmError:
            return False

    def _write_state(self, release: str) -> None:
        state = {"pid": self._pid, "number": self._number, "suite": self.suite, "kernel": release}
        (self.directory / "state.json").write_text(json.dumps(state))
        self._read_state()

    def _read_state(self) -> None:
        path = self.directory / "state.json"
        if not path.exists():
            return
        state = json.loads(path.read_text())
        self._pid, self._number, self.suite = int(state["pid"]), int(state["number"]), state["suite"]
        address = f"{nspawn.NETWORK}.{self._number}.2"
        self._login = Login(self.name, address, 22, host.ssh_key(), self.log)
        self._kernel = Kernel(self.directory / "kernel", state["kernel"])


def unused_name(stem: str) -> str:
    """A name that no other process of this machine takes."""
    return f"{stem}-{os.getpid()}"
