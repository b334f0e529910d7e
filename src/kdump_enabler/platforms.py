"""The platform table: what the project knows of each distribution, from data/platforms.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
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
class Platform:
    """One row of the table; the comments in the table say what each field means."""

    key: str
    name: str
    match: Mapping[str, str]
    family: str
    package_manager: str
    packages: tuple[str, ...]
    debconf: tuple[DebconfAnswer, ...]
    unit: str
    dump_unit: str
    config: str
    capture_initrd: str
    dump_directory: str
    boot_loaders: tuple[str, ...]
    architectures: tuple[str, ...]
    crashkernel: Mapping[str, str]
    crashkernel_floor: str


@cache
def table() -> tuple[Platform, ...]:
    """Every platform, in the order of the file."""
    rows: dict[str, dict[str, Any]] = yaml.load(TABLE.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe loader
    return tuple(_platform(key, row) for key, row in rows.items())


def find(identifier: str, version: str) -> Platform | None:
    """The platform of an os-release ID and VERSION_ID, or null when the table has none."""
    identity = {"id": identifier, "version": version}
    return next((row for row in table() if dict(row.match) == identity), None)


def names() -> str:
    """The supported platforms in one phrase, for messages."""
    return ", ".join(platform.name for platform in table())


def _platform(key: str, row: Mapping[str, Any]) -> Platform:
    values = {"key": key, **row}
    for field in fields(Platform):
        if isinstance(values[field.name], list):
            values[field.name] = tuple(values[field.name])
    values["debconf"] = tuple(DebconfAnswer(**answer) for answer in row["debconf"])
    return Platform(**values)
