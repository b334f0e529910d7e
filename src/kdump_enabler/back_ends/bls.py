"""GRUB with a file for each entry, whose options are written out (EL 9 and later, Fedora).

GRUB reads these files itself. New kernels get what /etc/kernel/cmdline says (20-grub.install of grub2,
kernel-install(8)), and older grub2-mkconfig made both from /etc/default/grub, as 20-grub.install still does where that
file is newer. So all three say the same, as after `grubby --update-kernel=ALL`. grubby itself is not called: it writes
one file after the other, and takes a GRUB_CMDLINE_LINUX_DEFAULT line of /etc/default/grub for the other one
(update_bls_fragment of grubby-bls), where our module for files changes a word in all of them or in none.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..changes import FileChange, edited
from ..cleanup import changed
from ..evidence import File
from ..facts import crashkernel, grub, grub_defaults
from ..facts.bls import DIRECTORY, VARIABLE
from ..facts.grub_defaults import MAIN
from ..facts.machine import Facts
from ..finding import Source
from ..policy import Policy
from ..wanted import Reserve
from .entry_files import (
    asked_for,
    editable,
    is_wrong,
    new_template,
    next_fragment,
    read_only,
    template,
    template_lasts,
    why_not,
    with_options,
)
from .interface import Obstacle, Tool

GENERATOR: tuple[str, ...] = ()
BY_HAND: str = "grub2-mkconfig -o /boot/grub2/grub.cfg"


def changes(facts: Facts, reservation: str, policy: Policy) -> tuple[FileChange, ...]:
    """Word by word, the files that do not ask for enough yet. The template comes last, so that it is the newer one."""
    texts = _texts(facts, reservation, policy)
    changed_ones = (edited(facts.evidence.file(path), text) for path, text in texts.items())
    return (*changed_ones, *new_template(facts, _template_words(facts), reservation))


def tool(_: Facts, __: str | None) -> Tool | None:
    """GRUB reads the files itself."""
    return None


def spoiler(facts: Facts, want: Reserve, policy: Policy) -> Obstacle | None:
    """Why the entry that boots next would not ask for enough: its file cannot be changed word by word, or what it asks
    for is not written in it."""
    held = read_only(facts, DIRECTORY)
    if held:
        return held
    after, entry = _next(facts, _texts(facts, want.text, policy)), facts.next_entry
    if entry is None or not is_wrong(facts, after, want, policy):
        return None
    where = Source(entry.file, entry.line, facts.next_boot.text if facts.next_boot else "")
    return Obstacle(where, f"write crashkernel={want.text} into the options of {entry.file} by hand: {_why(facts)}")


def stays(facts: Facts) -> str:
    """The entry that asks for memory whatever its words are changed to."""
    held = read_only(facts, DIRECTORY)
    if held:
        return f"{held.where.text}; {held.remedy}"
    left, entry = crashkernel.words(_next(facts, _texts(facts, "", Policy()))), facts.next_entry
    return f"{entry.file} asks for crashkernel={left[-1]}: {_why(facts)}" if left and entry else ""


def lasts(facts: Facts, want: Reserve, policy: Policy) -> bool:
    """What the template asks for; without one a new kernel gets the running one's command line."""
    return template_lasts(facts, want, policy)


def _texts(facts: Facts, reservation: str, policy: Policy) -> dict[str, str]:
    """The new text of each file that can be changed and has to be."""
    want = asked_for(facts, reservation)
    return editable(*_main(facts, want, policy), *_entries(facts, want, policy), *template(facts, want, policy))


def _entries(facts: Facts, want: Reserve | None, policy: Policy) -> Iterator[tuple[File, str]]:
    variables = grub.environment(facts.evidence.text(facts.menu.env) or "")
    for one in facts.menu.fragments if not read_only(facts, DIRECTORY) else ():
        if is_wrong(facts, one.command_line(variables), want, policy):
            yield one.file, with_options(one, want.text if want else "")


def _main(facts: Facts, want: Reserve | None, policy: Policy) -> Iterator[tuple[File, str]]:
    """The GRUB defaults, as far as what becomes of them can be told without a shell."""
    line = facts.grub_defaults.command_line
    if line is None or not is_wrong(facts, line, want, policy):
        return
    text = grub_defaults.with_reservation(facts.grub_defaults, want.text if want else "")
    after = grub_defaults.read(facts.evidence, {MAIN: text}).command_line if text is not None else None
    if text is not None and after is not None and not is_wrong(facts, after, want, policy):
        yield facts.evidence.file(MAIN), text


def _template_words(facts: Facts) -> list[str]:
    """What the entry that boots next says, without what GRUB fills in."""
    one = next_fragment(facts)
    options = " ".join(text for _, text in one.options) if one else ""
    return [word for word in options.split() if not VARIABLE.search(word)]


def _next(facts: Facts, texts: dict[str, str]) -> str:
    """The command line of the next boot with these texts."""
    entry = grub.read(changed(facts.evidence, texts)).next_entry
    return entry.command_line if entry else ""


def _why(facts: Facts) -> str:
    """What is in the way in the file of the entry that boots next."""
    one = next_fragment(facts)
    if one is not None and "$kernelopts" in (text for _, options in one.options for text in options.split()):
        return f"its options come from kernelopts in {facts.menu.env}"
    return why_not(one)
