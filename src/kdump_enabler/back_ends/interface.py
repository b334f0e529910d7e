"""What each way of changing the next boot's command line can do; a new one is a module with these names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..changes import FileChange
from ..facts.machine import Facts
from ..finding import Source
from ..policy import Policy
from ..wanted import Reserve


@dataclass(frozen=True)
class Obstacle:
    """The place that keeps us from deciding what the next boot reserves, and what an administrator has to do there."""

    where: Source
    remedy: str


class BackEnd(Protocol):
    """`GENERATOR` makes grub.cfg from what was written, empty where GRUB reads that itself; `BY_HAND` is the command
    with which a person brings a change of the menu into effect."""

    GENERATOR: tuple[str, ...]
    BY_HAND: str

    def changes(self, facts: Facts, reservation: str, policy: Policy, /) -> tuple[FileChange, ...]:
        """The files with which every kernel of this system, also one to come, reserves at least this much; an empty
        reservation takes all away."""

    def spoiler(self, facts: Facts, want: Reserve, policy: Policy, /) -> Obstacle | None:
        """What would make the next boot reserve too little although the changes are made."""

    def stays(self, facts: Facts, /) -> str:
        """Why the next boot would reserve memory although the changes take all away; empty if it would not."""

    def lasts(self, facts: Facts, want: Reserve, policy: Policy, /) -> bool:
        """Whether a kernel that is installed later gets enough as well."""
