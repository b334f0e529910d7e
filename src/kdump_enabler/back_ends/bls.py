"""GRUB with a file for each entry, whose options are written out (EL 9 and later, Fedora).

GRUB reads these files itself. New kernels get what /etc/kernel/cmdline says (20-grub.install of grub2,
kernel-install(8)), and older grub2-mkconfig made both from /etc/default/grub, as 20-grub.install still does where that
file is newer. So all three say the same, as after `grubby --update-kernel=ALL`. grubby itself is not called: it writes
one file after the other, and takes a GRUB_CMDLINE_LINUX_DEFAULT line of /etc/default/grub for the other one
(update_bls_fragment of grubby-bls), where our module for files changes a word in all of them or in none.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..changes import FileChange, can_edit, edited, own_file
from ..cleanup import changed
from ..evidence import File
from ..facts import crashkernel, grub, grub_defaults
from ..facts.bls import DIRECTORY, VARIABLE, Fragment
from ..facts.grub_defaults import MAIN
from ..facts.machine import Facts
from ..facts.shell_value import CUT_OUT
from ..finding import Source
from ..policy import Policy
from ..wanted import Reserve, asks_enough
from .interface import Obstacle, Tool

GENERATOR: tuple[str, ...] = ()
BY_HAND: str = "grub2-mkconfig -o /boot/grub2/grub.cfg"
TEMPLATE = "/etc/kernel/cmdline"


def changes(facts: Facts, reservation: str, policy: Policy) -> tuple[FileChange, ...]:
    """Word by word, the files that do not ask for enough yet. The template comes last, so that it is the newer one."""
    texts = _texts(facts, reservation, policy)
    changed_ones = (edited(facts.evidence.file(path), text) for path, text in texts.items())
    return (*changed_ones, *_new_template(facts, reservation))


def tool(_: Facts, __: str | None) -> Tool | None:
    """GRUB reads the files itself."""
    return None


def spoiler(facts: Facts, want: Reserve, policy: Policy) -> Obstacle | None:
    """Why the entry that boots next would not ask for enough: its file cannot be changed word by word, or what it asks
    for is not written in it."""
    held = _read_only(facts)
    if held:
        return held
    after, entry = _next(facts, _texts(facts, want.text, policy)), facts.next_entry
    if entry is None or not _is_wrong(facts, after, want, policy):
        return None
    where = Source(entry.file, entry.line, facts.next_boot.text if facts.next_boot else "")
    return Obstacle(where, f"write crashkernel={want.text} into the options of {entry.file} by hand: {_why(facts)}")


def stays(facts: Facts) -> str:
    """The entry that asks for memory whatever its words are changed to."""
    held = _read_only(facts)
    if held:
        return f"{held.where.text}; {held.remedy}"
    left, entry = crashkernel.words(_next(facts, _texts(facts, "", Policy()))), facts.next_entry
    return f"{entry.file} asks for crashkernel={left[-1]}: {_why(facts)}" if left and entry else ""


def lasts(facts: Facts, want: Reserve, policy: Policy) -> bool:
    """What the template asks for; without one a new kernel gets the running one's command line."""
    text = facts.evidence.text(TEMPLATE)
    return text is None or not _is_wrong(facts, text, want, policy)


def _texts(facts: Facts, reservation: str, policy: Policy) -> dict[str, str]:
    """The new text of each file that can be changed and has to be."""
    asked = crashkernel.evaluate(f"crashkernel={reservation}", facts.memory_bytes or 0)
    want = Reserve(reservation, asked.size_bytes, "", low_bytes=asked.low_bytes) if reservation else None
    found = [*_main(facts, want, policy), *_entries(facts, want, policy)]
    template = facts.evidence.file(TEMPLATE)
    if template.text is not None and _is_wrong(facts, template.text, want, policy):
        found.append((template, _on_first_line(template.text, reservation)))
    return {file.path: text for file, text in found if text != file.text and can_edit(file, text)}


