# SPDX-License-Identifier: MIT
"""The note of a crash on purpose, which facts/proofs.py of the library reads."""

import json
import os
from typing import Any, Dict

from .atomic import make_directories, write_atomic


def keep_note(root: str, note: Dict[str, Any], name: str = "proof") -> None:
    """Write the note, durable when this returns; others may read it, a check without root tells of it. The name is
    `proof` or `simulation`."""
    make_directories(root, 0o755, [])
    content = json.dumps(note, indent=2, sort_keys=True) + "\n"
    write_atomic(os.path.join(root, name + ".json"), content.encode("ascii"), 0o644)
