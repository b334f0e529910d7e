"""What we make of crashkernel= is what the kernel makes of it, on any line and any RAM, in every generation of it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kdump_enabler.facts import crashkernel
from kdump_enabler.facts.kernel import NEWEST, Kernel, telling
from tests import kernel_crashkernel as model
from tests.unit.building import GIB, MIB

# Debian 11 and 12, Ubuntu 24.04, Debian 13 and EL 10, Ubuntu 25.10; and what comes.
RELEASES = ["5.10.0-35-amd64", "6.1.0-41-amd64", "6.8.0-60-generic", "6.12.57+deb13-amd64", "6.17.0-5-generic", "7.2.1"]
ARM = ["5.10.0-35-arm64", "6.1.0-41-arm64", "6.8.0-1030-raspi", "6.12.0-55.el10_0.aarch64", "6.17.0-5-arm64"]

DIGITS = st.sampled_from(
    ["0", "1", "2", "4", "08", "010", "256", "512", "0x10", "0x", "0X1e", "0xG", "18014398509481984"]
)
UNIT = st.sampled_from(["", "K", "m", "M", "G", "g", "T", "p", "E"])
NUMBER = st.builds(str.__add__, DIGITS, UNIT) | st.sampled_from(["256M", "1G", "128M", "2G", "4G", "M", "", "auto"])
OFFSET = st.sampled_from(["", "", "", "@16M", "@", "@x", "@0"])
RANGE = st.builds(lambda start, end, size, offset: f"{start}-{end}:{size}{offset}", NUMBER, NUMBER, NUMBER, OFFSET)
RANGES = st.lists(RANGE, min_size=1, max_size=3).map(",".join)
SUFFIX = st.sampled_from(["", ",high", ",low", ",cma", ",high,low", ",High", ",", "@1M,high"])
ODD = st.text("0123456789xXkKmMgGeE@:,-.=ahilowcn\"'", max_size=14)
VALUE = st.one_of(
    st.builds("".join, st.tuples(NUMBER, SUFFIX)),
    st.builds("".join, st.tuples(NUMBER, OFFSET)),
    st.builds("".join, st.tuples(RANGES, SUFFIX)),
    ODD,
)
WORD = VALUE.map("crashkernel={}".format) | st.sampled_from(["quiet", "xcrashkernel=1G", "crashkernel", "a=b,high"])
LINE = st.lists(WORD, max_size=4).map(" ".join)
RAM = st.integers(0, 9).map(lambda steps: GIB + steps * 100 * MIB) | st.integers(1, 1 << 44) | st.just(8 * GIB)


@pytest.mark.parametrize("release", RELEASES + ARM)
@settings(max_examples=400, deadline=None)
@given(line=LINE, ram=RAM)
@example(line="crashkernel=512M@16M,high", ram=8 * GIB)
@example(line="crashkernel=256M@lots", ram=8 * GIB)
@example(line="crashkernel=1G-:256MB", ram=8 * GIB)
@example(line="crashkernel=1G-:256M@", ram=8 * GIB)
@example(line="crashkernel=M-:256M", ram=8 * GIB)
@example(line="crashkernel=1G-16E:256M", ram=8 * GIB)
@example(line="crashkernel=1G-:4095M", ram=4 * GIB - 2 * MIB)
@example(line="crashkernel=512M xcrashkernel=256M", ram=8 * GIB)
@example(line="crashkernel=512M crashkernel=64M,cma", ram=8 * GIB)
@example(line="crashkernel=auto crashkernel=512M,high crashkernel=lots,low", ram=8 * GIB)
@example(line="crashkernel=16G crashkernel=512M,high", ram=8 * GIB)
def test_it_is_what_the_kernel_does(release: str, line: str, ram: int) -> None:
    found, by = crashkernel.evaluate(line, ram, release), Kernel(release)
    size, low = model.reserved(line, ram, by.version, release in ARM)
    assert (found.size_bytes, found.low_bytes) == (size, low), found
    assert bool(found.problem) == (size == 0)


@settings(max_examples=400, deadline=None)
@given(value=VALUE)
def test_what_a_policy_may_hold_every_kernel_can_read(value: str) -> None:
    """A machine with enough RAM for all of it gets memory, unless the value asks for none."""
    if crashkernel.is_valid(value) and not value.endswith((",low", ",cma")):
        for release in RELEASES:
            found = crashkernel.evaluate(f"crashkernel={value}", 1 << 63, release)
            assert "cannot read" not in found.problem


@pytest.mark.parametrize(
    ("names", "version"),
    [
        (("/boot/vmlinuz-6.1.0-41-amd64", "5.10.0"), (6, 1)),
        (("/vmlinuz-5.14.0-503.el9.x86_64",), (5, 14)),
        (("/kernel8.img", "6.12.47+rpt-rpi-v8"), (6, 12)),
        (("/boot/vmlinuz-linux", None), NEWEST),
        (("/0123abc/6.17.1-300.fc43.x86_64/linux",), (6, 17)),
    ],
)
def test_the_kernel_of_an_entry(names: tuple[str | None, ...], version: tuple[int, int]) -> None:
    assert Kernel(telling(*names)).version == version
