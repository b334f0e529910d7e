"""What the README and the pages of docs/ show is what the command prints about the recorded machines."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from kdump_enabler import evidence, platforms
from kdump_enabler.audit import audit
from kdump_enabler.dumps import with_origins
from kdump_enabler.policy import Layer, effective, profiles
from kdump_enabler.report import document
from kdump_enabler.report.text import show_findings, show_hosts
from kdump_enabler.report.views import render
from tests import support_table
from tests.hosts import machines
from tests.unit.building import judge

ROOT = Path(__file__).resolve().parents[2]
PAGES = {path: path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]}
README = "\n".join(PAGES.values())
RECORDED = ["debian12-pristine", "debian12-ready"]
SHOWN = re.findall(r"^```\n\$ kdump-enabler check -i hosts\.yml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("shown", "machine"), list(zip(SHOWN, RECORDED, strict=True)))
def test_output(shown: str, machine: str) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=80, highlight=False)
    result = document.document([judge(machines.load(machine)).as_dict("web1")])
    show_hosts(console, result)
    show_findings(console, result, "kdump-enabler enable -i hosts.yml")
    printed = [line.rstrip() for line in stream.getvalue().splitlines()]
    assert [line for line in shown.splitlines() if line != " ..." and line not in printed] == []


def test_output_about_the_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = re.findall(r"^```\n\$ kdump-enabler check .* --show-policy\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    monkeypatch.setenv("COLUMNS", "80")
    chosen = Layer("command line", {"kdump_panic_profile": "vm"})
    record = audit(evidence.from_raw(machines.load("debian12-ready")), effective([chosen])).as_dict("web1")
    printed = render("policy", document.document([record]), "").splitlines()
    assert [line for line in shown.splitlines() if line != " ..." and line not in printed] == []


def test_the_readme_has_all_profiles() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|", README.partition("### Which events panic")[2], re.MULTILINE)
    assert rows[: len(profiles.table())] == list(profiles.table())
    assert f"which events panic: {', '.join(f'`{name}`' for name in profiles.table())} |" in README


@pytest.mark.parametrize(("words", "view", "answer"), [("list", "dumps", "list"), ("show", "dump", "show")])
def test_output_about_dumps(words: str, view: str, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what the reader answered on a virtual machine that crashed twice."""
    (shown,) = re.findall(rf"^```\n\$ kdump-enabler dumps {words} .*?\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    vmcores = json.loads((ROOT / "tests" / "recorded_dumps.json").read_text(encoding="utf-8"))[answer]
    monkeypatch.setenv("COLUMNS", "80")
    record = judge(machines.load("debian12-ready")).as_dict("web1")
    record["vmcores"] = with_origins(vmcores, record["proof"])
    printed = render(view, document.document([record]), "").splitlines()
    assert [line for line in shown.splitlines() if line != " ..." and line not in printed] == []


def test_output_about_a_fleet_in_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a run over containers, with a real sosreport; the policies, settings and plans of its result are left out."""
    (shown,) = re.findall(
        r"^```\n\$ kdump-enabler check -i hosts\.yml --become --evidence archives\n(.*?)^```",
        README,
        re.MULTILINE | re.DOTALL,
    )
    monkeypatch.setenv("COLUMNS", "80")
    printed = render("findings", document.load(str(ROOT / "tests" / "recorded_fleet.json")), "").splitlines()
    assert [line for line in shown.splitlines() if line != " ..." and line not in printed] == []


def anchors(page: str) -> set[str]:
    """The places in a page that a link can name, as GitHub makes them of headings."""
    heads = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, _, anchor in (link.partition("#") for link in re.findall(r"\]\(([^)\s]+)\)", PAGES[page])):
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(PAGES[there]), anchor


def test_the_readme_is_what_a_user_needs_and_leads_to_the_rest() -> None:
    readme = PAGES[ROOT / "README.md"]
    assert len(readme.splitlines()) <= 400
    assert [path.name for path in PAGES if path.parent.name == "docs" and f"(docs/{path.name}" not in readme] == []


def test_pictures_are_there_and_light() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert pictures
    assert [name for name in pictures if not 1000 < (ROOT / name).stat().st_size < 200_000] == []


def test_the_support_table_is_that_of_the_data_and_the_tests() -> None:
    """Made by `python -m tests.support_table`."""
    assert support_table.table() in README


def test_every_platform_and_architecture_has_a_recorded_machine() -> None:
    seen = {(facts.platform.key, facts.arch) for facts in support_table.supported_machines() if facts.platform}
    wanted = {(row.key, arch) for row in platforms.table() for arch in row.architectures}
    assert wanted - seen == set()
