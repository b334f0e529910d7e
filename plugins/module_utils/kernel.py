# SPDX-License-Identifier: MIT
"""Settings of the running kernel, as files below /proc/sys."""

import os
from typing import Dict

from .diffs import hunks

PROC_SYS = "/proc/sys"


def path_of(root: str, key: str) -> str:
    """Return the file of a setting that is named as sysctl(8) does."""
    return os.path.join(root, *key.split("."))


def running(path: str) -> str:
    """Return the value that the kernel has now; it puts tabs between several numbers, sysctl.d files have blanks."""
    with open(path, encoding="ascii") as stream:
        return " ".join(stream.read().split())


def set_value(path: str, value: str) -> None:
    """Give the kernel another value; one that it refuses is an OSError."""
    with open(path, "w", encoding="ascii") as stream:
        stream.write(value + "\n")


def diff(path: str, before: str, after: str) -> Dict[str, str]:
    """Return one change as `--diff` prints it."""
    lines = "".join(hunks([before + "\n"], [after + "\n"]))
    return {"prepared": "--- {0}\n+++ {0}\n{1}".format(path, lines)}
