"""The GRUB defaults read without a shell: what is stated with certainty is what sh itself makes of the files."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kdump_enabler import evidence
from kdump_enabler.changing.wanted import grub_text
from kdump_enabler.facts import grub_defaults
from kdump_enabler.facts.grub_defaults import COMMAND_LINE, DROPINS, MAIN, Defaults, Word
from tests.hosts import machines
from tests.unit.building import raw, seen

FIRST, LAST = f"{DROPINS}/10-a.cfg", f"{DROPINS}/zzz.cfg"
NAMES = (*COMMAND_LINE, "GRUB_DEFAULT", "OTHER")
SHOW = "".join(f'printf "%s\\0" "${{{name}}}";' for name in NAMES)
# One assignment's right side, and what sh makes of it.
VALUES = [
    ("quiet", "", "quiet"),
    ("'quiet splash'", "'", "quiet splash"),
    ('"quiet splash"', '"', "quiet splash"),
    ("quiet\\ splash", "", "quiet splash"),
    ('"a\\\nb"', '"', "ab"),
    ("a\\\nb", "", "ab"),
    ("'a\\\nb'", "'", "a\\\nb"),
    ('"a\nb"', '"', "a\nb"),
    ("\"a\"'b'c", "mixed", "abc"),
    ('"a\\"b\\$c\\`d\\\\e\\f"', '"', 'a"b$c`d\\e\\f'),
    ("a#b", "", "a#b"),
    ('"a$"', '"', "a$"),
    ('"$\'a"', '"', "$'a"),
    ('"$5"', '"', None),
    ('"$OTHER"', '"', None),  # of the environment: who knows
    ("~", "", None),
    ("$(date)", "", None),
    ("`date`x", "", None),
    ('"${OTHER:-x}"', '"', None),
    ("", "", ""),
    ("''", "'", ""),
]
# Text after which a file is doubtful, and why.
DOUBTS = [
    ("if true; then\nX=1\nfi\n", "a command"),
    ("GRUB_CMDLINE_LINUX=a some-command\n", "a command"),
    ("GRUB_CMDLINE_LINUX=a && X=1\n", "a command"),
    ("GRUB_CMDLINE_LINUX=a &\n", "a command"),
    ("GRUB_CMDLINE_LINUX=a | cat\n", "a command"),
    ("GRUB_CMDLINE_LINUX=(a b)\n", "a command"),
    (". /etc/other\n", "a command"),
    ("f() { :; }\n", "a command"),
    ("GRUB_CMDLINE_LINUX+=a\n", "+="),
    ('GRUB_CMDLINE_LINUX="a\n', "quote"),
    ("X='a\n", "quote"),
    ('X="`"\n', "an expansion"),
    ("X=a\\\n#b\n", "continuation"),
    ("export X\\\n", "a command"),
    ("X=$'a'\n", "an expansion"),
    ("X=${Y:=2}\n", "an expansion"),
    ("X=$((Y=2))\n", "an expansion"),
    ("X=$(case a in a) echo;; esac)\n", "substitution"),
    ("GRUB_PASSWORD=[cut out by kdump-enabler]\n", "secret"),
]


def read(*texts: str) -> Defaults:
    return grub_defaults.read(seen(dict(zip((MAIN, FIRST, LAST), texts, strict=False))))


def by_shell(*texts: str, shell: str = "sh") -> dict[str, str] | None:
    """Every variable after a shell sourced the files in a row; null when it gave up."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, text in enumerate(texts):
            paths.append(Path(folder, str(number)))
            paths[-1].write_bytes(text.encode("utf-8", "surrogateescape"))
        sourcing = "".join(f". '{path}';" for path in paths)
        run = subprocess.run(
            [shell, "-c", sourcing + SHOW], capture_output=True, env={"PATH": "/usr/bin:/bin"}, cwd=folder, check=False
        )
    if run.returncode:
        return None
    return dict(zip(NAMES, run.stdout.decode("utf-8", "surrogateescape").split("\0"), strict=False))


@pytest.mark.parametrize(("written", "quotes", "value"), VALUES)
def test_one_value(written: str, quotes: str, value: str | None) -> None:
    (made,) = read(f"GRUB_CMDLINE_LINUX={written}\n").assignments
    assert (made.quotes, made.text, made.line) == (quotes, value, 1)
    assert made.last_line == 1 + written.count("\n")
    if value is not None:
        assert by_shell(f"GRUB_CMDLINE_LINUX={written}\n") == {**dict.fromkeys(NAMES, ""), "GRUB_CMDLINE_LINUX": value}


