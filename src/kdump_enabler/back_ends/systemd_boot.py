"""systemd-boot with a file for each entry (type 1 of the Boot Loader Specification).

It reads these files itself, so a word in each is all; kernel-install gives a new kernel what /etc/kernel/cmdline says
(90-loaderentry.install), on Debian called by /etc/kernel/postinst.d/zz-systemd-boot. kernel-install is not run: it
copies every kernel and initrd to the ESP once more, over those that boot.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..changing.changes import FileChange, edited
from ..changing.cleanup import changed
from ..changing.wanted import Reserve
from ..evidence import File
from ..facts import crashkernel, systemd_boot
from ..facts.machine import Facts
from ..finding import Source
from ..policy import Policy
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
BY_HAND: str = "bootctl list"
# What kernel-install leaves out of the running command line or adds by itself.
NOT_KEPT = ("BOOT_IMAGE=", "initrd=", "systemd.machine_id=")


def changes(facts: Facts, reservation: str, policy: Policy) -> tuple[FileChange, ...]:
    """Word by word, the files that do not ask for enough yet, and the template that a new kernel will be made from."""
    texts = _texts(facts, reservation, policy)
    made = (edited(facts.evidence.file(path), text) for path, text in texts.items())
    return (*made, *new_template(facts, template_words(facts), reservation))


def tool(_: Facts, __: str | None) -> Tool | None:
    """systemd-boot reads the files itself."""
    return None


def spoiler(facts: Facts, want: Reserve, policy: Policy) -> Obstacle | None:
    """Why the entry that boots next would not ask for enough."""
    entry = facts.next_entry
    if entry is None:
        return None
    held = read_only(facts, entry.file)
    if held or not is_wrong(facts, _next(facts, _texts(facts, want.text, policy)), want, policy):
        return held
    where = Source(entry.file, entry.line, facts.next_boot.text if facts.next_boot else "")
    return Obstacle(where, f"write crashkernel={want.text} into the options of {entry.file} by hand: {_why(facts)}")


def stays(facts: Facts) -> str:
    """The entry that asks for memory whatever its words are changed to."""
    entry = facts.next_entry
    if entry is None:
        return systemd_boot.why_unseen(facts.evidence, facts.menu)
    held = read_only(facts, entry.file)
    if held:
        return f"{held.where.text}; {held.remedy}"
    left = crashkernel.words(_next(facts, _texts(facts, "", Policy())))
    return f"{entry.file} asks for crashkernel={left[-1]}: {_why(facts)}" if left else ""


def lasts(facts: Facts, want: Reserve, policy: Policy) -> bool:
    """What the template asks for."""
    return template_lasts(facts, want, policy)


def _texts(facts: Facts, reservation: str, policy: Policy) -> dict[str, str]:
    want = asked_for(facts, reservation)
    return editable(*_entries(facts, want, policy), *template(facts, want, policy))


def _entries(facts: Facts, want: Reserve | None, policy: Policy) -> Iterator[tuple[File, str]]:
    """Those that boot this system; another's on the same ESP are not ours to change."""
    for one in facts.menu.fragments:
        ours = systemd_boot.is_ours(facts.evidence, one) and not systemd_boot.is_image(one)
        if (
            ours
            and not read_only(facts, one.file.path)
            and is_wrong(facts, systemd_boot.command_line(one), want, policy)
        ):
            yield one.file, with_options(one, want.text if want else "")


def template_words(facts: Facts) -> list[str]:
    """The template that kernel-install would find; where it did not make the entry, a template might mean something to
    other tools (mkinitcpio's unified images)."""
    one = next_fragment(facts)
    if one is None or not (one.kernel.endswith("/linux") or systemd_boot.is_image(one)):
        return []
    return [word for word in systemd_boot.command_line(one).split() if not word.startswith(NOT_KEPT)]


def _next(facts: Facts, texts: dict[str, str]) -> str:
    """The command line of the next boot with these texts."""
    entry = systemd_boot.read(changed(facts.evidence, texts)).next_entry
    return entry.command_line if entry else ""


def _why(facts: Facts) -> str:
    one = next_fragment(facts)
    if one is not None and one.options and not systemd_boot.is_ours(facts.evidence, one):
        return "it has another root= than this system"
    return why_not(one)
