"""GRUB with /etc/default/grub.d: one file of ours, which sorts last, and grub.cfg made anew (Debian's)."""

from __future__ import annotations

from ..changing.changes import FileChange, own_file
from ..changing.wanted import GRUB_DROPIN, Reserve, asks_enough, grub_text
from ..facts import grub_defaults
from ..facts.grub_defaults import Defaults
from ..facts.machine import Facts
from ..finding import ENABLE, Source
from ..policy import Policy
from .interface import Obstacle, Tool

GENERATOR: tuple[str, ...] = ("grub-mkconfig",)
BY_HAND: str = "update-grub"


def changes(facts: Facts, reservation: str, _: Policy) -> tuple[FileChange, ...]:
    """Our drop-in; an empty tuple means that it is right and grub.cfg is not made from it yet."""
    return own_file(facts.evidence, GRUB_DROPIN, grub_text(reservation))


def tool(_: Facts, __: str | None) -> Tool | None:
    """grub-mkconfig is all that has to run."""
    return None


def lasts(_: Facts, __: Reserve, ___: Policy) -> bool:
    """update-grub gives a new kernel what the others have."""
    return True


def stays(facts: Facts) -> str:
    """The line that comes after our drop-in."""
    after = grub_defaults.read(facts.evidence, {GRUB_DROPIN: grub_text("")})
    word = after.words[-1] if after.words else None
    return f"{word.path}, line {word.line}, asks for {word.text} after all other files" if word else ""


def spoiler(facts: Facts, want: Reserve, policy: Policy) -> Obstacle | None:
    """What comes after our drop-in, or through it, so that grub-mkconfig's result would not be enough."""
    text = grub_text(want.text)
    after = grub_defaults.read(facts.evidence, {GRUB_DROPIN: text})
    if after.command_line is not None:
        return None if asks_enough(after.command_line, facts, want, policy) else _winner(after)
    tried = facts.evidence.text(GRUB_DROPIN) == text
    return _unreadable(after) if tried else None


def _winner(after: Defaults) -> Obstacle | None:
    """The place that decides although our drop-in is there."""
    if after.newline:
        line = after.line_number(after.newline.path, after.newline.at)
        remedy = f"write the value in {after.newline.path}:{line} on one line, then: {ENABLE}"
        return Obstacle(Source(after.newline.path, line, "a newline in a value ends GRUB's linux command"), remedy)
    word = next((word for word in reversed(after.words) if word.path != GRUB_DROPIN), None)
    if word:
        remedy = f"take {word.text} out of {word.path}:{word.line}, then: {ENABLE}"
        return Obstacle(Source(word.path, word.line, word.text), remedy)
    made = after.assigned_after(GRUB_DROPIN)
    if made is None:
        return None
    remedy = f"let {made.path}:{made.line} keep ${made.name}, then enable again"
    return Obstacle(Source(made.path, made.line, f"{made.name}={made.text}"), remedy)


def _unreadable(after: Defaults) -> Obstacle | None:
    """A place after our drop-in of which only a shell could tell what it makes of the command line."""
    made = after.assigned_after(GRUB_DROPIN)
    doubt = next((doubt for doubt in after.doubts if doubt.path > GRUB_DROPIN), None)
    path, line = (doubt.path, doubt.line) if doubt else (made.path, made.line) if made else ("", 0)
    if not path:
        return None
    where = Source(path, line, f"{doubt.reason} after {GRUB_DROPIN}" if doubt else "a value that only a shell can tell")
    return Obstacle(where, f"see what {path}:{line} does to crashkernel=, or let it sort earlier")
