"""The platform table: what the project knows of each distribution, from data/platforms.yml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).with_name("data") / "platforms.yml"
OWN = "own"  # what the table calls the settings of our own units
# libyaml reads the table ten times faster; PyYAML can be built without it.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class DebconfAnswer:
    """An installation question answered before the package is installed for the first time."""

    package: str
    question: str
    type: str
    value: str


@dataclass(frozen=True)
class Match:
    """How a platform is recognised; `version` is empty for a release that is still being made. With `major` it is the
    number before the first dot; `any`: there are no releases, and with `derived` who is like it is it."""

    id: str
    codenames: tuple[str, ...]
    version: str = ""
    major: bool = False
    any: bool = False
    derived: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Every os-release ID that it is known by."""
        return (self.id, *self.aliases)

    def has(self, version: str) -> bool:
        """Whether a VERSION_ID is this one."""
        if self.any:
            return True
        return bool(version) and self.version == (version.partition(".")[0] if self.major else version)


@dataclass(frozen=True, kw_only=True)
class Platform:
    """One row of the table; the comments in the table say what each field means."""

    key: str
    name: str
    match: Match
    tested: Mapping[str, str]
    tested_with: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    family: str
    package_manager: str
    packages: tuple[str, ...]
    packages_note: str = ""
    own_packages: tuple[str, ...] = ()
    transactional: bool = False
    debconf: tuple[DebconfAnswer, ...] = ()
    unit: str
    dump_unit: str = ""
    config: str
    dialect: str
    more_config: tuple[str, ...] = ()
    unknown_keywords: tuple[str, ...] = ()
    load_command: str
    helpers: Mapping[str, str]
    capture_initrd: str
    dump_directory: str
    module_build: tuple[str, ...]
    boot_loaders: tuple[str, ...]
    grub_variable: str = "GRUB_CMDLINE_LINUX"
    crashkernel: Mapping[str, str]
    crashkernel_floor: str

    @property
    def architectures(self) -> tuple[str, ...]:
        """Those for which it is known what the packages reserve, in the kernel's words."""
        return tuple(self.crashkernel)

    @property
    def own_units(self) -> bool:
        """Units of ours load the capture kernel and write the dump."""
        return self.dialect == OWN


@cache
def table() -> tuple[Platform, ...]:
    """Every platform, in the order of the file."""
    raw = _raw()
    families = raw["families"]
    return tuple(_platform(key, {**families[row["family"]], **row}) for key, row in raw["platforms"].items())


def with_own_units(platform: Platform) -> Platform:
    """The platform with our own units in place of its package for kdump; itself where they were not tried there."""
    if not platform.own_packages:
        return platform
    return replace(platform, packages=platform.own_packages, **_frozen(_raw()["own_units"]))


def by_likeness(identifier: str) -> Platform | None:
    """The platform that everything built on this distribution is; null when the table has none."""
    return next((row for row in table() if row.match.id == identifier and row.match.derived), None)


def by_version(identifier: str, version: str) -> Platform | None:
    """The platform of an os-release ID and VERSION_ID, or null when the table has none."""
    return next((row for row in table() if identifier in row.match.ids and row.match.has(version)), None)


def by_number(identifier: str, version: str) -> Platform | None:
    """The platform that a rebuild of this distribution with this VERSION_ID is, or null when the table has none."""
    found = by_version(identifier, version)
    return found if found and found.match.major else None


def by_codename(identifier: str, codename: str) -> Platform | None:
    """The platform that this distribution calls so, or null when the table has none."""
    return next((row for row in table() if row.match.id == identifier and codename in row.match.codenames), None)


@cache
def refused() -> tuple[tuple[Match, str], ...]:
    """The distributions that are known and not ours to configure, with the reason."""
    return tuple((_match(row["match"]), row["reason"]) for row in _raw()["refused"])


def identifiers() -> frozenset[str]:
    """The os-release IDs that have a row."""
    return frozenset(identifier for row in table() for identifier in row.match.ids)


def codenamed() -> frozenset[str]:
    """The os-release IDs whose releases have codenames, by which derivatives name them."""
    return frozenset(row.match.id for row in table() if row.match.codenames)


def names() -> str:
    """The supported platforms in one phrase, for messages."""
    return together(row.name for row in table())


def together(names_: Iterable[str]) -> str:
    """Names of releases in one phrase: Debian 11, 12; Ubuntu 24.04."""
    return "; ".join(_versions(word, group) for word, group in groupby(names_, _first_words))


def _first_words(name: str) -> str:
    return name.rpartition(" ")[0]


def _versions(word: str, names_: Iterable[str]) -> str:
    return word + " " + ", ".join(name.rpartition(" ")[2] for name in names_)


@cache
def _raw() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(TABLE.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe loader
    return found


def _frozen(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}


def _platform(key: str, row: Mapping[str, Any]) -> Platform:
    values = {"key": key, **_frozen(row)}
    values["debconf"] = tuple(DebconfAnswer(**answer) for answer in row.get("debconf", ()))
    values["match"] = _match(row["match"])
    return Platform(**values)


def _match(row: Mapping[str, Any]) -> Match:
    return Match(**{**row, **{name: tuple(row.get(name, ())) for name in ("codenames", "aliases")}})
