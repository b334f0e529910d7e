"""Reconstructed machines by theme: each a state and the change made to it, written down as code."""

from __future__ import annotations

from . import boot_loaders, defaults, el8, first, images, leftovers, loading, panics, platforms, red_hat, targets

MACHINES = {
    **first.MACHINES,
    **defaults.MACHINES,
    **leftovers.MACHINES,
    **loading.MACHINES,
    **panics.MACHINES,
    **targets.MACHINES,
    **platforms.MACHINES,
    **boot_loaders.MACHINES,
    **red_hat.MACHINES,
    **el8.MACHINES,
    **images.MACHINES,
}
