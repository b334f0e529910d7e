"""The pages of a dump, as they were in memory."""

import zlib
from typing import Callable, Dict, Tuple

from . import unpacking
from .basics import DAMAGED

COMPRESSIONS = ((1, "zlib"), (2, "lzo"), (4, "snappy"), (32, "zstd"))
UNPACKERS: Dict[str, Callable[[bytes, int], bytes]] = {
    "zlib": lambda data, size: zlib.decompressobj().decompress(data, size),
    "lzo": unpacking.lzo,
    "snappy": unpacking.snappy,
}


def unpacked(data: bytes, flags: int, block: int) -> Tuple[bytes, str]:
    """The bytes of a page, or why there are none."""
    name = next((name for bit, name in COMPRESSIONS if flags & bit), "")
    if name and name not in UNPACKERS:
        lost = not any(data)
        return b"", DAMAGED if lost else "pages are packed with {}, which Python cannot unpack by itself".format(name)
    try:
        page = UNPACKERS[name](data, block) if name else data
    except (zlib.error, ValueError, IndexError):
        page = b""
    return (page, "") if len(page) == block else (b"", DAMAGED)
