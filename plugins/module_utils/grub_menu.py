# SPDX-License-Identifier: MIT
"""Which kernels a grub.cfg offers, and whether a new one may take the place of an old one."""

import os
import re
from typing import List, Optional

from .failures import ModuleError

# linux16 and linuxefi are older spellings (EL 7, SUSE) of the same command.
LINUX = re.compile(r"\s*linux(?:16|efi)?\s+(\S+)")
MENUENTRY = re.compile(r"\s*menuentry\s")
BLSCFG = re.compile(r"\s*blscfg\b")


def linux_lines(text: str) -> List[str]:
    """Return the lines that load a kernel; outside a menu entry they boot nothing by themselves."""
    found = []
    inside = False
    for line in text.split("\n"):
        if MENUENTRY.match(line):
            inside = True
        elif line.strip() == "}":
            inside = False
        elif inside and LINUX.match(line):
            found.append(line)
    return found


def kernels(text: str) -> List[str]:
    """Return the kernel paths, each once, as GRUB sees them (from the root of its partition)."""
    found: List[str] = []
    for line in linux_lines(text):
        match = LINUX.match(line)
        path = match.group(1).strip("\"'") if match else ""
        if path and path not in found:
            found.append(path)
    return found


def has_blscfg(text: str) -> bool:
    """Say whether the menu comes from /boot/loader/entries (Fedora, EL), so that no kernel stands here."""
    return any(BLSCFG.match(line) for line in text.split("\n"))


def exists_near(config: str, kernel: str) -> bool:
    """Say whether the kernel is still on disk.

    GRUB's path starts at its partition, not at our root: the name is looked for in each parent of grub.cfg.
    """
    directory = os.path.dirname(config)
    while True:
        if os.path.exists(os.path.join(directory, os.path.basename(kernel))):
            return True
        if directory == os.path.dirname(directory):
            return False
        directory = os.path.dirname(directory)


def check_menu(config: str, old: Optional[str], new: str) -> None:
    """Refuse a new text that would lose a kernel which the old one boots and which is still there."""
    offered = [os.path.basename(kernel) for kernel in kernels(new)]
    lost = [
        kernel
        for kernel in kernels(old or "")
        if os.path.basename(kernel) not in offered and exists_near(config, kernel)
    ]
    by_bls = has_blscfg(new) and (old is None or has_blscfg(old))
    if lost:
        what = "would no longer boot {0}".format(", ".join(lost))
    elif not offered and not by_bls:
        what = "would boot no kernel at all"
    else:
        return
    raise ModuleError(
        "grub_empty",
        "The newly generated {0} {1}; the old one was kept.".format(config, what),
        "Run the generator by hand and read what it prints; if you want that menu, install it yourself.",
        [config],
    )
