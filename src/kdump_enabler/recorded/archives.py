"""What a support tool kept of a machine, a sosreport or a supportconfig, as the evidence that the probe would give.

Such an archive holds what the tool's version, options and limits let it copy. So what is not in it is unknown, never
absent, and no directory is taken for whole. Nothing but what the probe would read is unpacked, into a directory of
its own that goes afterwards: regular files, and links that stay inside; never a device, and nothing through a link.
"""

from __future__ import annotations

import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .. import probe
from ..errors import UserError
from . import sosreport, supportconfig

SUFFIXES = (".tar", ".tar.xz", ".tar.gz", ".tar.bz2", ".txz", ".tbz", ".tgz")
MEMBER_CAP = 64 * 1024 * 1024  # bytes of one file: supportconfig puts all of /proc/sys into one
KEPT_CAP = 512 * 1024 * 1024  # bytes unpacked of one archive
READ_CAP = 16 * 1024 * 1024 * 1024  # bytes that an archive may be when it is unpacked: sosreports with all logs are GBs
HINT = "Give what `sos report` or `supportconfig` wrote, packed or unpacked."
BROKEN = (tarfile.TarError, EOFError, LZMAError, zlib.error, OSError)
# What differs in place: /lib is a link to /usr/lib on most systems, and what it leads to is kept there.
TUNED = ("/etc/tuned/*/tuned.conf", "/etc/tuned/profiles/*/tuned.conf")
LOOKED_AT = (*probe.TEXT_GLOBS, *probe.SIMULATION_GLOBS, *probe.STAT_GLOBS, *TUNED, "/proc/self/mounts")
WANTED = re.compile(
    "|".join(re.escape(path.lstrip("/")).replace(r"\*", "[^/]*") for path in LOOKED_AT)
    + "|"
    + "|".join(sosreport.FILES + supportconfig.FILES)
)


@dataclass(frozen=True)
class Member:
    """One thing in an archive: its path below the archive's own directory; `link` is where a link leads; `read` is
    null for what is no regular file."""

    path: str
    link: str
    size: int
    mtime: float
    read: Callable[[], IO[bytes] | None] | None


@dataclass(frozen=True)
class Archived:
    """One machine in an archive: the name it gives itself, the tool that kept it, and the probe's dictionary."""

    host: str
    kind: str
    raw: dict[str, Any]


def kind_of(directory: Path) -> str:
    """Whose archive was unpacked here; empty for none."""
    return next((one.KIND for one in (sosreport, supportconfig) if (directory / one.MARK).exists()), "")


def is_packed(path: Path) -> bool:
    """Whether a file has the name of an archive."""
    return path.name.endswith(SUFFIXES)


def read(path: Path) -> Archived:
    """The machine in an archive, packed or unpacked. Raises UserError for anything else, and for one that is cut."""
    try:
        with _laid_out(path) as root:
            kind = kind_of(root)
            if not kind:
                raise UserError(f"{path} is neither a sosreport nor a supportconfig", HINT)
            tool = sosreport if kind == sosreport.KIND else supportconfig
            found = tool.read(root)
    except BROKEN as error:
        raise UserError(f"{path} could not be read as an archive: {_why(error)}", HINT) from error
    return Archived(found.pop("host") or path.name.partition(".")[0], kind, found)


def _why(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).splitlines()[0] if str(error) else "it ends too early"


@contextmanager
def _laid_out(path: Path) -> Iterator[Path]:
    """A directory with what the probe would look at."""
    with tempfile.TemporaryDirectory(prefix="kdump-enabler-") as scratch:
        root = Path(scratch).resolve()
        links = {}
        kept = 0
        for member in _in_directory(path) if path.is_dir() else _in_tar(path):
            if not WANTED.fullmatch(member.path) and not (member.link and member.path.count("/") < 2):
                continue
            if member.link:
                links[member.path] = member.link
            elif member.read and member.size <= MEMBER_CAP:
                kept += member.size
                if kept > KEPT_CAP:
                    raise UserError(f"{path} holds more than {KEPT_CAP >> 20} MiB of configuration", HINT)
                _write(root / member.path, member)
        _link(root, links)
        yield root


def _in_tar(path: Path) -> Iterator[Member]:
    """What is in an archive, one after the other. Raises UserError where a path leads out of it, or it does not end."""
    seen = 0
    with tarfile.open(path, "r|*") as archive:
        for entry in archive:
            archive.members = []  # type: ignore[attr-defined] # else it keeps each of them
            parts = [part for part in PurePosixPath(entry.name).parts if part != "."]
            seen += entry.size
            if ".." in parts or entry.name.startswith("/"):
                raise UserError(f"{path} holds a path that leads out of it: {entry.name!r}", HINT)
            if seen > READ_CAP:
                raise UserError(f"{path} is larger than {READ_CAP >> 30} GiB when it is unpacked", HINT)
            reader = _reader(archive, entry) if entry.isreg() else None
            link = entry.linkname if entry.issym() else ""
            if len(parts) > 1:
                yield Member("/".join(parts[1:]), link, entry.size, entry.mtime, reader)


def _reader(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Callable[[], IO[bytes] | None]:
    return lambda: archive.extractfile(entry)


def _in_directory(path: Path) -> Iterator[Member]:
    """What is in an unpacked archive."""
    for place, directories, files in os.walk(path):
        for name in sorted([*directories, *files]):
            found = Path(place, name)
            info = found.lstat()
            link = str(found.readlink()) if found.is_symlink() else ""
            reader = None if link or not found.is_file() else _opener(found)
            yield Member(found.relative_to(path).as_posix(), link, info.st_size, info.st_mtime, reader)


def _opener(path: Path) -> Callable[[], IO[bytes] | None]:
    return lambda: path.open("rb")


def _write(target: Path, member: Member) -> None:
    """A file, before there are any links that it could be written through."""
    source = member.read() if member.read else None
    if source is None or target.is_dir():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with source:
        target.write_bytes(source.read())
    os.utime(target, (member.mtime, member.mtime))


def _link(root: Path, links: dict[str, str]) -> None:
    """The links that stay inside; what the others lead to is not in the archive."""
    made = []
    for path, target in links.items():
        place = root / path
        inside = os.path.relpath(target, f"/{PurePosixPath(path).parent}") if target.startswith("/") else target
        # Another link may be its directory, and lead out as long as it is there.
        if _is_inside(root, place.parent) and not place.exists() and not place.is_symlink():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(inside)
            made.append(place)
    for place in [*made, *made]:  # one that is taken away may have hidden where another leads
        if place.is_symlink() and not _is_inside(root, place):
            place.unlink()


def _is_inside(root: Path, place: Path) -> bool:
    return Path(os.path.realpath(place)).is_relative_to(root)
