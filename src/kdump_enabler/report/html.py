"""The result as one HTML page that needs no network: data/report.html with the result in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..explanations import of_rules
from ..finding import enables, typed
from .causes import by_rule
from .document import cut_off, seen_elsewhere, what_failed
from .visible import visible

PAGE = Path(__file__).parents[1] / "data" / "report.html"
PLACE = "/*RESULT*/null"


def render(result: Mapping[str, Any], command: str) -> str:
    """The page; `command` is how the user calls `enable` for these hosts. Findings that are alike letter by letter are
    in it once, so that ten thousand hosts are a few megabytes."""
    return PAGE.read_text(encoding="utf-8").replace(PLACE, _embedded(_condensed(result, command)))


def _embedded(record: Mapping[str, Any]) -> str:
    """JSON that can stand inside <script>: nothing in it ends the element or begins a comment (the HTML Standard,
    "Restrictions for contents of script elements")."""
    return json.dumps(record, separators=(",", ":"), default=str).replace("<", "\\u003c")


def _condensed(result: Mapping[str, Any], command: str) -> dict[str, Any]:
    findings: dict[str, int] = {}
    hosts = [_host(host, command, findings) for host in result["hosts"]]
    known = [json.loads(text) for text in findings]
    explained, causes = of_rules(), by_rule(result["hosts"])
    return {
        "generated_at": result["generated_at"],
        "tool_version": result["tool_version"],
        "hosts": hosts,
        "findings": known,
        "titles": {f"{cause.finding['id']} {cause.finding['severity']}": visible(cause.title) for cause in causes},
        "why": {one["id"]: explained.get(one["id"], "") for one in known},
        "baseline": result.get("baseline"),
        "cut_off": visible(cut_off(result)),
    }


def _host(host: Mapping[str, Any], command: str, findings: dict[str, int]) -> dict[str, Any]:
    """What the page shows of a host; its findings by their number."""
    facts, proof = host["facts"] or {}, host["proof"]
    sizes, here = facts.get("crashkernel", {}), enables(host, command)
    return {
        "name": visible(host["host"]),
        "verdict": host["verdict"],
        "captures": host["captures_now"],
        "seen": visible(seen_elsewhere(host)),
        "reason": visible(what_failed(host) or host["reason"]),
        "platform": visible(facts.get("name") or ""),
        "kernel": visible(facts.get("kernel") or ""),
        "sizes": [sizes.get(f"{name}_bytes") for name in ("running", "next_boot", "wanted")],
        "proof": proof["state"] if proof else None,
        "proof_age": proof["age_seconds"] if proof else None,
        "findings": [findings.setdefault(_finding(one, here), len(findings)) for one in host["findings"]],
    }


def _finding(finding: Mapping[str, Any], command: str) -> str:
    """A finding as text, the same for all hosts that have it."""
    kept = {name: visible(finding[name]) for name in ("id", "severity", "title", "current", "wanted")}
    kept["remedy"] = visible(typed(finding["remedy"], command))
    places = [
        {
            "at": visible(f"{one['source']}:{one['line']}" if one["line"] else one["source"]),
            "text": visible(one["text"]),
        }
        for one in finding["evidence"]
    ]
    return json.dumps({**kept, "evidence": places})
