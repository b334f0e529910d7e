"""The result in the forms that other programs read."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kdump_enabler.report import document, html, junit, prometheus
from kdump_enabler.report.forms import FORMS
from kdump_enabler.report.visible import visible
from kdump_enabler.verdict import Verdict
from tests.unit.fleets import fleet, record

FLEET = fleet(10)
HOSTILE = '</script><img src=x onerror=alert(1)> "quoted" \\ \u202e \x1b[2J\nsecond line'


def hostile() -> dict[str, Any]:
    """A host that says in every place what would do harm there."""
    host = record("debian12-masked", HOSTILE)
    for finding in host["findings"]:
        finding |= {"current": HOSTILE, "evidence": [{"source": HOSTILE, "line": 1, "text": HOSTILE}]}
    return document.document([{**host, "reason": HOSTILE}])


def cases(result: dict[str, Any]) -> dict[str, ElementTree.Element]:
    suite = ElementTree.fromstring(junit.render(result)).find("testsuite")  # noqa: S314 - our own text
    assert suite is not None
    return {case.get("name", ""): case for case in suite}


def test_junit_says_of_each_host_what_it_is() -> None:
    found = {name: [child.tag for child in case] for name, case in cases(FLEET).items()}
    assert list(found.items())[:5] == [
        ("web1", []),
        ("web2", ["failure"]),
        ("web3", ["failure"]),
        ("web4", ["failure"]),
        ("web5", ["skipped"]),
    ]


def test_junit_counts() -> None:
    suite = ElementTree.fromstring(junit.render(FLEET)).find("testsuite")  # noqa: S314 - our own text
    assert suite is not None
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["10", "6", "0", "2"]


def test_junit_names_what_to_do() -> None:
    failure = cases(FLEET)["web3"].find("failure")
    assert failure is not None
    assert "systemctl unmask kdump-tools.service" in (failure.text or "")


def test_junit_has_the_command_as_the_user_types_it() -> None:
    text = FORMS["junit"](FLEET, "kdump-enabler enable -i hosts.yml")
    assert "to do: kdump-enabler enable -i hosts.yml\n" in text
    assert "then: kdump-enabler enable -i hosts.yml" in text


@pytest.mark.parametrize("form", ["html", "junit"])
def test_what_was_seen_in_an_archive_is_no_host_of_the_inventory(form: str) -> None:
    seen = {"how": "sosreport", "source": "x.tar", "at": None}
    result = document.document([{**record("debian12-pristine", "db1"), "seen": seen}])
    text = FORMS[form](result, "kdump-enabler enable -i hosts.yml")
    assert "on that machine: sudo kdump-enabler enable" in text
    assert "hosts.yml" not in text


def test_junit_of_what_nobody_saw_and_of_a_failed_step() -> None:
    gone = document.nobody("gone", Verdict.UNREACHABLE, "timed out")
    stuck = record("debian12-ready", "stuck") | {
        "trouble": {"kind": "x", "sentence": "The disk is full.", "hint": "Make room."}
    }
    errors = {name: case.find("error") for name, case in cases(document.document([gone, stuck])).items()}
    said = {name: error.get("message") for name, error in errors.items() if error is not None}
    assert said == {"gone": "timed out", "stuck": "The disk is full. Make room."}


def test_prometheus_has_what_alerts_need() -> None:
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(prometheus.render(FLEET) + "\n")
        for sample in family.samples
    }
    assert found["kdump_captures_now", ("host", "web1")] == 1
    assert found["kdump_captures_now", ("host", "web3")] == 0
    assert found["kdump_verdict", ("host", "web3"), ("verdict", "broken")] == 1
    assert found["kdump_verdict", ("host", "web3"), ("verdict", "ready")] == 0
    assert found["kdump_reserved_bytes", ("host", "web1")] == 256 << 20
    assert ("kdump_wanted_bytes", ("host", "web5")) not in found
    assert ("kdump_check_timestamp_seconds",) in found


def test_prometheus_describes_every_metric_once() -> None:
    families = list(text_string_to_metric_families(prometheus.render(FLEET) + "\n"))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    assert set(names) <= set(prometheus.METRICS)
    assert all(family.type == "gauge" and family.documentation for family in families)


def embedded(page: str) -> dict[str, Any]:
    """The record in a page."""
    match = re.search(r"^const result = (.*);$", page, re.MULTILINE)
    assert match
    found: dict[str, Any] = json.loads(match[1])
    return found


def test_html_holds_every_host_and_each_finding_once() -> None:
    found = embedded(html.render(FLEET, "kdump-enabler enable -i hosts.yml"))
    assert [host["name"] for host in found["hosts"]] == [f"web{number}" for number in range(1, 11)]
    texts = [json.dumps(finding) for finding in found["findings"]]
    assert len(texts) == len(set(texts))
    assert {found["findings"][number]["id"] for number in found["hosts"][2]["findings"]} == {
        finding["id"] for finding in FLEET["hosts"][2]["findings"]
    }
    assert all(found["why"].values())


def test_html_asks_nobody_else() -> None:
    page = html.render(FLEET, "kdump-enabler enable")
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|src=|@import|<link", page.split("const result =")[0])


def test_ten_thousand_hosts_are_a_small_page() -> None:
    assert len(html.render(fleet(10_000), "kdump-enabler enable")) < 5_000_000


@pytest.mark.parametrize("form", FORMS)
def test_what_a_terminal_would_obey_is_made_visible(form: str) -> None:
    assert not {"\x1b", "\u202e"} & set(FORMS[form](hostile(), "kdump-enabler enable"))


def test_what_a_host_says_is_no_part_of_the_page() -> None:
    page = html.render(hostile(), "kdump-enabler enable")
    assert page.count("</script") == 1
    assert "<img" not in page


def test_a_hostile_name_stays_one_sample() -> None:
    families = text_string_to_metric_families(prometheus.render(hostile()) + "\n")
    names = {sample.labels.get("host", HOSTILE) for family in families for sample in family.samples}
    assert names == {visible(HOSTILE), HOSTILE}  # the last stands for samples without a host
