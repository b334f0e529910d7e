"""What keeps our GRUB drop-in from deciding what the next boot reserves: then only a person can mend it, and writing
the drop-in again would change nothing for ever."""

from __future__ import annotations

from dataclasses import dataclass

from .facts import crashkernel, grub_defaults
from .facts.grub_defaults import Defaults
from .facts.machine import Facts
from .finding import ENABLE, Source
from .policy import Policy
from .wanted import GRUB_DROPIN, Reserve, grub_text, is_enough, reserve


@dataclass(frozen=True)
class Obstacle:
    """The place that wins over our drop-in, and what an administrator has to do there."""

    where: Source
    remedy: str


def obstacle(facts: Facts, policy: Policy) -> Obstacle | None:
    """What stands between this machine and enough memory at the next boot; null when `enable` can bring it, or it
    comes anyway."""
    want = reserve(facts, policy)
    if want is None or want.problem or facts.next_boot is None or is_enough(facts.next_boot.size_bytes, want, policy):
        return None
    return _foreign_entry(facts) or _spoiler(facts, want, policy)


def stays_reserved(facts: Facts) -> str:
    """Why `disable` cannot take the reservation of the next boot away; empty when it can."""
    entry = facts.next_entry
    if entry is not None and not entry.generated:
        return f"the entry that boots next comes from {entry.made_by}; take crashkernel= out of it there"
    after = grub_defaults.read(facts.evidence, {GRUB_DROPIN: grub_text("")})
    word = after.words[-1] if after.words else None
    return f"{word.path}, line {word.line}, asks for {word.text} after all other files" if word else ""


def _foreign_entry(facts: Facts) -> Obstacle | None:
    """The next boot takes an entry that is not made from the GRUB defaults."""
    entry = facts.next_entry
    if entry is None or entry.generated:
        return None
    remedy = f"give the entry in {entry.made_by} the wanted crashkernel=, then: update-grub"
    return Obstacle(Source(entry.file, entry.line, f"{entry.made_by}: linux {entry.kernel}"), remedy)


def _spoiler(facts: Facts, want: Reserve, policy: Policy) -> Obstacle | None:
    """What comes after our drop-in, or through it, so that grub-mkconfig's result would not be enough."""
    text = grub_text(want.text)
    after = grub_defaults.read(facts.evidence, {GRUB_DROPIN: text})
    if after.command_line is not None:
        size = crashkernel.evaluate(after.command_line, facts.memory_bytes or 0).size_bytes
        return None if is_enough(size, want, policy) else _winner(after)
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
