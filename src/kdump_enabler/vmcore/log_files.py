"""The kernel logs that lie beside dumps."""

import itertools
import re
from typing import List, Optional, Tuple

from .basics import UnclearError
from .files import File

TAIL_LINES, LINE_CAP = 40, 500  # lines shown of a kernel log, characters of each
MOST_LINES = 4000  # lines given of one
LOG_CAP = 4 << 20  # bytes from the end of a kernel log in which the panic is looked for
# What plugins/modules/crash.py puts into the kernel log; printk may add the time and the CPU or thread.
PROOF = re.compile(r"^(?:\[[^\]]*\] ?)*kdump-enabler: crash on purpose, (\S+)$")
# The last line that the first of these matches. An oops that panics starts the capture kernel before anything says
# "panic" (crash_kexec in oops_end() of arch/x86/kernel/dumpstack.c).
PANICS = (
    re.compile(r"Kernel panic - not syncing"),
    re.compile(r"kernel BUG at|BUG: (?:unable to handle|kernel NULL)|general protection fault|Unable to handle kernel"),
    re.compile(r"\bOops\b"),
)


def proof_id(path: str) -> Optional[str]:
    """The word that a crash on purpose left in a kernel log; empty for none, null when the log cannot be read."""
    lines = last_lines(path)
    if lines is None:
        return None
    return next((match.group(1) for match in map(PROOF.match, reversed(lines)) if match), "")


def last_lines(path: str) -> Optional[List[str]]:
    """The end of a kernel log; null when it cannot be read."""
    try:
        with File(path) as file:
            return file.read(max(0, file.size - LOG_CAP), LOG_CAP).decode("utf-8", "replace").splitlines()
    except (OSError, UnclearError):
        return None


def tail(path: str) -> Tuple[Optional[List[str]], Optional[str]]:
    """The last lines of a kernel log, and the line that names the panic; nulls when it cannot be read."""
    lines = last_lines(path)
    if lines is None:
        return None, None
    matches = (next((line for line in reversed(lines) if panic.search(line)), None) for panic in PANICS)
    panic_line = next(filter(None, matches), None)
    return [line[:LINE_CAP] for line in lines[-TAIL_LINES:]], panic_line and panic_line[:LINE_CAP]


def lines_after(path: str, text: str) -> Optional[List[str]]:
    """The lines of a kernel log from the first on that has the text, none where no line has it; null when the log
    cannot be read."""
    lines = last_lines(path)
    if lines is None:
        return None
    marked = itertools.dropwhile(lambda line: text not in line, lines)
    return [line[:LINE_CAP] for line in itertools.islice(marked, MOST_LINES)]