def _entries(facts: Facts, want: Reserve | None, policy: Policy) -> Iterator[tuple[File, str]]:
    variables = grub.environment(facts.evidence.text(facts.menu.env) or "")
    for one in facts.menu.fragments if not _read_only(facts) else ():
        if _is_wrong(facts, one.command_line(variables), want, policy):
            yield one.file, _with_options(one, want.text if want else "")


def _with_options(entry: Fragment, reservation: str) -> str:
    """The text of an entry's file with the word in its first options line, and in no other."""
    lines = (entry.file.text or "").split("\n")
    for at, (number, options) in enumerate(entry.options):
        kept = lines[number - 1].removesuffix(options)
        lines[number - 1] = kept + crashkernel.rewritten(options, "" if at else reservation)
    return "\n".join(lines)


def _on_first_line(text: str, reservation: str) -> str:
    """kernel-install takes all lines, grubby the first: the word goes into that one."""
    first, *rest = text.split("\n")
    return "\n".join([crashkernel.rewritten(first, reservation), *(crashkernel.rewritten(one, "") for one in rest)])


def _is_wrong(facts: Facts, command_line: str, want: Reserve | None, policy: Policy) -> bool:
    """More than is wanted stays; with nothing wanted every word is wrong."""
    if want is None:
        return bool(crashkernel.words(command_line))
    return not asks_enough(command_line, facts, want, policy)


def _main(facts: Facts, want: Reserve | None, policy: Policy) -> Iterator[tuple[File, str]]:
    """The GRUB defaults, as far as what becomes of them can be told without a shell."""
    line = facts.grub_defaults.command_line
    if line is None or not _is_wrong(facts, line, want, policy):
        return
    text = grub_defaults.with_reservation(facts.grub_defaults, want.text if want else "")
    after = grub_defaults.read(facts.evidence, {MAIN: text}).command_line if text is not None else None
    if text is not None and after is not None and not _is_wrong(facts, after, want, policy):
        yield facts.evidence.file(MAIN), text


def _new_template(facts: Facts, reservation: str) -> tuple[FileChange, ...]:
    """Where there is no template, it becomes what the entry that boots next says, without what GRUB fills in: until the
    reboot a new kernel would get the running one's command line."""
    one = _next_fragment(facts)
    options = " ".join(text for _, text in one.options) if one else ""
    words = [word for word in options.split() if not VARIABLE.search(word)]
    if not facts.evidence.file(TEMPLATE).absent or not reservation or not words or CUT_OUT in options:
        return ()
    return own_file(facts.evidence, TEMPLATE, crashkernel.rewritten(" ".join(words), reservation) + "\n")


def _next(facts: Facts, texts: dict[str, str]) -> str:
    """The command line of the next boot with these texts."""
    entry = grub.read(changed(facts.evidence, texts)).next_entry
    return entry.command_line if entry else ""


def _next_fragment(facts: Facts) -> Fragment | None:
    path = facts.next_entry.file if facts.next_entry else ""
    return next((one for one in facts.menu.fragments if one.file.path == path), None)


def _read_only(facts: Facts) -> Obstacle | None:
    mount = facts.evidence.mount_of(DIRECTORY)
    if mount is None or "ro" not in mount.options:
        return None
    where = Source("/proc/mounts", 0, f"{mount.source} on {mount.point} is mounted read-only")
    return Obstacle(where, f"mount -o remount,rw {mount.point}, and let /etc/fstab mount it so")


def _why(facts: Facts) -> str:
    """What is in the way in the file of the entry that boots next."""
    one = _next_fragment(facts)
    if one is None or not one.options:
        return "it has no options line"
    if one.file.link is not None:
        return f"it is a link to {one.file.link}"
    if "$kernelopts" in (text for _, options in one.options for text in options.split()):
        return f"its options come from kernelopts in {facts.menu.env}"
    return "a secret on that line was not looked at"
