"""One QEMU process: how it is started, spoken to and ended. What runs inside is `machine.py`'s business."""

import hashlib
import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import TextIO, cast

from .errors import VmError
from .host import run
from .patience import wait_until

MEMORY_MIB = 2048  # the kernel rounds its System RAM to 2 GiB, as on a machine of that size
# A snapshot fits this hardware only. Not KVM, even if there is: snapshots would depend on it.
# Without -cx16 a reboot can hang for good in the slab allocator (cmpxchg16b under multi-threaded emulation).
# Emulation walks five page table levels (la57) and runs `rep movsb` byte by byte (erms): 13 % of a boot.
HARDWARE = (
    *("qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi"),
    *("-cpu", "max,-cx16,-la57,-erms", "-smp", "2", "-m", str(MEMORY_MIB)),
)
STDERR, SOCKET, DISK, SERIAL = "qemu.stderr", "monitor", "disk.qcow2", "serial.log"
# UEFI firmware of Debian's package ovmf, without Secure Boot, and the variables that a machine without any begins with.
FIRMWARE, VARIABLES = Path("/usr/share/OVMF/OVMF_CODE_4M.fd"), Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
OWN_VARIABLES = "variables.qcow2"


def hardware_key() -> str:
    """A name for the hardware and the QEMU that a snapshot belongs to."""
    version = run(["qemu-system-x86_64", "--version"])
    return hashlib.sha256(f"{HARDWARE} {version}".encode()).hexdigest()[:8]


def spawn(directory: Path, snapshot: str | None, detached: bool) -> tuple[subprocess.Popen[bytes], int]:
    """Start QEMU in a machine's directory; returns it and the port that leads to the guest's sshd."""
    for _ in range(3):
        port = _free_port()
        process = _popen(directory, _argv(directory, port, snapshot), detached)
        _wait_for_start(process, directory)
        if process.poll() is None:
            return process, port
        said = (directory / STDERR).read_text(errors="replace").strip()
        if "host forwarding" not in said:  # another process took the port in the meantime: try the next one
            break
    raise VmError("QEMU did not start.", f"It said: {said}")


def _wait_for_start(process: subprocess.Popen[bytes], directory: Path) -> None:
    wait_until(lambda: process.poll() is not None or _answers(directory), "QEMU to start", 15, every=0.05)


def alive(pid: int, directory: Path) -> bool:
    """Whether the process is a QEMU of this directory, and not a later process with its number."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == directory.resolve()
    except OSError:  # gone, or a zombie
        return False


def monitor(directory: Path, command: str, seconds: float = 60) -> str:
    """What QEMU's human monitor answers to one command."""
    request = {"execute": "human-monitor-command", "arguments": {"command-line": command}}
    try:
        with _connect(directory, seconds) as link, link.makefile("rw") as stream:
            stream.readline()  # the greeting
            for message in ({"execute": "qmp_capabilities"}, request):
                stream.write(json.dumps(message) + "\n")
                stream.flush()
                answer = _answer(cast("TextIO", stream))
    except OSError as error:
        raise VmError(f"QEMU did not answer to {command!r}: {error}.", f"Its files: {directory}") from error
    return answer


def end(pid: int, directory: Path) -> None:
    """End QEMU for sure; asked to quit first, because then it completes its disk image."""
    if alive(pid, directory):
        try:
            monitor(directory, "quit", seconds=5)
        except VmError:
            os.kill(pid, signal.SIGTERM)
    for number in (signal.SIGTERM, signal.SIGKILL):
        if _ended(pid, directory):
            return
        os.kill(pid, number)
    if not _ended(pid, directory):
        raise VmError(f"QEMU, process {pid}, cannot be ended.", f"Its files: {directory}")


def _ended(pid: int, directory: Path) -> bool:
    try:
        wait_until(lambda: not alive(pid, directory), "QEMU to end", 5, every=0.05)
    except VmError:
        return False
    return True


def _answer(stream: TextIO) -> str:
    """The next answer, past QEMU's events; an empty line is its end, which is the answer to `quit`."""
    while line := stream.readline():
        message = json.loads(line)
        if "error" in message:
            raise VmError(f"QEMU refused a command: {message['error']['desc']}.")
        if "return" in message:
            return str(message["return"] or "")
    return ""


def _argv(directory: Path, port: int, snapshot: str | None) -> list[str]:
    """A machine that has variables of its own has UEFI firmware. All paths are relative to the machine's directory: a
    socket's path may have 107 bytes only."""
    flash = (f"unit=0,readonly=on,format=raw,file={FIRMWARE}", f"unit=1,format=qcow2,file={OWN_VARIABLES}")
    uefi = flash if (directory / OWN_VARIABLES).exists() else ()
    return [
        *HARDWARE,
        *(word for drive in uefi for word in ("-drive", f"if=pflash,{drive}")),
        *("-display", "none"),
        *("-serial", f"file:{SERIAL}", "-drive", f"file={DISK},if=virtio,cache=unsafe"),
        *("-nic", f"user,ipv6=off,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:{port}-:22"),
        *("-qmp", f"unix:{SOCKET},server,nowait"),
        *(("-loadvm", snapshot) if snapshot else ()),
    ]


def _popen(directory: Path, argv: list[str], detached: bool) -> subprocess.Popen[bytes]:
    # Even a SIGKILLed test run must not leave a QEMU behind: it dies with the thread that started it.
    prefix = [] if detached else ["setpriv", "--pdeathsig", "KILL", "--"]
    with (directory / STDERR).open("wb") as errors:
        return subprocess.Popen(
            prefix + argv,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is for the harness, which then ends QEMU in order
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return cast("int", probe.getsockname()[1])


def _answers(directory: Path) -> bool:
    try:
        _connect(directory, 1).close()
    except OSError:
        return False
    return True


def _connect(directory: Path, seconds: float) -> socket.socket:
    handle = os.open(directory, os.O_PATH)
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(seconds)
    try:
        link.connect(f"/proc/self/fd/{handle}/{SOCKET}")
    except OSError:
        link.close()
        raise
    finally:
        os.close(handle)
    return link
