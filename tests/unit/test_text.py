"""What a person reads, at 100 columns and without colours."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest
from rich.console import Console

from kdump_enabler import commands
from kdump_enabler.report import document, views
from kdump_enabler.report.text import show_findings, show_hosts, show_plan
from kdump_enabler.request import Request
from kdump_enabler.verdict import Verdict
from tests.hosts import machines
from tests.unit.building import judge

COMMAND = "sudo kdump-enabler enable"


def printed(*hosts: Mapping[str, Any], width: int = 100, **options: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, highlight=False, emoji=False)
    show_hosts(console, document.document(hosts))
    show_findings(console, document.document(hosts), COMMAND, **options)
    return stream.getvalue()


def host(machine: str, name: str = "web1") -> dict[str, Any]:
    return judge(machines.load(machine)).as_dict(name)


def words(text: str) -> str:
    """The text without its line breaks, which depend on the width."""
    return " ".join(text.split())


# Machine, what must be there, what must not.
SCREENS = [
    ("debian12-pristine", ["web1", "drift", "256 MiB", COMMAND, "KD010", "kdump-tools, makedumpfile"], []),
    ("debian12-ready", ["web1", "ready"], ["To do", "KD0", "error"]),
    ("debian12-pending", ["reboot-pending", f"{COMMAND} --reboot if-needed"], ["KD061"]),
    ("debian12-switched-off", ["broken", "USE_KDUMP=0", "/etc/default/kdump-tools", COMMAND], []),
    ("debian12-masked", ["broken", "systemctl unmask kdump-tools.service"], []),
    ("debian12-load-disabled-by-file", ["broken", "/etc/sysctl.d/60-hardening.conf", "then reboot"], []),
    (
        "debian12-dumps-readable",
        ["ready", "find /var/crash -path '*/[0-9]*' -user root -exec chmod go-rwx {} +"],
        ["error"],
    ),
    ("debian12-unbalanced-quotes", ["/etc/default/grub", "a quote is opened"], []),
    ("debian12-container", ["unsupported", "this is a container"], ["To do", COMMAND]),
    ("examplix", ["unsupported", "Examplix 3", "Debian 11, 12"], ["To do", COMMAND]),
    ("nixos2505", ["unsupported, a panic now leaves nothing", "boot.crashDump.enable"], ["To do", COMMAND]),
    ("debian12-pristine-unprivileged", ["could not be seen", "/boot/grub/grub.cfg", "with sudo"], []),
]


@pytest.mark.parametrize(("machine", "there", "absent"), SCREENS)
def test_one_machine(machine: str, there: list[str], absent: list[str]) -> None:
    text = words(printed(host(machine)))
    assert [word for word in there if word not in text] == []
    assert [word for word in absent if word in text] == []


@pytest.mark.parametrize("machine", machines.names())
def test_fits_and_has_no_colours(machine: str) -> None:
    text = printed(host(machine), infos=True)
    assert "\x1b" not in text
    # What is to be typed is not broken into lines: it is copied; nor is a word.
    lines = [line.strip() for line in text.splitlines() if "to do" not in line.lower() and len(line) > 100]
    assert [line for line in lines if " " in line] == []


def test_enable_is_not_named_where_it_cannot_help() -> None:
    """What only an administrator can mend is not promised of `enable`."""
    text = printed(host("debian12-load-disabled-by-file"))
    assert COMMAND not in text


def test_infos_are_for_those_who_ask() -> None:
    assert "KD071" not in printed(host("debian12-sysrq-off"))
    assert "KD071" in printed(host("debian12-sysrq-off"), infos=True)


def test_who_asks_sees_where_all_of_it_was_seen() -> None:
    short, whole = printed(host("debian12-losing")), printed(host("debian12-losing"), infos=True)
    places = ("/etc/default/grub:4: crashkernel=512M", "/etc/default/grub.d/kdump-tools.cfg:1: crashkernel=384M-:128M")
    assert [place for place in places if f"seen in {place}" not in whole] == []
    assert [place for place in places if place in short] == []


def test_who_asks_sees_what_is_left_to_a_person_at_each_finding() -> None:
    """Our own command is told once, at the end."""
    text = printed(host("debian12-masked"), host("debian12-pristine", "web2"), infos=True)
    assert text.count(f"          to do: systemctl unmask kdump-tools.service, then: {COMMAND}") == 2
    assert "to do: nothing: it goes live when a capture kernel is loaded" in text
    assert f"to do: {COMMAND}" not in text


def test_a_fleet_shares_its_findings() -> None:
    fleet = [host("debian12-pristine", f"web{number}") for number in range(1, 7)]
    text = words(printed(*fleet, host("debian12-ready", "db1")))
    assert text.count("The kdump tools are not installed") == 1
    assert "web1, web2, web3, web4 and 2 more" in text
    assert all(name in text for name in ("web6", "db1"))


def test_a_plan_names_what_would_change_and_what_comes_after() -> None:
    stream = io.StringIO()
    show_plan(Console(file=stream, width=100), document.document([host("debian12-pristine"), host("debian12-ready")]))
    words = stream.getvalue()
    assert "kdump-tools, makedumpfile" in words
    assert "after installation" in words
    assert "Nothing to do" in words


def test_hosts_with_the_same_plan_are_one() -> None:
    stream = io.StringIO()
    hosts = [host("debian12-pristine", f"web{number}") for number in range(1, 8)]
    others = [host("debian12-ready", "db1"), host("debian12-pending", "db2")]
    show_plan(Console(file=stream, width=100), document.document([*hosts, *others]))
    assert "A run would, on web1, web2, web3, web4 and 3 more:" in stream.getvalue()
    assert "Nothing to do on db1." in stream.getvalue()
    assert "A run would, on db2: reboot where --reboot allows it" in " ".join(stream.getvalue().split())


def test_errors_before_warnings() -> None:
    text = printed(host("debian12-installed"))
    assert text.index("KD051") < text.index("KD024")


def test_trouble_is_told_with_its_hint() -> None:
    found = host("debian12-pristine") | {"trouble": {"kind": "x", "sentence": "It is locked.", "hint": "Wait."}}
    assert "It is locked. Wait." in words(printed(found))


def test_trouble_shows_the_lines_it_is_about() -> None:
    trouble = {"kind": "x", "sentence": "/etc/[a] is changed", "hint": "", "diff": "--- /etc/[a]\n-1\n+\x1b2"}
    text = printed(host("debian12-pristine") | {"trouble": trouble})
    assert [line.strip() for line in text.splitlines()][-4:-1] == ["Going back would change:", "--- /etc/[a]", "-1"]
    assert "\x1b" not in text


@pytest.mark.parametrize("continued", [True, False])
def test_a_killed_run_is_told(continued: bool) -> None:
    killed = {"run": "20261121T101112Z", "goal": "enable", "started_at": "x", "continued": continued}
    text = words(printed(host("debian12-ready") | {"killed_run": killed}))
    told = "went on with it" if continued else "ended it. What it had changed is in its backup set"
    assert f"enable 20261121T101112Z had been killed; this run {told}." in text


def test_an_unreachable_host_has_its_reason() -> None:
    text = words(printed(document.nobody("web1", Verdict.UNREACHABLE, "Connection refused")))
    assert "web1 is unreachable: Connection refused." in text


def test_brackets_in_a_name_are_no_markup() -> None:
    found = host("debian12-ready", "[red]web[/red]")
    assert "[red]web[/red]" in printed(found)


@pytest.mark.parametrize("machine", machines.names())
def test_one_machine_is_one_screen(machine: str) -> None:
    """On a terminal of 80 columns and 24 lines, whatever is wrong; all of it is for those who ask."""
    stream = io.StringIO()
    console = Console(file=stream, width=80, height=24, force_terminal=True, color_system=None)
    result = document.document([host(machine)])
    show_hosts(console, result)
    show_findings(console, result, COMMAND)
    assert len(stream.getvalue().splitlines()) < 24


def changed(*names: str, hosts: tuple[str, ...] = ("web1", "web2"), **more: object) -> str:
    records = [host("debian12-ready", name) for name in hosts]
    return views.render("findings", {**document.document(records), "changed": list(names), **more}, COMMAND)


def test_a_run_says_what_it_changed_last() -> None:
    assert changed(hosts=("web1",)).endswith("\n\n Nothing was changed.")
    assert changed().endswith("\n\n Nothing was changed.")
    assert changed("web2").endswith("\n\n Changed 1 of 2 hosts: web2")
    assert "hanged" not in changed("web1", hosts=("web1",)), "each change was told"
    assert "hanged" not in changed(cut_off={"why": "Interrupted", "hosts": 2, "answered": 2})
    assert "hanged" not in printed(host("debian12-ready")), "looking changes nothing"


def test_what_could_not_be_seen_is_not_called_unchanged() -> None:
    result = document.document([host("debian12-ready"), document.nobody("web2", Verdict.UNREACHABLE, "no route")])
    assert views.render("findings", {**result, "changed": []}, COMMAND).endswith(
        "\n\n Nothing was changed on the hosts that answered."
    )


HOSTILE = [
    "[red]evil[/red]",
    "a\x1b[31mb",
    "two\nlines",
    "\x1b]0;title\x07",
    "\u202eback",
    "[/]",
    "end\\",
    ":skull:",
    "\udc80",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_host_says_is_shown_and_not_obeyed(name: str) -> None:
    found = host("debian12-switched-off", name)
    found["facts"]["name"] = found["reason"] = name
    for finding in found["findings"]:
        finding.update(title=name, current=name, wanted=name, remedy=name)
        finding["evidence"][0]["source"] = name
    found["trouble"] = {"kind": "x", "sentence": name, "hint": name}
    pair = [found, {**found, "host": "second", "trouble": None}]
    pair[1].pop("trouble")
    stream = io.StringIO()
    console = Console(file=stream, width=400, highlight=False, emoji=False, force_terminal=True, color_system=None)
    show_hosts(console, document.document(pair))
    show_findings(console, document.document(pair), COMMAND)
    show_plan(console, document.document([pair[1] | {"reason": ""}]))
    text = stream.getvalue()
    assert not [sign for sign in text if not sign.isprintable() and sign != "\n"]
    shown = name if name.isprintable() else ascii(name)[1:-1]
    assert text.count(shown) >= 8, text


def test_a_hostile_machine_through_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(machines.HERE / "debian12-markup" / "evidence.json")
    result = commands.look_here(given=[path])
    result["hosts"][0]["host"] = "[red]evil[/red]"
    request = Request(form="table", output=None, verbose=True)
    assert commands.finish(result, request) == 2
    text = capsys.readouterr().out
    assert all(sign.isprintable() or sign == "\n" for sign in text)
    for literal in ("[red]evil[/red]", "[blink]12[/blink] \\x1b[31m:skull:", "\\x1b]0;owned\\x07\\u202e[link="):
        assert literal in words(text)
