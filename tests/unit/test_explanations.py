"""Every finding and every setting of the policy can be explained."""

from __future__ import annotations

import re

import pytest

from kdump_enabler import profiles, rules, sysctls
from kdump_enabler.errors import UserError
from kdump_enabler.explanations import everything, of_rules, overview, text
from kdump_enabler.verdict import Verdict
from tests.hosts import machines
from tests.unit.building import judge


def test_every_rule_says_why() -> None:
    for rule in rules.RULES:
        assert re.match(r"KD\d{3}: \w", rule.__doc__ or ""), rule


@pytest.mark.parametrize("name", machines.names())
def test_every_finding_is_explained(name: str) -> None:
    assert {finding.id for finding in judge(machines.load(name)).findings} <= set(of_rules())


def test_every_setting_and_verdict_is_explained() -> None:
    verdicts = {verdict.value for verdict in Verdict} - {"unreachable"}
    named = {*sysctls.table(), *(f"profile-{name}" for name in profiles.table())}
    assert {*named, "crashkernel", *verdicts} <= set(everything())


def test_every_setting_names_its_source_and_its_range() -> None:
    assert [key for key, row in sysctls.table().items() if "Source: " not in " ".join(row.text.split())] == []
    assert "From 0 to 2147483647, 0 to 1 before Linux 7.0." in text("kernel.softlockup_panic")


def test_a_profile_tells_all_its_values() -> None:
    words = " ".join(text("profile-vm").split())
    assert all(f"{key} = {value}" in words for key, value in profiles.table()["vm"].sysctls.items())


@pytest.mark.parametrize("topic", ["KD021", "kd021", "crashkernel", "crashkernel=512M", "Kernel.Panic"])
def test_found_whatever_its_spelling(topic: str) -> None:
    name, _, words = text(topic).partition("\n\n")
    assert name in everything()
    assert all(line.startswith("  ") and len(line) <= 80 for line in words.splitlines() if line)


@pytest.mark.parametrize(
    ("topic", "near"), [("crashkernl", "crashkernel"), ("KD02", "KD0"), ("x\x1b[31m", "lists all")]
)
def test_the_nearest_is_named(topic: str, near: str) -> None:
    with pytest.raises(UserError) as caught:
        text(topic)
    assert near in caught.value.hint


def test_overview_has_a_line_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = [line for line in overview().splitlines() if line]
    assert [line.split()[0] for line in lines] == sorted(of_rules()) + sorted(set(everything()) - set(of_rules()))
    assert max(map(len, lines)) <= 80
