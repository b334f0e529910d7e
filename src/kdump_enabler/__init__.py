"""kdump-enabler: makes Linux machines crash-ready, keeps them so, and proves it."""

__version__ = "0.1.0"
