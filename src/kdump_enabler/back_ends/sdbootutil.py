"""SUSE's boot entries, made by sdbootutil: the word in /etc/kernel/cmdline, and the entries from it.

`sdbootutil update-all-entries` writes the entries of the snapshot that boots by default from /etc/kernel/cmdline and
/etc/kernel/cmdline.d; those of a new kernel come from there, too (create_boot_options of sdbootutil). SUSE's pbl would
write the same word (systemd-boot/add-option of openSUSE/perl-bootloader) and leave the entries as they are.
"""

from __future__ import annotations

from ..changing.changes import FileChange, edited
from ..changing.wanted import Reserve
from ..facts import crashkernel, sdbootutil
from ..facts.machine import Facts
from ..finding import Source
from ..policy import Policy
from .entry_files import TEMPLATE, asked_for, editable, is_wrong, new_template, read_only, template, template_lasts
from .interface import Obstacle, Tool

GENERATOR: tuple[str, ...] = ()
UPDATE = ("sdbootutil", "update-all-entries")
BY_HAND: str = " ".join(UPDATE)
# What sdbootutil leaves out of a command line or adds by itself (sedrootflags).
NOT_KEPT = ("BOOT_IMAGE=", "initrd=", "systemd.machine_id=", "rootflags=subvol=")


def changes(facts: Facts, reservation: str, policy: Policy) -> tuple[FileChange, ...]:
    """What the entries will be made from; an empty tuple means that it is right and they are not made from it yet."""
    texts = _texts(facts, reservation, policy)
    made = tuple(edited(facts.evidence.file(path), text) for path, text in texts.items())
    return (*made, *new_template(facts, _template_words(facts), reservation))


def tool(facts: Facts, reservation: str | None) -> Tool | None:
    """It asks for what /etc/kernel/cmdline asks for then: more than is wanted stays."""
    entry = facts.next_entry
    if entry is None:
        return None
    written = crashkernel.words(_after(facts, reservation, Policy())) if reservation is not None else []
    words = None if reservation is None else tuple(f"crashkernel={word}" for word in written)
    directory = entry.file.rpartition("/")[0]
    return Tool((UPDATE,), (f"{directory}/*.conf",), (TEMPLATE, sdbootutil.DROPINS), holding=(entry.file,), words=words)


def lasts(facts: Facts, want: Reserve, policy: Policy) -> bool:
    """What new entries are made from."""
    return template_lasts(facts, want, policy)


def spoiler(facts: Facts, want: Reserve, policy: Policy) -> Obstacle | None:
    """Why the entries would not ask for enough, or must not be made anew."""
    remedy = f"write crashkernel={want.text} into {TEMPLATE} by hand, then: {BY_HAND}"
    held = _held(facts, remedy)
    if held or not is_wrong(facts, _after(facts, want.text, policy), want, policy):
        return held
    return Obstacle(Source(TEMPLATE, 1, "it cannot be changed word by word"), remedy)


def stays(facts: Facts) -> str:
    """What asks for memory although /etc/kernel/cmdline does not, or keeps the entries from being made anew."""
    remedy = f"take crashkernel= out of {TEMPLATE} by hand, then: {BY_HAND}"
    held = _held(facts, remedy)
    if held:
        return f"{held.where.text}; {held.remedy}"
    return remedy if crashkernel.words(_after(facts, "", Policy())) else ""


def _held(facts: Facts, remedy: str) -> Obstacle | None:
    """What keeps sdbootutil from making the entry that boots next, or us from letting it."""
    entry = facts.next_entry
    if entry is None:
        return None
    for file in sdbootutil.dropins(facts.evidence):
        if crashkernel.words(file.text or ""):
            text = f"{file.path} adds crashkernel={crashkernel.words(file.text or '')[-1]}"
            return Obstacle(Source(file.path, 1, text), f"take it out of {file.path}, then: {BY_HAND}")
    if not sdbootutil.is_this_snapshot(facts.evidence, entry.command_line):
        return Obstacle(Source(entry.file, entry.line, f"{entry.file} boots another snapshot or system"), remedy)
    if sdbootutil.measured(facts.evidence):
        text = "a TPM that measures the boot entries opens a disk"
        return Obstacle(Source("/etc/crypttab", 0, text), f"{remedy}, and sdbootutil update-predictions")
    return read_only(facts, entry.file)


def _texts(facts: Facts, reservation: str, policy: Policy) -> dict[str, str]:
    return editable(*template(facts, asked_for(facts, reservation), policy))


def _after(facts: Facts, reservation: str, policy: Policy) -> str:
    """What /etc/kernel/cmdline holds then."""
    text = facts.evidence.text(TEMPLATE)
    made = new_template(facts, _template_words(facts), reservation)
    if text is None:
        return (made[0].text or "") if made else ""
    return _texts(facts, reservation, policy).get(TEMPLATE, text)


def _template_words(facts: Facts) -> list[str]:
    words = facts.next_entry.command_line.split() if facts.next_entry else []
    return [word for word in words if not word.startswith(NOT_KEPT)]
