"""GRUB's environment block: variables that GRUB and the running system both write, in a file of one fixed size.

The format is that of grub-core/lib/envblk.c of GRUB: a signature, `name=value` lines in which a backslash keeps the
next character, and `#` up to the end. GRUB writes into the file's blocks where they are, so its size must never change
(grub manual, "The GRUB environment block").
"""

from __future__ import annotations

import re

SIGNATURE = "# GRUB Environment Block\n"
SIZE = 1024  # bytes, GRUB_ENVBLK_DEFSIZE of include/grub/lib/envblk.h
VARIABLE = re.compile(r"([^#=\n][^=\n]*)=((?:[^\\\n]|\\.)*)\n|[^\n]*\n", re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def read(text: str) -> dict[str, str]:
    """The variables by name; empty for what is no block."""
    found = (match for match in VARIABLE.finditer(text) if match[1] is not None)
    return {match[1]: ESCAPED.sub(r"\1", match[2]) for match in found}


def with_value(text: str, name: str, value: str) -> str | None:
    """The block of the same size with this value for a variable, as `grub-editenv FILE set` makes it: in its place, or
    behind the others. Null where it has no room, or this is no whole block."""
    body = text.rstrip("#")
    if not text.startswith(SIGNATURE) or not body.endswith("\n"):
        return None
    written = f"{name}={_escaped(value)}\n"
    mine = next((match for match in VARIABLE.finditer(body) if match[1] == name), None)
    after = body[: mine.start()] + written + body[mine.end() :] if mine else body + written
    left = _length(text) - _length(after)
    return after + "#" * left if left >= 0 else None


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\\n")


def _length(text: str) -> int:
    """In bytes, as on the disk."""
    return len(text.encode("utf-8", "surrogateescape"))
