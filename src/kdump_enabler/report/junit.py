"""The result as JUnit XML, for the test views of CI systems: a test case for each host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ..finding import ENABLE, enables, typed
from .document import cut_off, what_failed
from .visible import visible

# What becomes of a test case; `ready` passes.
OUTCOMES = {
    "drift": "failure",
    "broken": "failure",
    "reboot-pending": "failure",
    "unknown": "error",
    "unreachable": "error",
    "unsupported": "skipped",
}


def render(result: Mapping[str, Any], command: str = ENABLE) -> str:
    """One test suite; `command` is how the user calls `enable` for these hosts. A host that is not ready is a failure,
    one that could not be seen an error, one that is not ours to configure is skipped; a step that failed makes it an
    error, too. Elements and attributes are those that https://github.com/testmoapp/junitxml describes as common to the
    tools that read it."""
    suite = Element("testsuite", name="kdump-enabler", timestamp=result["generated_at"])
    for host in result["hosts"]:
        _case(suite, host, command)
    said = cut_off(result)
    if said:
        SubElement(suite, "system-err").text = visible(said)
    kinds = {"tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error"}
    for name, path in (kinds | {"skipped": "testcase/skipped"}).items():
        suite.set(name, str(len(suite.findall(path))))
    suites = Element("testsuites")
    suites.append(suite)
    indent(suites)
    return str(tostring(suites, encoding="unicode", xml_declaration=True))


def _case(suite: Element, host: Mapping[str, Any], command: str) -> None:
    platform = (host["facts"] or {}).get("platform") or "unknown platform"
    case = SubElement(suite, "testcase", name=visible(host["host"]), classname=f"kdump.{platform}")
    failed = what_failed(host)
    outcome = "error" if failed else OUTCOMES.get(host["verdict"])
    if outcome:
        said = failed or host["reason"] or _first(host)
        SubElement(case, outcome, type=host["verdict"], message=visible(said)).text = _details(host, command)


def _first(host: Mapping[str, Any]) -> str:
    """What is worst; without an error, such as where something could not be seen, the first of all."""
    ordered = sorted(host["findings"], key=lambda finding: str(finding["severity"]) != "error")
    return str(ordered[0]["title"]) if ordered else str(host["verdict"])


def _details(host: Mapping[str, Any], command: str) -> str:
    """Each finding with what was seen, what should be, and what to do."""
    lines = [
        f"{finding['severity']} {finding['id']} {finding['title']}\n"
        f"  {finding['current']} -> {finding['wanted']}\n"
        f"  to do: {typed(finding['remedy'], enables(host, command))}"
        for finding in host["findings"]
        if finding["severity"] != "info"
    ]
    return "\n".join(visible(line) for text in lines for line in text.split("\n"))
