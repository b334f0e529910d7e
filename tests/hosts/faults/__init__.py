"""Reconstructed machines by theme: each a state and the change made to it, written down as code."""

from __future__ import annotations

from . import (
    arch,
    boards,
    boot_loaders,
    clouds,
    defaults,
    el8,
    elsewhere,
    first,
    images,
    leftovers,
    loading,
    panics,
    platforms,
    red_hat,
    suse,
    sysconfig,
    systemd_boot,
    targets,
    transactional,
    zipl,
)

MACHINES = {
    **first.MACHINES,
    **defaults.MACHINES,
    **leftovers.MACHINES,
    **loading.MACHINES,
    **panics.MACHINES,
    **targets.MACHINES,
    **platforms.MACHINES,
    **boards.MACHINES,
    **boot_loaders.MACHINES,
    **systemd_boot.MACHINES,
    **red_hat.MACHINES,
    **el8.MACHINES,
    **clouds.MACHINES,
    **elsewhere.MACHINES,
    **images.MACHINES,
    **sysconfig.MACHINES,
    **suse.MACHINES,
    **transactional.MACHINES,
    **arch.MACHINES,
    **zipl.MACHINES,
}
