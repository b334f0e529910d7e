"""Which of the earlier script's leftovers `enable` takes back, and what the machine is like after that.

It takes back only what is proven to be the script's (facts/leftovers.py), and only where nothing gets weaker: the next
boot reserves at least what it did, and what kernel.sysrq becomes is known before.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..evidence import Evidence, File
from ..facts import crashkernel, grub_defaults, machine
from ..facts.grub_defaults import MAIN, Defaults, Word
from ..facts.leftovers import SYSCTL_CONF, SYSRQ_LINE
from ..facts.machine import Facts
from ..facts.settings import SYSRQ
from ..policy import Policy
from .changes import can_edit
from .wanted import GRUB_DROPIN, grub_text, is_enough, reserve


@dataclass(frozen=True)
class Cleanup:
    """`texts` are files with their new text, null for one that goes; `after` the machine with them; `words` those
    taken out of the GRUB defaults; `drop_in` what our own must reserve then, empty where it is not needed."""

    after: Facts
    texts: Mapping[str, str | None] = field(default_factory=dict)
    words: tuple[Word, ...] = ()
    drop_in: str = ""

    @property
    def sysrq(self) -> bool:
        """The kernel.sysrq line goes."""
        return any(path != MAIN for path in self.texts)


def cleanup(facts: Facts, policy: Policy) -> Cleanup:
    """What to take back on this machine; nothing on one the script never saw."""
    texts, words, drop_in = _grub(facts, policy)
    texts |= _sysrq(facts, policy)
    after = _read(facts, changed(facts.evidence, texts)) if texts else facts
    return Cleanup(after, texts, words, drop_in)


def _read(facts: Facts, evidence: Evidence) -> Facts:
    """The facts of the same machine with other files."""
    return machine.read(evidence, facts.test_container, facts.own_units)


def changed(evidence: Evidence, texts: Mapping[str, str | None]) -> Evidence:
    """The evidence with these texts for these files, also where a link leads to them."""
    files = dict(evidence.files)
    for path, file in evidence.files.items():
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), file.link)) if file.link else path
        if target in texts:
            files[path] = _with(file, texts[target])
    return replace(evidence, files=files)


def _grub(facts: Facts, policy: Policy) -> tuple[dict[str, str | None], tuple[Word, ...], str]:
    words, file = facts.leftovers.words, facts.evidence.file(MAIN)
    text = grub_defaults.without(file.text or "", words)
    if facts.boot_loader not in ("grub-dropin", None) or facts.changed_by:
        return {}, (), ""  # no drop-in could take their place
    if not words or not can_edit(file, text) or facts.next_entry is None or not facts.next_entry.generated:
        return {}, (), ""
    after = changed(facts.evidence, {MAIN: text})
    if _keeps(facts, policy, grub_defaults.read(after)):
        return {MAIN: text}, words, ""
    # The script's own word is the last choice: where it was more than is recommended, it stays what is reserved.
    for want in (reserve(_read(facts, after), policy), reserve(facts, policy)):
        if want and not want.problem and _keeps(facts, policy, _with_drop_in(after, want.text)):
            return {MAIN: text}, words, want.text
    return {}, (), ""


def _with_drop_in(evidence: Evidence, reservation: str) -> Defaults:
    return grub_defaults.read(evidence, {GRUB_DROPIN: grub_text(reservation)})


def _keeps(facts: Facts, policy: Policy, defaults: Defaults) -> bool:
    """Whether these defaults give the next boot enough, and no less than it has."""
    want, line = reserve(facts, policy), defaults.command_line
    if line is None or facts.memory_bytes is None or facts.next_boot is None:
        return False
    size = crashkernel.evaluate(line, facts.memory_bytes, facts.next_kernel).size_bytes
    may_lower = policy.crashkernel != "auto" and policy.crashkernel_allow_lower
    enough = want is None or bool(want.problem) or is_enough(size, want, policy)
    return enough and (size >= facts.next_boot.size_bytes or may_lower)


def _sysrq(facts: Facts, policy: Policy) -> dict[str, str | None]:
    line = facts.leftovers.sysrq
    if line is None or not line.appended or policy.sysrq == "keep":
        return {}
    file = facts.evidence.file(line.path)
    text = file.text or ""
    faithful = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest() == file.sha256
    rest = text.removesuffix(SYSRQ_LINE + "\n") if line.path == SYSCTL_CONF else None
    texts = {line.path: rest}
    known = _read(facts, changed(facts.evidence, texts)).settings[SYSRQ].next_boot_of_others
    return texts if faithful and file.link is None and known is not None else {}


def _with(file: File, text: str | None) -> File:
    if text is None:
        return File(file.path, error="ENOENT")
    return replace(file, text=text, sha256=hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest())
