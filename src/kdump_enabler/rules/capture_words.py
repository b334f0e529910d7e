"""What the capture kernel is, and is told: the settings of /etc/sysconfig/kdump that keep a dump from being written."""

from __future__ import annotations

from collections.abc import Iterator

from ..changing.capture_line import greedy, lacking, without_greedy
from ..facts.machine import Facts
from ..finding import ENABLE, Finding, Severity, Source
from ..policy import Policy
from .words import unseen

IMAGE = "/boot/vmlinuz-"


def of_another_release(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD095: with KDUMP_KERNELVER kdumpctl loads the kernel of that release instead of the running one, and nothing at
    all once that was removed, as an update of kernels does sooner or later (prepare_kdump_bootinfo of kdump-lib.sh)."""
    chosen, file = facts.config.kernel, facts.config.capture_line.file
    if chosen is None or not is_gone(facts):
        return
    yield Finding(
        id="KD095",
        severity=Severity.ERROR,
        title="The kernel that is to be the capture kernel is not there",
        current=f"KDUMP_KERNELVER={chosen.value}, and no {IMAGE}{chosen.value}",
        wanted="the running kernel, which an empty KDUMP_KERNELVER stands for",
        evidence=(Source(file, chosen.line, f"KDUMP_KERNELVER={chosen.value}"),),
        remedy=remedy(facts),
        blocks_capture=not facts.capture_loaded,
        by_hand=True,
    )


def remedy(facts: Facts) -> str:
    """What lets the running kernel be the capture kernel again."""
    chosen, file = facts.config.kernel, facts.config.capture_line.file
    return f'write KDUMP_KERNELVER="" in {file}:{chosen.line if chosen else 0}, then: {ENABLE}'


def is_gone(facts: Facts) -> bool:
    """Whether a kernel is to be loaded that is not in /boot, where others are."""
    chosen = facts.config.kernel
    images = {one.path for one in facts.evidence.below("/boot") if one.path.startswith(IMAGE) and not one.absent}
    return chosen is not None and bool(chosen.value) and bool(images) and f"{IMAGE}{chosen.value}" not in images


def costly(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD096: the capture kernel gets the running kernel's command line, and what sets memory aside there does so in the
    little that was reserved for it: with hugepages=N it starts with next to nothing left. KDUMP_COMMANDLINE_REMOVE
    names such words as it is shipped (kdump.sysconfig), until somebody replaces them."""
    words, made = greedy(facts), facts.config.capture_line
    if made.removed_key and facts.evidence.file(made.file).closed:
        yield unseen("KD096", "What the capture kernel's command line is made of", made.file)
    if not words:
        return
    mended, line = bool(without_greedy(facts)), made.removing.line if made.removing else 0
    names = " ".join(dict.fromkeys(word.partition("=")[0] for word in words))
    yield Finding(
        id="KD096",
        severity=Severity.ERROR if any(word.startswith("hugepages=") for word in words) else Severity.WARNING,
        title="The capture kernel would spend its memory on something else",
        current=f"its command line has {' '.join(words)}",
        wanted=f"{names} in {made.removed_key}",
        evidence=(Source(made.file, line, f"{made.removed_key}={' '.join(made.removed)}"),),
        remedy=ENABLE if mended else f"add {names} to {made.removed_key} in {made.file}",
        by_hand=not mended,
    )


def lacks(facts: Facts, _: Policy) -> Iterator[Finding]:
    """KD097: a capture kernel is told to start one processor only, because each takes memory and those that the panic
    stopped may not start again, and to reset devices that were in the middle of their work
    (admin-guide/kdump/kdump.rst; reset_devices in admin-guide/kernel-parameters.txt). KDUMP_COMMANDLINE_APPEND is
    shipped with both."""
    missing, made = lacking(facts), facts.config.capture_line
    if not missing:
        return
    words = " ".join("nr_cpus=1" if name == "nr_cpus" else name for name in missing)
    yield Finding(
        id="KD097",
        severity=Severity.WARNING,
        title="The capture kernel's command line lacks words that dumps need",
        current=f"no {', no '.join(missing)}",
        wanted=words,
        evidence=(Source(made.file, made.appended.line if made.appended else 0, made.key),),
        remedy=f"add {words} to {made.key} in {made.file}",
        by_hand=True,
    )


RULES = (of_another_release, costly, lacks)
