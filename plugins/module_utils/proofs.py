# SPDX-License-Identifier: MIT
"""The note of a crash on purpose, which facts/proofs.py of the library reads."""

import json
import os
from typing import Any, Dict

from .atomic import make_directories, write_atomic

# What is put into the kernel log, by which a dump is known to be on purpose (vmcore/log_files.py). KERN_ALERT, so that
# it is on the console whatever the log level there is.
LOG_LINE = "<1>kdump-enabler: crash on purpose, {0}\n"


def keep_note(root: str, note: Dict[str, Any], name: str = "proof") -> None:
    """Write the note, durable when this returns; others may read it, a check without root tells of it. The name is
    `proof` or `simulation`."""
    make_directories(root, 0o755, [])
    content = json.dumps(note, indent=2, sort_keys=True) + "\n"
    write_atomic(os.path.join(root, name + ".json"), content.encode("ascii"), 0o644)
