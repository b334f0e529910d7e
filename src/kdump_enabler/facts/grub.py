"""Which entry GRUB boots next, read from the grub.cfg and grubenv that GRUB itself reads."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ..evidence import Evidence

GRUB_CFG = "/boot/grub/grub.cfg"
GRUB_ENV = "/boot/grub/grubenv"
OPENING = re.compile(r"^\s*(menuentry|submenu)\s")
LINUX = re.compile(r"^\s*linux(?:16|efi)?\s+(\S+)\s*(.*)$")
DEFAULT = re.compile(r'^\s*set default="?([^"]*)"?\s*$', re.MULTILINE)
VARIABLE = re.compile(r"\$\{?(\w+)\}?")
SECTION = re.compile(r"^### (BEGIN|END) (\S+) ###$")
# 10_linux, 10_linux_zfs, 20_linux_xen: they put the GRUB defaults into their entries, the others copy or quote them.
GENERATOR = re.compile(r"/\d+_linux[^/]*\Z")
OTHER_SYSTEMS = re.compile(r"/\d+_os-prober\Z")
RECOVERY = frozenset(("single", "recovery", "rescue", "emergency", "1", "s"))


@dataclass(frozen=True)
class Entry:
    """A boot entry: `path` holds the position, and `names` the titles and ids, of each menu level down to it;
    `made_by` is the script of /etc/grub.d that wrote it, as grub-mkconfig notes in grub.cfg, empty if nothing says."""

    path: tuple[int, ...]
    names: tuple[frozenset[str], ...]
    kernel: str
    command_line: str
    line: int
    made_by: str = ""

    @property
    def generated(self) -> bool:
        """Made from the GRUB defaults, so that regenerating grub.cfg brings a new command line into it."""
        return not self.made_by or GENERATOR.search(self.made_by) is not None

    @property
    def boots_this_system(self) -> bool:
        """Not the entry of another system, nor one for recovery."""
        rescue = not RECOVERY.isdisjoint(self.command_line.split()) or "systemd.unit=rescue" in self.command_line
        return OTHER_SYSTEMS.search(self.made_by) is None and not rescue


def next_entry(evidence: Evidence) -> Entry | None:
    """The entry that the next boot takes by itself; null when grub.cfg is absent, unreadable or has no Linux."""
    text = evidence.text(GRUB_CFG)
    if text is None:
        return None
    found = list(entries(text))
    wanted = _default(text, environment(evidence.text(GRUB_ENV) or ""))
    # GRUB itself falls back to the first entry when the default names none (grub manual, "default").
    return next((entry for entry in found if _matches(entry, wanted)), found[0] if found else None)


def environment(text: str) -> dict[str, str]:
    """The variables of a grubenv block."""
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {name: value for name, separator, value in pairs if separator}


def entries(text: str) -> Iterator[Entry]:
    """Every entry that boots Linux, with the first `linux` line of each."""
    stack: list[tuple[int, frozenset[str]] | None] = []
    counts = [0]
    taken, made_by = False, ""
    for number, line in enumerate(text.splitlines(), 1):
        opening, linux, section = OPENING.match(line), LINUX.match(line), SECTION.match(line)
        if section:
            made_by = section[2] if section[1] == "BEGIN" else ""
        elif opening:
            stack.append((counts[-1], _names(line)))
            counts[-1] += 1
            counts.append(0)
            taken = False
        elif line.rstrip().endswith("{"):
            stack.append(None)
        elif line.strip() == "}" and stack:
            counts = counts[:-1] if stack.pop() else counts
        elif linux and stack and not taken:
            levels = [level for level in stack if level]
            path, names = tuple(level[0] for level in levels), tuple(level[1] for level in levels)
            yield Entry(path, names, linux[1], linux[2].strip(), number, made_by)
            taken = True


def _names(line: str) -> frozenset[str]:
    """The title and id of a menuentry line."""
    try:
        tokens = shlex.split(line.rstrip().rstrip("{"))
    except ValueError:  # a title with odd quoting: the entry still counts by its position
        return frozenset()
    identifiers = [value for option, value in pairwise(tokens) if option in ("$menuentry_id_option", "--id")]
    return frozenset(tokens[1:2] + identifiers)


def _default(text: str, variables: dict[str, str]) -> str:
    if variables.get("next_entry"):
        return variables["next_entry"]
    values = [value for value in DEFAULT.findall(text) if "next_entry" not in value]
    chosen = values[-1] if values else "0"
    return VARIABLE.sub(lambda match: variables.get(match[1], ""), chosen)


def _matches(entry: Entry, wanted: str) -> bool:
    levels = wanted.split(">")
    return len(levels) == len(entry.path) and all(
        level == str(position) or level in names
        for level, position, names in zip(levels, entry.path, entry.names, strict=True)
    )
