"""What keeps SUSE's kdump from taking the reservation back: its kdump-commandline.service compares KDUMP_CRASHKERNEL
with the running kernel's command line at each boot, and whenever kdump.service is started, and gives the boot loader
what it expects where they differ (kdump-commandline.service, do_commandline of kdumptool, since 2.0.19)."""

from __future__ import annotations

from collections.abc import Mapping

from ..facts import crashkernel, sysconfig
from ..facts.kdump_config import OF_SUSE
from ..facts.machine import Facts
from ..facts.shell_value import CUT_OUT
from ..facts.sysconfig import AUTO, CRASHKERNEL, UPDATE
from ..policy import Policy
from .changes import FileChange, can_edit, edited
from .obstacle import obstacle
from .wanted import asks_enough, is_enough, reserve

SERVICE = "kdump-commandline.service"


def writes(facts: Facts) -> bool:
    """Whether this kdump changes the boot loader by itself."""
    if facts.platform is None or facts.platform.dialect != OF_SUSE:
        return False
    unit = facts.unit(SERVICE)
    there = CRASHKERNEL in facts.config.values or (unit is not None and unit.load_state == "loaded")
    return there and sysconfig.flag(facts.config.values, UPDATE, default=True)


def is_undone(facts: Facts, policy: Policy) -> bool:
    """Whether it would make less of a reservation that the next boot has, or that `enable` can bring. What `kdumptool
    calibrate` computes for `auto` cannot be told, only that what this boot asked for was left alone."""
    want = reserve(facts, policy)
    if not writes(facts) or want is None or want.problem or obstacle(facts, policy):
        return False
    expected = sysconfig.text_of(facts.config.values, CRASHKERNEL, AUTO)
    if expected != AUTO:
        return not asks_enough(expected, facts, want, policy)
    size = facts.next_boot.size_bytes if facts.next_boot else None
    return size is not None and not (
        is_enough(size, want, policy) and _next(facts) == crashkernel.words(facts.command_line or "")
    )


def pinned(facts: Facts, policy: Policy, lines: Mapping[str, str] | None = None) -> FileChange | None:
    """The change with which it expects what the next boot asks for, and leaves the boot loader alone, and with these
    lines in it; null where it is not needed, or the file cannot be changed for certain. Either setting would do;
    `transactional-update setup-kdump` gives both, too."""
    file = facts.evidence.file(sysconfig.PATH)
    if file.text is None or not is_undone(facts, policy):
        return None
    text = "\n".join((lines or {}).get(str(at), line) for at, line in enumerate(file.text.split("\n"), 1))
    text = _with(_with(text, CRASHKERNEL, _asked(facts, policy)), UPDATE, "false")
    same_lines = text.count("\n") == file.text.count("\n")
    possible = can_edit(file, text) if same_lines else file.link is None
    return edited(file, text) if possible and text != file.text else None


def _with(text: str, name: str, value: str) -> str:
    """The text with this setting, as far as it can be had: where the probe cut something out no line can be added, and
    a command line may hold what sh would not take."""
    after = sysconfig.with_value(text, name, value) if sysconfig.SAFE.fullmatch(value) else None
    grown = after is not None and after.count("\n") != text.count("\n")
    return text if after is None or (grown and CUT_OUT in text) else after


def _asked(facts: Facts, policy: Policy) -> str:
    """What the next boot asks for, once the plan is carried out."""
    want, size = reserve(facts, policy), facts.next_boot.size_bytes if facts.next_boot else None
    kept = want is None or is_enough(size, want, policy)
    return " ".join(f"crashkernel={word}" for word in (_next(facts) if kept or want is None else [want.text]))


def _next(facts: Facts) -> list[str]:
    return crashkernel.words(facts.next_entry.command_line) if facts.next_entry else []
