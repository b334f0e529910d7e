"""What came out of a crash on purpose: a proof, or the reason why there is none, with the line that says so."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from ..facts.proofs import Note
from .proof import PROVEN

BANNER = re.compile(r"\bLinux version \d")
PANIC = "Kernel panic - not syncing"
# What firmware and boot loaders print, which the jump into a capture kernel skips.
FIRMWARE = re.compile(
    r"SeaBIOS|BdsDxe|iPXE|GNU GRUB|GRUB loading|Booting `|Loading Linux|systemd-boot|UEFI Interactive"
)


@dataclass(frozen=True)
class Cause:
    """A kind of failure, what it means, and what the capture kernel and its programs print then."""

    kind: str
    sentence: str
    lines: re.Pattern[str]


# The first that any line matches counts: a full file system also makes a dump incomplete, and what runs out of memory
# also fails to mount. From the kernel (mm/oom_kill.c, init/), systemd, initramfs-tools, kdump-tools and makedumpfile.
CAUSES = (
    Cause("no_space", "The dump did not fit on its file system", re.compile(r"No space left on device")),
    Cause(
        "out_of_memory",
        "The capture kernel ran out of the memory that is reserved for it",
        re.compile(
            r"Out of memory: Killed process|invoked oom-killer|System is deadlocked on memory"
            r"|Cannot allocate memory|[Nn]ot enough memory|Initramfs unpacking failed: write error"
        ),
    ),
    Cause(
        "target",
        "The capture kernel could not reach the place for dumps",
        re.compile(
            r"Unable to mount remote|[Mm]ount(ing)?\b.* failed|Failed to mount|Timed out waiting for device"
            r"|Dependency failed for .*(mount|File Systems|Local)|Cannot save core|Unable to write to the remote"
            r"|ALERT!.* does not exist|Gave up waiting for|Host key verification failed|No route to host"
            r"|Connection (refused|timed out)|Read-only file system|cannot create .*/var/crash|Could not resolve"
        ),
    ),
    Cause(
        "capture_kernel",
        "The capture kernel did not come up",
        re.compile(
            r"Initramfs unpacking failed|No working init found|Unable to mount root fs|Failed to execute /init"
            r"|Kernel panic - not syncing|You are in emergency mode|\(initramfs\)"
        ),
    ),
)
NO_TRACE = "nothing tells why; the console of the host may (kdump_prove_console)"


@dataclass(frozen=True)
class Seen:
    """What could be seen afterwards: the boot that the host is in (null: it did not come back), the vmcores that were
    not there before (newest first, as the reader describes them), the path of the one whose kernel log holds the id
    (empty for none), and what the capture kernel said, in its journal or on the console. `server` has the vmcores;
    empty when the host itself has."""

    boot_id: str | None
    dumps: Sequence[Mapping[str, Any]] = ()
    holder: str = ""
    lines: Sequence[str] = ()
    server: str = ""


@dataclass(frozen=True)
class Outcome:
    """`kind` is `proven` or a stable word for what failed; `line` is what the capture kernel said of it, if anything;
    `dump` describes the vmcore, also an incomplete one."""

    kind: str
    sentence: str
    line: str = ""
    dump: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The outcome as the note on the machine and the result document hold it."""
        return asdict(self)


def judge(note: Note, seen: Seen) -> Outcome:
    """What the crash proved. The dump has to be whole, of the kernel that ran, and to hold our id: only that shows
    that this crash wrote it."""
    if seen.boot_id == note.boot_id:
        return Outcome("no_panic", "The host is still in the boot that was to crash")
    if not seen.dumps:
        return _without_dump(seen)
    dump = next((one for one in seen.dumps if one["path"] == seen.holder), seen.dumps[0])
    wrong = _wrong(note, dump, seen)
    if wrong is None:
        return Outcome(PROVEN, f"{_place(dump, seen)} is whole and holds this crash", dump=dump)
    cause = _cause(seen.lines) if wrong.kind == "incomplete" else None
    if cause:
        return Outcome(cause.kind, f"{cause.sentence}: {wrong.sentence}", cause.line, dump)
    return wrong


