"""Systems that their own tool changes, which `enable` does not start: going back to what was before would take along
all else that changed since, and leave our files in it. So a person types it, to the letter, and `check` tells what came
of it.

transactional-update (sbin/transactional-update of openSUSE/transactional-update) installs kdump, writes /etc/sysconfig/
kdump, enables the unit and calls `kdumptool commandline -u` in a new snapshot. It knows sizes in MiB and no ranges,
ignores what the last three of these return, and asks the system that runs, not the snapshot that it begins with,
whether kdump is installed.
"""

from __future__ import annotations

from ..changing.changes import FileChange
from ..changing.wanted import Reserve, is_enough, reserve
from ..facts import crashkernel, ostree, transactional
from ..facts.crashkernel import MIB
from ..facts.machine import Facts
from ..finding import ENABLE, Source
from ..policy import Policy
from .interface import Obstacle, Tool

GENERATOR: tuple[str, ...] = ()
BY_HAND: str = "the system's own tool"
SETUP = "transactional-update {}--non-interactive setup-kdump{}"
UNDONE = "`transactional-update {}--non-interactive run pbl --del-option crashkernel --config`"
KDUMP = "kdump"  # the package that setup-kdump asks for
# Fedora CoreOS documentation, "Debugging kernel crashes using kdump"
KARGS = "/usr/lib/bootc/kargs.d/kdump.toml"


def changes(_: Facts, __: str, ___: Policy) -> tuple[FileChange, ...]:
    """Nothing of ours."""
    return ()


def tool(_: Facts, __: str | None) -> Tool | None:
    """None that we call."""
    return None


def lasts(_: Facts, __: Reserve, ___: Policy) -> bool:
    """A later snapshot or deployment takes over what the one before it asks for."""
    return True


def spoiler(facts: Facts, _: Reserve, policy: Policy) -> Obstacle | None:
    """The system that only its own tool changes."""
    entry = facts.next_entry
    place = Source(entry.file, entry.line, f"linux {entry.kernel}") if entry else where(facts)
    return Obstacle(place, steps(facts, policy))


def stays(facts: Facts) -> str:
    """What a person types to take the reservation away."""
    return f"{why(facts)}; type: {_undone(facts)}, then reboot"


def why(facts: Facts) -> str:
    """Why `enable` leaves the system alone, as a clause."""
    if facts.changed_by == transactional.WAY:
        return "this is a transactional system, whose / only transactional-update changes"
    return "this is an image-based system (ostree), of which rpm-ostree or a new image changes this"


def where(facts: Facts) -> Source:
    """The sign of it."""
    if facts.changed_by == transactional.WAY:
        return Source("/proc/mounts", 0, "the root file system is a snapshot")
    return Source(ostree.BOOTED)


def steps(facts: Facts, policy: Policy) -> str:
    """What a person types for a dump to come out, in order; ours comes last."""
    typed = _transaction(facts, policy) if facts.changed_by == transactional.WAY else _image(facts, policy)
    return f"{typed}, then: {ENABLE}"


def first(facts: Facts, policy: Policy) -> str:
    """What a person types before `enable` has anything to do; empty where a dump would come out, or only a reboot or
    what stands in /etc is missing. Panics that leave no dump would only cost the machine."""
    if not facts.changed_by or facts.capture_loaded or is_coming(facts, policy):
        return ""
    there = _is_installed(facts, facts.platform.packages if facts.platform else ())
    return "" if there and _asks_enough(facts, policy) else steps(facts, policy)


def is_coming(facts: Facts, policy: Policy) -> bool:
    """Whether the snapshot that boots next has all: only a reboot is missing."""
    waiting = facts.pending
    return bool(waiting and waiting.has_kdump and waiting.starts_kdump and _asks_enough(facts, policy))


def _asks_enough(facts: Facts, policy: Policy) -> bool:
    want, size = reserve(facts, policy), facts.next_boot.size_bytes if facts.next_boot else None
    return want is not None and (bool(size) if want.problem else is_enough(size, want, policy))


def _is_installed(facts: Facts, names: tuple[str, ...] = (KDUMP,)) -> bool:
    return set(names) <= set(facts.packages or {})


def _transaction(facts: Facts, policy: Policy) -> str:
    """The command, with the size that this machine needs. A snapshot that waits already is gone on with, unless kdump
    is in one of the two systems only: then the command would leave something out without a word."""
    waiting = facts.pending
    odd = waiting is not None and waiting.has_kdump is not _is_installed(facts)
    size = size_argument(reserve(facts, policy))
    if size is None:
        return "state a reservation in MiB (kdump_crashkernel), as setup-kdump takes no other"
    command = SETUP.format("--continue " if waiting and not odd else "", size)
    return f"reboot, `{command}`, reboot again" if odd else f"`{command}`, reboot"


def size_argument(want: Reserve | None) -> str | None:
    """The option that asks for this much, empty where nothing is recommended (kdump then calibrates); null where the
    command has none for it: an offset, `,high` without `,low`, `,cma`."""
    if want is None or want.problem:
        return ""
    words = crashkernel.words(f"crashkernel={want.text}")
    high, low = ([word for word in words if word.endswith(suffix)] for suffix in (",high", ",low"))
    if high and low and len(words) == len(high + low):
        return f" --crashkernel={_mib(want.low_bytes)},{_mib(want.size_bytes)}"
    plain = len(words) == 1 and "@" not in words[0] and not words[0].endswith((",high", ",low", ",cma"))
    return f" --crashkernel={_mib(want.size_bytes)}" if plain else None


def _mib(size_bytes: int) -> int:
    return -(-size_bytes // MIB)


def _image(facts: Facts, policy: Policy) -> str:
    """The steps on an image-based system: in the image, or on this machine."""
    platform = facts.platform
    assert platform is not None  # noqa: S101 - without one a machine is not judged
    missing = ostree.missing(facts.evidence, platform)
    if ostree.are_ours(platform, facts.menu):
        return f"`rpm-ostree install {missing[0]}`, reboot"
    want = reserve(facts, policy)
    words = [f"crashkernel={word}" for word in want.text.split(" crashkernel=")] if want and want.text else []
    here = [f"`rpm-ostree install {missing[0]}`"] if missing else []
    here += [f"`rpm-ostree kargs {_kargs(facts, words)}`"] if not _asks_enough(facts, policy) else []
    line = ", ".join(f'"{word}"' for word in words)
    package, unit = platform.packages[0], platform.unit
    image = f"in the image, the line `kargs = [{line}]` in {KARGS}, and {package} with {unit} enabled"
    return f"{image}; or here, {', '.join(here)}, reboot"


def _kargs(facts: Facts, words: list[str]) -> str:
    old = crashkernel.words(facts.next_entry.command_line) if facts.next_entry else []
    return " ".join([f"--delete=crashkernel={word}" for word in old] + [f"--append={word}" for word in words])


def _undone(facts: Facts) -> str:
    if facts.changed_by == transactional.WAY:  # what `kdumptool commandline -d` calls, which need not be there
        return UNDONE.format("--continue " if facts.pending else "")
    return f"`rpm-ostree kargs {_kargs(facts, [])}`, or take it out of {KARGS} of the image"
