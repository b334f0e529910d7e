"""A host goes down only where somebody named it, in its window, and alone of its groups."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from ansible_collections.kdump.enabler.plugins.plugin_utils import groups

from kdump_enabler.crash.consent import busy, objection


@pytest.mark.parametrize(
    ("window", "clock", "kind"),
    [
        ("", "12:00", None),
        ("22:00-05:00", "23:59", None),
        ("22:00-05:00", "04:59", None),
        ("22:00-05:00", "05:00", "outside_window"),
        ("22:00-05:00", "21:59", "outside_window"),
        ("09:00-17:00", "12:00", None),
        ("09:00-17:00", "17:00", "outside_window"),
        ("9-17", "12:00", "bad_window"),
        ("25:00-26:00", "12:00", "bad_window"),
    ],
)
def test_windows(window: str, clock: str, kind: str | None) -> None:
    now = datetime.fromisoformat(f"2026-11-21T{clock}:00")
    found = objection("web1", ["web1"], window, now)
    assert (found and found.kind) == kind


def test_consent_is_for_one_host_by_its_name() -> None:
    found = objection("web1", ["web10", "web"], "", datetime.fromisoformat("2026-11-21T12:00:00"))
    assert found
    assert found.kind == "no_consent"


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "STATE", tmp_path / "down")


def test_one_host_of_a_group_at_a_time() -> None:
    assert groups.take("web1", ["web", "rack/7"]) is None
    assert groups.take("db1", ["db"]) is None
    assert groups.take("web2", ["db2", "web"]) == ("web", "web1")
    assert groups.taken("db3", ["db2"]) is None, "what it had taken before the refusal is free again"
    assert groups.taken("web2", ["rack/7"]) == ("rack/7", "web1")
    groups.release("web2", ["web"])
    assert groups.taken("web2", ["web"]) == ("web", "web1"), "nobody gives back what another has"
    groups.release("web1", ["web", "rack/7"])
    assert groups.take("web2", ["db2", "web"]) is None
    assert "web1" in busy("web2", "web", "web1").msg


@pytest.mark.parametrize("text", ["", "{", json.dumps({"host": "web1", "controller": {}})])
def test_what_a_dead_run_left_is_taken_over(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "is_dead", lambda _: True)
    groups.STATE.mkdir()
    (groups.STATE / "web.json").write_text(text, encoding="utf-8")
    assert groups.take("web2", ["web"]) is None
