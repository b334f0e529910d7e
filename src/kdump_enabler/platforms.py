"""The platform table: what the project knows of each distribution, from data/platforms.yml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).with_name("data") / "platforms.yml"
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
    number before the first dot."""

    id: str
    codenames: tuple[str, ...]
    version: str = ""
    major: bool = False

    def has(self, version: str) -> bool:
        """Whether a VERSION_ID is this one."""
        return bool(version) and self.version == (version.partition(".")[0] if self.major else version)


@dataclass(frozen=True)
class Platform:
    """One row of the table; the comments in the table say what each field means."""

    key: str
    name: str
    match: Match
    tested: Mapping[str, str]
    tested_with: Mapping[str, Mapping[str, str]]
    family: str
    package_manager: str
    packages: tuple[str, ...]
    packages_note: str
    debconf: tuple[DebconfAnswer, ...]
    unit: str
    dump_unit: str
    config: str
    dialect: str
    more_config: tuple[str, ...]
    unknown_keywords: tuple[str, ...]
    load_command: str
    helpers: Mapping[str, str]
    capture_initrd: str
    dump_directory: str
    module_build: tuple[str, ...]
    boot_loaders: tuple[str, ...]
    crashkernel: Mapping[str, str]
    crashkernel_floor: str

    @property
    def architectures(self) -> tuple[str, ...]:
        """Those for which it is known what the packages reserve, in the kernel's words."""
        return tuple(self.crashkernel)


@cache
def _file() -> dict[str, Any]:
    raw: dict[str, Any] = yaml.load(TABLE.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe loader
    return raw


def images() -> Mapping[str, str]:
    """How systems that are whole images are made crash-ready, by their os-release ID."""
    return dict(_file()["images"])


@cache
def table() -> tuple[Platform, ...]:
    """Every platform, in the order of the file."""
    families, rows = _file()["families"], _file()["platforms"]
    return tuple(_platform(key, {**families[row["family"]], **row}) for key, row in rows.items())


def why_refused(identifier: str, version: str) -> str:
    """Why a release that is known is not set up, as a clause; empty when the table says nothing of it."""
    number = version.partition(".")[0]
    return next(
        (row["reason"] for row in _file()["refused"] if (row["id"], row["version"]) == (identifier, number)), ""
    )


def by_version(identifier: str, version: str) -> Platform | None:
    """The platform of an os-release ID and VERSION_ID, or null when the table has none."""
    return next((row for row in table() if row.match.id == identifier and row.match.has(version)), None)


def by_number(identifier: str, version: str) -> Platform | None:
    """The platform that a rebuild of this distribution with this VERSION_ID is, or null when the table has none."""
    found = by_version(identifier, version)
    return found if found and found.match.major else None


def by_codename(identifier: str, codename: str) -> Platform | None:
    """The platform that this distribution calls so, or null when the table has none."""
    return next((row for row in table() if row.match.id == identifier and codename in row.match.codenames), None)


def identifiers() -> frozenset[str]:
    """The os-release IDs that have a row."""
    return frozenset(row.match.id for row in table())


def codenamed() -> frozenset[str]:
    """The os-release IDs whose releases have codenames, by which derivatives name them."""
    return frozenset(row.match.id for row in table() if row.match.codenames)


def names() -> str:
    """The supported platforms in one phrase, for messages: Debian 11, 12; Ubuntu 24.04."""
    return "; ".join(_versions(word, group) for word, group in groupby((row.name for row in table()), _first_words))


def _first_words(name: str) -> str:
    return name.rpartition(" ")[0]


def _versions(word: str, names_: Iterable[str]) -> str:
    return word + " " + ", ".join(name.rpartition(" ")[2] for name in names_)


def _platform(key: str, row: Mapping[str, Any]) -> Platform:
    values = {"key": key, **row}
    for field in fields(Platform):
        if isinstance(values[field.name], list):
            values[field.name] = tuple(values[field.name])
    values["debconf"] = tuple(DebconfAnswer(**answer) for answer in row["debconf"])
    values["match"] = Match(**{**row["match"], "codenames": tuple(row["match"]["codenames"])})
    return Platform(**values)
