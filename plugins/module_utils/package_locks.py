# SPDX-License-Identifier: MIT
"""Who is installing packages: it changes the files that a run would change, and must not be rebooted away."""

import fcntl
import os
import struct
import time
from typing import Iterable, List, Optional, Tuple

from .failures import ModuleError

# Taken by fcntl(2) while dpkg and apt (lib/dpkg/dbmodify.c, apt-pkg/deb/debsystem.cc) or rpm (lib/rpmlock.c) work. The
# file of libzypp holds the number of the process instead, and is left there (zypp/zypp_detail/ZyppLock.cc).
LOCKS = (
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/rpm/.rpm.lock",
    "/usr/lib/sysimage/rpm/.rpm.lock",
    "/run/zypp.pid",
)
FLOCK = "hhqqi4x"  # struct flock of 64-bit Linux: type, whence, start, length, process


def holder(path: str) -> Optional[int]:
    """Return the process that holds a lock on the file, None for nobody; 0 for one outside of this container."""
    if path.endswith(".pid"):
        return named_in(path)
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


def named_in(path: str) -> Optional[int]:
    """Return the process whose number the file holds, None where there is no such process any more."""
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            number = stream.read(20).strip()
    except FileNotFoundError:
        return None
    return int(number) if number.isdigit() and os.path.exists("/proc/" + number) else None


def named(process: int) -> str:
    """Return a process for people."""
    try:
        with open("/proc/{0}/comm".format(process)) as stream:
            return "{0} (process {1})".format(stream.read().strip(), process)
    except OSError:
        return "process {0}".format(process)


def held(paths: Iterable[str]) -> Optional[Tuple[str, int]]:
    """Return a lock that somebody holds, and who; None when all are free."""
    found = ((path, holder(path)) for path in paths)
    return next(((path, process) for path, process in found if process is not None), None)


def wait_until_free(paths: List[str], seconds: int) -> None:
    """Wait for whoever installs packages, also for what a killed run of ours left at work. Raise ModuleError when that
    takes too long."""
    end = time.monotonic() + seconds
    found = held(paths)
    while found and time.monotonic() < end:
        time.sleep(1)
        found = held(paths)
    if found:
        path, process = found
        raise ModuleError(
            "packages_busy",
            "{0} is installing packages on this host; nothing was changed.".format(named(process)),
            "Wait until it has ended, and run again; or set kdump_package_lock_timeout to more seconds.",
            [path],
        )
