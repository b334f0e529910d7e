"""/etc/kdump.conf: what kdumpctl reads in it, what it refuses, and an editor that changes one value and no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdump_enabler.facts import kdump_conf
from kdump_enabler.facts.kdump_conf import KNOWN, Directive

SHIPPED = """# Comment
#raw /dev/vg/lv_kdump
auto_reset_crashkernel yes
path /var/crash
core_collector makedumpfile -l --message-level 7 -d 31
"""
READ = [
    ("path /var/crash\n", [("path", "/var/crash", 1)]),
    ("  path\t/srv  # where there is room\n", [("path", "/srv", 1)]),
    ('\n# path /old\npath "/srv"\n', [("path", "/srv", 3)]),
    ("core_collector makedumpfile -l  -d 31 \n", [("core_collector", "makedumpfile -l  -d 31", 1)]),
    ("path\n", [("path", "", 1)]),
    ("path #/srv\n", [("path", "", 1)]),
    ("nfs [2001:db8::1]:/export", [("nfs", "[2001:db8::1]:/export", 1)]),
    ("   \n#\n", []),
]
REFUSED = [
    ("path /a\npath /b\n", 2, "line 1 says path /a already"),
    ("path /a\npath /a\n", 2, "only one may"),
    ("nfs a:/b\nssh c@d\n", 2, "line 1 says nfs a:/b already"),
    ("xfs /dev/sda1\next4 /dev/sda2\n", 2, "only one may"),
    ("default shell\nfailure_action reboot\n", 2, "line 1 says default shell already"),
    ('dracut_args --mount "/dev/sda1 /kdumproot ext4"\nnfs a:/b\n', 2, "line 1 says dracut_args --mount"),
    ("dracut_args -o x\ndracut_args --mount x\n", 2, "line 1 says dracut_args -o x"),
    ("paht /srv\n", 1, "kdumpctl knows no paht"),
    ("link_delay 60\n", 1, "knows no link_delay"),
    ("path = /srv\npath\n", 2, "path has no value"),
    ("failure_action sleep\n", 1, "failure_action is one of dump_to_rootfs, halt, poweroff, reboot, shell"),
    ("final_action shell\n", 1, "final_action is one of halt, poweroff, reboot"),
    ("force_rebuild yes\n", 1, "force_rebuild is one of 0, 1"),
    ("force_rebuild 1\nforce_no_rebuild 1\n", 2, "line 1 says force_rebuild 1"),
    ("ssh dump.example.com\n", 1, "it is not USER@HOST"),
    ("core_collector makedumpfile -l -d 31\nssh a@b\n", 1, "with ssh, makedumpfile needs its option -F"),
    ("raw /dev/sdb\ncore_collector makedumpfile -d 31\n", 2, "with raw, makedumpfile needs its option -F"),
]
TAKEN = [
    SHIPPED,
    "",
    "ssh a@b\ncore_collector makedumpfile -F -l -d 31\n",
    "ssh a@b\ncore_collector scp\n",
    "nfs a:/b\npath dumps\ndefault dump_to_rootfs\nfinal_action poweroff\n",
    "force_rebuild 0\nforce_no_rebuild 1\n",
    "dracut_args --omit-drivers a\next4 LABEL=x\n",
]
LINE = st.one_of(
    st.sampled_from(SHIPPED.split("\n")),
    st.sampled_from(
        ["path", "\tpath /srv # x", 'path "/a b"', "auto_reset_crashkernel", "auto_reset_crashkernel\tyes#", ""]
    ),
    st.text(st.characters(exclude_characters="\n"), max_size=20),
)


@pytest.mark.parametrize(("text", "found"), READ)
def test_read(text: str, found: list[tuple[str, str, int]]) -> None:
    assert kdump_conf.read(text) == tuple(Directive(*one) for one in found)


@pytest.mark.parametrize(("text", "line", "words"), REFUSED)
def test_refused(text: str, line: int, words: str) -> None:
    fault = list(kdump_conf.faults(kdump_conf.read(text)))[-1]
    assert fault.directive.line == line
    assert words in fault.reason


@pytest.mark.parametrize("text", TAKEN)
def test_taken(text: str) -> None:
    assert list(kdump_conf.faults(kdump_conf.read(text))) == []


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("auto_reset_crashkernel yes\npath /a\n", "auto_reset_crashkernel no\npath /a\n"),
        ("auto_reset_crashkernel\tyes # why\n", "auto_reset_crashkernel\tno # why\n"),
        ("path /a", "path /a\nauto_reset_crashkernel no\n"),
        ("path /a\n", "path /a\nauto_reset_crashkernel no\n"),
        ("", "auto_reset_crashkernel no\n"),
        ("auto_reset_crashkernel\n", "auto_reset_crashkernel no\n"),
        ("#auto_reset_crashkernel yes\n", "#auto_reset_crashkernel yes\nauto_reset_crashkernel no\n"),
    ],
)
def test_with_value(text: str, after: str) -> None:
    assert kdump_conf.with_value(text, "auto_reset_crashkernel", "no") == after


@given(
    st.lists(LINE, max_size=6).map("\n".join), st.sampled_from(sorted(KNOWN)), st.sampled_from(["no", "/srv/a b", "1"])
)
def test_an_edit_sets_one_value_and_keeps_every_other_byte(text: str, key: str, value: str) -> None:
    before, after = kdump_conf.read(text), kdump_conf.read(kdump_conf.with_value(text, key, value))
    mine = kdump_conf.value_of(after, key)
    assert mine is not None
    assert mine.value == value
    lines, edited = text.split("\n"), kdump_conf.with_value(text, key, value).split("\n")
    if kdump_conf.value_of(before, key):
        assert len(lines) == len(edited)
        assert [at for at, pair in enumerate(zip(lines, edited, strict=True), 1) if len(set(pair)) > 1] in (
            [],
            [mine.line],
        )
    else:
        assert [*edited[: len(lines)], ""][: len(lines)] == lines or (edited[: len(lines) - 1], lines[-1]) == (
            lines[:-1],
            "",
        )
        assert len(after) == len(before) + 1
    known = [fault.reason for fault in kdump_conf.faults(before)]
    new = [fault for fault in kdump_conf.faults(after) if "knows no" in fault.reason or "no value" in fault.reason]
    assert len(new) <= len(known)


@pytest.mark.parametrize(
    ("key", "value"), [("paht", "/srv"), ("path", ""), ("path", "/a # b"), ("path", "/a\npath /b"), ("path", ' "')]
)
def test_what_would_make_the_file_faulty_is_not_written(key: str, value: str) -> None:
    with pytest.raises(ValueError, match=key):
        kdump_conf.with_value(SHIPPED, key, value)
