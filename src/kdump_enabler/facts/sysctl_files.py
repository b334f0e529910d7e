"""Which lines of the sysctl.d files reach the kernel, and in which order.

Two programs read these files by rules of their own. systemd-sysctl does at boot (sysctl.d(5); src/sysctl/sysctl.c and
src/basic/conf-files.c of systemd): it collects all lines first, so that a key has one value, a key that is named beats
every pattern, and `-key` takes a key out. `sysctl --system` (sysctl(8); src/sysctl.c of procps-ng 4) writes line after
line, and /etc/sysctl.conf last, which systemd-sysctl does not read by itself. What /etc/init.d/procps or procps.service
start at boot is, under systemd, a link to systemd-sysctl.service.

Not modelled: braces in patterns, files with hidden names (which only procps reads), lines over 512 KiB.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache

from ..evidence import ABSENT, Evidence, File

DIRECTORIES = (
    "/etc/sysctl.d",
    "/run/sysctl.d",
    "/usr/local/lib/sysctl.d",
    "/usr/lib/sysctl.d",
    "/lib/sysctl.d",
)
SYSCTL_CONF = "/etc/sysctl.conf"
UNIT = "/etc/systemd/system/systemd-sysctl.service"  # a link to /dev/null when it is masked
# LoadCredential=sysctl.extra of the unit (systemd.system-credentials(7)), read after all files.
CREDENTIAL = "/run/credentials/systemd-sysctl.service/sysctl.extra"
# What read_line() of systemd takes for the end of a line: \n and \r in any order, then perhaps a NUL (fileio.c).
END_OF_LINE = re.compile(r"\n\r?\0?|\r\n?\0?|\0")
SYSTEMD_SPACE = " \t\n\r"
C_SPACE = " \t\n\v\f\r"  # isspace(3)


@dataclass(frozen=True)
class Line:
    """What one line says: `name` is the path below /proc/sys, perhaps with wildcards; `value` is null where the line
    (`-name`) only takes names out of patterns. `number` counts from 1; `text` is the line itself."""

    file: str
    number: int
    name: str
    value: str | None
    text: str

    @cached_property
    def is_pattern(self) -> bool:
        """Whether the name has wildcards."""
        return any(sign in self.name for sign in "*?[")

    def concerns(self, path: str) -> bool:
        """Whether it names the key at this path, or has a pattern that does."""
        return self.name == path or (self.is_pattern and _matches(self.name, path))


@dataclass(frozen=True)
class Listed:
    """The files in the order in which they are read, and those that one of the same name hides."""

    files: tuple[File, ...]
    masked: tuple[tuple[File, File], ...]


@dataclass(frozen=True)
class Files:
    """The files of a machine, and all lines that systemd-sysctl reads, and that `sysctl --system` does."""

    listed: Listed
    at_boot: tuple[Line, ...]
    by_command: tuple[Line, ...]


def path_of(key: str) -> str:
    """The path below /proc/sys of a key in dots."""
    return key.replace(".", "/")


def base_name(path: str) -> str:
    """The name that decides about order and masking."""
    return path.rpartition("/")[2]


def listed(evidence: Evidence) -> Listed:
    """The sysctl.d files: of those with one name the first directory's counts, whatever it is (a link to /dev/null, a
    dangling one); the rest goes by name, in the order of bytes."""
    by_name: dict[str, File] = {}
    masked = []
    for directory in DIRECTORIES:
        for file in evidence.below(directory, ".conf"):
            if file.error in ABSENT and file.link is None:
                continue
            first = by_name.setdefault(base_name(file.path), file)
            # Where /lib is a link to /usr/lib, both show the same file.
            if first is not file and first.path != "/usr" + file.path:
                masked.append((file, first))
    return Listed(ordered(by_name.values()), tuple(masked))


def read(evidence: Evidence) -> Files:
    """All files and lines, which are the same for every key."""
    found = listed(evidence)
    return Files(found, tuple(at_boot(evidence, found.files)), tuple(by_command(evidence, found.files)))


def ordered(files: Iterable[File]) -> tuple[File, ...]:
    """The files in the order of their names, which is that of bytes (strcmp)."""
    return tuple(sorted(files, key=lambda file: order(file.path)))


def order(path: str) -> bytes:
    """What decides on the place of a file among the others; the credential comes after all."""
    return b"\xff" if path == CREDENTIAL else base_name(path).encode("utf-8", "surrogateescape")


def is_switched_off(evidence: Evidence) -> bool:
    """Whether no file is applied at boot, because the unit is masked."""
    return evidence.file(UNIT).link == "/dev/null"


def at_boot(evidence: Evidence, files: Iterable[File]) -> list[Line]:
    """All lines that systemd-sysctl reads."""
    read = () if is_switched_off(evidence) else (*files, evidence.file(CREDENTIAL))
    return [line for file in read for line in systemd_lines(file)]


def by_command(evidence: Evidence, files: Iterable[File]) -> list[Line]:
    """All lines that `sysctl --system` reads."""
    return [line for file in (*files, evidence.file(SYSCTL_CONF)) for line in procps_lines(file)]


def systemd_lines(file: File) -> tuple[Line, ...]:
    """What a file says by the rules of systemd-sysctl."""
    return _systemd_lines(file.path, file.text or "")


def procps_lines(file: File) -> tuple[Line, ...]:
    """What a file says by the rules of procps-ng 4."""
    return _procps_lines(file.path, file.text or "")


# Asked for every key, and most machines of a fleet have the same files.
@lru_cache(maxsize=1024)
def _systemd_lines(path: str, whole: str) -> tuple[Line, ...]:
    found = []
    for number, text in enumerate(END_OF_LINE.split(whole), 1):
        line = text.strip(SYSTEMD_SPACE)
        if not line or line[0] in "#;":
            continue
        name, equals, value = line.partition("=")
        if equals or name[0] == "-":
            name = _simple(_slashes(name.removeprefix("-").strip(SYSTEMD_SPACE)))
            found.append(Line(path, number, name, value.strip(SYSTEMD_SPACE) if equals else None, line))
    return tuple(found)


@lru_cache(maxsize=1024)
def _procps_lines(path: str, whole: str) -> tuple[Line, ...]:
    found = []
    for number, text in enumerate(whole.split("\n"), 1):
        line = text.partition("\0")[0].strip(C_SPACE)
        if not line or line[0] in "#;":
            continue
        name, equals, value = line.partition("=")
        if equals or name[0] == "-":
            # A second dash goes, too (setting_new), and no space after it.
            name = _slashes(name.removeprefix("-").removeprefix("-").rstrip(C_SPACE))
            found.append(Line(path, number, name, value.lstrip(C_SPACE) if equals else None, line))
    return tuple(found)


def systemd_counts(lines: Iterable[Line], path: str) -> list[Line]:
    """The lines that count for the key at this path, in the order in which systemd-sysctl writes them: the last that
    names it (a `-key` writes nothing), or else every pattern. A pattern that is repeated with the same value stays
    where it was; with another one it moves to the end."""
    settings: dict[str, Line] = {}
    for line in lines:
        if line.name in settings and settings[line.name].value != line.value:
            del settings[line.name]
        settings[line.name] = line
    named = settings.get(path)
    return [named] if named else [line for line in settings.values() if line.value is not None and line.concerns(path)]


def procps_writes(lines: Iterable[Line], path: str) -> list[Line]:
    """The lines that `sysctl --system` writes to the key at this path, in their order: all that name it, and the
    patterns, unless it is named anywhere. A pattern can be taken out as well (procps-ng 4.0.5)."""
    found = list(lines)
    kept_out = any(line.name == path or (line.value is None and _fits(line.name, path)) for line in found)
    return [
        line
        for line in found
        if line.value is not None
        and ((line.is_pattern and not kept_out and line.concerns(path)) or (not line.is_pattern and _leads(line, path)))
    ]


def _slashes(name: str) -> str:
    """Dots and slashes change places, unless the first separator is a slash."""
    first = re.search(r"[./]", name)
    return name.translate({ord("."): "/", ord("/"): "."}) if first and first[0] == "." else name


def _simple(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _leads(line: Line, path: str) -> bool:
    """Whether the kernel finds the key's file under this name; procps leaves `//` and `..` to it."""
    return not line.name.endswith(("/", "/.")) and posixpath.normpath(f"/proc/sys/{line.name}") == f"/proc/sys/{path}"


def _matches(pattern: str, path: str) -> bool:
    """Whether glob(7) finds the path: no wildcard matches a slash."""
    parts, names = pattern.split("/"), path.split("/")
    return len(parts) == len(names) and all(_fits(part, name) for name, part in zip(names, parts, strict=True))


def _fits(pattern: str, text: str) -> bool:
    """fnmatch(3), where `[^` is `[!`, too."""
    return fnmatchcase(text, pattern.replace("[^", "[!"))
