"""Why a finding or a setting matters: the rules' own docstrings, data/sysctls.yml for settings, data/profiles.yml for
sets of them, and data/topics.yml for other words."""

from __future__ import annotations

import difflib
import inspect
import re
import shutil
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import yaml

from . import profiles, rules, sysctls
from .errors import UserError
from .platforms import LOADER

TOPICS = Path(__file__).with_name("data") / "topics.yml"
OF_A_RULE = re.compile(r"(KD\d{3}): (.*)", re.DOTALL)
WIDTH = 78


def text(topic: str) -> str:
    """The explanation of a finding's id, a setting or a word. Raises UserError for an unknown one."""
    known = {name.lower(): name for name in everything()}
    name = known.get(topic.lower().partition("=")[0])
    if name is None:
        near = difflib.get_close_matches(topic.lower(), known, 3, 0.5)
        hint = f"Near it: {', '.join(known[one] for one in near)}." if near else "kdump-enabler explain lists all."
        raise UserError(f"There is no explanation of {topic}", hint)
    return f"{name}\n\n{_wrapped(everything()[name], '  ')}"


def overview() -> str:
    """Every topic with the beginning of its explanation, a line each."""
    findings, width = of_rules(), shutil.get_terminal_size().columns
    groups = (findings, {name: text for name, text in everything().items() if name not in findings})
    return "\n\n".join("\n".join(_lines(group, width)) for group in groups)


def _lines(group: Mapping[str, str], width: int) -> Iterator[str]:
    wide = max(len(name) for name in group) + 2
    for name in sorted(group):
        yield f"{name:{wide}}{textwrap.shorten(group[name], max(20, width - wide), placeholder=' ...')}"


@cache
def everything() -> Mapping[str, str]:
    """All explanations by topic: findings first, then settings and words."""
    topics: dict[str, str] = yaml.load(TOPICS.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe loader
    return dict(sorted(of_rules().items())) | topics | dict(_of_settings()) | dict(_of_profiles())


def _of_settings() -> Iterator[tuple[str, str]]:
    """What data/sysctls.yml says, and what a key of an older kernel takes."""
    for key, row in sysctls.table().items():
        takes = f"From {row.range[0]} to {row.range[1]}" if row.range else ""
        older = "".join(f", {least} to {most} before Linux {first}" for first, (least, most) in row.until.items())
        yield key, f"{row.text}\n\n{takes}{older}." if takes else row.text


def _of_profiles() -> Iterator[tuple[str, str]]:
    """What data/profiles.yml says, with all values that a profile wants."""
    for name, profile in profiles.table().items():
        keys = {} if profile.sysrq == "auto" else {"kernel.sysrq": profile.sysrq}
        values = ", ".join(f"{key} = {value}" for key, value in {**profile.sysctls, **keys}.items())
        yield f"profile-{name}", f"{profile.text}\n\nSets {values}."


def of_rules() -> dict[str, str]:
    """What the rules say of their findings, by id."""
    found = [OF_A_RULE.fullmatch(inspect.getdoc(rule) or "") for rule in rules.RULES]
    return {match[1]: match[2][:1].upper() + match[2][1:] for match in found if match}


def _wrapped(paragraphs: str, indent: str) -> str:
    filled = (
        textwrap.fill(" ".join(part.split()), WIDTH, initial_indent=indent, subsequent_indent=indent)
        for part in paragraphs.strip().split("\n\n")
    )
    return "\n\n".join(filled)
