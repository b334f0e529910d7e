"""The GRUB drop-in, read by the shell that grub-mkconfig uses."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdump_enabler.changing.wanted import grub_text

NAMES = ("GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT")
# Words as they stand on a kernel command line; a single quote ends the value in the file, so shlex quotes it.
OTHER = st.text("abcXYZ019=.,:_-/%*?&|;<>$`'\"\\!#~[]{}()@+^", min_size=1, max_size=12).filter(
    lambda word: "crashkernel=" not in word
)
OURS = st.sampled_from(["crashkernel=128M", "crashkernel=1G-:256M", "crashkernel=", "crashkernel=64M,low"])
WORDS = st.lists(OTHER | OURS, max_size=6)
GAP = st.sampled_from([" ", "  "])


def sourced(before: dict[str, str], dropin: str) -> dict[str, list[str]]:
    """The words of both variables after `sh -e` read a file that sets them, then the drop-in."""
    with tempfile.TemporaryDirectory() as folder:
        defaults, extra = Path(folder, "grub"), Path(folder, "zz.cfg")
        defaults.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in before.items()))
        extra.write_text(dropin)
        script = '. "$0"; . "$1"; printf "%s\\0%s" "$GRUB_CMDLINE_LINUX" "$GRUB_CMDLINE_LINUX_DEFAULT"'
        argv = ["sh", "-e", "-c", script, str(defaults), str(extra)]
        run = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return {name: value.split() for name, value in zip(NAMES, run.stdout.split("\0"), strict=True)}


def others(words: list[str]) -> list[str]:
    return [word for word in words if not word.startswith("crashkernel=")]


@settings(max_examples=60, deadline=None)
@given(first=WORDS, second=WORDS, gap=GAP)
def test_one_reservation_and_every_other_word(first: list[str], second: list[str], gap: str) -> None:
    after = sourced({NAMES[0]: gap.join(first), NAMES[1]: gap.join(second)}, grub_text("1G-:256M"))
    assert after == {NAMES[0]: others(first), NAMES[1]: [*others(second), "crashkernel=1G-:256M"]}


@settings(max_examples=20, deadline=None)
@given(first=WORDS, second=WORDS)
def test_no_reservation_when_it_is_taken_away(first: list[str], second: list[str]) -> None:
    after = sourced({NAMES[0]: " ".join(first), NAMES[1]: " ".join(second)}, grub_text(""))
    assert after == {NAMES[0]: others(first), NAMES[1]: others(second)}


@pytest.mark.parametrize("before", [{}, {NAMES[1]: ""}, {NAMES[0]: "crashkernel=1G"}])
def test_variables_that_were_never_set(before: dict[str, str]) -> None:
    after = sourced(before, grub_text("512M"))
    assert after == {NAMES[0]: [], NAMES[1]: ["crashkernel=512M"]}


def test_a_tab_separates_words_too() -> None:
    """The kernel takes any white space between its parameters (lib/cmdline.c, next_arg)."""
    after = sourced({NAMES[1]: "quiet\tcrashkernel=1G\tsplash"}, grub_text("512M"))
    assert after[NAMES[1]] == ["quiet", "splash", "crashkernel=512M"]


def test_twice_is_once() -> None:
    text = grub_text("512M")
    assert sourced({NAMES[1]: "quiet"}, text + text)[NAMES[1]] == ["quiet", "crashkernel=512M"]
