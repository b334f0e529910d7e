"""Unpacks what LZO1X and Snappy packed, for which Python has nothing: makedumpfile -l and -p.

The formats: Documentation/staging/lzo.rst of the kernel, and format_description.txt of Snappy. About a MiB a second,
which is enough for the few pages that matter. Raises ValueError or IndexError for what is damaged.
"""

from typing import Tuple

LITERALS = 4  # the state behind a run of literals; 0 to 3 are the literals that came with the last match
LZO_END = 16384  # the distance that ends a stream


class Packed:
    """The packed bytes, and how far they were read."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def number(self, size: int = 1) -> int:
        """The next number of that many bytes."""
        if size > 1:
            return int.from_bytes(self.take(size), "little")
        self.place += 1
        return self.data[self.place - 1]

    def take(self, size: int) -> bytes:
        """The next bytes as they are."""
        self.place += size
        if self.place > len(self.data):
            raise IndexError
        return self.data[self.place - size : self.place]

    def length(self, bits: int, most: int) -> int:
        """A length of LZO: in its bits, or, where those are zero, `most` and the bytes that follow, of which each zero
        stands for 255."""
        if bits:
            return bits
        length, more = most, 0
        while not more:
            more = self.number()
            length += more or 255
        return length


def repeat(page: bytearray, distance: int, length: int) -> None:
    """Append bytes that stand so far before the end; with a small distance they are repeated."""
    start = len(page) - distance
    if distance < 1 or start < 0:
        raise ValueError
    found = page[start : start + length]
    page += (found * (length // len(found) + 1))[:length]


def lzo(data: bytes, size: int) -> bytes:
    """The unpacked bytes, of which there are to be so many."""
    page, packed, state = bytearray(), Packed(data), 0
    if data[0] > 17:
        page += packed.take(packed.number() - 17)
        state = min(len(page), LITERALS)
    while len(page) <= size:
        code = packed.number()
        if code < 16 and state == 0:
            page += packed.take(3 + packed.length(code, 15))
            state = LITERALS
            continue
        distance, length, state = lzo_match(code, state, packed)
        if distance == LZO_END and code < 32:
            return bytes(page)
        repeat(page, distance, length)
        page += packed.take(state)
    raise ValueError


def lzo_match(code: int, state: int, packed: Packed) -> Tuple[int, int, int]:
    """How far back a match is, how long it is, and how many literals follow it."""
    if code >= 64:
        length = 5 + (code >> 5 & 3) if code >= 128 else 3 + (code >> 5 & 1)
        return (packed.number() << 3) + (code >> 2 & 7) + 1, length, code & 3
    if code < 16:
        near = (packed.number() << 2) + (code >> 2)
        return (near + 2049, 3, code & 3) if state == LITERALS else (near + 1, 2, code & 3)
    length = 2 + (packed.length(code & 31, 31) if code >= 32 else packed.length(code & 7, 7))
    word = packed.number(2)
    distance = (word >> 2) + 1 if code >= 32 else LZO_END + ((code & 8) << 11) + (word >> 2)
    return distance, length, word & 3


def snappy(data: bytes, size: int) -> bytes:
    """The unpacked bytes, of which there are to be so many."""
    page, packed = bytearray(), Packed(data)
    while packed.number() & 0x80:  # the length, which is known
        continue
    while len(page) < size:
        tag = packed.number()
        length = (tag >> 2) + 1
        if tag & 3 == 0:
            page += packed.take(length if length <= 60 else packed.number(length - 60) + 1)
        elif tag & 3 == 1:
            repeat(page, (tag >> 5 << 8) + packed.number(), 4 + (tag >> 2 & 7))
        else:
            repeat(page, packed.number(2 if tag & 3 == 2 else 4), length)
    return bytes(page)
