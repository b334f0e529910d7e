#!/usr/bin/python
# SPDX-License-Identifier: MIT
"""Removes dumps from this host."""

DOCUMENTATION = r"""
module: remove_dumps
short_description: Removes files of dumps that are as they were seen
version_added: "0.2.0"
description:
  - Removes exact files below the given directories, and the directory of a dump when nothing is left in it.
    M(kdump.enabler.prune) decides which.
  - A dump stays, with the reason, where one of its files has another size or time of writing than stated, was written
    to in the last minute, or is reached through a link.
options:
  directories:
    description: Where dumps are; nothing outside is touched.
    type: list
    elements: str
    required: true
  dumps:
    description: What to remove.
    type: list
    elements: dict
    required: true
    suboptions:
      directory:
        description: The directory that the files are in.
        type: str
        required: true
      own_directory:
        description: Whether that is the directory of this dump alone, to be removed with it.
        type: bool
        required: true
      files:
        description: The files, in the order in which to remove them.
        type: list
        elements: dict
        required: true
        suboptions:
          path:
            description: Path of the file.
            type: str
            required: true
          size:
            description: Its size in bytes.
            type: int
            required: true
          mtime_ns:
            description: When it was written, in nanoseconds.
            type: int
            required: true
attributes:
  check_mode:
    description: Says what would be removed, and removes nothing.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
author:
  - The kdump-enabler developers
"""

EXAMPLES = r"""
- name: Remove dumps
  kdump.enabler.remove_dumps:
    directories: [/var/crash]
    dumps: "{{ kdump_prune.removals }}"
"""

RETURN = r"""
removed:
  description: The files that were removed.
  returned: success
  type: list
  elements: str
left:
  description: The dumps that stay, by their last file, each with the reason.
  returned: success
  type: dict
kind:
  description: Why it failed, V(no_root) or V(io_error).
  returned: failure
  type: str
hint:
  description: What to do about it.
  returned: failure
  type: str
"""

import errno
import os
import stat
import time
from typing import Any, Dict, List, Optional

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.failures import ModuleError, run

SETTLED_SECONDS = 60
DEPTH = 2  # directories below one that all dumps go to, as the reader of dumps looks
# The same for directories; a link in the way is refused.
ENTER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
ARGUMENTS = {
    "directories": {"type": "list", "elements": "str", "required": True},
    "dumps": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "directory": {"type": "str", "required": True},
            "own_directory": {"type": "bool", "required": True},
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "path": {"type": "str", "required": True},
                    "size": {"type": "int", "required": True},
                    "mtime_ns": {"type": "int", "required": True},
                },
            },
        },
    },
}


class StaysError(Exception):
    """A sentence: why a dump is not removed."""


def way_to(directory: str, tops: List[str]) -> List[str]:
    """The top directory that it is in, and the names from there on. Raises StaysError outside of all of them."""
    for top in tops:
        relative = os.path.relpath(directory, top)
        names = [] if relative == os.curdir else relative.split(os.sep)
        if os.path.isabs(directory) and os.pardir not in names and len(names) <= DEPTH:
            return [top, *names]
    raise StaysError("{0} is in none of the directories of dumps".format(directory))


def enter(way: List[str]) -> int:
    """Return a descriptor of a directory; no name on the way below the top may be a link."""
    descriptor = os.open(way[0], ENTER)
    for name in way[1:]:
        try:
            inner = os.open(name, ENTER, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor


def check(file: Dict[str, Any], directory: str, descriptor: int, now: float) -> str:
    """Return the file's name in its directory. Raises StaysError where it is not as stated."""
    path = file["path"]
    name = os.path.basename(path)  # type: str
    if os.path.dirname(path) != directory or name in ("", os.curdir, os.pardir):
        raise StaysError("{0} is not in {1}".format(path, directory))
    try:
        found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
    except FileNotFoundError:
        raise StaysError("{0} is gone".format(path)) from None
    if not stat.S_ISREG(found.st_mode):
        raise StaysError("{0} is a link, or no regular file".format(path))
    if (found.st_size, found.st_mtime_ns) != (file["size"], file["mtime_ns"]):
        raise StaysError("{0} has changed since it was looked at".format(path))
    if abs(now - found.st_mtime) < SETTLED_SECONDS:
        raise StaysError("{0} may still be written".format(path))
    return name


def remove(dump: Dict[str, Any], tops: List[str], now: float, dry: bool) -> List[str]:
    """Remove a dump, all of whose files are looked at first; return their paths."""
    directory = dump["directory"]
    way = way_to(directory, tops)
    if dump["own_directory"] and len(way) == 1:
        raise StaysError("{0} is where all dumps go to".format(directory))
    try:
        descriptor = enter(way)
    except OSError as error:
        raise StaysError(
            "{0} cannot be entered without following a link ({1})".format(directory, error.strerror)
        ) from error
    try:
        names = [check(file, directory, descriptor, now) for file in dump["files"]]
        for name in names if not dry else []:
            os.unlink(name, dir_fd=descriptor)
        if not dry:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if dump["own_directory"] and not dry:
        remove_empty(way)
    return [file["path"] for file in dump["files"]]


def remove_empty(way: List[str]) -> None:
    """Remove a directory, unless something is in it."""
    above = enter(way[:-1])
    try:
        os.rmdir(way[-1], dir_fd=above)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
    finally:
        os.close(above)


def left_by(dump: Dict[str, Any], tops: List[str], now: float, dry: bool, removed: List[str]) -> Optional[str]:
    """Remove a dump, or return why it stays."""
    try:
        removed += remove(dump, tops, now, dry)
    except StaysError as reason:
        return str(reason)
    return None


def work(module: AnsibleModule) -> Dict[str, Any]:
    """Do it and return the result."""
    if os.geteuid() != 0:
        raise ModuleError("no_root", "Removing dumps needs root.", "Let Ansible become root (become: true).")
    tops = [os.path.realpath(directory) for directory in module.params["directories"]]
    removed = []  # type: List[str]
    now, left = time.time(), {}  # type: float, Dict[str, str]
    for dump in module.params["dumps"]:
        reason = left_by(dump, tops, now, module.check_mode, removed)
        if reason:
            left[dump["files"][-1]["path"]] = reason
    return {"changed": bool(removed), "removed": removed, "left": left}


def main() -> None:
    """Run as a module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    run(module, work, ["directories"])


if __name__ == "__main__":
    main()
