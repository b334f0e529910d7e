"""What the capture kernel does when it panics itself: `panic=` on its own command line.

Nothing else counts there. A capture initrd that is broken or too large for the reserved memory makes it panic before
any sysctl.d file is read, and without `panic=N` it then waits for somebody to press a button (both seen on test
machines). kdump-config builds the command line from KDUMP_CMDLINE, else /proc/cmdline, and KDUMP_CMDLINE_APPEND, whose
default has no `panic=`; kdumpctl from KDUMP_COMMANDLINE, else /proc/cmdline, without what KDUMP_COMMANDLINE_REMOVE
names, and KDUMP_COMMANDLINE_APPEND, which is shipped with `panic=10` (prepare_cmdline of kdump-lib.sh). SUSE's load.sh
adds `panic=1` where no other word says so, yet takes a `panic=0` over from the running kernel.

The running kernel's words count there, too: what sets memory aside does so in the little that was reserved.
"""

from __future__ import annotations

import re

from ..facts.kdump_config import CaptureLine
from ..facts.machine import Facts
from ..facts.shell_value import CUT_OUT
from ..facts.sysctl import integer
from ..facts.tools import Value
from ..finding import Source

SECONDS = 10
WORD = f"panic={SECONDS}"
# What the shipped KDUMP_COMMANDLINE_REMOVE names of words that take memory (kdump.sysconfig of kexec-tools).
GREEDY = ("hugepages", "hugepagesz", "slub_debug", "log_buf_len", "swiotlb")
# What each shipped KDUMP_COMMANDLINE_APPEND has, in either of its forms (admin-guide/kdump/kdump.rst, "Load the
# Dump-capture Kernel": "you should use nr_cpus=1 or maxcpus=1").
NEEDED = (("nr_cpus", "maxcpus"), ("reset_devices",))
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
    return _gaining(made.key, made.appended, lines, WORD) if made.appended else _stated(made, lines)


def greedy(facts: Facts) -> tuple[str, ...]:
    """The words that the capture kernel takes over, and that cost it its own memory."""
    made = facts.config.capture_line
    if not made.removed_key or facts.evidence.file(made.file).text is None or facts.command_line is None:
        return ()
    appended = {_name(word) for word in _appended(made)}
    return tuple(
        word for word in _kept(made, facts.command_line) if _name(word) in GREEDY and _name(word) not in appended
    )


def without_greedy(facts: Facts) -> dict[str, str]:
    """The line of the file, by its number, that lets their names go, too; empty where only a person can tell."""
    made, names = facts.config.capture_line, dict.fromkeys(_name(word) for word in greedy(facts))
    file = facts.evidence.file(made.file)
    if not names or file.link or made.removing is None:
        return {}
    return _gaining(made.removed_key, made.removing, (file.text or "").splitlines(), " ".join(names))


def lacking(facts: Facts) -> tuple[str, ...]:
    """The words without which a capture kernel is known to fail on some machines."""
    made = facts.config.capture_line
    if not made.removed_key or facts.evidence.file(made.file).text is None or facts.command_line is None:
        return ()
    names = {_name(word) for word in _words(made, facts.command_line)}
    return tuple(forms[0] for forms in NEEDED if names.isdisjoint(forms))


def _words(made: CaptureLine, running: str) -> list[str]:
    """The words of the command line, of which the kernel obeys the last."""
    return _kept(made, running) + _appended(made)


def _kept(made: CaptureLine, running: str) -> list[str]:
    base = made.whole.value if made.whole and made.whole.value else running
    return [word for word in base.split() if _name(word) not in made.removed]


def _appended(made: CaptureLine) -> list[str]:
    return made.appended.value.split() if made.appended else []


def _name(word: str) -> str:
    return word.partition("=")[0]


def _stated(made: CaptureLine, lines: list[str]) -> dict[str, str]:
    """The default becomes a setting."""
    if not made.by_default:
        return {}
    default = re.compile(DEFAULT.format(made.key))
    found = [(number, match) for number, line in enumerate(lines, 1) if (match := default.fullmatch(line))]
    return {str(number): f'{made.key}="{match[1]} {WORD}"' for number, match in found} if len(found) == 1 else {}


def _gaining(key: str, value: Value, lines: list[str], words: str) -> dict[str, str]:
    """The setting gains words."""
    line = lines[value.line - 1]
    match = re.fullmatch(QUOTED.format(key), line) or re.fullmatch(BARE.format(key), line)
    if match is None or not value.value or CUT_OUT in line:
        return {}
    quote = match[2] or '"'
    return {str(value.line): f"{match[1]}{quote}{match[3].rstrip()} {words}{quote}{match[4]}"}
