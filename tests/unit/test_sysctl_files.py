"""Fixed layouts of sysctl.d files; tests/system/test_sysctl_files.py holds the same model against the programs. What is
here was seen of systemd 252 and 257 and procps 4.0.2 and 4.0.7 there."""

from __future__ import annotations

import pytest

from kdump_enabler.evidence import Evidence, from_raw
from kdump_enabler.facts import sysctl, sysctl_files
from kdump_enabler.facts.sysctl_value import taken
from kdump_enabler.policy import sysctls
from tests.hosts import machines
from tests.unit.building import raw, seen

KEY = "kernel.panic"
ETC, USR, LIB, CONF = "/etc/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d", "/etc/sysctl.conf"
OWN = f"{ETC}/50-own.conf"
A, B = f"{ETC}/10-a.conf", f"{ETC}/90-b.conf"
# Text of one file, and what systemd-sysctl and `sysctl --system` make of it.
TEXTS: list[tuple[str, str | None, str | None]] = [
    ("kernel.panic = 7\r\n", "7", "7"),
    ("kernel.panic = 7\rkernel.panic = 8", "8", None),  # for procps one line, and no number
    ("kernel.panic = 7\0kernel.panic = 8\n", "8", "7"),
    ("kernel.panic = 7 \\\n", "7", "7"),
    ("kernel.panic = 7\\\n", None, None),
    ("#\udce9\udcff\nkernel.panic = 7\n", "7", "7"),
    ("a = " + "b" * 9000 + "\nkernel.panic = 7", "7", "7"),
    ("\vkernel.panic = 7\n", None, "7"),  # only C's isspace() takes it for a space
    ("kernel.panic = 7\v\n", None, "7"),
    # names
    ("/kernel/panic = 7\n", "7", "7"),
    (".kernel.panic = 7\n", "7", "7"),
    ("kernel..panic = 7\n", "7", "7"),
    ("kernel/panic/ = 7\n", "7", None),
    ("kernel/./panic = 7\n", "7", "7"),
    ("kernel/../kernel/panic = 7\n", None, "7"),
    ("./kernel.panic = 7\n", None, None),
    ("kernel\\panic = 7\n", None, None),
    ("KERNEL.PANIC = 7\n", None, None),
    ("- kernel.panic = 7\n", "7", None),
    ("--kernel.panic = 7\n", None, "7"),
    ("= 7\n-\n-=\n", None, None),
    # values: a C integer takes the first word
    ("kernel.panic = 7 8\n", "7", "7"),
    ("kernel.panic = 0x10\n", "0x10", "0x10"),
    ("kernel.panic = +7\n", None, None),
    ("kernel.panic = =7\n", None, None),
    # systemd-sysctl writes the last only; `sysctl --system` writes all, and the last that is taken stays
    ("kernel.panic = 7\nkernel.panic =\n", None, "7"),
    ("kernel.panic = 7\nkernel.panic = off\n", None, "7"),
    ("kernel.panic = 7\nkernel.panic = 2147483648\n", None, "7"),
    # exclusions
    ("kernel.panic = 7\n-kernel.panic\n", None, "7"),
    ("-kernel.panic\nkernel.panic = 7\n", "7", "7"),
    ("kernel.pan* = 7\n-kernel.panic\n", None, None),
    ("-kernel.panic = 7\n", "7", "7"),
    ("kernel.pan* = 7\n-kernel.pan*\n", None, None),
    ("kernel.pan* = 7\n-kernel.p*\n", "7", None),  # procps-ng 4.0.5 and later takes out patterns
    ("kernel.pan* = 7\n-kernel.[^o]*\n", "7", None),
    ("kernel.pan* = 7\n-kernel.[^p]*\n", "7", "7"),
    # patterns
    ("kernel.panic = 7\nkernel.* = 8\n", "7", "7"),
    ("*.pan?c = 7\n", "7", "7"),
    ("kernel/[op]anic = 7\n", "7", "7"),
    ("kernel/[!o]anic = 7\n", "7", "7"),
    ("kernel/[^p]anic = 7\n", None, None),
    ("* = 7\n", None, None),
    ("kernel.p* = 7\nkernel.pa* = 8\nkernel.p* = 7\n", "8", "7"),  # systemd leaves a repeated one where it was
    ("kernel.p* = 6\nkernel.pa* = 8\nkernel.p* = 7\n", "7", "7"),
    ("kernel.p* = 7\nkernel.pa* = off\n", "7", "7"),
]
BOTH = [
    # files, what systemd-sysctl makes of them, what `sysctl --system` does
    ({A: "kernel.panic=1", CONF: "kernel.panic=2"}, "1", "2"),
    ({CONF: "kernel.panic=2"}, None, "2"),
    ({f"{ETC}/é.conf": "kernel.panic=1", f"{ETC}/z.conf": "kernel.panic=2"}, "1", "1"),
    ({f"{ETC}/B.conf": "kernel.panic=1", f"{ETC}/a.conf": "kernel.panic=2"}, "2", "2"),
    ({A: "kernel.panic=1", f"{LIB}/90-b.conf": "kernel.panic=2"}, "2", "2"),
    ({A: "kernel.panic=1", sysctl_files.CREDENTIAL: "kernel.panic=2"}, "2", "1"),
]
NUMBERS = [
    ("2147483647", "2147483647"),
    ("2147483648", None),
    ("-2147483648", "-2147483648"),
    ("0" * 19 + "1", "0" * 19 + "1"),
    ("0" * 20 + "1", None),
    ("7\t8", "7"),
    ("7\r", None),
    ("0x", None),
    ("--7", None),
]


