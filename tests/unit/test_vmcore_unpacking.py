"""Streams of LZO1X and Snappy, each instruction by its description; real LZO is read in the system tier."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdump_enabler.vmcore import unpacking
from tests import vmcores

END = b"\x11\0\0"
FAR = bytes(range(256)) * 80  # 20480 bytes
LZO = {
    "first literals, few": (b"\x13ab" + b"\x20\x01\x04\0" + END, b"ab" + b"ab" * 17),
    "first literals": (b"\x16hello" + END, b"hello"),
    "literals": (b"\x02hello" + END, b"hello"),
    "many literals": (b"\0\x05" + b"0123456789" * 2 + b"abc" + END, b"0123456789" * 2 + b"abc"),
    "hundreds of literals": (b"\0\0\x01" + bytes(274) + END, bytes(274)),
    "two bytes back, with a literal behind": (b"\x12a\x20\x02\x01\0x" + b"\x04\0" + END, b"a" * 36 + b"x" + b"ax"),
    "overlapping, long": (b"\x12a\x20\x03\0\0" + END, b"a" * 37),
    "short match": (b"\x16hello\x4c\0" + END, b"hello" + b"ell"),
    "longer match": (b"\x16hello\xf0\0" + END, b"hello" + b"hellohel"),
    "within 16 KiB": (b"\x16hello\x24\x10\0" + END, b"hello" + b"hellohe"[:6]),
}
SNAPPY = {
    "literals": (b"\x05\x10hello", b"hello"),
    "long literals": (b"\xc8\x01\xf0\xc7" + bytes(200), bytes(200)),
    "near copy": (b"\x09\x10hello\x01\x05", b"hellohell"),
    "copy": (b"\x0b\x10hello\x16\x05\0", b"hellohello" + b"h"),
    "far copy": (b"\x07\x10hello\x07\x02\0\0\0", b"hellolo"),
    "overlapping": (b"\x06\0a\x05\x01", b"aaaaaa"),
}


@pytest.mark.parametrize("name", LZO)
def test_lzo(name: str) -> None:
    stream, plain = LZO[name]
    assert unpacking.lzo(stream, 4096) == plain


def test_lzo_from_far_back() -> None:
    """Beyond 16 KiB, and behind literals between 2 and 3 KiB."""
    literals = b"\0" + vmcores.lzo_length(len(FAR) - 18) + FAR
    assert unpacking.lzo(literals + b"\x12\x04\0" + END, 65536) == FAR + FAR[-16385:][:4]
    assert unpacking.lzo(literals + b"\x04\x03" + END, 65536) == FAR + FAR[-(12 + 1 + 2049 - 1) - 1 :][:3]


@pytest.mark.parametrize("name", SNAPPY)
def test_snappy(name: str) -> None:
    stream, plain = SNAPPY[name]
    assert unpacking.snappy(stream, len(plain)) == plain


@pytest.mark.parametrize("stream", [b"", b"\x16hel", b"\x12a\x20\x01\xff\xff" + END, b"\x16hello", b"\x12a\x4c"])
def test_damaged_lzo(stream: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        unpacking.lzo(stream, 4096)


def test_lzo_is_not_unpacked_beyond_its_size() -> None:
    """A stream of zeros is one long match."""
    with pytest.raises(ValueError, match=r"^$"):
        unpacking.lzo(b"\x12a" + b"\x20\x03\0\0" * 10**6 + END, 4096)


@given(stream=st.binary(max_size=80))
def test_anything_ends(stream: bytes) -> None:
    for unpack in (unpacking.lzo, unpacking.snappy):
        try:
            found = unpack(stream, 4096)
        except (ValueError, IndexError):
            continue
        assert isinstance(found, bytes)
