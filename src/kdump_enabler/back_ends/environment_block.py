"""GRUB's environment block as a file to write: only where every byte of it is known."""

from __future__ import annotations

from ..facts import grub_env
from ..facts.machine import Facts
from ..facts.shell_value import CUT_OUT


def with_value(facts: Facts, name: str, value: str) -> tuple[str | None, str]:
    """The new text of the block that GRUB reads with this value for a variable; or null, and why it cannot be
    written."""
    file, mount = facts.evidence.file(facts.menu.env), facts.evidence.mount_of(facts.menu.env)
    text = file.text or ""
    if file.error is not None:
        return None, f"{file.path} could not be read"
    if file.link is not None:
        return None, f"{file.path} is a link to {file.link}"
    if mount and "ro" in mount.options:
        return None, f"{mount.source} on {mount.point} is mounted read-only"
    if CUT_OUT in text:
        return None, f"a secret in {file.path} was not looked at"
    after = grub_env.with_value(text, name, value)
    if after is None or file.size != grub_env.SIZE:
        return None, f"{file.path} is no block of {grub_env.SIZE} bytes with room for it"
    return after, ""