def trouble(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Why it is no proof, as the result of a failed task; empty when it is one."""
    if outcome["kind"] == PROVEN:
        return {}
    hint = f"It said: {outcome['line']}" if outcome["line"] else "Mend it, and prove it again."
    return {"kind": outcome["kind"], "msg": outcome["sentence"], "hint": hint, "exit_code": 1}


def phases(dump: Mapping[str, Any], back: int | None, one_clock: bool = True) -> dict[str, int | None]:
    """How long it took, in seconds: from the panic until the capture kernel had written the kernel log, from there
    until the dump was written, both by the host's clock; and until the host was back, by the controller's. Null: not
    known, as where another machine's clock says when the files were written (`one_clock`)."""
    crashed, log, written = (_moment(dump.get(name)) for name in ("crashed_at", "log_written_at", "written_at"))
    crashed = crashed if one_clock else None
    return {
        "to_capture": _between(crashed, log),
        "dumping": _between(log, written),
        "crash_to_dump": _between(crashed, written),
        "crash_to_back": back,
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def _between(first: datetime | None, then: datetime | None) -> int | None:
    return round((then - first).total_seconds()) if first and then else None


def capture_lines(console: Iterable[str], identifier: str) -> list[str]:
    """What the capture kernel wrote on the console: after our id and the panic that was asked for, from its own banner
    (a quiet kernel prints none), until the firmware, the boot loader or the banner of the next boot."""
    after = itertools.dropwhile(lambda line: identifier not in line, console)
    rest = list(itertools.takewhile(lambda line: not FIRMWARE.search(line), after))
    panic = next((number for number, line in enumerate(rest) if PANIC in line), 0)
    rest = rest[panic + 1 :]
    boots = [number for number, line in enumerate(rest) if BANNER.search(line)]
    return rest[boots[0] : boots[1] if len(boots) > 1 else None] if boots else rest


def _without_dump(seen: Seen) -> Outcome:
    cause = _cause(seen.lines)
    back = "came back without a new dump" if seen.boot_id else "did not come back"
    if cause:
        return Outcome(cause.kind, f"{cause.sentence}; the host {back}", cause.line)
    if seen.boot_id is None:
        return Outcome("no_return", f"The host did not come back; {NO_TRACE}")
    return Outcome("no_dump", f"The host came back without a new dump; {NO_TRACE}")


def _wrong(note: Note, dump: Mapping[str, Any], seen: Seen) -> Outcome | None:
    """What keeps a dump from being the proof; null for nothing."""
    place, kernel, build = _place(dump, seen), note.bindings.get("kernel"), note.bindings.get("kernel build")
    if dump["complete"] is not True:
        why = dump.get("reason") or "its end could not be read"
        return Outcome("incomplete", f"{place} is not complete: {why}", dump=dump)
    if dump["kernel"] != kernel:
        return Outcome("wrong_kernel", f"{place} is of the kernel {dump['kernel']}, not of {kernel}", dump=dump)
    if build and dump["build_id"] and dump["build_id"] != build:
        return Outcome("wrong_kernel", f"{place} is of another build of the kernel {kernel}", dump=dump)
    if dump["path"] != seen.holder:
        return Outcome("no_id", f"The word that was put into the kernel log was not found in {place}", dump=dump)
    return None


def _place(dump: Mapping[str, Any], seen: Seen) -> str:
    return f"{dump['path']} on {seen.server}" if seen.server else str(dump["path"])


def _cause(lines: Sequence[str]) -> Outcome | None:
    """The failure that the lines tell of, with the first line that does."""
    for cause in CAUSES:
        line = next((line for line in lines if cause.lines.search(line)), None)
        if line is not None:
            return Outcome(cause.kind, cause.sentence, " ".join(line.split()))
    return None
