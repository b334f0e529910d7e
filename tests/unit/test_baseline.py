"""What became of hosts since an earlier result."""

from __future__ import annotations

from typing import Any

import pytest

from kdump_enabler.report import baseline, document
from kdump_enabler.verdict import Verdict
from tests.result_schema import keeps_to_the_schema
from tests.unit.fleets import record

READY, BROKEN, PENDING = (record(name, "web1") for name in ("debian12-ready", "debian12-masked", "debian12-pending"))
KINDS = ("better", "worse", "other", "new", "gone")


def compared(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> dict[str, list[str]]:
    found = baseline.compared(document.document(before), document.document(now))
    return {kind: [change["host"] for change in found[kind]] for kind in KINDS if found[kind]}


@pytest.mark.parametrize(
    ("before", "now", "kinds"),
    [
        ([READY], [READY], {}),
        ([READY], [BROKEN], {"worse": ["web1"]}),
        ([BROKEN], [READY], {"better": ["web1"]}),
        ([READY], [PENDING], {"worse": ["web1"]}),
        ([BROKEN], [PENDING], {"better": ["web1"]}),
        ([READY], [document.nobody("web1", Verdict.UNREACHABLE, "timed out")], {"worse": ["web1"]}),
        ([document.nobody("web1", Verdict.UNREACHABLE, "timed out")], [BROKEN], {"worse": ["web1"]}),
        ([], [READY], {"new": ["web1"]}),
        ([READY], [], {"gone": ["web1"]}),
        ([BROKEN], [{**BROKEN, "findings": BROKEN["findings"][1:]}], {"other": ["web1"]}),
    ],
)
def test_kinds(before: list[dict[str, Any]], now: list[dict[str, Any]], kinds: dict[str, list[str]]) -> None:
    assert compared(before, now) == kinds


def test_a_change_says_what_came_and_went() -> None:
    change = baseline.compared(document.document([READY]), document.document([BROKEN]))["worse"][0]
    assert change == {
        "host": "web1",
        "before": "ready",
        "now": "broken",
        "came": sorted({finding["id"] for finding in BROKEN["findings"] if finding["severity"] != "info"}),
        "went": [],
    }
    assert change["came"]


def test_the_schema_describes_it() -> None:
    old, new = (
        document.document([READY, {**READY, "host": "web2"}]),
        document.document([BROKEN, {**READY, "host": "w3"}]),
    )
    keeps_to_the_schema({**new, "baseline": baseline.compared(old, new)})


def test_every_verdict_has_a_rank() -> None:
    assert sorted(baseline.RANK) == sorted(verdict.value for verdict in Verdict)
