"""Boards: which label or line boots next, and that a change is one word there; sh reads what u-boot-update sources."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdump_enabler import evidence
from kdump_enabler.changing import planning
from kdump_enabler.facts import extlinux, machine, raspberry_pi
from kdump_enabler.facts.machine import Facts
from tests.hosts import machines
from tests.hosts.faults import boards
from tests.hosts.faults.boards import BOARD_ROOT, EXTLINUX, FIRMWARE, PI_LINE, WORDS
from tests.hosts.machines import Raw
from tests.unit.building import judge, seen
from tests.unit.converging import apply, settles

CMDLINE_TXT = f"{FIRMWARE}/cmdline.txt"
FRAGMENT = "/etc/u-boot-menu/conf.d/zz-kdump-enabler.conf"
# A file, and the command line that boots by itself.
MENUS = [
    ("label a\nkernel /a\nappend 1\nlabel b\nkernel /b\nappend 2\n", "1"),
    ("default b\nlabel a\nkernel /a\nappend 1\nlabel b\nkernel /b\nappend 2\n", "2"),
    ("DEFAULT b\nLABEL a\nKERNEL /a\nAPPEND 1\nLABEL b\nLINUX /b\nAPPEND 2\n", "2"),
    ("label a\nkernel /a\nappend 1\nlabel b\nmenu default\nkernel /b\nappend 2\n", "2"),
    ("default a\nlabel a\nkernel /a\nappend 1\nlabel b\nmenu default\nkernel /b\nappend 2\n", "1"),
    ("default a\nontimeout b\nlabel a\nkernel /a\nappend 1\nlabel b\nkernel /b\nappend 2\n", "2"),
    ("default c\nlabel a\nkernel /a\nappend 1\nlabel b\nkernel /b\nappend 2\n", "1"),
    ("label a\nkernel /a\nappend 1\nappend 3\n", "3"),
    ("label a\n\tkernel /a\n#append 2\n\tappend  1  x \r\n", "1  x "),
    ("label a\nlocalboot 1\nlabel b\nkernel /b\nappend 2\n", "2"),
]
# config.txt, and the file that the firmware reads; null where it cannot be told.
FILES = [
    ("", "cmdline.txt"),
    ("cmdline=other.txt\n", "other.txt"),
    ("os_prefix=current/\n", "current/cmdline.txt"),
    ("os_prefix=a/\n[all]\nos_prefix=current/\ncmdline=c.txt\n", "current/c.txt"),
    ("#cmdline=other.txt\n", "cmdline.txt"),
    ("[pi4]\ndtparam=x=on\n", "cmdline.txt"),
    ("[pi4]\ncmdline=other.txt\n", None),
    ("[pi4]\ncmdline=other.txt\n[all]\ncmdline=c.txt\n", "c.txt"),
]
HELD = {"raspios12-firmware-read-only", "raspios12-firmware-by-model", "raspios12-u-boot"}
OURS = sorted(set(boards.MACHINES) - HELD)


@pytest.mark.parametrize(("text", "line"), MENUS)
def test_which_label_boots_by_itself(text: str, line: str) -> None:
    entry = extlinux.read(seen({EXTLINUX: text})).next_entry
    assert entry is not None
    assert entry.command_line == line
    assert line in text.split("\n")[entry.line - 1]


@pytest.mark.parametrize(("config", "file"), FILES)
def test_which_file_the_firmware_reads(config: str, file: str | None) -> None:
    names = {"cmdline.txt", "other.txt", "c.txt", "current/cmdline.txt", "current/c.txt"}
    texts = {f"{FIRMWARE}/{name}": f"from={name}\n" for name in names}
    entry = raspberry_pi.read(seen({**texts, f"{FIRMWARE}/config.txt": config})).next_entry
    assert (entry and entry.command_line) == (f"from={file}" if file else None)


def facts_of(raw: Raw) -> Facts:
    return machine.read(evidence.from_raw(raw))


def carry_out(raw: Raw) -> None:
    apply(raw, judge(raw).plan)


@pytest.mark.parametrize("name", OURS)
def test_every_board_converges(name: str) -> None:
    raw = machines.load(name)
    for _ in range(3):
        carry_out(raw)
    settles(raw)


@pytest.mark.parametrize("name", sorted(HELD - {"raspios12-u-boot"}))
def test_what_cannot_be_changed_is_left_alone(name: str) -> None:
    raw = machines.load(name)
    before = {path: raw["files"][path] for path in raw["files"] if path.startswith("/boot/")}
    carry_out(raw)
    assert {path: raw["files"][path] for path in raw["files"] if path.startswith("/boot/")} == before


def test_a_read_only_card_is_a_matter_for_people() -> None:
    (found,) = (one for one in judge(machines.load("raspios12-firmware-read-only")).findings if one.id == "KD021")
    assert found.by_hand
    assert found.remedy.startswith(f"mount -o remount,rw {FIRMWARE}, ")


@pytest.mark.parametrize("name", OURS)
def test_disable_takes_every_word_away(name: str) -> None:
    raw = machines.load(name)
    carry_out(raw)
    carry_out(raw)
    apply(raw, planning.take_away(facts_of(raw)))
    for path, file in raw["files"].items():
        if path.startswith(("/boot/", "/etc/kernel/cmdline", "/etc/default/raspi")):
            assert "crashkernel" not in file.get("text", ""), path
    assert planning.take_away(facts_of(raw)).crashkernel == ()


@settings(max_examples=60, deadline=None)
@given(
    words=st.lists(st.sampled_from(["quiet", "crashkernel=1M", "a=ü", "splash", 'b="c d"']), max_size=5),
    blank=st.sampled_from([" ", "  "]),
    end=st.sampled_from(["", "\n", "\r\n", "\n\n", "\nsecond line\n"]),
)
def test_one_word_of_cmdline_txt(words: list[str], blank: str, end: str) -> None:
    raw = machines.load("raspios12-firmware")
    text = blank.join([PI_LINE, *words]) + end
    machines.write(raw, CMDLINE_TXT, text)
    carry_out(raw)
    after = raw["files"][CMDLINE_TXT]["text"]
    others = [word for word in text.split() if not word.startswith("crashkernel=")]
    assert [word for word in after.split() if not word.startswith("crashkernel=")] == others
    assert after.endswith(end)
    assert after.split("\n")[1:] == text.split("\n")[1:]
    assert [word for word in after.split("\n")[0].split() if word.startswith("crashkernel=")] == [WORDS]


def test_labels_that_are_not_for_this_system_are_left_alone() -> None:
    raw = machines.load("debian12-arm64-extlinux")
    rescue = f"LABEL rescue\n\tKERNEL /boot/vmlinuz-1\n\tAPPEND {BOARD_ROOT} single\n"
    machines.write(raw, EXTLINUX, raw["files"][EXTLINUX]["text"] + rescue)
    carry_out(raw)
    text = raw["files"][EXTLINUX]["text"]
    assert text.endswith(rescue)
    assert text.count(WORDS) == 2
    assert text.replace(f" {WORDS}", "") == boards.BY_HAND + rescue


def test_settings_that_only_a_shell_can_tell_are_kept_by_the_shell() -> None:
    raw = machines.load("debian12-arm64-u-boot-menu")
    machines.write(raw, "/etc/default/u-boot", 'U_BOOT_PARAMETERS="$(echo crashkernel=1M ro; echo splash)"\n')
    carry_out(raw)
    assert f"append {BOARD_ROOT}  ro\nsplash {WORDS}\n" in raw["files"][EXTLINUX]["text"]
    assert FRAGMENT in raw["files"]


def test_the_tool_is_held_to_the_words_and_its_file() -> None:
    plan = judge(machines.load("debian12-arm64-u-boot-menu")).plan
    assert plan.boot_files is not None
    assert plan.boot_files["commands"] == [["u-boot-update"]]
    assert (plan.boot_files["files"], plan.boot_files["words"]) == ([EXTLINUX], [WORDS])


def test_of_several_boot_loaders_none_is_guessed() -> None:
    raw = machines.load("raspios12-firmware")
    machines.write(raw, EXTLINUX, boards.BY_HAND)
    found = judge(raw)
    assert found.plan.steps() == []
    reason = found.as_dict("x")["reason"]
    assert reason.startswith("it boots with one of several boot loaders")
    assert f"{CMDLINE_TXT}, {FIRMWARE}/config.txt, {EXTLINUX}" in reason


def test_extlinux_conf_comes_before_a_script() -> None:
    raw = machines.load("debian12-arm64-extlinux")
    machines.write(raw, "/boot/boot.scr", "")
    assert facts_of(raw).boot_loader == "extlinux"
