"""What each way of changing the next boot's command line can do; a new one is a module with these names."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Protocol

from ..changing.changes import FileChange
from ..changing.wanted import Reserve
from ..facts.machine import Facts
from ..finding import Source
from ..policy import Policy


@dataclass(frozen=True)
class Obstacle:
    """The place that keeps us from deciding what the next boot reserves, and what an administrator has to do there."""

    where: Source
    remedy: str


@dataclass(frozen=True)
class Tool:
    """What makes the boot loader's files from what was written: `commands` run one after the other; `files` are globs
    of all that they make, of which `entries` (by default all) are boot entries. Those of `holding` (by default all
    entries) must ask for `words` afterwards, an empty tuple being none; null where that is not known. `settings` are
    the beginnings of the paths that the tool reads."""

    commands: tuple[tuple[str, ...], ...]
    files: tuple[str, ...]
    settings: tuple[str, ...]
    entries: tuple[str, ...] = ()
    holding: tuple[str, ...] = ()
    words: tuple[str, ...] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The tool as the roles take it."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        lists = {name: None if value is None else list(value) for name, value in found.items()}
        return lists | {"commands": [list(command) for command in self.commands]}


class BackEnd(Protocol):
    """`GENERATOR` makes grub.cfg from what was written, empty where GRUB reads that itself; `BY_HAND` is the command
    with which a person brings a change of the menu into effect."""

    GENERATOR: tuple[str, ...]
    BY_HAND: str

    def changes(self, facts: Facts, reservation: str, policy: Policy, /) -> tuple[FileChange, ...]:
        """The files with which every kernel of this system, also one to come, reserves at least this much; an empty
        reservation takes all away."""

    def tool(self, facts: Facts, reservation: str | None, /) -> Tool | None:
        """What has to run after the changes for this reservation (empty: none; null: files are put back) so that the
        boot loader knows of them; null where it reads them itself, or `GENERATOR` makes its file."""

    def spoiler(self, facts: Facts, want: Reserve, policy: Policy, /) -> Obstacle | None:
        """What would make the next boot reserve too little although the changes are made."""

    def stays(self, facts: Facts, /) -> str:
        """Why the next boot would reserve memory although the changes take all away; empty if it would not."""

    def lasts(self, facts: Facts, want: Reserve, policy: Policy, /) -> bool:
        """Whether a kernel that is installed later gets enough as well."""
