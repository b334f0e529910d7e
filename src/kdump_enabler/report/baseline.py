"""What changed since an earlier result: hosts that are better, worse, new or gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..verdict import Verdict
from .document import was_looked_at

# Best first. What could not be seen is worse than what is known to need a reboot only, and better than what is known to
# be wrong: the order of the exit statuses.
BEST_FIRST = (
    Verdict.READY,
    Verdict.UNSUPPORTED,
    Verdict.REBOOT_PENDING,
    Verdict.UNKNOWN,
    Verdict.UNREACHABLE,
    Verdict.DRIFT,
    Verdict.BROKEN,
)
RANK = {verdict.value: rank for rank, verdict in enumerate(BEST_FIRST)}


def compared(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The key `baseline` of a result: since when, and the hosts by what became of them, each with its verdict before
    and now (null where there is none) and the rules whose findings came and went. Hosts that one of the two runs did
    not look at are left out."""
    unseen = {host["host"] for result in (before, now) for host in result["hosts"] if not was_looked_at(host)}
    earlier, later = (_by_name(host for host in one["hosts"] if host["host"] not in unseen) for one in (before, now))
    both = [_change(earlier[name], later[name]) for name in later if name in earlier]
    return {
        "generated_at": before["generated_at"],
        "better": [change for change in both if _step(change) < 0],
        "worse": [change for change in both if _step(change) > 0],
        "other": [change for change in both if _step(change) == 0 and (change["came"] or change["went"])],
        "new": [_change(None, later[name]) for name in later if name not in earlier],
        "gone": [_change(earlier[name], None) for name in earlier if name not in later],
    }


def _by_name(hosts: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {host["host"]: host for host in hosts}


def _change(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> dict[str, Any]:
    had, has = _rules(before), _rules(now)
    return {
        "host": (now or before or {})["host"],
        "before": before["verdict"] if before else None,
        "now": now["verdict"] if now else None,
        "came": sorted(has - had) if before else [],
        "went": sorted(had - has) if now else [],
    }


def _rules(host: Mapping[str, Any] | None) -> set[str]:
    findings = host["findings"] if host else ()
    return {finding["id"] for finding in findings if finding["severity"] != "info"}


def _step(change: Mapping[str, Any]) -> int:
    """How much worse; negative for better."""
    return RANK[change["now"]] - RANK[change["before"]]
