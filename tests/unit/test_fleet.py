"""A fleet on one screen, and results that are read again."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from kdump_enabler import commands
from kdump_enabler.errors import UserError
from kdump_enabler.report import baseline, causes, document, fleet
from kdump_enabler.report.writing import write
from kdump_enabler.request import Request
from kdump_enabler.verdict import Verdict
from tests.result_schema import keeps_to_the_schema
from tests.unit.fleets import fleet as make_fleet
from tests.unit.fleets import record

BIG = make_fleet(10_000)


def printed(result: dict[str, object], width: int = 100) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, highlight=False, emoji=False, force_terminal=True, color_system=None)
    fleet.show_overview(console, result)
    fleet.show_causes(console, result, "kdump-enabler enable -i hosts.yml")
    if "baseline" in result:
        fleet.show_changes(console, result["baseline"])  # type: ignore[arg-type]
    return stream.getvalue().splitlines()


def test_ten_thousand_hosts_are_one_screen() -> None:
    lines = printed(BIG)
    assert len(lines) < 50
    assert lines[-1] == " To do  kdump-enabler enable -i hosts.yml"
    assert max(map(len, lines)) <= 100


def test_the_overview_counts() -> None:
    text = "\n".join(printed(BIG))
    assert "10000 hosts: a panic now leaves a dump on 2000, nothing on 8000, is unknown on 0\n" in text
    assert "broken            2000  web3, web8 and 1998 more" in text
    assert "  2000  Examplix 3" in text


def test_the_headline_adds_up() -> None:
    """What is not ours to configure, and could not be seen whole, is not called unknown."""
    kinds = ["debian12-ready"] * 4 + ["debian12-masked"] * 3
    hosts = [record(machine, f"web{number}") for number, machine in enumerate(kinds)]
    containers = [{**record("debian12-container", f"ct{number}"), "captures_now": None} for number in range(2)]
    gone = document.nobody("gone", Verdict.UNREACHABLE, "timed out")
    result = document.document([*hosts, *containers, gone])
    said = "a panic now leaves a dump on 4, nothing on 3, is unknown on 1, is not judged on 2"
    assert printed(result)[0] == f" 10 hosts: {said}"


def test_a_step_that_failed_is_told_with_its_hosts() -> None:
    stuck = {"trouble": {"kind": "x", "sentence": "The disk is full.", "hint": ""}}
    hosts = [{**host, **stuck} if host["host"] in ("web1", "web6") else host for host in BIG["hosts"]]
    assert any("     2  The disk is full.  web1, web6" in line for line in printed(document.document(hosts)))


def test_what_got_worse_is_named() -> None:
    worse = [record("debian12-masked", "web1"), *BIG["hosts"][1:]]
    result = document.document(worse)
    text = "\n".join(printed({**result, "baseline": baseline.compared(BIG, result)}, width=200))
    assert "0 better, 1 worse, 0 new, 0 gone" in text
    assert "worse   web1  ready → broken" in text


def test_who_got_better_came_and_went_is_named() -> None:
    before = document.document([record("debian12-masked", "web1"), record("debian12-ready", "old1")])
    result = document.document([record("debian12-ready", "web1"), record("debian12-ready", "web2")])
    text = "\n".join(printed({**result, "baseline": baseline.compared(before, result)}, width=200))
    assert "1 better, 0 worse, 1 new, 1 gone" in text
    for line in ("better  web1  broken → ready", "new     web2", "gone    old1"):
        assert line in text


def test_causes_of_one_rule_are_one() -> None:
    found = {cause.finding["id"]: cause for cause in causes.by_rule(BIG["hosts"])}
    assert len(found["KD060"].hosts) == len(set(found["KD060"].hosts))
    assert "; also 3 more: kernel.panic_on_oops, kernel.panic_on_unrec" in found["KD060"].title


def test_a_small_fleet_is_shown_host_by_host(capsys: pytest.CaptureFixture[str]) -> None:
    commands.say(make_fleet(5), Request(form="table", output=None), "findings")
    assert "verdict" in capsys.readouterr().out
    commands.say(make_fleet(fleet.MANY + 1), Request(form="table", output=None), "findings")
    assert "31 hosts" in capsys.readouterr().out


def written(path: Path, value: object) -> str:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)


def test_the_newest_record_of_a_host_counts(tmp_path: Path) -> None:
    older = document.document(
        [record("debian12-ready", "web1"), record("debian12-ready", "web2")], "2026-11-14T06:00:00+00:00"
    )
    newer = document.document([document.nobody("web1", Verdict.UNREACHABLE, "timed out")], "2026-11-15T06:00:00+00:00")
    paths = [written(tmp_path / "newer.json", newer), written(tmp_path / "older.json", older)]
    result = document.merged(map(document.load, paths))
    assert [(host["host"], host["verdict"]) for host in result["hosts"]] == [("web1", "unreachable"), ("web2", "ready")]
    assert result["generated_at"] == "2026-11-15T06:00:00+00:00"
    assert result["summary"]["unreachable"] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: this is not JSON"),
        ('{\n "a": 1,,\n}', "line 2: this is not JSON"),
        ("[]", "is not a result"),
        ('{"schema": "kdump-enabler/result/2", "hosts": []}', "is not a result of the format kdump-enabler/result/1"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        document.load(written(tmp_path / "x.json", text))


def test_one_file_that_is_no_result_is_a_row_among_the_others(tmp_path: Path) -> None:
    good = written(
        tmp_path / "good.json", document.document([record("debian12-ready", "web1")], "2026-11-14T06:00:00+00:00")
    )
    bad = written(tmp_path / "bad.json", "{")
    result = document.merged(document.loaded([good, bad]))
    keeps_to_the_schema(result)
    assert {host["host"]: host["verdict"] for host in result["hosts"]} == {bad: "unknown", "web1": "ready"}
    assert (result["generated_at"], document.exit_code(result)) == ("2026-11-14T06:00:00+00:00", 2)
    with pytest.raises(UserError, match="this is not JSON"):
        document.loaded([bad, bad])


def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fleet.prom"
    write(path, "old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        write(path, "new")
    assert [file.name for file in tmp_path.iterdir()] == ["fleet.prom"]
    assert path.read_text() == "old"
    write(Path("/dev/null"), "what is no file is written to as it is")


def test_who_has_no_evidence_is_named_after_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unseen = [document.nobody(f"gone{number}", Verdict.UNREACHABLE, "timed out") for number in range(1, 6)]
    result = document.document([record("debian12-ready", "web1"), *unseen])
    place = str(tmp_path / "seen")
    kept = Request(form="json", output=None, inventory="hosts.yml", save_evidence=place)
    assert commands.finish(result, kept) == 2
    names = "gone1, gone2, gone3, gone4 and 1 more"
    said = f"kdump-enabler: {place} has no new file for {names}: nothing was seen there.\n"
    assert capsys.readouterr().err == said
    assert commands.finish(document.document(result["hosts"][:1]), kept) == 0
    assert commands.finish(result, Request(form="json", output=None, inventory="hosts.yml")) == 2
    assert capsys.readouterr().err == ""


def test_a_baseline_is_read_before_anything_is_looked_at(tmp_path: Path) -> None:
    request = Request(form="table", output=None, baseline=written(tmp_path / "x.json", "[]"))
    with pytest.raises(UserError, match="is not a result"):
        commands.compared(request, lambda: pytest.fail("it looked"))


def test_this_machine_is_not_rebooted() -> None:
    with pytest.raises(UserError, match="for the hosts of an inventory"):
        commands.reboot(Request(form="table", output=None, yes=True))
