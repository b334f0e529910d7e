"""What the GRUB defaults say, and what grub.cfg makes of it."""

from __future__ import annotations

from collections.abc import Iterator

from .. import back_ends
from ..changing.cleanup import cleanup
from ..changing.obstacle import obstacle
from ..changing.wanted import GRUB_DROPIN, is_enough, reserve
from ..facts import crashkernel
from ..facts.boot_loader import ENTRY_FILES
from ..facts.grub import Entry
from ..facts.grub_defaults import CHOICE, Word
from ..facts.kernel import telling
from ..facts.machine import Facts
from ..finding import ENABLE, Finding, Severity, Source
from ..policy import Policy
from .words import asked_at, mib

GRUBBY = "/usr/sbin/grubby"  # only recommended by kdump-utils, and for GRUB's entries
CHOOSE = "keep its crashkernel= up to date by hand, or choose an entry of 10_linux by GRUB_DEFAULT"


def several(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD026: of several crashkernel= the kernel obeys the last without a suffix, and `,high` and `,low` only if there
    is none; the others look as if they counted (kernel/crash_reserve.c)."""
    entry = facts.next_entry
    ignored = crashkernel.ignored(entry.command_line, facts.next_kernel) if entry else []
    if entry is None or not ignored:
        return
    places = list(_places(facts, entry))
    mended = _enable_writes(facts, policy) or _cleaned(facts, policy)
    yield Finding(
        id="KD026",
        severity=Severity.WARNING,
        title="Several crashkernel= are on the next boot's command line",
        current=f"the kernel ignores {', '.join(f'crashkernel={value}' for value in ignored)}",
        wanted=facts.next_boot.text if facts.next_boot else "one",
        evidence=tuple(places),
        remedy=ENABLE if mended else f"leave one of {_files(places)}{_then(facts, entry)}",
        by_hand=not mended,
    )


def entries_differ(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD027: the verdict is about the entry that boots by itself; another kernel that is chosen in the menu, or that
    becomes the default, may reserve something else (grub.cfg; grub manual, "default")."""
    if facts.next_boot is None or facts.memory_bytes is None:
        return
    size, ram = facts.next_boot.size_bytes, facts.memory_bytes
    others = [entry for entry in facts.menu.entries if entry.boots_this_system and entry != facts.next_entry]
    found = [
        (entry, crashkernel.evaluate(entry.command_line, ram, telling(entry.kernel, facts.kernel))) for entry in others
    ]
    different = [(entry, asked) for entry, asked in found if asked.size_bytes != size]
    if not different:
        return
    mended = _enable_writes(facts, policy) or _evens_out(facts, policy)
    foreign = _scripts([entry for entry, _ in different])
    here = facts.next_entry is not None and not facts.next_entry.generated
    yield Finding(
        id="KD027",
        severity=Severity.WARNING,
        title="Other boot entries reserve another amount of memory",
        current="; ".join(dict.fromkeys(f"{entry.release}: {mib(asked.size_bytes)}" for entry, asked in different)),
        wanted=f"the same in each; what boots by itself reserves {mib(size)}",
        evidence=tuple(asked_at(facts, entry, asked.text or asked.problem) for entry, asked in different),
        remedy=ENABLE if mended else CHOOSE if here else f"{foreign}{_same_in_all(facts)}",
        by_hand=not mended,
    )


def foreign_entry(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD028: an entry that somebody wrote, as in /etc/grub.d/40_custom, takes nothing from the GRUB defaults: neither
    our reservation nor a new kernel ever comes into it by update-grub (grub manual, "Custom menu entries")."""
    entry = facts.next_entry
    if entry is None or entry.generated:
        return
    yield Finding(
        id="KD028",
        severity=Severity.WARNING,
        title="The default boot entry is not made from the GRUB defaults",
        current=f"it comes from {entry.made_by} and boots {entry.kernel}",
        wanted="an entry of /etc/grub.d/10_linux",
        evidence=(Source(entry.file, entry.line, entry.made_by), *_default(facts)),
        remedy=CHOOSE,
        by_hand=True,
    )


def overridden(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """KD029: grub-mkconfig reads the defaults one after the other, and one that sets a variable anew throws away what
    those before put into it (/usr/sbin/grub-mkconfig; POSIX sh)."""
    for word in facts.grub_defaults.lost:
        by = facts.grub_defaults.replaced_by(word)
        newline = facts.grub_defaults.newline
        if (by and by.path == GRUB_DROPIN) or not (by or newline):
            continue  # ours replaces the others on purpose
        why = "a newline in the value ends GRUB's command"
        winner = Source(by.path, by.line, f"{by.name}={by.text}") if by else Source(word.path, word.line, why)
        mended, held = _enable_writes(facts, policy), obstacle(facts, policy)
        keep = f"let {by.path}:{by.line} keep ${by.name}" if by else "write the value on one line"
        yield Finding(
            id="KD029",
            severity=Severity.WARNING,
            title="A crashkernel= of the GRUB defaults never reaches the command line",
            current=f"{word.text}: " + (f"{by.path}:{by.line} sets {by.name} anew" if by else why),
            wanted="one place that decides",
            evidence=(Source(word.path, word.line, word.text), winner),
            remedy=ENABLE if mended else held.remedy if held else f"{keep}, then: {back_ends.of(facts).BY_HAND}",
            by_hand=not mended,
        )


def _enable_writes(facts: Facts, policy: Policy) -> bool:
    """Whether `enable` would put one crashkernel= in place of all others."""
    want, size = reserve(facts, policy), facts.next_boot.size_bytes if facts.next_boot else None
    wrong = want is not None and not want.problem and size is not None and not is_enough(size, want, policy)
    return wrong and obstacle(facts, policy) is None


def _evens_out(facts: Facts, policy: Policy) -> bool:
    """Whether `enable` writes the entries for the sake of kernels to come."""
    want, size = reserve(facts, policy), facts.next_boot.size_bytes if facts.next_boot else None
    if want is None or want.problem or not is_enough(size, want, policy):
        return False
    back_end = back_ends.of(facts)
    return not back_end.lasts(facts, want, policy) and bool(back_end.changes(facts, want.text, policy))


def _cleaned(facts: Facts, policy: Policy) -> bool:
    """Whether one is left when `enable` has taken back what an earlier version wrote."""
    clean = cleanup(facts, policy)
    return bool(clean.words) and (bool(clean.drop_in) or len(clean.after.grub_defaults.words) == 1)


def _places(facts: Facts, entry: Entry) -> Iterator[Source]:
    """Each crashkernel= of an entry with the line of the defaults it comes from, or else that of grub.cfg."""
    written: list[Word] = list(facts.grub_defaults.words) if entry.generated else []
    for value in crashkernel.words(entry.command_line):
        text = f"crashkernel={value}"
        word = next((word for word in written if word.text == text), None)
        if word:
            written.remove(word)
        yield Source(word.path, word.line, text) if word else asked_at(facts, entry, text)


def _files(places: list[Source]) -> str:
    return ", ".join(dict.fromkeys(f"{place.source}:{place.line}" for place in places))


def _scripts(entries: list[Entry]) -> str:
    """What has to be done to entries that update-grub does not change; empty where there are none."""
    scripts = ", ".join(dict.fromkeys(entry.made_by for entry in entries if not entry.generated))
    return f"change the entries in {scripts}, then: " if scripts else ""


def _then(facts: Facts, entry: Entry) -> str:
    """What brings an edit into effect: nothing where GRUB reads the file itself."""
    by_hand = back_ends.of(facts).BY_HAND
    return "" if entry.by_bls or not by_hand else f", then: {by_hand}"


def _same_in_all(facts: Facts) -> str:
    """What gives every entry what boots by itself."""
    entry = facts.next_entry
    words = crashkernel.words(entry.command_line) if entry else []
    if facts.boot_loader in ENTRY_FILES and not words:
        return "take crashkernel= out of the options of the others"
    if not entry or not entry.by_bls or not words:
        return back_ends.of(facts).BY_HAND or "write the same crashkernel= into each of them"
    asked = " ".join(f"crashkernel={word}" for word in words)
    if facts.evidence.file(GRUBBY).absent or not (facts.boot_loader or "").startswith("bls"):
        return f"write {asked} into the options of each"
    return f"grubby --update-kernel=ALL --args='{asked}'"


def _default(facts: Facts) -> Iterator[Source]:
    """The line that chooses the entry, where the defaults say so."""
    chosen = [made for made in facts.grub_defaults.assignments if made.name == CHOICE and not made.commented]
    if chosen:
        yield Source(chosen[-1].path, chosen[-1].line, f"{chosen[-1].name}={chosen[-1].text}")
