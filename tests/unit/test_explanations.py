"""Every finding and every setting of the policy can be explained."""

from __future__ import annotations

import re

import pytest

from kdump_enabler import rules
from kdump_enabler.errors import UserError
from kdump_enabler.explanations import everything, of_rules, overview, text, titles
from kdump_enabler.policy import profiles, sysctls
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
    assert name.partition("  ")[0] in everything()
    assert all(line.startswith("  ") and len(line) <= 80 for line in words.splitlines() if line)


@pytest.mark.parametrize(
    ("topic", "said", "near"),
    [
        ("crashkernl", "no explanation of crashkernl", "Do you mean crashkernel? "),
        ("kernel.panic_on_opps", "no explanation of", "Do you mean kernel.panic_on_oops"),
        ("panic_on_oops", "no explanation of", "Do you mean kernel.panic_on_oops? "),
        ("KD02", "no finding KD02", "Do you mean KD"),
        ("KD999", "no finding KD999", ""),
        ("banana", "no explanation of banana", ""),
        ("x\x1b[31m", "no explanation of", ""),
    ],
)
def test_only_what_is_close_is_suggested(topic: str, said: str, near: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        text(topic)
    assert caught.value.hint.startswith(f"{near}")
    assert "`kdump-enabler explain` lists all." in caught.value.hint
    assert ("Do you mean" in caught.value.hint) == bool(near)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_overview_has_all_with_their_titles_and_cuts_none(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = [line for line in overview().splitlines() if line]
    named = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert named == sorted(of_rules()) + sorted(set(everything()) - set(of_rules()))
    assert max(map(len, lines)) <= width
    words = " ".join(" ".join(lines).split())
    assert "..." not in words
    assert [title for title in titles().values() if title not in words] == []


def test_every_finding_has_a_title_of_a_line() -> None:
    assert set(titles()) == set(of_rules())
    assert max(map(len, titles().values())) <= 73, "beside its id in 80 columns"
    assert text("KD030").startswith("KD030  No capture kernel is loaded\n")


@pytest.mark.parametrize(
    ("topic", "begins"),
    [
        ("KD031", "kernel.kexec_load_disabled=1 forbids"),
        ("KD032", "kdump-config loads"),
        ("KD046", "kdumpctl gives"),
        ("KD050", "makedumpfile at"),
        ("KD065", "tuned, ufw"),
        ("KD059", "KDUMP_COREDIR"),
        ("KD030", "A panic jumps"),
    ],
)
def test_names_are_not_capitalised(topic: str, begins: str) -> None:
    assert of_rules()[topic].startswith(begins)


def test_nothing_is_broken_at_a_hyphen() -> None:
    ends = [line.rstrip() for name in everything() for line in text(name).splitlines()]
    assert [line for line in ends if line.endswith("-")] == []
