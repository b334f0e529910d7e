"""What the harness takes from the machine it runs on: tools, a place for files, a lock, an ssh key."""

import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import VmError

# Tool -> Debian package, for the sentence that says what to install.
BUILD_TOOLS = {
    "apt-config": "apt",
    "losetup": "mount",
    "mke2fs": "e2fsprogs",
    "mmdebstrap": "mmdebstrap",
    "mcopy": "mtools",
    "qemu-img": "qemu-utils",
    "sfdisk": "fdisk",
    "unshare": "util-linux",
}
RUN_TOOLS = {
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "scp": "openssh-client",
    "setpriv": "util-linux",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}


def require_tools(tools: Mapping[str, str]) -> None:
    """Return when every tool is on PATH; otherwise one sentence names the Debian packages to install."""
    missing = sorted({package for tool, package in tools.items() if shutil.which(tool) is None})
    if missing:
        raise VmError("The test machines need more tools.", f"Run: apt-get install {' '.join(missing)}")


def cache(kind: str = "vm") -> Path:
    """The directory that holds keys, disks and machines of a kind (`vm`, `container`); it exists afterwards."""
    default = Path(__file__).resolve().parents[2] / ".cache"
    path = Path(os.environ.get("KDUMP_ENABLER_CACHE") or default).absolute() / kind
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold a lock between processes: two test runs must not build the same disk."""
    with (cache() / f"{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ssh_key() -> Path:
    """The private key that opens every machine (its public half is beside it, `.pub`)."""
    key = cache() / "ssh-key"
    with lock("ssh-key"):
        if not key.with_suffix(".pub").exists():
            key.unlink(missing_ok=True)
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "kdump-enabler-vm", "-f", str(key)])
    return key


def run(argv: Sequence[str], log: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """Run a tool and return its output; a failure raises with the last lines of what it said.

    Whatever ends this call early (Ctrl-C, a time-out in a test) ends the tool and all its children too.
    """
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **env} if env else None,
        start_new_session=True,  # a process group of its own, to be ended as a whole
    )
    try:
        output, _ = process.communicate()
    except BaseException:
        _end_group(process)
        raise
    if log:
        with log.open("a") as handle:
            handle.write(output)
    if process.returncode:
        tail = "\n".join(output.splitlines()[-12:])
        raise VmError(f"{argv[0]} failed with exit code {process.returncode}.", f"It said:\n{tail}")
    return output


def _end_group(process: subprocess.Popen[str]) -> None:
    """End a process group: politely first, because mmdebstrap and the assembly clean up after themselves."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)


def remove_tree(path: Path) -> None:
    """Remove a directory of the harness, but never through something that is still mounted in it."""
    if f" {path}" in Path("/proc/self/mountinfo").read_text():
        raise VmError(f"Something is still mounted below {path}.", "Unmount it, then remove the directory.")
    shutil.rmtree(path, ignore_errors=True)
