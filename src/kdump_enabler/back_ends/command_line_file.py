"""A file of command lines that the boot loader reads itself: extlinux.conf by hand, cmdline.txt of a Raspberry Pi.

The word goes into every entry of this system that does not ask for enough. Where a hook makes cmdline.txt anew with
each kernel (Debian's raspi-firmware), it also goes into the file that the hook takes words from.
"""

from __future__ import annotations

from ..changing.changes import FileChange, can_edit, edited, own_file
from ..changing.wanted import Reserve, asks_enough
from ..facts import crashkernel, raspberry_pi
from ..facts.machine import Facts
from ..facts.raspberry_pi import EXTRA
from ..finding import Source
from ..policy import Policy
from .entry_files import asked_for, is_wrong, on_first_line, read_only
from .interface import Obstacle, Tool

GENERATOR: tuple[str, ...] = ()
BY_HAND: str = ""


def changes(facts: Facts, reservation: str, policy: Policy) -> tuple[FileChange, ...]:
    """Word by word, and what a hook would make of the next kernel's."""
    text, file = _text(facts, reservation, policy), facts.evidence.file(facts.menu.config)
    changed = (edited(file, text),) if text is not None and text != file.text else ()
    return changed + _of_the_hook(facts, reservation, policy)


def tool(_: Facts, __: str | None) -> Tool | None:
    """The boot loader reads the file itself."""
    return None


def lasts(facts: Facts, want: Reserve, policy: Policy) -> bool:
    """What the hook of new kernels makes; without one nobody but people changes the file."""
    return not _of_the_hook(facts, want.text, policy)


def stays(facts: Facts) -> str:
    """What cannot be taken out word by word."""
    held = read_only(facts, facts.menu.config)
    if held is None and _text(facts, "", Policy()) is not None:
        return ""
    return f"take crashkernel= out of {facts.menu.config} by hand" + (f": {held.where.text}" if held else "")


def spoiler(facts: Facts, want: Reserve, policy: Policy) -> Obstacle | None:
    """Why the word would not come into the entry that boots next."""
    held, entry = read_only(facts, facts.menu.config), facts.next_entry
    if held or entry is None:
        return held
    after = crashkernel.rewritten(entry.command_line, want.text)
    if _text(facts, want.text, policy) is not None and asks_enough(after, facts, want, policy):
        return None
    where = Source(entry.file, entry.line, "the line cannot be changed word by word")
    return Obstacle(where, f"write crashkernel={want.text} into line {entry.line} of {entry.file} by hand")


def _text(facts: Facts, reservation: str, policy: Policy) -> str | None:
    """The file with the wanted words; null where it cannot be changed."""
    file = facts.evidence.file(facts.menu.config)
    if file.text is None or read_only(facts, facts.menu.config):
        return None
    lines, want = file.text.split("\n"), asked_for(facts, reservation)
    for entry in facts.menu.entries:
        if entry.command_line and entry.boots_this_system and is_wrong(facts, entry.command_line, want, policy):
            line = lines[entry.line - 1].removesuffix("\r")
            end = lines[entry.line - 1][len(line) :]
            kept = line.removesuffix(entry.command_line)
            lines[entry.line - 1] = kept + crashkernel.rewritten(entry.command_line, reservation) + end
    text = "\n".join(lines)
    return text if can_edit(file, text) else None


def _of_the_hook(facts: Facts, reservation: str, policy: Policy) -> tuple[FileChange, ...]:
    """The words at the end of what the hook writes; it reads the file with cat."""
    if facts.boot_loader != raspberry_pi.KIND or not raspberry_pi.is_generated(facts.evidence):
        return ()
    file = facts.evidence.file(EXTRA)
    if file.absent:
        return own_file(facts.evidence, EXTRA, f"crashkernel={reservation}\n") if reservation else ()
    if file.text is None or not is_wrong(facts, file.text, asked_for(facts, reservation), policy):
        return ()
    text = on_first_line(file.text, reservation)
    return (edited(file, text),) if can_edit(file, text) else ()