@pytest.mark.parametrize(("text", "reason"), DOUBTS)
def test_what_only_a_shell_can_tell_is_not_guessed(text: str, reason: str) -> None:
    found = read("GRUB_CMDLINE_LINUX=before\n" + text + 'GRUB_CMDLINE_LINUX_DEFAULT="crashkernel=1G"\n')
    (doubt,) = found.doubts
    assert (doubt.line, reason in doubt.reason) == (2, True)
    assert found.command_line is None


@pytest.mark.parametrize(("text", "reason"), [("X=a\0b\n", "NUL"), ("X=a\\", "backslash")])
def test_nor_is_what_shells_differ_in(text: str, reason: str) -> None:
    found = read(text)
    (doubt,) = found.doubts
    assert (doubt.line, reason in doubt.reason, found.command_line) == (1, True, None)


def test_after_a_doubtful_file_a_plain_one_is_certain_again() -> None:
    found = read(". /etc/other\n", 'GRUB_CMDLINE_LINUX=""\nGRUB_CMDLINE_LINUX_DEFAULT="quiet"\n')
    assert (found.command_line, len(found.doubts)) == (" quiet", 1)


def test_what_stands_after_a_conditional_is_listed_as_doubtful() -> None:
    found = read('if false; then\n  GRUB_CMDLINE_LINUX="crashkernel=1G"\nfi\n')
    (made,) = found.assignments
    assert (made.line, made.doubt) == (2, "a command")
    assert [word.text for word in found.written] == ["crashkernel=1G"]


def test_a_comment_is_listed_as_one() -> None:
    found = read(
        '#GRUB_CMDLINE_LINUX="crashkernel=1G"\n# not \' an assignment\nGRUB_CMDLINE_LINUX=quiet # crashkernel=2G\n'
    )
    assert [(made.commented, made.text, made.line) for made in found.assignments] == [
        (True, "crashkernel=1G", 1),
        (False, "quiet", 3),
    ]
    assert (found.written, found.doubts) == ((), ())


def test_every_word_has_its_place() -> None:
    text = "\nGRUB_CMDLINE_LINUX=\"a \\\n  crashkernel=1G\"\nGRUB_CMDLINE_LINUX_DEFAULT='crashkernel=2G b'\n"
    dropin = 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=384M-:128M"\n'
    found = read(text, dropin)
    assert [(word.text, word.path, word.line) for word in found.words] == [
        ("crashkernel=1G", MAIN, 3),
        ("crashkernel=2G", MAIN, 4),
        ("crashkernel=384M-:128M", FIRST, 1),
    ]
    assert all(text.startswith(word.text, word.start) for word in found.words[:2])
    assert found.lost == ()


def test_a_word_that_a_later_file_replaces_is_lost() -> None:
    found = read('GRUB_CMDLINE_LINUX_DEFAULT="quiet crashkernel=1G"\n', 'GRUB_CMDLINE_LINUX_DEFAULT="console=ttyS0"\n')
    assert [(word.text, word.path) for word in found.lost] == [("crashkernel=1G", MAIN)]
    assert (found.words, found.command_line) == ((), " console=ttyS0")


def test_a_newline_in_a_value_ends_the_command_of_grub() -> None:
    """10_linux writes the value into grub.cfg as it is, where a newline ends the `linux` command."""
    found = read('GRUB_CMDLINE_LINUX="quiet\ncrashkernel=1G"\n')
    assert (found.command_line, [word.text for word in found.lost]) == ("quiet", ["crashkernel=1G"])
    assert found.newline is not None
    assert found.line_number(found.newline.path, found.newline.at) == 1


def test_our_own_drop_in_can_be_told() -> None:
    ours = grub_text("1G-:256M")
    text = 'GRUB_CMDLINE_LINUX="crashkernel=1G a"\nGRUB_CMDLINE_LINUX_DEFAULT="b\tcrashkernel=1 c"\n'
    found = read(text, ours)
    values = by_shell(text, ours)
    assert values is not None
    assert found.command_line == f"{values[COMMAND_LINE[0]]} {values[COMMAND_LINE[1]]}"
    assert [word.text for word in found.words] == ["crashkernel=1G-:256M"]


def test_a_closed_file_may_say_anything() -> None:
    made = raw({MAIN: "GRUB_CMDLINE_LINUX=a\n", LAST: ""})
    machines.unreadable(made, LAST)
    found = grub_defaults.read(evidence.from_raw(made))
    assert (found.command_line, [doubt.path for doubt in found.doubts]) == (None, [LAST])


