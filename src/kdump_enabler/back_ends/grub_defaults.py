"""GRUB without a directory of drop-ins: one word of /etc/default/grub, and grub.cfg made anew (Fedora and EL with
GRUB_ENABLE_BLSCFG=false, SUSE). SUSE's own tool would write the same word (`pbl --add-option`, grub2/add-option of
openSUSE/perl-bootloader), and the whole line anew; it is not called, so that every other byte stays."""

from __future__ import annotations

from ..changing.changes import FileChange, can_edit, edited
from ..changing.wanted import Reserve, asks_enough
from ..facts import crashkernel, grub_defaults
from ..facts.grub_defaults import MAIN
from ..facts.machine import Facts
from ..finding import Source
from ..policy import Policy
from .interface import Obstacle, Tool

GENERATOR: tuple[str, ...] = ("grub2-mkconfig",)
BY_HAND: str = "grub2-mkconfig -o /boot/grub2/grub.cfg"


def changes(facts: Facts, reservation: str, _: Policy) -> tuple[FileChange, ...]:
    """The word in the GRUB defaults; an empty tuple means that it is right and grub.cfg is not made from it yet."""
    file, text = facts.evidence.file(MAIN), _text(facts, reservation)
    return () if text is None or text == file.text else (edited(file, text),)


def tool(_: Facts, __: str | None) -> Tool | None:
    """grub2-mkconfig is all that has to run."""
    return None


def lasts(_: Facts, __: Reserve, ___: Policy) -> bool:
    """grub2-mkconfig gives a new kernel what the others have."""
    return True


def stays(facts: Facts) -> str:
    """What cannot be taken out word by word, or comes from elsewhere."""
    line = _line(facts, "")
    left = crashkernel.words(line) if line is not None else None
    return "" if left == [] else f"take crashkernel= out of {MAIN} by hand, then: {_by_hand(facts)}"


def spoiler(facts: Facts, want: Reserve, policy: Policy) -> Obstacle | None:
    """Why grub2-mkconfig would not make enough of it."""
    line = _line(facts, want.text)
    if line is not None and asks_enough(line, facts, want, policy):
        return None
    remedy = f"write crashkernel={want.text} into {_variable(facts)} of {MAIN} by hand, then: {_by_hand(facts)}"
    return Obstacle(Source(MAIN, 0, "it cannot be changed word by word"), remedy)


def _by_hand(facts: Facts) -> str:
    """The tool is called as the directory that it writes to, also by grub_mkconfig."""
    name = facts.menu.config.split("/")[2]
    return f"{name}-mkconfig -o {facts.menu.config}"


def _text(facts: Facts, reservation: str) -> str | None:
    file = facts.evidence.file(MAIN)
    text = grub_defaults.with_reservation(facts.grub_defaults, reservation, _variable(facts))
    return text if text is not None and can_edit(file, text) else None


def _variable(facts: Facts) -> str:
    assert facts.platform is not None  # noqa: S101 - who is ours to configure has one
    return facts.platform.grub_variable


def _line(facts: Facts, reservation: str) -> str | None:
    """The command line that entries get then; null where it cannot be written, or only a shell could tell."""
    text = _text(facts, reservation)
    return None if text is None else grub_defaults.read(facts.evidence, {MAIN: text}).command_line
