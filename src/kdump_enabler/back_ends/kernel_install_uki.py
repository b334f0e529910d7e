"""systemd-boot with unified kernel images that kernel-install builds with ukify.

The command line is a section of the image, and may be signed with it: /etc/kernel/cmdline is written, and then
kernel-install makes the image of each installed kernel, as for a new one (60-ukify.install, 90-uki-copy.install).
"""

from __future__ import annotations

import re

from ..changing.changes import FileChange, edited
from ..changing.wanted import Reserve
from ..facts import crashkernel, systemd_boot
from ..facts.machine import Facts
from ..finding import Source
from ..policy import Policy
from .entry_files import TEMPLATE, asked_for, editable, is_wrong, new_template, read_only, template, template_lasts
from .interface import Obstacle, Tool
from .systemd_boot import template_words

GENERATOR: tuple[str, ...] = ()
BY_HAND: str = "kernel-install add-all"
# Where Debian has its kernels, and where kernel-install itself looks.
KERNEL = re.compile(r"/boot/vmlinuz-(?P<boot>[^/]+)|/lib/modules/(?P<modules>[^/]+)/vmlinuz")


def changes(facts: Facts, reservation: str, policy: Policy) -> tuple[FileChange, ...]:
    """The template; an empty tuple means that it is right and the images are not built from it yet."""
    texts = editable(*template(facts, asked_for(facts, reservation), policy))
    made = (edited(facts.evidence.file(path), text) for path, text in texts.items())
    return (*made, *new_template(facts, template_words(facts), reservation))


def tool(facts: Facts, reservation: str | None) -> Tool | None:
    """kernel-install, for each installed kernel that has an image."""
    built = _built(facts)
    if not built or facts.next_entry is None:
        return None
    directory = facts.next_entry.file.rpartition("/")[0]
    return Tool(
        commands=tuple(("kernel-install", "add", release, kernel) for release, kernel in built.items()),
        files=(f"{directory}/*{systemd_boot.IMAGE}",),
        settings=("/etc/kernel/",),
        holding=tuple(f"{directory}/*-{release}[.+]*efi" for release in built),
        words=None if reservation is None else _words(facts, reservation),
    )


def spoiler(facts: Facts, want: Reserve, policy: Policy) -> Obstacle | None:
    """Why the image that boots next would not ask for enough."""
    entry = facts.next_entry
    if entry is None:
        return None
    held = read_only(facts, entry.file)
    line = _template(facts, want.text, policy)
    if held or (not _why(facts) and line is not None and not is_wrong(facts, line, want, policy)):
        return held
    where = Source(entry.file, 0, facts.next_boot.text if facts.next_boot else "")
    remedy = f"write crashkernel={want.text} into {TEMPLATE}, and build {entry.file} anew by hand"
    return Obstacle(where, f"{remedy}: {_why(facts) or 'it cannot be changed word by word'}")


def stays(facts: Facts) -> str:
    """What cannot be written, or is not built from it."""
    entry = facts.next_entry
    if entry is None:
        return systemd_boot.why_unseen(facts.evidence, facts.menu)
    held, line = read_only(facts, entry.file), _template(facts, "", Policy())
    if held:
        return f"{held.where.text}; {held.remedy}"
    if line is None or crashkernel.words(line):
        return f"take crashkernel= out of {TEMPLATE} by hand, then: {BY_HAND}"
    return f"{entry.file}: {_why(facts)}" if _why(facts) else ""


def lasts(facts: Facts, want: Reserve, policy: Policy) -> bool:
    """What the template asks for."""
    return template_lasts(facts, want, policy)


def _template(facts: Facts, reservation: str, policy: Policy) -> str | None:
    """What the template says after the changes; null where there is none then."""
    made = new_template(facts, template_words(facts), reservation)
    texts = editable(*template(facts, asked_for(facts, reservation), policy))
    return texts.get(TEMPLATE, made[0].text if made else facts.evidence.text(TEMPLATE))


def _words(facts: Facts, reservation: str) -> tuple[str, ...] | None:
    line = _template(facts, reservation, Policy())
    return None if line is None else tuple(f"crashkernel={word}" for word in crashkernel.words(line))


def _built(facts: Facts) -> dict[str, str]:
    """The installed kernels that have an image, by their release."""
    names = [systemd_boot.COUNTER.sub("", one.id) for one in facts.menu.fragments if systemd_boot.is_image(one)]
    there = (path for path, file in facts.evidence.files.items() if file.error is None)
    found = {match["boot"] or match["modules"]: match[0] for path in sorted(there) if (match := KERNEL.fullmatch(path))}
    return {release: path for release, path in found.items() if any(name.endswith(f"-{release}") for name in names)}


def _why(facts: Facts) -> str:
    """Why the image that boots next is not among those that kernel-install makes."""
    name = facts.next_entry.file.rpartition("/")[2].removesuffix(systemd_boot.IMAGE) if facts.next_entry else ""
    name = systemd_boot.COUNTER.sub("", name)
    return "" if any(name.endswith(f"-{release}") for release in _built(facts)) else "no installed kernel belongs to it"
