# SPDX-License-Identifier: MIT
"""What boot entries say, whoever made them: text files with `linux` lines, or kernels that carry their command line."""

import os
import re
import struct
from typing import Dict, Iterator, List, Set, Tuple

# The Boot Loader Specification has the first three and `efi`, extlinux `kernel`, `fdt` and `append`.
FILE = re.compile(r"[ \t]*(?:linux|initrd|uki|efi|kernel|fdt|devicetree)[ \t]+(.*)\Z", re.IGNORECASE)
KERNEL = re.compile(r"[ \t]*(?:linux|uki|efi|kernel)[ \t]+(\S+)", re.IGNORECASE)
COUNTER = re.compile(r"\+\d+(?:-\d+)?(?=\.(?:conf|efi)\Z)")
WORD = re.compile(r"crashkernel=[^\s\0\"']*")
PORTABLE_EXECUTABLE = b"MZ"


def without_counter(path: str) -> str:
    """Return the name of an entry without the boots that are left to it (uapi-group.org, Boot Loader Specification)."""
    return COUNTER.sub("", path)


def words(content: bytes) -> Set[str]:
    """Return the reservations that the command lines ask for."""
    return {word for line in _command_lines(content) for word in WORD.findall(line)}


def kernels(content: bytes) -> List[str]:
    """Return the kernels that the entries load, as the boot loader sees their paths."""
    return [match.group(1) for match in map(KERNEL.match, _lines(content)) if match]


def missing_files(path: str, content: bytes) -> List[str]:
    """Return what the entries load and is not on the disk."""
    loaded = (name for match in map(FILE.match, _lines(content)) if match for name in match.group(1).split())
    return [name for name in loaded if not is_near(path, name)]


def is_near(path: str, name: str) -> bool:
    """Say whether a file that an entry names is there: its path starts at the partition, not at our root."""
    directory = os.path.dirname(path)
    if os.path.exists(os.path.join(directory, name)):
        return True
    while True:
        if os.path.exists(os.path.join(directory, name.lstrip("/"))):
            return True
        if directory == os.path.dirname(directory):
            return False
        directory = os.path.dirname(directory)


def loss(before: Dict[str, bytes], after: Dict[str, bytes]) -> str:
    """Say which entry or kernel of before is lost after; empty for none. What was broken before may stay so."""
    names = {without_counter(path) for path in after}
    gone = [path for path in before if without_counter(path) not in names]
    if gone:
        return "took {0} away".format(", ".join(sorted(gone)))
    offered = {kernel for content in after.values() for kernel in kernels(content)}
    once = [(path, one) for path, content in before.items() for one in kernels(content)]
    lost = [one for path, one in once if one not in offered and is_near(path, one)]
    if lost:
        return "would no longer boot {0}".format(", ".join(sorted(set(lost))))
    broken = {name for path, content in before.items() for name in missing_files(path, content)}
    dangling = [(path, name) for path, one in after.items() for name in missing_files(path, one) if name not in broken]
    empty = [path for path, content in after.items() if not content]
    thinner = _without_sections(before, after)
    if dangling:
        return "made {0} load {1}, which is not there".format(*dangling[0])
    if thinner:
        return "made {0} without {1}".format(*thinner[0])
    return "left {0} empty".format(empty[0]) if empty else ""


def _without_sections(before: Dict[str, bytes], after: Dict[str, bytes]) -> List[Tuple[str, str]]:
    """Return the unified kernel images that lack a part which they had, such as the initrd."""
    had = {without_counter(path): _names(content) for path, content in before.items()}
    lacks = [(path, had.get(without_counter(path), set()) - _names(content)) for path, content in after.items()]
    return [(path, ", ".join(sorted(names))) for path, names in lacks if names]


def _names(content: bytes) -> Set[str]:
    image = content.startswith(PORTABLE_EXECUTABLE)
    return {name.decode("ascii", "replace") for name, data in _sections(content) if data} if image else set()


def _lines(content: bytes) -> List[str]:
    if content.startswith(PORTABLE_EXECUTABLE):
        return []
    return [line for line in content.decode("utf-8", "replace").splitlines() if not line.lstrip().startswith("#")]


def _command_lines(content: bytes) -> List[str]:
    if not content.startswith(PORTABLE_EXECUTABLE):
        return _lines(content)
    return [data.decode("utf-8", "replace") for name, data in _sections(content) if name == b".cmdline"]


def _sections(content: bytes) -> Iterator[Tuple[bytes, bytes]]:
    """Yield the sections of a PE file by name (PE Format, "COFF File Header" and "Section Table"): a unified kernel
    image has its command line in .cmdline."""
    try:
        (header,) = struct.unpack_from("<I", content, 0x3C)
        (count,) = struct.unpack_from("<H", content, header + 6)
        (optional,) = struct.unpack_from("<H", content, header + 20)
        for at in range(header + 24 + optional, header + 24 + optional + 40 * count, 40):
            name, virtual, _, size, start = struct.unpack_from("<8sIIII", content, at)
            yield name.rstrip(b"\0"), content[start : start + min(virtual, size)]
    except struct.error:
        return  # cut short: it has no command line that counts
