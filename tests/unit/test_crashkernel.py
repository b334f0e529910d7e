"""What a kernel makes of crashkernel=, after kernel/crash_reserve.c (Linux 6.12) and admin-guide/kdump/kdump.rst."""

from __future__ import annotations

import pytest

from kdump_enabler.facts import crashkernel
from tests.unit.building import GIB, MIB

# Command line, System RAM, bytes reserved.
PLAIN = [
    ("quiet", 4 * GIB, 0),
    ("crashkernel=256M", 4 * GIB, 256 * MIB),
    ("crashkernel=256m", 4 * GIB, 256 * MIB),
    ("crashkernel=262144K", 4 * GIB, 256 * MIB),
    ("crashkernel=1G", 4 * GIB, GIB),
    ("crashkernel=268435456", 4 * GIB, 256 * MIB),
    ("crashkernel=0x10000000", 4 * GIB, 256 * MIB),
    ("crashkernel=01000M", 4 * GIB, 512 * MIB),  # memparse() reads C notation: a leading 0 is octal
    ("crashkernel=256M@16M", 4 * GIB, 256 * MIB),
    # the last one without a suffix wins, whatever it is
    ("crashkernel=128M quiet crashkernel=256M", 4 * GIB, 256 * MIB),
    ("crashkernel=256M quiet crashkernel=128M", 4 * GIB, 128 * MIB),
    ("crashkernel=256M crashkernel=auto", 4 * GIB, 0),
]
SUFFIXES = [
    ("crashkernel=512M,high crashkernel=64M,low", 8 * GIB, 512 * MIB),
    ("crashkernel=64M,low crashkernel=512M,high", 8 * GIB, 512 * MIB),
    ("crashkernel=512M,high", 8 * GIB, 512 * MIB),
    ("crashkernel=512M,high crashkernel=768M,high", 8 * GIB, 768 * MIB),
    ("crashkernel=64M,low", 8 * GIB, 0),
    # both are looked at only if no plain form is anywhere on the line
    ("crashkernel=128M crashkernel=512M,high crashkernel=64M,low", 8 * GIB, 128 * MIB),
    ("crashkernel=512M,high crashkernel=128M", 8 * GIB, 128 * MIB),
    ("crashkernel=auto crashkernel=512M,high", 8 * GIB, 0),
    # suffix and ranges cannot be combined
    ("crashkernel=1G-16G:256M,high", 8 * GIB, 0),
]
TWO_RANGES = "crashkernel=512M-2G:64M,2G-:128M"
RANGES = [
    (TWO_RANGES, 2 * GIB, 128 * MIB),
    (TWO_RANGES, 2 * GIB - 1, 128 * MIB),  # rounded up to the next 128 MiB
    (TWO_RANGES, 1920 * MIB + 1, 128 * MIB),
    (TWO_RANGES, 1920 * MIB, 64 * MIB),  # the end is exclusive
    (TWO_RANGES, 512 * MIB, 64 * MIB),  # the start is inclusive
    (TWO_RANGES, 385 * MIB, 64 * MIB),
    (TWO_RANGES, 384 * MIB, 0),  # no range matches
    ("crashkernel=384M-:128M", 2 * GIB, 128 * MIB),
    ("crashkernel=1G-8G:256M,8G-16G:384M,16G-:512M", 8 * GIB - 1, 384 * MIB),
    ("crashkernel=1G-8G:256M,8G-16G:384M,16G-:512M", 8 * GIB - 128 * MIB, 256 * MIB),
    ("crashkernel=1G-8G:256M,8G-16G:384M,16G-:512M", 64 * GIB, 512 * MIB),
    ("crashkernel=1G-:256M,2G-:512M", 4 * GIB, 256 * MIB),  # the first match counts
    ("crashkernel=1G-2G:128M,2G-:256M@16M", 4 * GIB, 256 * MIB),
    ("crashkernel=1G-2G:128M,2G-:0", 4 * GIB, 0),
    ("crashkernel=1G-:256M,nonsense", 4 * GIB, 256 * MIB),  # what comes after the match is never read
    ("crashkernel=1G-2G:128M@16M,2G-:256M", 4 * GIB, 0),  # an offset ends the list
]
NOTHING = [
    ("crashkernel=", 4 * GIB),
    ("crashkernel=auto", 4 * GIB),
    ("crashkernel=256MB", 4 * GIB),
    ("crashkernel=256M,512M", 4 * GIB),
    ("crashkernel=M", 4 * GIB),
    ("crashkernel=-256M", 4 * GIB),
    ("crashkernel=0", 4 * GIB),
    ("crashkernel=0M", 4 * GIB),
    ("crashkernel=08M", 4 * GIB),
    ("crashkernel=4G", 4 * GIB),  # not less than RAM
    ("crashkernel=8G", 4 * GIB),
    ("crashkernel=:256M", 4 * GIB),
    ("crashkernel=1G:256M", 4 * GIB),
    ("crashkernel=1G-2G", 4 * GIB),
    ("crashkernel=1G-:", 4 * GIB),
    ("crashkernel=2G-1G:256M", 4 * GIB),
    ("crashkernel=1G-1G:256M", 4 * GIB),
    ("crashkernel=1G-2G:128M,oops,2G-:256M", 4 * GIB),
    ("crashkernel=1G-2G:8G,2G-:256M", 4 * GIB),  # a size is checked before its range is
    ("crashkernel=08G-:256M", 16 * GIB),
    ("crashkernel=1G-09G:256M", 4 * GIB),
]
VALID = ["512M", "1G", "512M@16M", "512M,high", "64M,low", "1G-8G:256M,8G-:512M", "2G-:256M@16M", "0x10000000"]
INVALID = ["", "auto", "lots", "512MB", "512M 1G", "1G-8G", "8G-1G:256M", "1G-:256M,high", "08M", "08G-:256M", "1G-:"]


