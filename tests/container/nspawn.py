"""One systemd-nspawn process with its network and control groups: how it is started and ended."""

import hashlib
import os
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from ..vm import host
from ..vm.errors import VmError
from ..vm.patience import wait_until

LOG = "console.log"
CGROUPS = Path("/sys/fs/cgroup")
# The range that RFC 2544 sets aside for tests: no network that the machine is on.
NETWORK = "198.18"
MOST = 250
# Enters the control groups before `--`, mounts the image where only the container sees it, and becomes nspawn: with
# that process the mount goes, and its loop device, however it ends.
PREPARE = """set -e
while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift
mkdir -p root; mount -o loop root.img root; exec "$@\""""


def take_number() -> int:
    """A number for a new container, which its addresses are made from; no other of this machine has it.

    Numbers go round, so that a connection that ssh still shares with an ended container is not taken for a new one.
    """
    last = host.cache("container") / "last-number"
    with host.lock("container-number"):
        used = int(last.read_text()) if last.exists() else 0
        for step in range(1, MOST + 1):
            number = (used + step - 1) % MOST + 1
            if not Path("/sys/class/net", _link(number)).exists():
                last.write_text(str(number))
                return number
    raise VmError(f"{MOST} containers have a network.", "End some: python3 -m tests.container down '*'")


def connect(directory: Path, number: int) -> str:
    """Make a network namespace with a cable to this machine; returns the address at its end."""
    namespace, here, address = _unique(directory), _link(number), f"{NETWORK}.{number}.2"
    host.run(["ip", "netns", "add", namespace])
    host.run(["ip", "link", "add", here, "type", "veth", "peer", "name", "host0", "netns", namespace])
    host.run(["ip", "address", "add", f"{NETWORK}.{number}.1/30", "dev", here])
    host.run(["ip", "link", "set", here, "up"])
    host.run(["ip", "-n", namespace, "address", "add", f"{address}/30", "dev", "host0"])
    for name in ("lo", "host0"):
        host.run(["ip", "-n", namespace, "link", "set", name, "up"])
    return address


def spawn(directory: Path, binds: list[str], detached: bool) -> subprocess.Popen[bytes]:
    """Start systemd in a container of this directory's name, on the image in it."""
    name = directory.name
    # Without control groups of their own all containers would share those of this machine.
    groups = _cgroups(directory)
    for group in groups:
        group.mkdir(exist_ok=True)
    nspawn = [
        *("systemd-nspawn", "--quiet", "--directory=root", "--boot"),
        *("--register=no", "--keep-unit", f"--network-namespace-path=/run/netns/{_unique(directory)}"),
        *(f"--machine={name}", f"--hostname={name}", "--console=pipe", "--resolv-conf=off", *binds),
    ]
    # Even a SIGKILLed test run must not leave a container behind: nspawn, asked by SIGTERM, shuts it down.
    prefix = [] if detached else ["setpriv", "--pdeathsig", "TERM", "--"]
    with (directory / LOG).open("wb") as log:
        return subprocess.Popen(
            [*prefix, "unshare", "--mount", "sh", "-c", PREPARE, "sh", *map(str, groups), "--", *nspawn],
            cwd=directory,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},  # since systemd 258 the only one
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the harness, which then ends the container in order
        )


def alive(pid: int, directory: Path) -> bool:
    """Whether the process is the nspawn of this directory, and not a later process with its number."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == directory.resolve()
    except OSError:  # gone, or a zombie
        return False


def end(pid: int, directory: Path) -> None:
    """End the container at once: with its first process all others go, and nspawn cleans up after it.

    A container whose nspawn was killed is still there; its control groups tell which processes are its own.
    """
    if alive(pid, directory):
        _kill(_children(pid))
        with suppress(VmError):
            wait_until(lambda: not alive(pid, directory), "nspawn to end", 5, every=0.05)
    _kill(_members(directory))


def disconnect(directory: Path) -> None:
    """Take the control groups and the network of an ended container away; fine if they are gone."""
    for group in _cgroups(directory):
        with suppress(VmError):  # an empty group does no harm
            wait_until(partial(_removed, group), f"{group} to be empty", 5, every=0.05)
    # The cable goes with the namespace that its other end is in.
    subprocess.run(["ip", "netns", "delete", _unique(directory)], check=False, capture_output=True)


def _link(number: int) -> str:
    return f"kdump{number}"


def _unique(directory: Path) -> str:
    """A name that no container of another cache has, so that nobody ends what is not theirs."""
    return f"kdump-enabler-{hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:12]}"


def _cgroups(directory: Path) -> list[Path]:
    """The container's group in the unified hierarchy and, on a machine of the old layout, in systemd's own."""
    mixed = [CGROUPS / name for name in ("unified", "systemd") if (CGROUPS / name / "cgroup.procs").exists()]
    return [base / _unique(directory) for base in mixed or [CGROUPS]]


def _members(directory: Path) -> set[int]:
    found: set[int] = set()
    for path in [path for group in _cgroups(directory) for path in group.rglob("cgroup.procs")]:
        with suppress(OSError):  # gone meanwhile
            found |= {int(word) for word in path.read_text().split()}
    return found


def _removed(group: Path) -> bool:
    """Remove a control group and those below it, which works once their last process is gone."""
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):
            Path(folder).rmdir()
    return not group.exists()


def _kill(processes: Iterable[int]) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    listing = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in listing.read_text().split()] if listing.exists() else []
