# SPDX-License-Identifier: MIT
"""Watches how much memory a capture kernel has left while it writes the dump of a crash on purpose.

Only where the dump is written by a unit of the machine's own root file system. A capture kernel whose initrd writes
the dump knows nothing of it.
"""

import contextlib
import glob
import os

from .atomic import make_directories, remove_if_there

UNITS = "/etc/systemd/system"
NAME = "kdump-enabler-memory.service"
# Nothing depends on it, it is the first that a lack of memory ends (OOMScoreAdjust, systemd.exec(5)), and it ends with
# the reboot. A line only for a minimum that is 1 MiB below the last, on the disk before the next look, so that a
# capture kernel that dies leaves what it had.
UNIT = """\
# Written by kdump-enabler for the length of one proof.
[Unit]
Description=Watch the memory of the capture kernel, for kdump-enabler prove
DefaultDependencies=no
After=local-fs.target systemd-remount-fs.service
Before={unit}
ConditionPathExists=/proc/vmcore

[Service]
Nice=19
OOMScoreAdjust=1000
ExecStart=/bin/sh -c 'least=999999999999; while :; do \\
  while read -r name now unit; do \\
    case $$name in MemTotal:) total=$$now ;; MemAvailable:) break ;; esac; \\
  done < /proc/meminfo; \\
  if [ $$((now + 1024)) -le $$least ]; then \\
    least=$$now; echo {id} $$total $$least >> {path}; sync -d {path}; \\
  fi; \\
  sleep 0.2; done'
"""


def record_path(root: str) -> str:
    """Return where the unit writes, one line for each new minimum: the id, what there is and what is left, in KiB."""
    return os.path.join(root, "capture-memory")


def watch(units: str, root: str, unit: str, identifier: str) -> None:
    """Have the next capture kernel watched, if that can be: a proof does not depend on it."""
    text = UNIT.format(unit=unit, id=identifier, path=record_path(root))
    wants = os.path.join(units, unit + ".wants")
    try:
        unwatch(units)
        remove_if_there(record_path(root))
        make_directories(wants, 0o755, [])
        with open(os.path.join(units, NAME), "w") as stream:
            stream.write(text)
        os.symlink(os.path.join("..", NAME), os.path.join(wants, NAME))
    except OSError:
        with contextlib.suppress(OSError):
            unwatch(units)


def unwatch(units: str) -> None:
    """Remove the unit, so that no other crash is watched."""
    for link in glob.glob(os.path.join(units, "*.wants", NAME)):
        os.unlink(link)
        with contextlib.suppress(OSError):  # others are wanted there, too
            os.rmdir(os.path.dirname(link))
    remove_if_there(os.path.join(units, NAME))