@pytest.mark.parametrize(("line", "ram", "size"), PLAIN + SUFFIXES + RANGES)
def test_reserves(line: str, ram: int, size: int) -> None:
    assert crashkernel.evaluate(f"root=/dev/vda1 {line} quiet", ram).size_bytes == size


@pytest.mark.parametrize(("line", "ram"), NOTHING)
def test_reserves_nothing_and_says_why(line: str, ram: int) -> None:
    found = crashkernel.evaluate(line, ram)
    assert (found.size_bytes, bool(found.problem)) == (0, True)


def test_names_the_word_that_decides() -> None:
    line = "crashkernel=128M crashkernel=1G-:256M crashkernel=64M,high"
    assert crashkernel.evaluate(line, 4 * GIB).text == "crashkernel=1G-:256M"


@pytest.mark.parametrize("value", VALID)
def test_a_policy_may_hold(value: str) -> None:
    assert crashkernel.is_valid(value)


@pytest.mark.parametrize("value", INVALID)
def test_a_policy_may_not_hold(value: str) -> None:
    assert not crashkernel.is_valid(value)


@pytest.mark.parametrize(
    ("line", "without_effect"),
    [
        ("crashkernel=1G", []),
        ("crashkernel=1G crashkernel=2G", ["1G"]),
        ("crashkernel=1G crashkernel=1G", ["1G"]),
        ("crashkernel=1G,high crashkernel=64M,low", []),
        ("crashkernel=1G,high crashkernel=2G,high crashkernel=64M,low", ["1G,high"]),
        ("crashkernel=64M,low", ["64M,low"]),
        ("crashkernel=1G crashkernel=2G,high crashkernel=64M,low", ["2G,high", "64M,low"]),
        ("crashkernel=1G crashkernel=64M,cma", []),
    ],
)
def test_words_without_effect(line: str, without_effect: list[str]) -> None:
    assert crashkernel.ignored(f"quiet {line}") == without_effect


@pytest.mark.parametrize(
    ("line", "low"),
    [
        ("crashkernel=512M", 0),
        ("crashkernel=512M,high", 256 * MIB),  # x86_64's default
        ("crashkernel=512M,high crashkernel=64M,low", 64 * MIB),
        ("crashkernel=512M,high crashkernel=0,low", 0),
        ("crashkernel=128M crashkernel=512M,high", 0),
    ],
)
def test_what_comes_beside_a_high_reservation(line: str, low: int) -> None:
    assert crashkernel.evaluate(line, 8 * GIB).low_bytes == low


def test_a_low_that_cannot_be_read_spoils_the_pair() -> None:
    assert crashkernel.evaluate("crashkernel=512M,high crashkernel=lots,low", 8 * GIB).size_bytes == 0
