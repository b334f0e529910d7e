"""Which value a key gets at the next boot, after sysctl.d(5) and admin-guide/kernel-parameters.txt."""

from __future__ import annotations

import pytest

from kdump_enabler.facts import sysctl
from tests.unit.building import judge, raw, seen

KEY = "kernel.panic"
ETC, RUN, LOCAL, USR = "/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"
# Files, the value at the next boot, the file that gives it.
CASES: list[tuple[dict[str, str], str | None, str]] = [
    ({}, None, ""),
    ({f"{ETC}/50-a.conf": "kernel.panic = 7\n"}, "7", f"{ETC}/50-a.conf"),
    # files of the same name: the earlier directory hides the later ones
    ({f"{ETC}/50-a.conf": "kernel.panic=1\n", f"{USR}/50-a.conf": "kernel.panic=2\n"}, "1", f"{ETC}/50-a.conf"),
    ({f"{RUN}/50-a.conf": "kernel.panic=1\n", f"{USR}/50-a.conf": "kernel.panic=2\n"}, "1", f"{RUN}/50-a.conf"),
    ({f"{LOCAL}/50-a.conf": "kernel.panic=1\n", f"{USR}/50-a.conf": "kernel.panic=2\n"}, "1", f"{LOCAL}/50-a.conf"),
    ({f"{ETC}/50-a.conf": "kernel.panic=1\n", f"{RUN}/50-a.conf": "kernel.panic=2\n"}, "1", f"{ETC}/50-a.conf"),
    ({f"{ETC}/50-a.conf": "", f"{USR}/50-a.conf": "kernel.panic=2\n"}, None, ""),
    # then all are sorted by name, whatever their directory, and the last assignment wins
    ({f"{ETC}/50-a.conf": "kernel.panic=1\n", f"{USR}/60-b.conf": "kernel.panic=2\n"}, "2", f"{USR}/60-b.conf"),
    ({f"{ETC}/60-b.conf": "kernel.panic=1\n", f"{USR}/50-a.conf": "kernel.panic=2\n"}, "1", f"{ETC}/60-b.conf"),
    ({f"{ETC}/99-zz.conf": "kernel.panic=1\n", f"{ETC}/99-sysctl.conf": "kernel.panic=2\n"}, "1", f"{ETC}/99-zz.conf"),
    ({f"{ETC}/9-a.conf": "kernel.panic=1\n", f"{ETC}/10-a.conf": "kernel.panic=2\n"}, "1", f"{ETC}/9-a.conf"),
    # systemd-sysctl does not read this one by itself
    ({"/etc/sysctl.conf": "kernel.panic=1\n"}, None, ""),
    ({f"{ETC}/README": "kernel.panic=1\n"}, None, ""),
    # explicit settings beat patterns, wherever both stand
    ({f"{ETC}/10-a.conf": "kernel.panic=5\n", f"{ETC}/90-b.conf": "kernel.pani*=0\n"}, "5", f"{ETC}/10-a.conf"),
]
# Text of one file, value, line.
SPELLINGS: list[tuple[str, str | None, int]] = [
    ("kernel.panic=7\n", "7", 1),
    ("  kernel.panic   =   7  \n", "7", 1),
    ("kernel/panic = 7\n", "7", 1),
    ("-kernel.panic = 7\n", "7", 1),
    ("- kernel.panic = 7\n", "7", 1),
    ("kernel.panic = 1\nkernel.panic_on_oops = 1\nkernel.panic = 7\n", "7", 3),
    ("kernel.panic = -1\n", "-1", 1),
    ("# kernel.panic = 7\n", None, 0),
    ("; kernel.panic = 7\n", None, 0),
    ("  # kernel.panic = 7\n", None, 0),
    ("kernel.panic\n", None, 0),
    ("kernel.panic_on_oops = 1\n", None, 0),
    ("kernel.panic = 7", "7", 1),
]
NUMBERS = [
    ("0", 0),
    ("438", 438),
    ("-1", -1),
    ("0x1b6", 438),
    ("0X1B6", 438),
    ("0660", 432),  # C notation (kernel/sysctl.c, proc_get_long): a leading 0 is octal
    ("010", 8),
    ("00", 0),
    ("08", None),
    ("", None),
    (None, None),
    ("yes", None),
    ("1 2", None),
    ("1.5", None),
    ("1_000", None),  # Python's own spellings are none of the kernel's
    ("0b1", None),
    ("0o17", None),
]


@pytest.mark.parametrize(("files", "value", "source"), CASES)
def test_precedence(files: dict[str, str], value: str | None, source: str) -> None:
    found = sysctl.read(seen(files), KEY, "", {}).next_boot
    assert (found.value, found.source) == (value, source) if found else (value, source) == (None, "")


@pytest.mark.parametrize(("text", "value", "line"), SPELLINGS)
def test_spelling(text: str, value: str | None, line: int) -> None:
    found = sysctl.read(seen({f"{ETC}/50-a.conf": text}), KEY, "", {}).next_boot
    assert (found.value, found.line) == (value, line) if found else (value, line) == (None, 0)


def test_a_link_to_dev_null_masks() -> None:
    made = raw({f"{USR}/50-a.conf": "kernel.panic=2\n", f"{ETC}/50-a.conf": ""})
    made["files"][f"{ETC}/50-a.conf"] |= {"link": "/dev/null", "exists": True}
    assert judge_next_boot(made) is None


def test_a_link_is_read_under_its_own_name() -> None:
    made = raw({f"{ETC}/99-sysctl.conf": "kernel.panic=2\n", f"{ETC}/50-a.conf": "kernel.panic=1\n"})
    made["files"][f"{ETC}/99-sysctl.conf"] |= {"link": "../sysctl.conf", "exists": True}
    assert judge_next_boot(made) == "2"


def judge_next_boot(made: dict[str, object]) -> str | None:
    facts = judge(made).facts
    assert facts is not None
    found = facts.settings[KEY].next_boot
    return found.value if found else None


def test_our_own_file_is_told_from_the_others() -> None:
    own = f"{ETC}/zz-kdump-enabler.conf"
    found = sysctl.read(seen({own: "kernel.panic=10\n", f"{ETC}/50-a.conf": "kernel.panic=3\n"}), KEY, own, {})
    assert found.next_boot is not None
    assert found.next_boot_of_others is not None
    assert (found.next_boot.value, found.next_boot_of_others.value) == ("10", "3")


@pytest.mark.parametrize(("files", "value"), [({}, "30"), ({f"{ETC}/50-a.conf": "kernel.panic=1\n"}, "1")])
def test_boot_parameters_come_before_files(files: dict[str, str], value: str) -> None:
    found = sysctl.read(seen(files), KEY, "", {KEY: "30"}).next_boot
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize(("text", "number"), NUMBERS)
def test_integer(text: str | None, number: int | None) -> None:
    assert sysctl.integer(text) == number


def test_running_value_absent_and_unseen() -> None:
    made = raw({"/proc/sys/kernel/panic": "0\n"})
    made["files"]["/proc/sys/kernel/sysrq"] = {"error": "ENOENT"}
    made["files"]["/proc/sys/kernel/panic_on_oops"] = {"error": "EACCES"}
    facts = judge(made).facts
    assert facts is not None
    found = {key: (setting.running, setting.exists) for key, setting in facts.settings.items()}
    assert found["kernel.panic"] == ("0", True)
    assert found["kernel.sysrq"] == (None, False)
    assert found["kernel.panic_on_oops"] == (None, None)
