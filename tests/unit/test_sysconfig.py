"""SUSE's /etc/sysconfig/kdump: what the settings mean, and a change of one as sh and bash see it."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kdump_enabler import evidence
from kdump_enabler.changing.changes import FileChange
from kdump_enabler.changing.pinning import pinned
from kdump_enabler.changing.planning import take_away
from kdump_enabler.facts import kdump_config, sysconfig
from kdump_enabler.facts.shell_value import CUT_OUT
from kdump_enabler.facts.tools import shell_values
from tests.hosts import machines, suse
from tests.hosts.machines import Raw
from tests.unit.building import judge, policy

NAMES = (sysconfig.CRASHKERNEL, sysconfig.UPDATE, "KDUMP_SAVEDIR", "KDUMP_POSTSCRIPT", "KDUMP_VERBOSE")
SHOW = "".join(f'printf "%s\\0" "${{{name}-unset}}";' for name in NAMES)
PLACES = [
    ("/var/crash", [("file", "/var/crash")]),
    ("file:///var/crash", [("file", "/var/crash")]),
    ("FILE:///var/crash", [("file", "/var/crash")]),
    ("var/crash", [("", "var/crash")]),
    ("http://host/crash", [("", "host/crash")]),
    ("nfs://host/export/crash", [("nfs", "host:/export/crash")]),
    ("nfs://host", [("nfs", "host")]),
    ("cifs://user:word@host/share", [("cifs", "user:word@host/share")]),
    ("smb://host/share", [("cifs", "host/share")]),
    ("ssh://user@host/crash", [("ssh", "user@host/crash")]),
    ("scp://user@host/crash", [("sftp", "user@host/crash")]),
    ("ftp://host/crash file:///srv", [("ftp", "host/crash"), ("file", "/srv")]),
    ("", []),
]


@pytest.mark.parametrize(("written", "found"), PLACES)
def test_where_dumps_go(written: str, found: list[tuple[str, str]]) -> None:
    assert list(sysconfig.places(written)) == found


@pytest.mark.parametrize(
    ("word", "found"), [("yes", True), ("1", True), ("true", True), ("no", False), ("0", False), ("false", False)]
)
def test_yes_and_no(word: str, found: bool) -> None:
    values = shell_values(f'KDUMP_IMMEDIATE_REBOOT="{word}"\n')
    assert sysconfig.flag(values, "KDUMP_IMMEDIATE_REBOOT", default=not found) is found


@pytest.mark.parametrize("word", ["", "TRUE", "maybe"])
def test_what_is_neither_has_its_default(word: str) -> None:
    values = shell_values(f'KDUMP_AUTO_RESIZE="{word}"\nKDUMP_FREE_DISK_SIZE="{word}"\n')
    assert sysconfig.flag(values, "KDUMP_AUTO_RESIZE", default=False) is False
    assert sysconfig.number(values, "KDUMP_FREE_DISK_SIZE", 64) == 64


def by_shell(text: str, shell: str) -> list[str] | None:
    """The settings after a shell sourced the file; null when it gave up."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kdump")
        path.write_bytes(text.encode())
        run = subprocess.run([shell, "-c", f". '{path}'; {SHOW}"], capture_output=True, check=False, cwd=folder)
    return None if run.returncode else run.stdout.decode().split("\0")


RIGHT = st.one_of(
    st.sampled_from(['""', "''", '"auto"', "auto", "'crashkernel=1G'", '"crashkernel=72M,low crashkernel=300M,high"']),
    st.sampled_from(['"a \\" b"', "a\\ b", "'it''s'", '"two\nlines"', '"on\\\nand on"', "a#b", '"x" # why', "$HOME"]),
    st.sampled_from(["`date +%Y`", '"$(echo x)"', "~", "a;KDUMP_VERBOSE=9", '"never closed', "(a b)"]),
)
LINE = st.one_of(
    st.builds("{}{}={}".format, st.sampled_from(["", "  ", "export ", "#", "# "]), st.sampled_from(NAMES), RIGHT),
    st.sampled_from(["", "## Type: string", "# a comment with a ' in it", "true", "if true; then", "fi", "\t"]),
)
FILE = st.builds(lambda lines, end: "\n".join(lines) + end, st.lists(LINE, max_size=7), st.sampled_from(["", "\n"]))
VALUES = st.sampled_from(["", "false", "crashkernel=256M", "crashkernel=1G-8G:256M,8G-:512M crashkernel=2G@16M"])


@pytest.mark.parametrize("shell", ["sh", "bash"])
@settings(deadline=None, max_examples=300)
@given(text=FILE, name=st.sampled_from(NAMES[:2]), value=VALUES)
@example(text=suse.V2_1, name=NAMES[0], value="crashkernel=256M")
@example(text=suse.V1_0, name=NAMES[0], value="crashkernel=256M")
@example(text='KDUMP_VERBOSE="a\\\nb"\nKDUMP_CRASHKERNEL=a\\\n', name=NAMES[0], value="x")
def test_one_setting_changes_and_no_other_byte(shell: str, text: str, name: str, value: str) -> None:
    """What a shell makes of the file afterwards is what it made before, but for this setting."""
    before, after = by_shell(text, shell), sysconfig.with_value(text, name, value)
    if after is None:
        return
    assert before is not None, "a file that no shell takes is left alone"
    wanted = [value if one == name else was for one, was in zip(NAMES, before, strict=False)]
    assert by_shell(after, shell) == [*wanted, ""]
    written = f'"{value}"'
    cuts = [at for at in range(len(after)) if after.startswith(written, at)]
    assert any(text.startswith(after[:at]) and text.endswith(after[at + len(written) :]) for at in cuts) or (
        after in (f"{text}{name}={written}\n", f"{text}\n{name}={written}\n")
    )


