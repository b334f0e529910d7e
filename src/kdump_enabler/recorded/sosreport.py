"""What `sos report` keeps of a machine: copies of files by their own paths, and what commands told in sos_commands/.

Which files and commands: sos/report/plugins of github.com/sosreport/sos (kdump, kernel, grub2, system, filesys, dpkg,
rpm, systemd, host); how commands become names of files: _mangle_command of sos/report/plugins/__init__.py. Seen with
sos 4.0 on Debian 12.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import archived
from .archived import text_of

KIND = "sosreport"
MARK = "sos_commands"
MANIFEST = "sos_reports/manifest.json"
DPKG, DMESG, UNAME = "sos_commands/dpkg/dpkg_-l", "sos_commands/kernel/dmesg", "sos_commands/kernel/uname_-a"
RPM, UNITS, DF = "installed-rpms", "sos_commands/systemd/systemctl_show_service_--all", "sos_commands/filesys/df_*"
FILES = (
    r"sos_commands/host/hostname",
    re.escape(DPKG),
    r"sos_commands/rpm/[^/]*rpm[^/]*-qa[^/]*",
    re.escape(DMESG),
    re.escape(UNAME),
    re.escape(UNITS),
    r"sos_commands/filesys/df_-al[^/]*",
    re.escape(MANIFEST),
    r"version\.txt",
    r"proc/\d+/mounts",  # /proc/self is a link
)
INSTALLED = ("ii", "hi")  # the first letters of `dpkg -l`: wanted or held, and installed
NVRA = re.compile(r"^(\S+)-([^-\s]+-[^-\s]+)\.[^.\s]+(?:\s|$)", re.MULTILINE)
MOUNTS = ("proc/mounts", "proc/self/mounts")
KIB = 1024


def read(root: Path) -> dict[str, Any]:
    """The machine's evidence as the probe's dictionary, with its name as `host`."""
    hostname = text_of(root / "sos_commands/host/hostname") or text_of(root / "proc/sys/kernel/hostname") or ""
    mounted = next((text for path in MOUNTS if (text := text_of(root / path))), None)
    found = archived.evidence(
        root,
        collected_at=_written(root),
        machine=archived.architecture(text_of(root / UNAME)),
        commands=[*_packages(root), *archived.units((text_of(root / UNITS) or "").split("\n\n"))],
        mounts=archived.mounts(mounted, _free(root)),
        kernel_log=archived.kernel_log(text_of(root / DMESG)),
        listed=sorted(_whole(root)),
    )
    return {"host": hostname.strip(), **found}


def _written(root: Path) -> int:
    """When sos was there, in seconds since the epoch: it writes this file itself."""
    marks = [path for path in (root / "version.txt", root / "sos_commands/host/hostname") if path.exists()]
    return int(marks[0].stat().st_mtime) if marks else 0


def _packages(root: Path) -> Iterator[dict[str, Any]]:
    rows = [line.split() for line in (text_of(root / DPKG) or "").splitlines() if line[:2] in INSTALLED]
    yield from archived.packages("dpkg-query", ((row[1].partition(":")[0], row[2]) for row in rows if len(row) > 2))
    yield from archived.packages("rpm", NVRA.findall(text_of(root / RPM) or ""))


def _free(root: Path) -> dict[str, int]:
    """Free bytes by mount point, of `df -al`, whose fourth column is in KiB."""
    texts = (text_of(path) or "" for path in sorted(root.glob(DF)))
    rows = (line.split(None, 5) for text in texts for line in text.splitlines())
    return {row[5]: int(row[3]) * KIB for row in rows if len(row) == 6 and row[3].isdigit()}


def _whole(root: Path) -> Iterator[str]:
    """The directories that sos was to copy and did, by its own manifest: it copies every file in them, unless it was
    told to skip some (_expand_copy_spec)."""
    try:
        plugins = json.loads(text_of(root / MANIFEST) or "{}")["components"]["report"]["plugins"].values()
        asked = [one["specification"] for plugin in plugins for one in plugin["files"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    for name in asked:
        place = root / str(name).lstrip("/")
        if place.is_dir():
            # By the name that has no link in it, too: /lib is /usr/lib.
            yield str(name)
            yield f"/{place.resolve().relative_to(root)}"
