"""GRUB as its authors have it: /etc/default/grub alone, and /boot/grub/grub.cfg made by grub-mkconfig (Arch's)."""

from __future__ import annotations

from .grub_defaults import changes, lasts, spoiler, stays, tool

__all__ = ["BY_HAND", "GENERATOR", "changes", "lasts", "spoiler", "stays", "tool"]

GENERATOR: tuple[str, ...] = ("grub-mkconfig",)
BY_HAND: str = "grub-mkconfig -o /boot/grub/grub.cfg"