def values(evidence: Evidence) -> tuple[str | None, str | None]:
    """What both programs make of the files."""
    found = sysctl.read(evidence, KEY, "", {})
    return tuple(one.value if one else None for one in (found.next_boot, found.by_command))  # type: ignore[return-value]


def mentions(evidence: Evidence, key: str = KEY) -> list[tuple[str, int, str, str]]:
    found = sysctl.read(evidence, key, OWN, {}).mentions
    return [(one.source, one.line, one.fate, one.by) for one in found]


@pytest.mark.parametrize(("text", "systemd", "procps"), TEXTS)
def test_one_file(text: str, systemd: str | None, procps: str | None) -> None:
    made = raw({A: ""})
    made["files"][A]["text"] = text  # as the probe tells it, bytes of no text included
    assert values(from_raw(made)) == (systemd, procps)


@pytest.mark.parametrize(("files", "systemd", "procps"), BOTH)
def test_files(files: dict[str, str], systemd: str | None, procps: str | None) -> None:
    assert values(seen(files)) == (systemd, procps)


@pytest.mark.parametrize(("text", "number"), NUMBERS)
def test_what_a_c_integer_takes(text: str, number: str | None) -> None:
    assert taken(text) == number


def test_what_is_no_c_integer_is_read_by_its_own_rules() -> None:
    """Lists of words, and unsigned numbers."""
    texts = {"kernel.panic_sys_info": "tasks,mem", "kernel.oops_limit": "4294967295", "kernel.panic": "4294967295"}
    evidence = seen({A: "".join(f"{key} = {value}\n" for key, value in texts.items())})
    found = {key: sysctl.read(evidence, key, OWN, {}, takes=sysctls.table()[key].takes).next_boot for key in texts}
    said = {key: assignment and assignment.value for key, assignment in found.items()}
    assert said == {**texts, "kernel.panic": None}


@pytest.mark.parametrize("link", [{"link": "/dev/null", "exists": True}, {"link": "gone", "error": "ENOENT"}])
def test_a_link_hides_whatever_it_leads_to(link: dict[str, object]) -> None:
    made = raw({f"{USR}/10-a.conf": "kernel.panic=2"})
    made["files"][A] = link
    assert values(from_raw(made)) == (None, None)


def test_a_file_that_is_known_to_be_gone_hides_nothing() -> None:
    made = raw({f"{USR}/10-a.conf": "kernel.panic=2"})
    machines.remove(made, A)
    assert values(from_raw(made)) == ("2", "2")


