"""Which dumps are fetched, under which names, and what that amounts to."""

from __future__ import annotations

from typing import Any

import pytest

from kdump_enabler.dumps import fetching
from kdump_enabler.errors import UserError
from tests.unit.test_dump_views import DUMP

NOW = 1795268926.0


@pytest.mark.parametrize(
    ("changes", "age", "said"),
    [
        ({}, 60, ""),
        ({}, 59, "it may still be written"),
        ({}, -59, "it may still be written"),
        ({}, -7200, ""),  # the capture kernel took a clock in local time for UTC
        ({"complete": False, "reason": "cut"}, 3600, "cut"),
        ({"complete": None, "reason": "packed"}, 3600, "packed"),
        ({"path": None, "complete": False, "reason": "there is no vmcore"}, 3600, "there is no vmcore"),
    ],
)
def test_objection(changes: dict[str, Any], age: float, said: str) -> None:
    record = DUMP | changes
    found = fetching.objection(record, NOW - age, NOW, unfinished_too=False)
    assert said in found
    assert bool(said) == bool(found)
    asked = fetching.objection(record, NOW - age, NOW, unfinished_too=True)
    assert bool(asked) == (record["path"] is None)


def test_names() -> None:
    found = fetching.way("web1", "/var/crash/202611201114", "/var/crash/202611201114/dump.202611201114")
    assert found == ("web1", "202611201114", "dump.202611201114")


@pytest.mark.parametrize(
    "names",
    [
        ("../x", "/a/b", "/a/b/c"),
        ("", "/a/b", "/a/b/c"),
        ("web1", "/", "/c"),
        ("web1", "/a/..", "/a/../c"),
        ("web1", "/a", "/a/.."),
        ("web1", "/a", "/a/dump\n"),
        ("web1", "/a", "/a/dump.part"),
    ],
)
def test_names_that_lead_elsewhere(names: tuple[str, str, str]) -> None:
    with pytest.raises(UserError, match="no name for a file"):
        fetching.way(*names)


@pytest.mark.parametrize(
    ("hosts", "code"),
    [
        ([{"fetched": []}], 0),
        ([{"fetched": [{"state": "there"}, {"state": "fetched"}]}], 0),
        ([{"fetched": [{"state": "there"}, {"state": "skipped"}]}], 1),
        ([{"fetched": [{"state": "failed"}], "trouble": {}, "exit_code": 1}], 1),
        ([{"fetched": []}, {"facts": None}], 2),
    ],
)
def test_exit_code(hosts: list[dict[str, Any]], code: int) -> None:
    assert fetching.exit_code(hosts) == code
