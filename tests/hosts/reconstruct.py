"""Makes the reconstructed machines: `python -m tests.hosts.reconstruct` writes their evidence.json anew."""

from __future__ import annotations

import copy
import json
from pathlib import Path

from .faults import MACHINES
from .machines import HERE, Raw


def make(name: str) -> Raw:
    """One reconstructed machine."""
    base, change = MACHINES[name]
    raw = copy.deepcopy(base())
    if change:
        change(raw)
    return raw


def main() -> None:
    """Write every reconstructed evidence.json."""
    for name in MACHINES:
        folder = Path(HERE, name)
        folder.mkdir(exist_ok=True)
        text = json.dumps(make(name), indent=0, sort_keys=True)
        Path(folder, "evidence.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
