"""Reconstructed machines by theme: each a state and the change made to it, written down as code."""

from __future__ import annotations

from . import boot_loaders, defaults, first, leftovers, loading, panics, platforms, red_hat, suse, systemd_boot, targets

MACHINES = {
    **first.MACHINES,
    **defaults.MACHINES,
    **leftovers.MACHINES,
    **loading.MACHINES,
    **panics.MACHINES,
    **targets.MACHINES,
    **platforms.MACHINES,
    **boot_loaders.MACHINES,
    **systemd_boot.MACHINES,
    **red_hat.MACHINES,
    **suse.MACHINES,
}
