"""What programs write to kernel settings when the sysctl.d files have been read: files cannot win against them.

ufw gives IPT_SYSCTL to `sysctl -p` when it starts (/lib/ufw/ufw-init-functions; its unit has no order with
systemd-sysctl.service, but waits for the local file systems); kdump-config of kdump-tools sets
kernel.panic_on_oops when it has loaded the capture kernel; tuned writes the [sysctl] of its profile, then, with
reapply_sysctl as it is shipped, once more what is in /run/sysctl.d, /etc/sysctl.d and /etc/sysctl.conf, by a reader of
its own (tuned/plugins/plugin_sysctl.py). What an initrd writes comes before the files, and does not count here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..evidence import Evidence, File
from . import sysctl_files, tools
from .sysctl_files import SYSCTL_CONF
from .sysctl_value import Assignment, Takes, taken

UFW_DEFAULTS, UFW_CONF = "/etc/default/ufw", "/etc/ufw/ufw.conf"
KDUMP_CONFIG = "/usr/sbin/kdump-config"
TUNED_UNIT = "/etc/systemd/system/multi-user.target.wants/tuned.service"
TUNED_PROFILE, TUNED_MAIN = "/etc/tuned/active_profile", "/etc/tuned/tuned-main.conf"
# Since tuned 2.23 profiles have a directory of their own, and the old places still count.
PROFILES = (
    "/etc/tuned/profiles/{}/tuned.conf",
    "/etc/tuned/{}/tuned.conf",
    "/usr/lib/tuned/profiles/{}/tuned.conf",
    "/usr/lib/tuned/{}/tuned.conf",
)
REAPPLIED = ("/run/sysctl.d", "/etc/sysctl.d")
SWITCHED_ON = ("1", "y", "yes", "t", "true")  # tuned/utils/global_config.py
SECTION = re.compile(r"\[([^]]+)\]")
Written = tuple[str, str, str, int]  # name, value, file, line


@dataclass(frozen=True)
class Later(Assignment):
    """A value with the program that writes it."""

    program: str


def writes(evidence: Evidence, key: str, takes: Takes = taken) -> Iterator[Later]:
    """What the kernel takes of it for one key, in the order of the boot."""
    path = sysctl_files.path_of(key)
    found = {
        "ufw": _ufw(evidence, path, takes),
        "kdump-tools": _kdump_tools(evidence, key),
        "tuned": _tuned(evidence, path, takes),
    }
    for program, last in found.items():
        if last:
            yield Later(last.value, last.source, last.line, program)


def _ufw(evidence: Evidence, path: str, takes: Takes) -> Assignment | None:
    enabled = tools.shell_values(evidence.text(UFW_CONF) or "").get("ENABLED")
    named = tools.shell_values(evidence.text(UFW_DEFAULTS) or "").get("IPT_SYSCTL")
    if enabled is None or enabled.value.lower() != "yes" or named is None:
        return None
    lines = sysctl_files.procps_writes(sysctl_files.procps_lines(evidence.file(named.value)), path)
    return _last(((line.name, line.value or "", line.file, line.number) for line in lines), takes)


def _kdump_tools(evidence: Evidence, key: str) -> Assignment | None:
    installed = "kdump-tools" in (tools.packages(evidence, "apt") or {})
    return Assignment("1", KDUMP_CONFIG, 0) if installed and key == "kernel.panic_on_oops" else None


def _tuned(evidence: Evidence, path: str, takes: Takes) -> Assignment | None:
    """Only a profile with a [sysctl] section writes anything, the files once more included."""
    if evidence.file(TUNED_UNIT).error is not None:
        return None
    names = (evidence.text(TUNED_PROFILE) or "").split()
    written = [option for file in _profiles(evidence, names, set()) for option in _options(file, "sysctl")]
    if written and _reapplies(evidence):
        written += _reapplied(evidence)
    return _last((one for one in written if one[0].replace(".", "/") == path), takes)


def _profiles(evidence: Evidence, names: Iterable[str], seen: set[str]) -> Iterator[File]:
    """The files of profiles, each after those that it includes; an own one may include the shipped one of its name."""
    for name in names:
        paths = (place.format(name.removeprefix("-")) for place in PROFILES)
        file = next(
            (evidence.file(path) for path in paths if path not in seen and evidence.text(path) is not None), None
        )
        if file is None:
            continue
        seen.add(file.path)
        included = [value for name, value, _, _ in _options(file, "main") if name == "include"]
        yield from _profiles(evidence, re.split(r"\s*[,;]\s*", included[-1]) if included else (), seen)
        yield file


def _options(file: File, wanted: str) -> Iterator[Written]:
    """The options in a section of an INI file."""
    section = ""
    for number, line in enumerate(_lines(file), 1):
        text = line.partition("#")[0].strip()
        header = SECTION.match(text)
        name, equals, value = text.partition("=")
        if header:
            section = header[1]
        elif equals and section == wanted and not text.startswith(";"):
            yield name.strip(), value.strip().strip("\"'"), file.path, number


def _lines(file: File) -> list[str]:
    """The lines of a file as Python opens it, where str.splitlines() knows more ends of a line."""
    return re.split(r"\r\n|\r|\n", file.text or "")


def _reapplies(evidence: Evidence) -> bool:
    switches = [line.partition("=") for line in (evidence.text(TUNED_MAIN) or "").splitlines()]
    said = [value.strip().lower() for name, _, value in switches if name.strip() == "reapply_sysctl"]
    return not said or said[-1] in SWITCHED_ON


def _reapplied(evidence: Evidence) -> Iterator[Written]:
    """The files by tuned's own reader: no pattern, no dash, no other directory; of one name that in /run counts."""
    by_name: dict[str, File] = {}
    for directory in REAPPLIED:
        for file in evidence.below(directory, ".conf"):
            by_name.setdefault(sysctl_files.base_name(file.path), file)
    for file in (*(by_name[name] for name in sorted(by_name)), evidence.file(SYSCTL_CONF)):
        for number, line in enumerate(_lines(file), 1):
            name, equals, value = line.strip().partition("=")
            if equals and name[:1] not in ("#", ";"):
                yield name.strip(), value.strip(), file.path, number


def _last(written: Iterable[Written], takes: Takes) -> Assignment | None:
    """The last value that the kernel takes."""
    values = [(one, value) for one in written if (value := takes(one[1])) is not None]
    return Assignment(values[-1][1], values[-1][0][2], values[-1][0][3]) if values else None