WORD = st.sampled_from(["quiet", "crashkernel=256M", "crashkernel=1G-:512M", "a=b", "$OTHER", "${OTHER}", "#x", "x\\y"])
BLANK = st.sampled_from([" ", "  ", "\t", "\\\n", "\\ "])
WORDS = st.lists(st.tuples(WORD, BLANK), max_size=5).map(lambda pairs: "".join(a + b for a, b in pairs))
ODD = st.text("ab =$'\"\\`#~:;{}()*?\n\t-é!&|<>1", max_size=8)
QUOTED = st.builds(lambda quote, inside: quote + inside + quote, st.sampled_from(["'", '"']), WORDS | ODD)
RIGHT = st.lists(QUOTED | WORD | ODD, max_size=3).map("".join)
NAME = st.sampled_from([*NAMES, "OTHER"])
LINE = st.one_of(
    st.builds(lambda lead, name, right: f"{lead}{name}={right}", st.sampled_from(["", "  ", "export "]), NAME, RIGHT),
    st.builds(lambda name, right: f'{name}="${name} {right}"', NAME, WORDS),
    st.builds(lambda text: "#" + text, ODD),
    st.builds(lambda name, right: f"#{name}={right}", NAME, RIGHT),
    st.sampled_from(["", "if true; then", "fi", ":", "unset OTHER", "export OTHER", "OTHER=$(echo x)", "return"]),
    ODD,
)
END = st.sampled_from(["\n", "; ", " ", "\r\n", "\\\n", ""])
FILE = st.lists(st.tuples(LINE, END), max_size=6).map(lambda pairs: "".join(a + b for a, b in pairs))
PLAIN = st.builds(lambda name, quote, text: f"{name}={quote}{text}{quote}\n", NAME, st.sampled_from(["'", '"']), WORDS)
FILES = st.tuples(st.lists(PLAIN, max_size=4).map("".join) | FILE, FILE)


@pytest.mark.parametrize("shell", ["sh", "bash"])
@settings(max_examples=300, deadline=None)
@given(texts=FILES)
@example(texts=("OTHER=1 GRUB_CMDLINE_LINUX=$OTHER\n", ""))
@example(texts=("", "export OTHER\\\nGRUB_CMDLINE_LINUX='quiet '\n"))
@example(texts=('GRUB_CMDLINE_LINUX="$OTHER\\\nquiet"\n', ""))
@example(texts=('GRUB_CMDLINE_LINUX="a # b"#c\n', "export GRUB_CMDLINE_LINUX"))
def test_certain_is_what_the_shell_says(shell: str, texts: tuple[str, str]) -> None:
    values = by_shell(*texts, shell=shell)
    found = read(*texts)
    if values is None or found.command_line is None:
        return
    assert found.command_line == f"{values[COMMAND_LINE[0]]} {values[COMMAND_LINE[1]]}".split("\n")[0]


def _without_words(value: str) -> str:
    return re.sub(r"crashkernel=[^\s\"']*|\s", "", value)


def _other_words(value: str) -> str:
    return " ".join(word for word in value.split() if not word.startswith("crashkernel="))


@settings(max_examples=200, deadline=None)
@given(text=FILE, data=st.data())
def test_taking_words_out_keeps_all_else(text: str, data: st.DataObject) -> None:
    written = read(text).written
    taken_out(text, data.draw(st.lists(st.sampled_from(written), unique=True)) if written else [])


@pytest.mark.parametrize(
    "text",
    [
        'GRUB_CMDLINE_LINUX="crashkernel=256M "\nGRUB_DEFAULT=\\\nGRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX "',
        "GRUB_CMDLINE_LINUX_DEFAULT='crashkernel=256M '\nGRUB_CMDLINE_LINUX=x=\"$GRUB_CMDLINE_LINUX_DEFAULT \"\n",
    ],
)
def test_a_variable_made_from_the_command_line_loses_the_word_with_it(text: str) -> None:
    taken_out(text, read(text).written)


def taken_out(text: str, words: Sequence[Word]) -> None:
    """Take words out of a file; everything else must stay, in bytes and as the shell sees it."""
    found, chosen = read(text), [word for word in words if word.cut]
    after = grub_defaults.without(text, chosen)
    gone = [char for at, char in enumerate(text) if any(at in range(*word.cut) for word in chosen if word.cut)]
    assert len(after) == len(text) - len(gone)
    assert "".join(gone).replace(" ", "") in "".join(word.text for word in sorted(chosen, key=lambda w: w.start))
    before, now = by_shell(text), by_shell(after)
    if before is None or found.doubts or "$$" in text:  # a process number, which is never the same
        return
    assert now is not None
    copies = re.search(r"\$\{?GRUB_CMDLINE", text)  # a variable made from the command line loses the word with it
    as_is = _without_words if copies else str
    assert [as_is(now[name]) for name in NAMES[2:]] == [as_is(before[name]) for name in NAMES[2:]]
    as_line = _without_words if copies else _other_words
    assert [as_line(now[name]) for name in COMMAND_LINE] == [as_line(before[name]) for name in COMMAND_LINE]
