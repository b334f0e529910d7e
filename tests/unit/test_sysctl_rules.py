"""Findings and reports about which file wins, on a machine that is ready otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from kdump_enabler.audit import Audit
from kdump_enabler.facts import sysctl_files, sysctl_later
from kdump_enabler.facts.settings import PANIC_DROPIN, SYSRQ_DROPIN
from kdump_enabler.finding import ENABLE, Finding
from kdump_enabler.report.document import document
from kdump_enabler.report.views import render
from kdump_enabler.verdict import Verdict
from tests.hosts import machines
from tests.unit.building import identifiers, judge

LOCAL = "/etc/sysctl.d/zz-local.conf"
MASKED = {"link": "/dev/null", "exists": True}
TUNED = {
    sysctl_later.TUNED_UNIT: "",
    "/etc/tuned/active_profile": "mine\n",
    "/etc/tuned/mine/tuned.conf": "[sysctl]\nkernel.panic=0\n",
    "/etc/tuned/tuned-main.conf": "reapply_sysctl = 0\n",
}


def with_files(files: dict[str, str], **policy: Any) -> Audit:
    """A machine that was ready, with these files on top."""
    made = machines.load("debian12-ready")
    for path, text in files.items():
        machines.write(made, path, text)
    return judge(made, **policy)


def the(found: Audit, identifier: str) -> Finding:
    (finding,) = (one for one in found.findings if one.id == identifier)
    return finding


def test_a_file_that_sorts_later_is_named_with_ours() -> None:
    found = with_files({LOCAL: "# mine\n\nkernel.panic = 0\n"})
    finding = the(found, "KD060")
    ours = next(one for one in found.facts.settings["kernel.panic"].mentions if one.source == PANIC_DROPIN)  # type: ignore[union-attr]
    assert finding.current == f"kernel.panic = 0, which beats ours at {PANIC_DROPIN}:{ours.line}"
    assert [(one.source, one.line) for one in finding.evidence] == [(LOCAL, 3), (PANIC_DROPIN, ours.line)]
    assert f"{LOCAL}, line 3" in finding.remedy
    assert finding.by_hand
    assert found.verdict is Verdict.DRIFT


@pytest.mark.parametrize("value", ["30", "-1", "1"])
def test_an_administrators_own_value_that_is_enough_is_no_finding(value: str) -> None:
    assert identifiers(with_files({LOCAL: f"kernel.panic = {value}\n"})) == []


@pytest.mark.parametrize("name", ["99-zzz", "99-sysctl", "k8s", "local", "sysctl", "Z", "zabbix"])
def test_ours_sorts_after_the_names_that_are_used(name: str) -> None:
    assert identifiers(with_files({f"/etc/sysctl.d/{name}.conf": "kernel.panic_on_oops = 0\n"})) == []


def test_where_ours_is_not_there_yet_it_would_be_beaten() -> None:
    made = machines.load("debian12-ready")
    machines.remove(made, PANIC_DROPIN)
    machines.write(made, LOCAL, "-kernel.panic\n")
    found = {one.title: one for one in judge(made).findings if one.id == "KD060"}
    beaten = found.pop("kernel.panic is not set for the next boot")
    assert beaten.current == f"-kernel.panic, which would beat ours at {PANIC_DROPIN}"
    assert len(found) == 3
    assert {one.remedy for one in found.values()} == {ENABLE}


def test_the_crash_key_is_beaten_at_the_next_boot() -> None:
    finding = the(with_files({LOCAL: "kernel.sysrq = 176\n"}), "KD070")
    assert finding.current.startswith(f"kernel.sysrq = 176, which beats ours at {SYSRQ_DROPIN}:")
    assert finding.by_hand


def test_a_masked_unit_is_what_is_to_be_mended() -> None:
    made = machines.load("debian12-ready")
    made["files"][sysctl_files.UNIT] = MASKED
    found = [one for one in judge(made).findings if one.id in ("KD060", "KD070")]
    assert len(found) == 5
    assert {one.remedy for one in found} == {"systemctl unmask systemd-sysctl.service"}


def test_what_tuned_writes_comes_last() -> None:
    finding = the(with_files(TUNED), "KD065")
    assert finding.title == "tuned sets kernel.panic after the sysctl.d files"
    assert finding.severity.value == "error"
    assert [(one.source, one.line) for one in finding.evidence] == [("/etc/tuned/mine/tuned.conf", 2)]
    assert identifiers(with_files({**TUNED, "/etc/tuned/mine/tuned.conf": "[sysctl]\nkernel.panic=5\n"})) == []


def test_tuned_reads_the_files_again_as_it_is_shipped() -> None:
    assert identifiers(with_files({**TUNED, "/etc/tuned/tuned-main.conf": ""})) == []


@pytest.mark.parametrize(("value", "found"), [("176", ["KD065 error"]), ("0", []), ("8", []), ("1", [])])
def test_what_tuned_makes_of_the_crash_key(value: str, found: list[str]) -> None:
    files = {**TUNED, "/etc/tuned/mine/tuned.conf": f"[sysctl]\nkernel.sysrq={value}\n"}
    assert identifiers(with_files(files)) == found


def test_kdump_tools_has_no_option_for_an_oops_that_is_to_be_survived() -> None:
    finding = the(with_files({}, sysctls={"kernel.panic_on_oops": 0}), "KD065")
    assert (finding.severity.value, finding.by_hand) == ("warning", True)
    assert "KD065 warning" not in identifiers(with_files({}, sysctls={"kernel.panic_on_oops": None}))


def test_sysctl_conf_comes_last_for_who_runs_sysctl_system() -> None:
    finding = the(with_files({"/etc/sysctl.conf": "kernel.panic = 0\n"}), "KD066")
    assert finding.title == "`sysctl --system` would set kernel.panic to 0"
    assert [one.source for one in finding.evidence] == ["/etc/sysctl.conf", PANIC_DROPIN]


def test_all_lines_are_in_the_document_and_in_the_long_report() -> None:
    record = with_files({LOCAL: "kernel.panic = 0\n", "/usr/lib/sysctl.d/zz-local.conf": "kernel.panic = 5\n"}).as_dict(
        "host"
    )
    (setting,) = (one for one in record["facts"]["settings"] if one["key"] == "kernel.panic")
    assert setting["next_boot"] == "0"
    assert setting["next_boot_source"] == {"source": LOCAL, "line": 1}
    assert [(one["source"], one["fate"]) for one in setting["lines"]] == [
        (PANIC_DROPIN, "overruled"),
        (LOCAL, "decides"),
        ("/usr/lib/sysctl.d/zz-local.conf", "masked"),
    ]
    long = render("findings", document([record]), "kdump-enabler enable", verbose=True)
    assert f" kernel.panic: 10 now, 0 at the next boot, from {LOCAL}:1\n   decides    {LOCAL}:1 " in long
    assert "decides    " not in render("findings", document([record]), "kdump-enabler enable")
