"""GRUB with a file for each entry (EL 8 and later, Fedora, Amazon Linux).

GRUB reads these files itself. Options are written out in them, or stand in `kernelopts` of GRUB's environment block, as
on EL 8 and in entries that came from there; one machine may have both. New kernels get what /etc/kernel/cmdline says
(20-grub.install of grub2, kernel-install(8)), on EL 8 `$kernelopts` (20-grub.install of its grub2 2.02), and older
grub2-mkconfig made all of it from /etc/default/grub, as 20-grub.install still does where that file is newer. So all of
them say the same, as after `grubby --update-kernel=ALL`. grubby itself is not called, nor has it to be there: it writes
one file after the other, and takes a GRUB_CMDLINE_LINUX_DEFAULT line of /etc/default/grub for the other one
(update_bls_fragment of grubby-bls), where our module for files changes a word in all of them or in none.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..changing.changes import FileChange, edited
from ..changing.cleanup import changed
from ..changing.wanted import Reserve
from ..evidence import File
from ..facts import crashkernel, grub, grub_defaults, grub_env
from ..facts.bls import DIRECTORY, VARIABLE, Fragment
from ..facts.grub_defaults import MAIN
from ..facts.machine import Facts
from ..finding import Source
from ..policy import Policy
from . import environment_block
from .entry_files import (
    TEMPLATE,
    asked_for,
    editable,
    is_wrong,
    new_template,
    next_fragment,
    read_only,
    template,
    why_not,
    with_options,
)
from .interface import Obstacle, Tool

GENERATOR: tuple[str, ...] = ()
BY_HAND: str = "grub2-mkconfig -o /boot/grub2/grub.cfg"
KERNELOPTS = "kernelopts"
OF_EL8 = f"bls-{KERNELOPTS}"  # what the table calls it where new kernels get $kernelopts


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
    """What new kernels get asks for it; without a template that is the running one's command line."""
    place = of_new_kernels(facts)
    return place is None or not is_wrong(facts, place.text, want, policy)


def of_new_kernels(facts: Facts) -> Source | None:
    """Where the command line of a kernel stands that is installed later; null where there is no such place."""
    if facts.boot_loader != OF_EL8:
        text = facts.evidence.text(TEMPLATE)
        return None if text is None else Source(TEMPLATE, 1, text.strip())
    lines = (facts.evidence.text(facts.menu.env) or "").split("\n")
    at = next((at for at, line in enumerate(lines, 1) if line.startswith(f"{KERNELOPTS}=")), 0)
    return Source(facts.menu.env if at else facts.menu.config, at, facts.menu.variables.get(KERNELOPTS, ""))


def _texts(facts: Facts, reservation: str, policy: Policy) -> dict[str, str]:
    """The new text of each file that can be changed and has to be."""
    want = asked_for(facts, reservation)
    block = _block(facts, want, policy)
    entries = _entries(facts, want, policy, block)
    texts = editable(*_main(facts, want, policy), *entries, *template(facts, want, policy))
    return texts if block is None else {**texts, facts.menu.env: block}


def _block(facts: Facts, want: Reserve | None, policy: Policy) -> str | None:
    """The new text of the environment block whose `kernelopts` entries take, or will take; null where it stays."""
    value = facts.menu.variables.get(KERNELOPTS, "")
    taken = facts.boot_loader == OF_EL8 or any(_takes_kernelopts(one) for one in facts.menu.fragments)
    if not value or not taken or not is_wrong(facts, value, want, policy):
        return None
    return environment_block.with_value(facts, KERNELOPTS, crashkernel.rewritten(value, want.text if want else ""))[0]


def _takes_kernelopts(entry: Fragment) -> bool:
    return any(KERNELOPTS in VARIABLE.findall(text) for _, text in entry.options)


def _entries(facts: Facts, want: Reserve | None, policy: Policy, block: str | None) -> Iterator[tuple[File, str]]:
    """The entries that do not ask for enough with this environment block: the word goes into each, but where
    `kernelopts` has it, others go."""
    variables = {**facts.menu.variables, **grub_env.read(block or "")}
    for one in facts.menu.fragments if not read_only(facts, DIRECTORY) else ():
        if is_wrong(facts, one.command_line(variables), want, policy, one.kernel):
            value = variables.get(KERNELOPTS, "")
            told = _takes_kernelopts(one) and not is_wrong(facts, value, want, policy, one.kernel)
            yield one.file, with_options(one, want.text if want and not told else "")


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
    """What the entry that boots next says, without what GRUB fills in; nothing on EL 8, which has no template."""
    one = next_fragment(facts) if facts.boot_loader != OF_EL8 else None
    options = " ".join(text for _, text in one.options) if one else ""
    return [word for word in options.split() if not VARIABLE.search(word)]


def _next(facts: Facts, texts: dict[str, str]) -> str:
    """The command line of the next boot with these texts."""
    entry = grub.read(changed(facts.evidence, texts)).next_entry
    return entry.command_line if entry else ""


def _why(facts: Facts) -> str:
    """What is in the way in the file of the entry that boots next."""
    one = next_fragment(facts)
    if one is not None and _takes_kernelopts(one):
        return f"its options come from {KERNELOPTS}: {environment_block.with_value(facts, KERNELOPTS, '')[1]}"
    return why_not(one)
