"""Named sets of panic settings, from data/profiles.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ..platforms import LOADER
from .sysctls import Value

TABLE = Path(__file__).parents[1] / "data" / "profiles.yml"
DEFAULT = "standard"


@dataclass(frozen=True)
class Profile:
    """One row of the table; the comments in the table say what each field means."""

    name: str
    sysctls: Mapping[str, Value]
    sysrq: int | str
    does: str
    text: str


@cache
def table() -> Mapping[str, Profile]:
    """All profiles by name, in the order of the table."""
    with TABLE.open("rb") as stream:
        rows: dict[str, dict[str, Any]] = yaml.load(stream, Loader=LOADER)  # noqa: S506 - a safe loader
    return {name: _profile(rows, name) for name in rows}


def _profile(rows: Mapping[str, Mapping[str, Any]], name: str) -> Profile:
    row = rows[name]
    return Profile(name, _sysctls(rows, name), row.get("sysrq", "auto"), row["does"], row["text"])


def _sysctls(rows: Mapping[str, Mapping[str, Any]], name: str) -> dict[str, Value]:
    like = rows[name].get("like")
    return {**(_sysctls(rows, like) if like else {}), **rows[name]["sysctls"]}
