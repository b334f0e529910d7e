"""systemd-boot with entries that kernelstub writes (Pop!_OS): its configuration has the options of all of them.

kernelstub is not run: it copies kernels and initrds to the ESP over those that boot, with nothing to go back to. The
word goes into the entries that are there, as it would, and into the configuration, of which the hook of the next kernel
makes them anew (/etc/kernel/postinst.d/zz-kernelstub).
"""

from __future__ import annotations

from ..changing.changes import FileChange
from ..changing.wanted import Reserve
from ..facts import kernelstub
from ..facts.machine import Facts
from ..facts.shell_value import CUT_OUT
from ..policy import Policy
from . import systemd_boot
from .entry_files import asked_for, is_wrong
from .systemd_boot import spoiler, stays, tool

__all__ = ["BY_HAND", "GENERATOR", "changes", "lasts", "spoiler", "stays", "tool"]
GENERATOR: tuple[str, ...] = ()
BY_HAND: str = "kernelstub"


def changes(facts: Facts, reservation: str, policy: Policy) -> tuple[FileChange, ...]:
    """The entries, and the configuration where it asks for too little."""
    return (*systemd_boot.changes(facts, reservation, policy), *_configuration(facts, reservation, policy))


def lasts(facts: Facts, want: Reserve, policy: Policy) -> bool:
    """What the configuration asks for."""
    found = kernelstub.read(facts.evidence)
    return found is not None and not is_wrong(facts, found.command_line, want, policy)


def _configuration(facts: Facts, reservation: str, policy: Policy) -> tuple[FileChange, ...]:
    file, found = facts.evidence.file(kernelstub.PATH), kernelstub.read(facts.evidence)
    if found is None or not is_wrong(facts, found.command_line, asked_for(facts, reservation), policy):
        return ()
    text = found.with_reservation(reservation)
    kept = text is None or file.link is not None or CUT_OUT in text
    return () if kept else (FileChange(file.path, file.sha256 or "", text=text),)
