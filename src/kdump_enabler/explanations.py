"""Why a finding or a setting matters: the rules' own docstrings, data/sysctls.yml for settings, data/profiles.yml for
sets of them, data/findings.yml for the titles of findings, and data/topics.yml for other words."""

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

from . import rules
from .errors import UserError
from .platforms import LOADER
from .policy import profiles, sysctls

DATA = Path(__file__).with_name("data")
OF_A_RULE = re.compile(r"(KD\d{3}): (.*)", re.DOTALL)
CLAUSE = re.compile(r".*?(?=[.:;](?:\s|$))", re.DOTALL)
PROGRAMS = ("kdumpctl", "makedumpfile", "tuned")  # whose names look like any word
WIDTH = 78
CLOSE = 0.85  # for difflib: a letter or two of a name


def text(topic: str) -> str:
    """The explanation of a finding's id, a setting or a word. Raises UserError for an unknown one."""
    known = {name.lower(): name for name in everything()}
    asked = topic.lower().partition("=")[0]
    name = known.get(asked)
    if name is None:
        kind = "finding" if re.fullmatch(r"kd\d+", asked) else "explanation of"
        near = difflib.get_close_matches(asked, known, 3, CLOSE) or [one for one in known if one.endswith(f".{asked}")]
        meant = f"Do you mean {' or '.join(known[one] for one in near)}? " if near else ""
        raise UserError(f"There is no {kind} {topic}", f"{meant}`kdump-enabler explain` lists all.")
    title = f"  {titles()[name]}" if name in titles() else ""
    return f"{name}{title}\n\n{_wrapped(everything()[name], '  ')}"


def overview() -> str:
    """Every finding with its title, and every other topic with the first clause of its explanation."""
    width = shutil.get_terminal_size().columns
    others = {name: _clause(text) for name, text in everything().items() if name not in titles()}
    return "\n\n".join("\n".join(_lines(group, width)) for group in (titles(), others))


def _clause(text: str) -> str:
    found = CLAUSE.match(text)
    return " ".join((found[0] if found else text).split())


def _lines(group: Mapping[str, str], width: int) -> Iterator[str]:
    wide = max(len(name) for name in group) + 2
    for name in sorted(group):
        yield _filled(group[name], max(wide + 20, width), f"{name:{wide}}", " " * wide)


@cache
def everything() -> Mapping[str, str]:
    """All explanations by topic: findings first, then settings and words."""
    return dict(sorted(of_rules().items())) | _data("topics") | dict(_of_settings()) | dict(_of_profiles())


@cache
def titles() -> Mapping[str, str]:
    """What each finding is about, by id."""
    return _data("findings")


def _data(name: str) -> dict[str, str]:
    found: dict[str, str] = yaml.load((DATA / f"{name}.yml").read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506 - a safe loader
    return found


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
    return {match[1]: _sentence(match[2]) for match in found if match}


def _sentence(text: str) -> str:
    """The text with a capital, unless it begins with the name of a setting or a program."""
    word = text.split(maxsplit=1)[0].rstrip(",")
    return text if word in PROGRAMS or not word.isalpha() else text[:1].upper() + text[1:]


def _wrapped(paragraphs: str, indent: str) -> str:
    filled = (_filled(" ".join(part.split()), WIDTH, indent, indent) for part in paragraphs.strip().split("\n\n"))
    return "\n\n".join(filled)


def _filled(text: str, width: int, first: str, rest: str) -> str:
    """The text in lines, broken at spaces only: a path or a command has hyphens, too."""
    return textwrap.fill(
        text, width, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False, break_long_words=False
    )
