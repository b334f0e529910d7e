"""Screens that are too narrow, and files and pipes, in which nothing is cut."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kdump_enabler.report import document, fleet, wrapping
from kdump_enabler.report.causes import Cause
from kdump_enabler.report.names import common_domain
from kdump_enabler.report.text import show_findings, show_hosts
from kdump_enabler.report.to_do import to_do, to_do_in_a_fleet
from kdump_enabler.verdict import Verdict
from tests.unit.fleets import MACHINES, record

DOMAIN = ".dc-north.production.example-company.internal"
NAMES = [f"web{number}-frontend.rack{number % 2}{DOMAIN}" for number in range(len(MACHINES))]
HOSTS = [record(machine, name) for machine, name in zip(MACHINES, NAMES, strict=True)]
FLEET = document.document([*HOSTS, document.nobody(f"db1{DOMAIN}", Verdict.UNREACHABLE, "no route")])
COMMAND = "kdump-enabler enable -i hosts.yml"


def lines(width: int, terminal: bool = True) -> list[str]:
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, height=50, force_terminal=terminal, color_system=None, highlight=False, emoji=False
    )
    result = fleet.shortened(console, FLEET)
    show_hosts(console, result)
    show_findings(console, result, COMMAND)
    return stream.getvalue().splitlines()


def test_a_pipe_gets_whole_names_and_whole_columns() -> None:
    head, *rows = lines(80, terminal=False)[: len(NAMES) + 2]
    assert head.split("   ")[-1] == "wanted"
    for row, host in zip(rows, FLEET["hosts"], strict=True):
        assert row.startswith(f"{host['host']} ")
        assert row[head.index("verdict") :].startswith(host["verdict"])
    assert not any("…" in line for line in lines(80, terminal=False))


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_narrow_terminal_tells_each_host_from_others(width: int) -> None:
    found = lines(width)
    assert DOMAIN in " ".join(found[:2]), "what is left out is told"
    for number in range(len(MACHINES)):
        assert sum(line.strip().startswith(f"web{number}-frontend.rack{number % 2}") for line in found) >= 1
    table = found[: found.index("", 3)]
    assert not any("…" in line for line in table)
    assert max(map(len, found)) <= width
    assert {host["verdict"] for host in FLEET["hosts"]} <= set(" ".join(table).replace(",", "").split())


def test_a_wide_terminal_gets_whole_names() -> None:
    assert lines(160)[1].startswith(f"{NAMES[0]}   ready ")


@pytest.mark.parametrize(
    ("names", "domain"),
    [
        (["a.example.org", "b.example.org"], ".example.org"),
        (["a.x.example.org", "example.org"], ".org"),
        (["web1", "web2"], ""),
        (["web1"], ""),
        (["a.b.c"], ""),
        (["10.0.0.1", "10.0.1.1"], ""),
        (["a.org", "b.com"], ""),
        ([".org", "a.org"], ".org"),
    ],
)
def test_what_names_have_in_common(names: list[str], domain: str) -> None:
    assert common_domain(names) == domain


def shown(head: str, text: str, width: int, **options: bool) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None)
    wrapping.show(console, head, text, **options)
    return stream.getvalue().splitlines()


def test_a_text_goes_on_under_its_beginning() -> None:
    found = shown(" [bold]To do[/]  ", "one [red]two three-four-five[/] six", 30)
    assert found == [" To do  one two", "        three-four-five six"]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("find /var/crash -user root -exec chmod go-rwx {} +", "find /var/crash -user root -exec chmod go-rwx {} +"),
        ("say `journalctl -b -u x` or so", "`journalctl -b -u x`"),
        ("mend the file, then: systemctl restart kdump", "systemctl restart kdump"),
        ("rpm-ostree kargs --append=crashkernel=2G-64G:300M,64G-:512M, then reboot", "--append=crashkernel=2G-64G:"),
        ("an odd ` sign with many words behind it", "sign with many"),
    ],
)
def test_a_command_is_not_broken(text: str, whole: str) -> None:
    found = shown(" ", text, 24)
    assert any(whole in line for line in found)
    assert " ".join(line.strip() for line in found) == text


@given(st.text(alphabet="ab `,:-", max_size=60), st.integers(20, 40))
def test_nothing_is_lost(text: str, width: int) -> None:
    assert " ".join(" ".join(shown("> ", text, width)).split()) == " ".join(f"> {text}".split())


def titled(*titles: str) -> str:
    return Cause({"title": titles[0]}, [], list(titles[1:])).title


def test_titles_of_one_kind_say_what_they_are() -> None:
    unset = [f"{key} is not set for the next boot" for key in ("kernel.panic", "kernel.a", "kernel.b")]
    assert titled(*unset) == "kernel.panic is not set for the next boot; also 2 more: kernel.a, kernel.b"
    key = "The SysRq crash key does not work"
    assert titled(f"{key} at the next boot", f"{key} now") == f"{key} at the next boot and now"
    assert titled("No memory will be reserved", "Too little memory will be reserved") == (
        "No memory will be reserved; also too little"
    )
    assert titled("No dump would fit", "The disk is read-only") == "No dump would fit; also The disk is read-only"
    assert titled("The same", "The same") == "The same (2 times)"


ELSEWHERE = "on that machine: sudo kdump-enabler enable"


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ("debian12-masked", "systemctl unmask kdump-tools.service, then: sudo kdump-enabler enable"),
        ("debian12-pending", f"reboot, or let it be done [bold cyan]{ELSEWHERE} --reboot if-needed[/]"),
        ("debian12-pristine", f"[bold cyan]{ELSEWHERE}[/]"),
    ],
)
def test_what_to_type_on_a_machine_elsewhere(machine: str, said: str) -> None:
    assert list(to_do(document.document([record(machine, "web1")]), ELSEWHERE))[-1] == said


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        ("debian12-pristine", "[bold cyan]on web1, web2: sudo kdump-enabler enable[/]"),
        (
            "debian12-pending",
            "reboot, or let it be done [bold cyan]on web1, web2: sudo kdump-enabler enable --reboot if-needed[/]",
        ),
    ],
)
def test_what_to_type_on_machines_elsewhere(machine: str, said: str) -> None:
    assert list(to_do(document.document([record(machine, "web1"), record(machine, "web2")]), ELSEWHERE)) == [said]


@pytest.mark.parametrize("machine", ["debian12-pending", "debian12-masked"])
def test_a_fleet_has_one_command(machine: str) -> None:
    hosts = [record(machine, name) for name in ("web1", "web2")]
    *by_hand, command = to_do_in_a_fleet(document.document([*hosts, record("debian12-pristine", "web3")]), ELSEWHERE)
    names = "web1, web2, web3" if "masked" in machine else "web3"
    assert command == f"[bold cyan]on {names}: sudo kdump-enabler enable[/]"
    assert by_hand == (["by hand on 2 hosts: KD030, KD040 ([dim]--format html says what[/])"] * ("masked" in machine))


def seen_in_an_archive(machine: str, name: str) -> dict[str, Any]:
    return {**record(machine, name), "seen": {"how": "sosreport", "source": "x.tar", "at": None}}


@pytest.mark.parametrize("make", [to_do, to_do_in_a_fleet])
@pytest.mark.parametrize(
    ("live", "said"),
    [
        ("debian12-pristine", ["[bold cyan]kdump-enabler enable -i hosts.yml[/]"]),
        (
            "debian12-pending",
            ["reboot, or let it be done: [bold cyan]kdump-enabler enable -i hosts.yml --reboot if-needed[/]"],
        ),
        ("debian12-ready", []),
    ],
)
def test_an_archive_is_of_no_host_of_the_inventory(make: Any, live: str, said: list[str]) -> None:
    """Each kind of host has its own line, with what that kind needs."""
    hosts = [record(live, "web1"), *(seen_in_an_archive("debian12-pristine", name) for name in ("db1", "db2"))]
    assert list(make(document.document(hosts), COMMAND)) == [
        *said,
        "[bold cyan]on db1, db2: sudo kdump-enabler enable[/]",
    ]


def test_what_is_done_by_hand_ends_with_the_command_of_its_kind() -> None:
    hosts = [record("debian12-masked", "web1"), seen_in_an_archive("debian12-masked", "db1")]
    unmask = "systemctl unmask kdump-tools.service, then:"
    assert list(to_do(document.document(hosts), COMMAND)) == [
        f"{unmask} {COMMAND}",
        f"{unmask} sudo kdump-enabler enable",
    ]


def test_a_recording_without_a_name_is_not_named_twice() -> None:
    seen = {"how": "recording", "source": "x/evidence.json", "at": None}
    assert document.seen_elsewhere({"host": "x/evidence.json", "seen": seen}) == "recording"
    assert document.seen_elsewhere({"host": "web1", "seen": seen}) == "recording, x/evidence.json"


def test_what_is_to_be_done_on_some_hosts_does_not_hide_what_the_others_need() -> None:
    found = list(to_do(document.document([HOSTS[1], HOSTS[2]]), COMMAND))
    assert found[0] == f"systemctl unmask kdump-tools.service, then: {COMMAND}"
    assert "[bold cyan]kdump-enabler enable -i hosts.yml[/]" in found
