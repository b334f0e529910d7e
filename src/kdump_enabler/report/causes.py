"""Findings by cause: what several hosts have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .names import same_beginning, several

NAMED = 3  # titles or subjects beside the first
WORST_FIRST = ("error", "warning", "info")


@dataclass
class Cause:
    """A finding, the hosts that have it, and the titles of those of its kind that are told with it."""

    finding: Mapping[str, Any]
    hosts: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The title, with what the others say more than it: `a is not set; also 2 more: b, c`."""
        own = str(self.finding["title"])
        if not self.others:
            return own
        titles = [own, *self.others]
        if len(set(titles)) == 1:
            return f"{own} ({len(titles)} times)"
        words = [title.split() for title in titles]
        begin, end = same_beginning(words), same_beginning([title[::-1] for title in words])
        most = max(map(len, words))
        if begin * 2 > most:
            return " and ".join([own, *(" ".join(title.split()[begin:]) for title in self.others)])
        if end * 2 > most:
            return _also(own, [_lower(" ".join(title.split()[:-end])) for title in self.others])
        return _also(own, self.others)


def by_cause(hosts: Iterable[Mapping[str, Any]], infos: bool = False) -> list[Cause]:
    """Findings with the hosts that share them, letter by letter, errors first; with `infos` these too, and what is to
    be done about each is shared as well."""
    shared = ("id", "title", "current", "wanted", *(["remedy"] if infos else []))
    causes: dict[tuple[str, ...], Cause] = {}
    for host, finding in _findings(hosts, infos):
        key = tuple(str(finding[name]) for name in shared)
        causes.setdefault(key, Cause(finding)).hosts.append(host)
    return sorted(causes.values(), key=_rank)


def by_rule(hosts: Iterable[Mapping[str, Any]]) -> list[Cause]:
    """One cause for each rule and severity, whatever was seen on the single host: errors first, then those that most
    hosts have. It says what the first host says; the other titles are its `others`. A host counts once."""
    causes: dict[tuple[str, str], Cause] = {}
    for host, finding in _findings(hosts, infos=False):
        key = (finding["id"], finding["severity"])
        cause = causes.setdefault(key, Cause(finding))
        if finding["title"] not in (cause.finding["title"], *cause.others):
            cause.others.append(finding["title"])
        if host not in cause.hosts[-1:]:
            cause.hosts.append(host)
    return sorted(causes.values(), key=lambda cause: (_rank(cause), -len(cause.hosts), cause.finding["id"]))


def like_each_other(causes: Iterable[Cause]) -> list[Cause]:
    """One cause for those of the same rule, severity, remedy and hosts: several settings of one kind."""
    found: dict[tuple[str, ...], Cause] = {}
    for cause in causes:
        key = (*(str(cause.finding[name]) for name in ("id", "severity", "remedy")), *cause.hosts)
        if key in found:
            found[key].others.append(str(cause.finding["title"]))
        else:
            found[key] = cause
    return list(found.values())


def _findings(hosts: Iterable[Mapping[str, Any]], infos: bool) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for host in hosts:
        for finding in host["findings"]:
            if infos or finding["severity"] != "info":
                yield host["host"], finding


def _also(title: str, others: Sequence[str]) -> str:
    number = f"{len(others)} more: " if len(others) > 1 else ""
    return f"{title}; also {number}{several(others, NAMED)}"


def _lower(subject: str) -> str:
    """The beginning of a title in the middle of a sentence; names stay as they are."""
    return subject[:1].lower() + subject[1:] if subject[1:2].islower() else subject


def _rank(cause: Cause) -> int:
    return WORST_FIRST.index(cause.finding["severity"])
