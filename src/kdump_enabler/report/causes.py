"""Findings by cause: what several hosts have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

WORST_FIRST = ("error", "warning", "info")


@dataclass
class Cause:
    """A finding, the hosts that have it, and how many more of the same kind they have."""

    finding: Mapping[str, Any]
    hosts: list[str] = field(default_factory=list)
    more: int = 0


def by_cause(hosts: Iterable[Mapping[str, Any]], infos: bool = False) -> list[Cause]:
    """Findings with the hosts that share them, letter by letter, errors first."""
    causes: dict[tuple[str, ...], Cause] = {}
    for host, finding in _findings(hosts, infos):
        key = tuple(str(finding[name]) for name in ("id", "title", "current", "wanted"))
        causes.setdefault(key, Cause(finding)).hosts.append(host)
    return sorted(causes.values(), key=_rank)


def by_rule(hosts: Iterable[Mapping[str, Any]]) -> list[Cause]:
    """One cause for each rule and severity, whatever was seen on the single host: errors first, then those that most
    hosts have. It says what the first host says; `more` counts the other titles. A host counts once."""
    titles: dict[tuple[str, str], set[str]] = {}
    causes: dict[tuple[str, str], Cause] = {}
    for host, finding in _findings(hosts, infos=False):
        key = (finding["id"], finding["severity"])
        cause = causes.setdefault(key, Cause(finding))
        titles.setdefault(key, set()).add(finding["title"])
        cause.more = len(titles[key]) - 1
        if host not in cause.hosts[-1:]:
            cause.hosts.append(host)
    return sorted(causes.values(), key=lambda cause: (_rank(cause), -len(cause.hosts), cause.finding["id"]))


def like_each_other(causes: Iterable[Cause]) -> list[Cause]:
    """One cause for those of the same rule, severity, remedy and hosts: several settings of one kind."""
    found: dict[tuple[str, ...], Cause] = {}
    for cause in causes:
        key = (*(str(cause.finding[name]) for name in ("id", "severity", "remedy")), *cause.hosts)
        if key in found:
            found[key].more += 1
        else:
            found[key] = cause
    return list(found.values())


def _findings(hosts: Iterable[Mapping[str, Any]], infos: bool) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for host in hosts:
        for finding in host["findings"]:
            if infos or finding["severity"] != "info":
                yield host["host"], finding


def _rank(cause: Cause) -> int:
    return WORST_FIRST.index(cause.finding["severity"])
