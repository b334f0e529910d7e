# SPDX-License-Identifier: MIT
"""Who is installing packages: it changes the files that a run would change, and must not be rebooted away."""

import fcntl
import os
import struct
from typing import Iterable, Optional

from .failures import ModuleError

# Taken by fcntl(2) while dpkg and apt (lib/dpkg/dbmodify.c, apt-pkg/deb/debsystem.cc) or rpm (lib/rpmlock.c) work.
LOCKS = (
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/rpm/.rpm.lock",
    "/usr/lib/sysimage/rpm/.rpm.lock",
)
FLOCK = "hhqqi4x"  # struct flock of 64-bit Linux: type, whence, start, length, process


def holder(path: str) -> Optional[int]:
    """Return the process that holds a lock on the file, None for nobody; 0 for one outside of this container."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        asked = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, process = struct.unpack(FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    finally:
        os.close(descriptor)
    return None if kind == fcntl.F_UNLCK else int(process)


def named(process: int) -> str:
    """Return a process for people."""
    try:
        with open("/proc/{0}/comm".format(process)) as stream:
            return "{0} (process {1})".format(stream.read().strip(), process)
    except OSError:
        return "process {0}".format(process)


def refuse_while_held(paths: Iterable[str]) -> None:
    """Raise ModuleError while somebody installs packages, also what a killed run of ours left at work."""
    held = ((path, holder(path)) for path in paths)
    path, process = next(((path, process) for path, process in held if process is not None), ("", None))
    if process is not None:
        raise ModuleError(
            "packages_busy",
            "{0} is installing packages on this host; nothing was changed.".format(named(process)),
            "Wait until it has ended, and run again.",
            [path],
        )