def test_a_masked_unit_reads_nothing() -> None:
    made = raw({A: "kernel.panic=2"})
    made["files"][sysctl_files.UNIT] = {"link": "/dev/null", "exists": True}
    found = sysctl.read(from_raw(made), KEY, OWN, {})
    assert (found.next_boot, found.blocker) == (None, sysctl.Assignment("", sysctl_files.UNIT, 0))
    assert mentions(from_raw(made)) == [(A, 1, "unread", sysctl_files.UNIT)]


def test_every_line_has_its_fate() -> None:
    made = seen(
        {
            A: "kernel.panic = 1\nkernel.pan* = 2\n",
            B: "\nkernel/panic = 3\n",
            f"{USR}/90-b.conf": "kernel.panic = 4\n",
            CONF: "kernel.panic = 5\n",
        }
    )
    by = f"{B}:2"
    assert mentions(made) == [
        (A, 1, "overruled", by),
        (A, 2, "overruled", by),
        (B, 2, "decides", ""),
        (f"{USR}/90-b.conf", 1, "masked", B),
        (CONF, 1, "unread", ""),
    ]


@pytest.mark.parametrize(
    ("last", "fate"),
    [("kernel.panic = off", "refused"), ("-kernel.panic", "excludes"), ("kernel.panic = 1", "decides")],
)
def test_the_fate_of_the_line_that_counts(last: str, fate: str) -> None:
    made = seen({A: "kernel.panic = 9\n", B: last})
    assert mentions(made) == [(A, 1, "overruled", f"{B}:1"), (B, 1, fate, "")]


def test_a_pattern_decides_whose_successor_is_refused() -> None:
    made = seen({A: "kernel.pan* = 9\n", B: "kernel.pani* = off\n"})
    assert mentions(made) == [(A, 1, "decides", ""), (B, 1, "refused", "")]


def test_sysctl_conf_is_read_where_a_link_leads_to_it() -> None:
    made = raw({CONF: "kernel.panic = 5\n", f"{ETC}/99-sysctl.conf": "kernel.panic = 5\n"})
    made["files"][f"{ETC}/99-sysctl.conf"] |= {"link": "../sysctl.conf", "exists": True}
    assert mentions(from_raw(made)) == [(f"{ETC}/99-sysctl.conf", 1, "decides", "")]


def test_one_directory_under_two_names_hides_nothing() -> None:
    made = seen({f"{USR}/10-a.conf": "kernel.panic=2", f"{LIB}/10-a.conf": "kernel.panic=2"})
    assert mentions(made) == [(f"{USR}/10-a.conf", 1, "decides", "")]


@pytest.mark.parametrize(
    ("files", "blocker"),
    [
        ({A: "kernel.panic = 0"}, None),
        ({B: "kernel.panic = 0"}, (B, 1)),
        ({B: "kernel.* = 0"}, None),  # what is named beats a pattern
        ({B: "\n-kernel.panic"}, (B, 2)),
        ({B: "kernel.panic = off"}, (B, 1)),
        ({sysctl_files.CREDENTIAL: "kernel.panic = 0"}, (sysctl_files.CREDENTIAL, 1)),
        ({"/run/sysctl.d/50-own.conf": "kernel.panic = 0"}, None),  # ours, in /etc, hides it
    ],
)
def test_what_our_drop_in_cannot_beat(files: dict[str, str], blocker: tuple[str, int] | None) -> None:
    for present in ({}, {OWN: "kernel.panic = 10\n"}):
        found = sysctl.read(seen({**files, **present}), KEY, OWN, {}).blocker
        assert (found and (found.source, found.line)) == blocker


@pytest.mark.parametrize(("text", "closed"), [("kernel.panic = 1", None), ("kernel.pan* = 1", A), ("", A)])
def test_a_closed_file_may_overrule_what_only_a_pattern_says(text: str, closed: str | None) -> None:
    made = raw({B: text})
    machines.unreadable(made, A)
    assert sysctl.read(from_raw(made), KEY, OWN, {}).closed_file == closed
