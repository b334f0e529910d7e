"""What the capture kernel does when it panics itself: `panic=` on its own command line.

Nothing else counts there. A capture initrd that is broken or too large for the reserved memory makes it panic before
any sysctl.d file is read, and without `panic=N` it then waits for somebody to press a button (both seen on test
machines). kdump-config builds the command line from KDUMP_CMDLINE, else /proc/cmdline, and KDUMP_CMDLINE_APPEND, whose
default has no `panic=`; kdumpctl from KDUMP_COMMANDLINE, else /proc/cmdline, without what KDUMP_COMMANDLINE_REMOVE
names, and KDUMP_COMMANDLINE_APPEND, which is shipped with `panic=10` (prepare_cmdline of kdump-lib.sh). SUSE's load.sh
adds `panic=1` where no other word says so, yet takes a `panic=0` over from the running kernel.
"""

from __future__ import annotations

import re

from .facts.kdump_config import CaptureLine
from .facts.machine import Facts
from .facts.shell_value import CUT_OUT
from .facts.sysctl import integer
from .finding import Source

SECONDS = 10
WORD = f"panic={SECONDS}"
# A value without anything that a shell would expand, quoted or one bare word; what follows it stays.
QUOTED = r"(\s*(?:export\s+)?{0}=)([\"'])([^\"'$`\\]*)\2(\s*(?:#.*)?)"
BARE = r"(\s*(?:export\s+)?{0}=)()([\w.,:/=+-]+)(\s*(?:#.*)?)"
# How the configuration file of kdump-tools states its default, which is the same as the one in kdump-config.
DEFAULT = r"#\s*{0}=\"([^\"$`\\]*)\"\s*"


def hangs(facts: Facts) -> Source | None:
    """The place that would have to say `panic=N`; null when it does, or when it could not be seen."""
    made, file = facts.config.capture_line, facts.evidence.file(facts.config.capture_line.file)
    if file.text is None or facts.command_line is None:
        return None
    last = next((word for word in reversed(_words(made, facts.command_line)) if word.startswith("panic=")), "")
    if integer(last.removeprefix("panic=")) or (made.panics and not last):
        return None
    return Source(file.path, made.appended.line if made.appended else 0, last or f"no panic= in {made.key}")


def with_panic(facts: Facts) -> dict[str, str]:
    """The line of the file to change, by its number, with `panic=` among the words that are there already; empty where
    only a person can tell, as with a value that a shell would make or an explicit panic=0."""
    made, where = facts.config.capture_line, hangs(facts)
    file = facts.evidence.file(where.source) if where else None
    chosen = any("panic=" in value.value for value in (made.whole, made.appended) if value)
    if file is None or file.link or chosen:
        return {}
    lines = (file.text or "").splitlines()
    return _changed(made, lines) if made.appended else _stated(made, lines)


def _words(made: CaptureLine, running: str) -> list[str]:
    """The words of the command line, of which the kernel obeys the last."""
    base = made.whole.value if made.whole and made.whole.value else running
    kept = [word for word in base.split() if word.partition("=")[0] not in made.removed]
    return kept + (made.appended.value.split() if made.appended else [])


def _stated(made: CaptureLine, lines: list[str]) -> dict[str, str]:
    """The default becomes a setting."""
    if not made.by_default:
        return {}
    default = re.compile(DEFAULT.format(made.key))
    found = [(number, match) for number, line in enumerate(lines, 1) if (match := default.fullmatch(line))]
    return {str(number): f'{made.key}="{match[1]} {WORD}"' for number, match in found} if len(found) == 1 else {}


def _changed(made: CaptureLine, lines: list[str]) -> dict[str, str]:
    """The setting gains the word."""
    assert made.appended  # noqa: S101 - who calls asked
    line = lines[made.appended.line - 1]
    match = re.fullmatch(QUOTED.format(made.key), line) or re.fullmatch(BARE.format(made.key), line)
    if match is None or not made.appended.value or CUT_OUT in line:
        return {}
    quote = match[2] or '"'
    return {str(made.appended.line): f"{match[1]}{quote}{match[3].rstrip()} {WORD}{quote}{match[4]}"}
