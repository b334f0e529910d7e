"""Runs in a guest, where a .pth file imports it into each Python: tells on the serial line every change that a module
of ours made to a file, and what GRUB would read as grub.cfg if the power went now."""

import hashlib
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

OURS = ("/boot/grub", "/etc/", "/var/lib/kdump-enabler")
AT_BOOT = ("/boot/grub", "/etc/default/grub")
MOMENT = 0.4  # for the host to keep the machine's state, after a change of what decides the next boot
PATH_IS = {"rename": 1, "link": 1, "unlink": 0, "mkdir": 0, "rmdir": 0}  # the argument that is the path


def as_grub_reads() -> str:
    """The digest of the grub.cfg that GRUB's own reader finds on the bare disk, past the kernel's memory of it."""
    subprocess.run(["blockdev", "--flushbufs", "/dev/vda"], check=True)
    command = ["grub-fstest", "/dev/vda", "cat", "(loop0,msdos1)/boot/grub/grub.cfg"]
    return hashlib.sha256(subprocess.run(command, capture_output=True, check=False).stdout).hexdigest()


def tell(what: str) -> None:
    """One line on the serial console."""
    with Path("/dev/ttyS0").open("w") as console:
        console.write(f"\npoint: {as_grub_reads()} {what}\n")


def telling(name: str) -> Callable[..., Any]:
    """The call of `os` with this name, which tells after it was made."""
    call = getattr(os, name)

    def told(*words: Any, **more: Any) -> Any:
        path = str(Path(f"/proc/self/fd/{words[0]}").readlink() if name == "fsync" else words[PATH_IS[name]])
        answer = call(*words, **more)
        if path.startswith(OURS):
            tell(f"{name} {path}")
            time.sleep(MOMENT if path.startswith(AT_BOOT) else 0)
        return answer

    return told


if __name__ == "__main__":
    tell("half of it is made")
    time.sleep(MOMENT)
else:
    for changing in ("fsync", *PATH_IS):
        setattr(os, changing, telling(changing))
