"""Archives of support tools, reconstructed from recorded machines after what the tools' sources say they write.

sos 4: sos/report/plugins of github.com/sosreport/sos (which paths and commands), sos/archive.py (the one directory that
a report has, links that are made relative). supportconfig 3.2: bin/supportconfig and bin/supportconfig.rc of
github.com/openSUSE/supportutils. Nobody has run either tool on these machines.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

Raw = Mapping[str, Any]

WRITTEN = 1_795_000_000  # 2026-11-18T11:06:40Z
SOS_COPIES = (
    # kdump
    "/proc/cmdline",
    "/etc/sysconfig/kdump",
    "/sys/kernel/kexec_loaded",
    "/sys/kernel/kexec_crash_size",
    "/sys/kernel/kexec_crash_loaded",
    "/etc/kdump.conf",
    "/etc/default/kdump-tools",
    # kernel
    "/etc/sysctl.conf",
    "/etc/sysctl.d/*",
    "/usr/lib/sysctl.d/*",  # by way of /lib, a link
    "/boot/config-*",
    # grub2
    "/boot/efi/EFI/*/grub.cfg",
    "/boot/grub2/grub.cfg",
    "/boot/grub2/grubenv",
    "/boot/grub/grub.cfg",
    "/boot/loader/entries/*",
    "/etc/default/grub",
    # system
    "/proc/sys/*",
    "/etc/sysconfig/*",
    "/etc/default/*",
    # filesys, block, memory, release
    "/proc/mounts",
    "/etc/fstab",
    "/etc/crypttab",
    "/proc/meminfo",
    "/etc/os-release",
    "/usr/lib/os-release",
)
SOS_DIRECTORIES = ("etc/sysctl.d", "lib/sysctl.d", "boot/loader/entries", "etc/default", "etc/sysconfig", "proc/sys")
PACKAGES = ("zlib1g", "util-linux", "bash")  # some that every system has, beside ours
# What supportconfig puts where: the file, and the paths that conf_files writes into it.
SUPPORTCONFIG = {
    "basic-environment.txt": ("/etc/os-release",),
    "boot.txt": ("/etc/default/grub", "/boot/grub2/grubenv", "/boot/grub2/grub.cfg", "/proc/cmdline"),
    "crash.txt": (
        "/proc/cmdline",
        "/etc/sysconfig/kdump",
        "/sys/kernel/kexec_loaded",
        "/sys/kernel/kexec_crash_loaded",
        "/sys/kernel/kexec_crash_size",
        "/etc/kdump.conf",
    ),
    "env.txt": ("/etc/sysctl.conf", "/lib/sysctl.d/*.conf", "/usr/lib/sysctl.d/*.conf", "/etc/sysctl.d/*.conf"),
    "fs-diskio.txt": ("/etc/fstab", "/proc/mounts"),
    "memory.txt": ("/proc/meminfo",),
    "proc.txt": ("/proc/sys/*",),
}
WHOLE = "/boot/grub2/grub.cfg"  # the one file of which comments stay


def copies(raw: Raw, patterns: Iterable[str] = SOS_COPIES) -> dict[str, str]:
    """The texts of the files that are copied, by their path."""
    wanted = tuple(patterns)
    return {
        path: record["text"]
        for path, record in raw["files"].items()
        if "text" in record and any(fnmatchcase(path, pattern) for pattern in wanted)
    }


def sosreport(raw: Raw, host: str = "web1", without: Iterable[str] = (), manifest: bool = True) -> dict[str, str]:
    """The files of a sosreport by their path in it; `without` are patterns of what it does not hold."""
    files = {path.lstrip("/"): text for path, text in copies(raw).items()}
    said = {run["argv"][0]: run.get("out", "") for run in raw["commands"]}
    rows = [line.split("\t") for line in (said.get("dpkg-query") or "").splitlines()]
    installed = {row[0]: row[2] for row in rows if row[1] == "installed"} | dict.fromkeys(PACKAGES, "1.0-1")
    files |= {
        "version.txt": "sosreport: 4.8.2\n",
        "sos_commands/host/hostname": f"{host}\n",
        "sos_commands/kernel/uname_-a": f"Linux {host} 6.1.0 #1 SMP x86_64 GNU/Linux\n",
        "sos_commands/kernel/dmesg": "[    0.000000] Linux version 6.1.0\n",
        "sos_commands/systemd/systemctl_show_service_--all": "Id=ssh.service\nLoadState=loaded\n\n"
        + said.get("systemctl", ""),
        "sos_commands/filesys/df_-al_-x_autofs": _df(raw),
    }
    if rows:
        files["sos_commands/dpkg/dpkg_-l"] = "||/ Name Version Architecture Description\n" + "".join(
            f"ii  {name:20} {version:20} amd64        text\n" for name, version in sorted(installed.items())
        )
    if "rpm" in said:
        nvra = [
            f"{row[0]}-{row[2]}.x86_64" for row in (line.split("\t") for line in said["rpm"].splitlines()) if row[1:]
        ]
        files["sos_commands/rpm/sh_-c_rpm_--nodigest_-qa_--qf"] = "".join(
            f"{name:59} Tue Nov  3 10:00:00 2026\n"
            for name in sorted([*nvra, "bash-5-1.x86_64", "util-linux-2-1.x86_64"])
        )
    if manifest:
        copied = [{"specification": f"/{name}", "files_copied": [], "tags": []} for name in SOS_DIRECTORIES]
        report = {"components": {"report": {"plugins": {"kernel": {"files": copied}}}}}
        files["sos_reports/manifest.json"] = json.dumps(report)
    gone = tuple(without)
    return {path: text for path, text in files.items() if not any(fnmatchcase(path, pattern) for pattern in gone)}


def _df(raw: Raw) -> str:
    rows = (
        (found["source"], found["free"] // 1024, point) for point, found in raw["mounts"].items() if "free" in found
    )
    head = "Filesystem     1K-blocks    Used Available Use% Mounted on\n"
    return head + "".join(f"{source} 999 1 {free} 1% {point}\n" for source, free, point in rows)


def supportconfig(raw: Raw, host: str = "sle1") -> dict[str, str]:
    """The files of a supportconfig by their names."""
    said = {run["argv"][0]: run.get("out", "") for run in raw["commands"]}
    files = {name: "".join(_sections(raw, paths)) for name, paths in SUPPORTCONFIG.items()}
    uname = f"Linux {host} 6.4.0-150600.23-default #1 SMP x86_64 x86_64 x86_64 GNU/Linux"
    files["basic-environment.txt"] = _command("/usr/bin/date", "Wed Nov 18 11:06:40 UTC 2026") + (
        _command("/usr/bin/uname -a", uname) + files["basic-environment.txt"]
    )
    files["boot.txt"] += _command("/usr/bin/dmesg -T", "[Wed Nov 18 09:00:00 2026] Linux version 6.4.0")
    rows = [line.split("\t") for line in said.get("rpm", "").splitlines()]
    names = {row[0]: row[2] for row in rows if row[1:]} | {"util-linux": "2.39-1", "bash": "5-1"}
    query = 'rpm -qa --queryformat "%-35{NAME} %-35{DISTRIBUTION} %{VERSION}-%{RELEASE}\\n" | sort -k 1,2 -t " " -i'
    listed = "".join(
        f"{name:35} {'SUSE Linux Enterprise 15':35} {version}\n" for name, version in sorted(names.items())
    )
    files["rpm.txt"] = _command(query, listed)
    blocks = [block for block in said.get("systemctl", "").split("\n\n") if "LoadState=loaded" in block]
    files["systemd.txt"] = "".join(
        _command(f"/usr/bin/systemctl show '{_id(block)}' | sort", "\n".join(sorted(block.splitlines())))
        for block in blocks
    )
    return files


def _id(block: str) -> str:
    found = re.search(r"^Id=(.*)$", block, re.MULTILINE)
    return found[1] if found else ""


def _command(words: str, text: str) -> str:
    return f"#==[ Command ]======================================#\n# {words}\n{text}\n\n"


def _sections(raw: Raw, patterns: Iterable[str]) -> Iterable[str]:
    head = "#==[ Configuration File ]===========================#\n"
    for pattern in patterns:
        found = copies(raw, [pattern])
        for path, text in found.items():
            kept = text if path == WHOLE else re.sub(r"(?m)^[ \t]*(?:[#;].*)?\n", "", text)
            yield f"{head}# {path}\n{kept}\n\n"
        if not found:
            yield f"{head}# {pattern} - File not found\n\n"


def pack(
    target: Path,
    files: Mapping[str, str],
    links: Mapping[str, str] | None = None,
    top: str = "sosreport-web1-2026-11-18-abcdefg",
) -> Path:
    """An archive of these files, below one directory as the tools have it; the links come first."""
    kind = target.name.rpartition(".")[2].removeprefix("t")
    mode: Any = f"w:{kind}" if kind in ("xz", "gz") else "w"
    with tarfile.open(target, mode) as archive:
        for path, leads_to in (links or {}).items():
            link = tarfile.TarInfo(f"{top}/{path}")
            link.type, link.linkname = tarfile.SYMTYPE, leads_to
            archive.addfile(link)
        for path, text in files.items():
            data = text.encode("utf-8", "surrogateescape")
            entry = tarfile.TarInfo(f"{top}/{path}")
            entry.size, entry.mtime = len(data), WRITTEN
            archive.addfile(entry, io.BytesIO(data))
    return target
