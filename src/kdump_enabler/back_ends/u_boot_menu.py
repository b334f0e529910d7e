"""extlinux.conf as u-boot-update of u-boot-menu makes it, from settings that it sources one after the other.

Ours is a fragment that comes last, which u-boot-menu reads since 4.2.0 (Debian 12). Where nobody sets U_BOOT_PARAMETERS
it takes /etc/kernel/cmdline, so there the word goes into that file (/usr/sbin/u-boot-update, u-boot-update(8)).
"""

from __future__ import annotations

import re

from ..changing.changes import FileChange, can_edit, edited, own_file
from ..changing.wanted import HEADER, Reserve
from ..facts import extlinux
from ..facts.extlinux import FRAGMENTS, PATH, SETTINGS, TOOL
from ..facts.machine import Facts
from ..facts.shell_value import STRIP
from ..finding import Source
from ..policy import Policy
from .entry_files import TEMPLATE, on_first_line, read_only
from .interface import Obstacle, Tool

GENERATOR: tuple[str, ...] = ()
BY_HAND: str = TOOL
FRAGMENT = f"{FRAGMENTS}/zz-kdump-enabler.conf"
NAME = "U_BOOT_PARAMETERS"
SET = re.compile(rf"(?m)^\s*(?:export\s+)?{NAME}=")
DEFAULT = "ro quiet"  # of u-boot-update


def changes(facts: Facts, reservation: str, _: Policy) -> tuple[FileChange, ...]:
    """Our fragment, or the word in /etc/kernel/cmdline; empty where they are right and extlinux.conf is not made from
    them yet."""
    if not _takes_template(facts):
        return own_file(facts.evidence, FRAGMENT, text(reservation))
    file = facts.evidence.file(TEMPLATE)
    new = on_first_line(file.text or "", reservation)
    return (edited(file, new),) if new != file.text and can_edit(file, new) else ()


def tool(_: Facts, reservation: str | None) -> Tool | None:
    """u-boot-update, which puts the same words into every label."""
    words = None if reservation is None else tuple(f"crashkernel={reservation}".split()) if reservation else ()
    return Tool(commands=((TOOL,),), files=(PATH,), settings=(SETTINGS, FRAGMENTS, TEMPLATE), words=words)


def lasts(_: Facts, __: Reserve, ___: Policy) -> bool:
    """The hook of new kernels runs u-boot-update (/etc/kernel/postinst.d/zz-u-boot-menu)."""
    return True


def stays(facts: Facts) -> str:
    """Where the words are that cannot be taken out."""
    kept = _takes_template(facts) and not can_edit(
        facts.evidence.file(TEMPLATE), on_first_line(_template_of(facts), "")
    )
    return f"take crashkernel= out of {TEMPLATE} by hand, then: {TOOL}" if kept else ""


def spoiler(facts: Facts, want: Reserve, _: Policy) -> Obstacle | None:
    """The settings ask for it and extlinux.conf does not, or they cannot be changed."""
    remedy = f"give {NAME} in {SETTINGS} the word crashkernel={want.text}, then: {TOOL}"
    held = read_only(facts, PATH)
    if held:
        return held
    if _takes_template(facts):
        file = facts.evidence.file(TEMPLATE)
        possible = can_edit(file, on_first_line(file.text or "", want.text))
        return None if possible else Obstacle(Source(TEMPLATE, 1, "it cannot be changed word by word"), remedy)
    return None


def text(reservation: str) -> str:
    """A fragment that takes out every crashkernel= of the settings before it, and adds one."""
    added = f" crashkernel={reservation}" if reservation else ""
    stripped = f"$(printf '%s' \"${{{NAME}:-{DEFAULT}}}\" | {STRIP})"
    return f'{HEADER}{NAME}="{stripped}{added}"\n'


def _takes_template(facts: Facts) -> bool:
    """Nobody sets the parameters, so that u-boot-update takes those of /etc/kernel/cmdline."""
    others = (file for file in facts.evidence.below(FRAGMENTS, ".conf") if file.path != FRAGMENT)
    shipped = facts.evidence.below(extlinux.SHIPPED, ".conf")
    texts = [file.text or "" for file in (facts.evidence.file(SETTINGS), *shipped, *others)]
    there, ours = (facts.evidence.file(path).error is None for path in (TEMPLATE, FRAGMENT))
    return there and not ours and not any(SET.search(one) for one in texts)


def _template_of(facts: Facts) -> str:
    return facts.evidence.text(TEMPLATE) or ""
