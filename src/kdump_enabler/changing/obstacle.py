"""What keeps `enable` from deciding what the next boot reserves: then only a person can mend it, and writing the same
again would change nothing for ever."""

from __future__ import annotations

from .. import back_ends
from ..back_ends.entry_files import read_only
from ..back_ends.interface import Obstacle
from ..facts import systemd_boot
from ..facts.machine import Facts
from ..finding import Source
from ..policy import Policy
from .wanted import is_enough, reserve


def obstacle(facts: Facts, policy: Policy) -> Obstacle | None:
    """What stands between this machine and enough memory at the next boot; null when `enable` can bring it, or it
    comes anyway."""
    want = reserve(facts, policy)
    if want is None or want.problem or facts.next_boot is None or is_enough(facts.next_boot.size_bytes, want, policy):
        return None
    return _foreign_entry(facts) or back_ends.of(facts).spoiler(facts, want, policy)


def unchangeable_entries(facts: Facts, policy: Policy) -> str:
    """Why the entries on the partition that firmware reads cannot be changed; empty when they can or need not be."""
    if facts.changed_by:
        return ""
    entry = facts.next_entry
    held = read_only(facts, entry.file) if entry and obstacle(facts, policy) else None
    return f"{held.where.text}; {held.remedy}" if held else systemd_boot.why_unseen(facts.evidence, facts.menu)


def stays_reserved(facts: Facts) -> str:
    """Why `disable` cannot take the reservation of the next boot away; empty when it can."""
    entry = facts.next_entry
    if entry is not None and not entry.generated:
        return f"the entry that boots next comes from {entry.made_by}; take crashkernel= out of it there"
    return back_ends.of(facts).stays(facts)


def _foreign_entry(facts: Facts) -> Obstacle | None:
    """The next boot takes an entry that is not made from the GRUB defaults."""
    entry = facts.next_entry
    if entry is None or entry.generated:
        return None
    remedy = f"give the entry in {entry.made_by} the wanted crashkernel=, then: {back_ends.of(facts).BY_HAND}"
    return Obstacle(Source(entry.file, entry.line, f"{entry.made_by}: linux {entry.kernel}"), remedy)
