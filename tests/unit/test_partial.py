"""What is kept of a run that was cut off, and what is told of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from kdump_enabler.fleet import partial
from kdump_enabler.report import baseline, document, forms, html, packing
from kdump_enabler.report.views import render
from tests.result_schema import keeps_to_the_schema
from tests.unit.fleets import record

NAMES = ["web1", "web2", "web3", "web4", "web5"]
BROKE = "Task failed: Failed to connect to the host via ssh: ssh: connect to host web5 port 22: Connection refused"


def look(host: str, opened: bool = False) -> dict[str, Any]:
    """What the first task on a host registers."""
    look = {"record": packing.packed(record("debian12-ready", host)), "open": opened, "run": "20261121T101112Z"}
    return {"kdump_audit": look}


def cut_off(folder: Path) -> dict[str, Any]:
    """web1 was looked at, web2 is being changed, web3 refused, web4 had no turn, web5 cannot be reached."""
    path = folder / "looks"
    partial.note(str(path), "web1", **look("web1"))
    partial.note(str(path), "web2", **look("web2", opened=True))
    partial.note(str(path), "web3", **look("web3", opened=True))
    told = {"kind": "refused", "sentence": "It is full", "hint": "Make room.", "exit_code": 1, "lines": ""}
    partial.note(str(path), "web3", kdump_trouble=told)
    return partial.result(NAMES, partial.noted(path), {"web5": BROKE}, "Interrupted", {})


def test_each_host_has_what_is_known_of_it(tmp_path: Path) -> None:
    found = cut_off(tmp_path)
    keeps_to_the_schema(found)
    hosts = {host["host"]: host for host in found["hosts"]}
    assert {name: host["verdict"] for name, host in hosts.items()} == {
        "web1": "ready",
        "web2": "unknown",
        "web3": "ready",
        "web4": "unknown",
        "web5": "unreachable",
    }
    assert hosts["web2"]["reason"] == partial.IN_THE_MIDDLE
    assert hosts["web3"]["trouble"]["kind"] == "refused"
    assert [name for name, host in hosts.items() if "looked_at" in host] == ["web4"]
    assert found["cut_off"] == {"why": "Interrupted", "hosts": 5, "answered": 4}
    assert document.exit_code(found) == 2
    assert document.exit_code(partial.result(["web1"], {"web1": look("web1")}, {}, "Interrupted", {})) == 2


def test_lines_that_a_full_disk_cut(tmp_path: Path) -> None:
    """Only their own hosts are lost."""
    path = tmp_path / "looks"
    partial.note(str(path), "web1", **look("web1"))
    path.write_bytes(path.read_bytes()[:-40])
    partial.note(str(path), "web2", **look("web2"))
    assert list(partial.noted(path)) == ["web2"]
    assert partial.noted(tmp_path / "none") == {}
    partial.note(str(tmp_path / "no/such/place"), "web3", **look("web3"))  # is no reason to fail


def test_every_form_says_that_it_is_a_part(tmp_path: Path) -> None:
    found = cut_off(tmp_path)
    said = (
        "Interrupted: 4 of 5 hosts were asked; the work on web2 was cut off in the middle. Not looked at: web4."
        " Run it again for all of them."
    )
    assert said in " ".join(render("findings", found, "kdump-enabler enable").split())
    assert said in html.render(found, "")
    suite = ElementTree.fromstring(forms.FORMS["junit"](found, "")).find("testsuite")  # noqa: S314 -- our own
    assert suite is not None
    assert suite.findtext("system-err") == said
    assert suite.find("testcase[@name='web4']/error") is not None
    metrics = forms.FORMS["prometheus"](found, "").splitlines()
    assert "kdump_hosts_not_looked_at 1" in metrics
    assert not [line for line in metrics if '"web4"' in line]


def test_many_are_counted(tmp_path: Path) -> None:
    left = partial.result([f"web{number}" for number in range(9)], {}, {}, "Interrupted", {})
    assert "0 of 9 hosts were asked. Not looked at: web0, web1, web2, web3 and 5 more." in document.cut_off(left)
    assert document.cut_off(document.document([])) == ""


def test_a_part_does_not_hide_what_is_known(tmp_path: Path) -> None:
    """Together with an earlier whole result, and compared with it."""
    whole = document.document([record("debian12-ready", name) for name in NAMES], "2026-11-20T00:00:00+00:00")
    part = cut_off(tmp_path)
    both = document.merged([part, whole])
    assert "cut_off" not in both
    assert {host["host"]: host["verdict"] for host in both["hosts"]}["web4"] == "ready"
    assert document.merged([part])["cut_off"]["answered"] == 4
    changes = baseline.compared(whole, part)
    assert [one["host"] for kind in ("better", "worse", "other", "new", "gone") for one in changes[kind]] == [
        "web2",
        "web5",
    ]
