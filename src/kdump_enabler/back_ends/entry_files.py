"""Boot entries in files of their own (Boot Loader Specification), changed word by word, and the template of those to
come: what the ways have in common whose boot loader reads such files itself."""

from __future__ import annotations

from collections.abc import Iterator

from ..changing.changes import FileChange, can_edit, own_file
from ..changing.wanted import Reserve, asks_enough
from ..evidence import File
from ..facts import crashkernel
from ..facts.bls import Fragment
from ..facts.grub import RESCUE_KERNEL
from ..facts.machine import Facts
from ..facts.shell_value import CUT_OUT
from ..finding import Source
from ..policy import Policy
from .interface import Obstacle

TEMPLATE = "/etc/kernel/cmdline"  # of kernel-install(8)


def asked_for(facts: Facts, reservation: str) -> Reserve | None:
    """What this reservation is on this machine; null for none."""
    asked = crashkernel.evaluate(f"crashkernel={reservation}", facts.memory_bytes or 0)
    return Reserve(reservation, asked.size_bytes, "", low_bytes=asked.low_bytes) if reservation else None


def is_wrong(facts: Facts, command_line: str, want: Reserve | None, policy: Policy, kernel: str = "") -> bool:
    """More than is wanted stays; with nothing wanted every word is wrong. A rescue kernel is a copy of another one,
    whose release its name does not tell."""
    if want is None:
        return bool(crashkernel.words(command_line))
    return not asks_enough(command_line, facts, want, policy, "" if RESCUE_KERNEL in kernel else kernel)


def with_options(entry: Fragment, reservation: str) -> str:
    """The text of an entry's file with the word in its first options line, and in no other."""
    lines = (entry.file.text or "").split("\n")
    for at, (number, options) in enumerate(entry.options):
        kept = lines[number - 1].removesuffix(options)
        lines[number - 1] = kept + crashkernel.rewritten(options, "" if at else reservation)
    return "\n".join(lines)


def template(facts: Facts, want: Reserve | None, policy: Policy) -> Iterator[tuple[File, str]]:
    """The template with its new text, where it is wrong. kernel-install takes all lines, grubby the first: the word
    goes into that one."""
    file = facts.evidence.file(TEMPLATE)
    if file.text is None or not is_wrong(facts, file.text, want, policy):
        return
    yield file, on_first_line(file.text, want.text if want else "")


def on_first_line(text: str, reservation: str) -> str:
    """The text of a file whose lines are one command line, with the word in the first, and in no other."""
    first, *rest = text.split("\n")
    return "\n".join([crashkernel.rewritten(first, reservation), *(crashkernel.rewritten(one, "") for one in rest)])


def new_template(facts: Facts, words: list[str], reservation: str) -> tuple[FileChange, ...]:
    """Where there is no template, it becomes these words of the entry that boots next: until the reboot a new kernel
    would get the running one's command line."""
    if not facts.evidence.file(TEMPLATE).absent or not reservation or not words or CUT_OUT in " ".join(words):
        return ()
    return own_file(facts.evidence, TEMPLATE, crashkernel.rewritten(" ".join(words), reservation) + "\n")


def template_lasts(facts: Facts, want: Reserve, policy: Policy) -> bool:
    """Whether what the template asks for is enough; without one a new kernel gets the running one's command line."""
    text = facts.evidence.text(TEMPLATE)
    return text is None or not is_wrong(facts, text, want, policy)


def editable(*found: tuple[File, str]) -> dict[str, str]:
    """The new text of each file that has to change and can be."""
    return {file.path: text for file, text in found if text != file.text and can_edit(file, text)}


def next_fragment(facts: Facts) -> Fragment | None:
    """The file of the entry that boots next."""
    path = facts.next_entry.file if facts.next_entry else ""
    return next((one for one in facts.menu.fragments if one.file.path == path), None)


def read_only(facts: Facts, path: str) -> Obstacle | None:
    """A path on a file system that is mounted read-only."""
    mount = facts.evidence.mount_of(path)
    if mount is None or "ro" not in mount.options:
        return None
    where = Source("/proc/mounts", 0, f"{mount.source} on {mount.point} is mounted read-only")
    return Obstacle(where, f"mount -o remount,rw {mount.point}, and let /etc/fstab mount it so")


def why_not(one: Fragment | None) -> str:
    """What is in the way in the file of an entry."""
    if one is None or not one.options:
        return "it has no options line"
    if one.file.link is not None:
        return f"it is a link to {one.file.link}"
    return "a secret on that line was not looked at"
