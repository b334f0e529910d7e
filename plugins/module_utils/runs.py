# SPDX-License-Identifier: MIT
"""The run that is changing this host: one at a time, and one that was killed is known to the next."""

import contextlib
import fcntl
import json
import os
import time
from typing import Any, Dict, Iterator, Optional

from .atomic import make_directories, remove_if_there, sync_directory, write_atomic
from .backups import utc_now
from .failures import ModuleError

DEFAULT_ROOT = "/var/lib/kdump-enabler"
SCHEMA = "kdump-enabler/run/1"
BOOT_ID = "/proc/sys/kernel/random/boot_id"


def record_path(root: str) -> str:
    """Return where the run that is under way is noted; others may read it, a check without root tells of it."""
    return os.path.join(root, "run.json")


def boot_id() -> str:
    """Return what identifies this boot: a run of another one is over."""
    with open(BOOT_ID) as stream:
        return stream.read().strip()


@contextlib.contextmanager
def locked(root: str) -> Iterator[None]:
    """Keep two modules from looking at the record at once; the kernel lets go when a process dies."""
    make_directories(root, 0o755, [])
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def current(root: str) -> Optional[Dict[str, Any]]:
    """Return the record of the run that is under way or was killed; None when there is none."""
    try:
        with open(record_path(root), "rb") as handle:
            record = json.loads(handle.read().decode("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}  # cut short by a power failure on a file system that cannot rename atomically: nobody's
    return record if isinstance(record, dict) else {}


def begin(root: str, note: Dict[str, Any], instead_of: str, lease: int) -> Dict[str, Any]:
    """Note the run, which counts as dead after `lease` seconds, and return the note of the one that it ends or goes on
    with, if any; refuses while another one is under way that is neither `instead_of` nor over. The note has at least
    `run`, its name."""
    with locked(root):
        found = current(root)
        if found and found.get("run") not in (note["run"], instead_of) and not is_over(found):
            raise ModuleError(
                "running",
                "Another run is changing this host: {0}, since {1}.".format(found["run"], found["started_at"]),
                "Wait for it. If you know that it is dead, set kdump_take_over=true.",
            )
        until = int(time.time()) + lease
        record = dict(note, schema=SCHEMA, boot_id=boot_id(), started_at=utc_now(), until=until)
        content = json.dumps(record, indent=2, sort_keys=True) + "\n"
        write_atomic(record_path(root), content.encode("ascii"), 0o644)
        return found or {}


def end(root: str, name: str) -> None:
    """Forget the run; that of somebody else stays."""
    with locked(root):
        found = current(root)
        if found is not None and found.get("run") in (name, None) and remove_if_there(record_path(root)):
            sync_directory(root)


def is_over(record: Dict[str, Any]) -> bool:
    """Say whether a run cannot be alive any more: the host booted since, or it has not been heard of for long."""
    return bool(record.get("boot_id") != boot_id() or time.time() > record.get("until", 0))