def test_every_file_that_is_shipped_can_be_changed() -> None:
    for text in (suse.V1_0, suse.V2_0, suse.V2_1):
        assert sysconfig.with_value(text, "KDUMP_VERBOSE", "8") is not None


@pytest.mark.parametrize("value", ['a"', "$a", "`a`", "a\\", "a\nb", "a!"])
def test_a_value_that_a_shell_would_change_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        sysconfig.with_value("", "KDUMP_VERBOSE", value)


def test_a_secret_is_no_hindrance() -> None:
    text = f"KDUMP_SMTP_PASSWORD={CUT_OUT}\nKDUMP_CRASHKERNEL=auto\n"
    assert sysconfig.with_value(text, "KDUMP_CRASHKERNEL", "x") == text.replace("auto", '"x"')


def pin(raw: Raw) -> FileChange | None:
    facts = judge(raw).facts
    assert facts is not None
    return pinned(facts, policy())


def with_config(text: str) -> Raw:
    """A machine that somebody gave a reservation by other means, with these settings."""
    raw = machines.load("tumbleweed-undone-later")
    machines.write(raw, suse.SYSCONFIG, text)
    return raw


def test_both_settings_are_pinned_by_their_lines() -> None:
    change = pin(with_config(suse.V2_1))
    assert change is not None
    wanted = f'KDUMP_CRASHKERNEL="crashkernel={suse.RESERVATION}"'
    assert (change.text, change.lines) == (None, {"1": wanted, "2": 'KDUMP_UPDATE_BOOTLOADER="false"'})


def test_a_setting_that_is_missing_is_added() -> None:
    change = pin(with_config('KDUMP_CRASHKERNEL="auto"\n'))
    assert change is not None
    assert change.text == f'KDUMP_CRASHKERNEL="crashkernel={suse.RESERVATION}"\nKDUMP_UPDATE_BOOTLOADER="false"\n'


def test_nothing_is_added_where_a_secret_was_cut_out() -> None:
    """A whole text would put the probe's mark in its place; one of the settings is enough."""
    change = pin(with_config(f'KDUMP_CRASHKERNEL="auto"\nKDUMP_SMTP_PASSWORD={CUT_OUT}\n'))
    assert change is not None
    assert change.lines == {"1": f'KDUMP_CRASHKERNEL="crashkernel={suse.RESERVATION}"'}


@pytest.mark.parametrize(
    "text",
    [
        suse.V2_0,  # before 2.0.19 nobody looks at the command line
        suse.V2_1.replace('"true"', '"no"', 1),
        suse.V2_1.replace('"auto"', '"crashkernel=512M"'),
    ],
)
def test_what_the_service_leaves_alone_is_left_alone(text: str) -> None:
    raw = with_config(text)
    if text == suse.V2_0:
        machines.unit(raw, "kdump-commandline.service", LoadState="not-found")
    assert pin(raw) is None


def test_a_link_is_left_alone() -> None:
    raw = with_config(suse.V2_1)
    raw["files"][suse.SYSCONFIG].update(link="/srv/kdump", exists=True)
    found = judge(raw)
    assert pin(raw) is None
    (finding,) = [one for one in found.findings if one.id == "KD072"]
    assert finding.by_hand
    assert finding.remedy == f'write KDUMP_CRASHKERNEL="crashkernel={suse.RESERVATION}" into {suse.SYSCONFIG}'


def test_a_password_in_a_url_is_neither_shown_nor_taken_for_words() -> None:
    seen = evidence.from_raw(with_config(f"KDUMP_SAVEDIR=ftp://dumps:{CUT_OUT}@host/crash\n"))
    facts = judge(machines.load("tumbleweed-ready")).facts
    assert facts is not None
    (target,) = kdump_config.read(seen, facts.platform).targets
    assert target.written == "KDUMP_SAVEDIR=ftp://dumps:***@host/crash"


def test_an_older_release_starts_from_its_own_initrd() -> None:
    facts = judge(machines.load("sles15.4-ready")).facts
    assert facts is not None
    assert facts.capture_initrd is not None
    assert facts.capture_initrd.path == f"/boot/initrd-{suse.sles15(4).kernels[0]}-kdump"
    assert facts.capture_initrd.error is None


def test_what_is_pinned_stays_when_the_reservation_is_taken_away() -> None:
    """The service is disabled with kdump.service (Also= of its unit), and nobody asks for memory any more."""
    facts = judge(machines.load("tumbleweed-ready")).facts
    assert facts is not None
    plan = take_away(facts)
    assert (plan.disable_unit, plan.regenerate_grub, plan.kdump_config) == ("kdump.service", True, ())
    (change,) = plan.crashkernel
    assert change.lines == {"6": f'GRUB_CMDLINE_LINUX_DEFAULT="{suse.STOCK}"'}


def test_words_that_a_shell_would_not_take_are_not_written_there() -> None:
    """Of several on a command line the last one counts; then it is enough that the service leaves the loader alone."""
    raw = with_config(suse.V2_1)
    machines.replace(raw, suse.GRUB_CFG, suse.RESERVATION, f"$x crashkernel={suse.RESERVATION}")
    change = pin(raw)
    assert change is not None
    assert change.lines == {"2": 'KDUMP_UPDATE_BOOTLOADER="false"'}
