"""The result as metrics for the textfile collector of Prometheus' node exporter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..verdict import Verdict
from .causes import WORST_FIRST
from .document import was_looked_at
from .visible import visible

# Name, help. All are gauges; what could not be seen has no sample.
METRICS = {
    "kdump_verdict": "1 for the verdict of the host, 0 for the others.",
    "kdump_captures_now": "Whether a panic now would leave a dump.",
    "kdump_findings": "Findings by severity and rule.",
    "kdump_reserved_bytes": "Memory that is reserved for the capture kernel now.",
    "kdump_next_boot_reserved_bytes": "Memory that the entry that boots next will reserve.",
    "kdump_wanted_bytes": "Memory that should be reserved.",
    "kdump_proof_age_seconds": "Age of the last crash on purpose that left a whole dump and still holds.",
    "kdump_dumps": "Dumps that lie in the dump directory.",
    "kdump_hosts_not_looked_at": "Hosts that nobody looked at, because the run was cut off.",
    "kdump_check_timestamp_seconds": "When this was looked at.",
}
Sample = tuple[str, Mapping[str, str], float]


def render(result: Mapping[str, Any]) -> str:
    """Every metric with a sample for each host that has it, as the text format of Prometheus wants it
    (prometheus.io/docs/instrumenting/exposition_formats)."""
    found: dict[str, list[str]] = {name: [] for name in METRICS}
    looked_at = [host for host in result["hosts"] if was_looked_at(host)]
    for host in looked_at:
        for name, labels, value in _samples(host):
            found[name].append(_line(name, {"host": host["host"], **labels}, value))
    left = len(result["hosts"]) - len(looked_at)
    found["kdump_hosts_not_looked_at"].append(_line("kdump_hosts_not_looked_at", {}, left))
    when = datetime.fromisoformat(result["generated_at"]).timestamp()
    found["kdump_check_timestamp_seconds"].append(_line("kdump_check_timestamp_seconds", {}, when))
    return "\n".join(line for name, lines in found.items() if lines for line in (*_head(name), *lines))


def _head(name: str) -> tuple[str, str]:
    return f"# HELP {name} {METRICS[name]}", f"# TYPE {name} gauge"


def _samples(host: Mapping[str, Any]) -> Iterator[Sample]:
    for verdict in Verdict:
        yield "kdump_verdict", {"verdict": verdict.value}, host["verdict"] == verdict.value
    if host["captures_now"] is not None:
        yield "kdump_captures_now", {}, host["captures_now"]
    for severity in WORST_FIRST:
        ids = [finding["id"] for finding in host["findings"] if finding["severity"] == severity]
        for one in sorted(set(ids)):
            yield "kdump_findings", {"severity": severity, "id": one}, ids.count(one)
    facts = host["facts"] or {}
    yield from _sizes(facts.get("crashkernel", {}))
    if facts.get("dumps") is not None:
        yield "kdump_dumps", {}, len(facts["dumps"])
    proof = host["proof"]
    if proof and proof["state"] == "proven":
        yield "kdump_proof_age_seconds", {}, proof["age_seconds"]


def _sizes(sizes: Mapping[str, Any]) -> Iterator[Sample]:
    names = {"running": "kdump_reserved", "next_boot": "kdump_next_boot_reserved", "wanted": "kdump_wanted"}
    for name, metric in names.items():
        if sizes.get(f"{name}_bytes") is not None:
            yield f"{metric}_bytes", {}, sizes[f"{name}_bytes"]


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {float(value):.17g}" if inside else f"{name} {float(value):.17g}"


def _escaped(text: str) -> str:
    return visible(text).replace("\\", "\\\\").replace('"', '\\"')
