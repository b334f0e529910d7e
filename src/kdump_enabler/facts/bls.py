"""Boot entries in files of their own, which GRUB's `blscfg` puts into the menu (Fedora, EL 8 and later).

The format is that of the Boot Loader Specification; what counts is how GRUB reads it: grub-core/commands/blscfg.c of
rhboot/grub2. The newest comes first, by the file's name as rpm compares versions, whatever its `version` says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..evidence import Evidence, File

BELOW = "/loader/entries/"
DIRECTORY = "/boot/loader/entries"
SUFFIX = ".conf"
KEY = re.compile(r"[ \t]*([^ \t#]\S*)[ \t]+(\S.*)\Z")
VARIABLE = re.compile(r"\$\{?(\w+)\}?")
SEGMENT = re.compile(r"~|\+|\d+|[A-Za-z]+")
Version = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class Fragment:
    """One entry's file. `options` is the text behind each `options` key with its line (from 1); GRUB puts them
    together with a blank between."""

    file: File
    id: str
    title: str
    kernel: str
    options: tuple[tuple[int, str], ...]
    version: str = ""
    sort_key: str = ""
    machine: str = ""

    def command_line(self, variables: Mapping[str, str]) -> str:
        """What the kernel gets: GRUB replaces $name by what its environment block has, or by nothing."""
        text = " ".join(option for _, option in self.options)
        return VARIABLE.sub(lambda match: variables.get(match[1], ""), text)


def fragments(evidence: Evidence) -> tuple[Fragment, ...]:
    """The entries in the order of the menu; files without a `linux` key make none."""
    found = (fragment(file) for file in evidence.below(DIRECTORY, SUFFIX))
    return tuple(sorted((one for one in found if one.kernel), key=lambda one: order(one.id), reverse=True))


def order(identifier: str) -> tuple[Version, Version, Version]:
    """What to sort an entry's name by: it is cut at its last two hyphens (split_package_string), and the parts are
    compared one after the other."""
    name, version, release = (["", "", *identifier.rsplit("-", 2)])[-3:]
    if not version:  # what is missing is the release first, then the version
        name, version, release = release, "", ""
    elif not name:
        name, version, release = version, release, ""
    return _version(name), _version(version), _version(release)


def _version(text: str) -> Version:
    """A version as vercmp() of blscfg.c sees it: a tilde is older than the end, letters than digits."""
    found = (_segment(one) for one in SEGMENT.findall(text))
    return (*found, (0, 0, ""))


def _segment(text: str) -> tuple[int, int, str]:
    if text.isdigit():
        return (3, int(text), "")
    return {"~": (-1, 0, ""), "+": (1, 0, "")}.get(text, (2, 0, text))


def fragment(file: File) -> Fragment:
    """The entry of one file; without a `linux` key it makes none."""
    keys: dict[str, list[tuple[int, str]]] = {}
    for number, line in enumerate((file.text or "").split("\n"), 1):
        match = KEY.match(line)
        if match:
            keys.setdefault(match[1], []).append((number, match[2]))
    first = {key: values[0][1] for key, values in keys.items()}
    name = file.path.rpartition("/")[2].removesuffix(SUFFIX)
    values = (first.get(key, "") for key in ("version", "sort-key", "machine-id"))
    return Fragment(file, name, first.get("title", ""), first.get("linux", ""), tuple(keys.get("options", ())), *values)
