"""Reconstructed machines by theme: each a state and the change made to it, written down as code."""

from __future__ import annotations

from . import first, loading, targets

MACHINES = {**first.MACHINES, **loading.MACHINES, **targets.MACHINES}
