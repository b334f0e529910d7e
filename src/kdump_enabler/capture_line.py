"""What the capture kernel does when it panics itself: `panic=` on its own command line.

Nothing else counts there. A capture initrd that is broken or too large for the reserved memory makes it panic before
any sysctl.d file is read, and without `panic=N` it then waits for somebody to press a button (both seen on test
machines). kdump-config builds the command line from KDUMP_CMDLINE, else /proc/cmdline, and KDUMP_CMDLINE_APPEND, whose
default has no `panic=`.
"""

from __future__ import annotations

import re

from .facts.machine import Facts
from .facts.shell_value import CUT_OUT
from .facts.sysctl import integer
from .facts.tools import Value
from .finding import Source

LINE, APPENDED = "KDUMP_CMDLINE", "KDUMP_CMDLINE_APPEND"
SECONDS = 10
WORD = f"panic={SECONDS}"
# A value without anything that a shell would expand, quoted or one bare word; what follows it stays.
QUOTED = re.compile(rf"(\s*(?:export\s+)?{APPENDED}=)([\"'])([^\"'$`\\]*)\2(\s*(?:#.*)?)")
BARE = re.compile(rf"(\s*(?:export\s+)?{APPENDED}=)()([\w.,:/=+-]+)(\s*(?:#.*)?)")
# How the package's configuration file states its default, which is the same as the one in kdump-config.
DEFAULT = re.compile(rf"#\s*{APPENDED}=\"([^\"$`\\]*)\"\s*")


def hangs(facts: Facts) -> Source | None:
    """The place that would have to say `panic=N`; null when it does, or when it could not be seen."""
    file = facts.evidence.file(facts.platform.config) if facts.platform else None
    if file is None or file.text is None or facts.command_line is None:
        return None
    line, added = (facts.config.get(name) for name in (LINE, APPENDED))
    words = f"{line.value if line and line.value else facts.command_line} {added.value if added else ''}".split()
    last = next((word for word in reversed(words) if word.startswith("panic=")), "")
    if integer(last.removeprefix("panic=")):
        return None
    return Source(file.path, added.line if added else 0, last or f"no panic= in {APPENDED}")


def with_panic(facts: Facts) -> dict[str, str]:
    """The line of the configuration to change, by its number, with `panic=` among the words that are there already;
    empty where only a person can tell, as with a value that a shell would make or an explicit panic=0."""
    where = hangs(facts)
    file = facts.evidence.file(where.source) if where else None
    if file is None or file.link or any("panic=" in value.value for value in _values(facts)):
        return {}
    lines, added = (file.text or "").splitlines(), facts.config.get(APPENDED)
    if added is None:
        stated = [(number, match) for number, line in enumerate(lines, 1) if (match := DEFAULT.fullmatch(line))]
        return {str(number): f'{APPENDED}="{match[1]} {WORD}"' for number, match in stated} if len(stated) == 1 else {}
    line = lines[added.line - 1]
    match = QUOTED.fullmatch(line) or BARE.fullmatch(line)
    if match is None or not added.value or CUT_OUT in line:
        return {}
    quote = match[2] or '"'
    return {str(added.line): f"{match[1]}{quote}{match[3].rstrip()} {WORD}{quote}{match[4]}"}


def _values(facts: Facts) -> list[Value]:
    return [value for name in (LINE, APPENDED) if (value := facts.config.get(name))]
