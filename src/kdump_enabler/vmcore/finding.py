"""Finds dumps in the native layouts of all families."""

import contextlib
import itertools
import os
import re
import stat
from typing import Iterable, Iterator, List, Match, Optional, Tuple

from .basics import Clock, Record, UnclearError, Words, moment, said, text
from .files import File
from .log_files import proof_id, tail
from .reading import HEADER_KEYS, SECONDS, read

LIST_SECONDS = 120.0  # for all dumps of a host
CHUNK = 1 << 20  # bytes read at a time
LATEST = "latest"

# What stat(2) tells of a dump, and what it says itself.
FILE_KEYS: Words = ("directory", "path", "size_bytes", "allocated_bytes", "written_at", "mode", "uid", "gid")
FILE_KEYS += ("open_to_others", "log", "log_bytes", "log_written_at", "proof_id")

MOST_ENTRIES = 20000  # names looked at below one dump directory
DEPTH = 2  # directories below a dump directory: that of a host, and in it that of a dump
# What each family calls the files of a dump: kdump-tools (on an FTP server after the name of the host), kdump-utils,
# and SUSE's kdump, which may split a dump.
ENDING = r"(?:\.(?:gz|bz2|xz|lz4|zst))?"
VMCORE = re.compile(
    r"(?P<host>.+-)?(?:dump|vmcore)\.(?P<stamp>[0-9]{12})" + ENDING + r"|dump-incomplete" + ENDING + r"|"
    r"vmcore(?:\.flat|[0-9]+)?(?:-incomplete)?" + ENDING,
    re.DOTALL,
)
LOG = re.compile(
    r"(?P<host>.+-)?dmesg\.(?P<stamp>[0-9]{12})|vmcore-dmesg(?:-incomplete)?\.txt|dmesg(?:\.txt)?", re.DOTALL
)
README, README_STATUS = "README.txt", re.compile(rb"(?m)^\s*(vmcore status:\s*\S.*)$")
STAMPED = re.compile(
    r"(?:.+-)?(?:[0-9]{12}|[0-9]{4}(?:-[0-9]{2}){3}[:-][0-9]{2}(?::[0-9]{2})?)|kdump-test-.+", re.DOTALL
)
OTHERS_ENTER, OTHERS_READ = 0o001, 0o004


class Place:
    """A directory that was looked into: its files, its directories, and whether everybody can enter it."""

    def __init__(self, path: str, is_open: bool, left: List[int]) -> None:
        self.path = path
        self.is_open = is_open and bool(os.lstat(path).st_mode & OTHERS_ENTER)
        self.files: List[str] = []
        self.directories: List[str] = []
        with os.scandir(path) as entries:
            for entry in itertools.islice(entries, left[0]):
                left[0] -= 1
                if entry.is_dir(follow_symlinks=False):
                    self.directories.append(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    self.files.append(entry.name)


def find(directories: Iterable[str], seconds: float = LIST_SECONDS, named: bool = False) -> List[Record]:
    """A record for each dump in these directories, the newest first: a vmcore with its header, or a dump that should be
    there and is not (`path` is null). A directory that is not there holds none; where somebody `named` it, it may be a
    typing error, and is not known to hold none."""
    clock = Clock(seconds)
    found = {
        record["path"] or record["log"] or record["directory"]: record
        for path in directories
        for record in _walk(path, named)
    }
    records = sorted(found.values(), key=lambda record: record["written_at"] or "", reverse=True)
    for record in records:
        if record["path"]:
            record.update(read(record["path"], min(SECONDS, clock.left())))
    return sorted(records, key=lambda record: record["crashed_at"] or record["written_at"] or "", reverse=True)


def _walk(directory: str, named: bool) -> Iterator[Record]:
    """The dumps in a directory and below it, without their headers."""
    top, left = os.path.realpath(directory), [MOST_ENTRIES]
    ahead = [(top, everybody_reaches(top), 0)]
    while ahead:
        path, is_open, depth = ahead.pop()
        try:
            place = Place(path, is_open, left)
        except OSError as error:
            if depth == 0 and not named and isinstance(error, (FileNotFoundError, NotADirectoryError)):
                return
            if depth == 0 or STAMPED.fullmatch(os.path.basename(path)):
                yield unseen(path, said(error))
            continue
        yield from dumps_in(place, depth > 0)
        if depth < DEPTH:
            ahead += [(os.path.join(path, name), place.is_open, depth + 1) for name in sorted(place.directories)]
    if left[0] <= 0:
        yield unseen(top, "it has more than {} entries, and no more were looked at".format(MOST_ENTRIES))


def everybody_reaches(path: str) -> bool:
    """Whether a user without rights gets to a directory: each one on the way lets them in."""
    above = os.path.dirname(path)
    try:
        return above == path or (everybody_reaches(above) and bool(os.lstat(above).st_mode & OTHERS_ENTER))
    except OSError:
        return False


def dumps_in(place: Place, own: bool) -> Iterator[Record]:
    """The dumps of one directory. `own`: it is none of the directories that all dumps go to, so that what is in it is
    all that is left of one dump."""
    vmcores = [match for match in map(VMCORE.fullmatch, sorted(place.files)) if match]
    logs = [match for match in map(LOG.fullmatch, sorted(place.files)) if match]
    by_key = {key(log): log.group() for log in logs}
    paired = {vmcore.group(): by_key.get(key(vmcore)) for vmcore in vmcores}
    for vmcore in vmcores:
        if logs and not vmcore.group("stamp") and not paired[vmcore.group()]:
            paired[vmcore.group()] = logs[-1].group()
    for name, log in paired.items():
        yield from_outside(place, name, log)
    if own and not vmcores and STAMPED.fullmatch(os.path.basename(place.path)):
        if logs or README in place.files or not place.files:
            yield from_outside(place, None, logs[-1].group() if logs else None)
    else:
        used = set(paired.values())
        for name in (log.group() for log in logs if log.group("stamp") and log.group() not in used):
            yield from_outside(place, None, name)


def key(match: Match[str]) -> Tuple[str, str]:
    """What the name of a vmcore and that of its log have in common: host and time, where they are in it."""
    return match.group("host") or "", match.group("stamp") or ""


def from_outside(place: Place, vmcore: Optional[str], log: Optional[str]) -> Record:
    """The record of a dump as far as no file is opened."""
    record = blank(place.path)
    try:
        if log:
            record["log"] = os.path.join(place.path, log)
            seen = os.lstat(record["log"])
            record["log_bytes"], record["log_written_at"] = seen.st_size, moment(seen.st_mtime)
            record["proof_id"] = proof_id(record["log"])
        if vmcore:
            record["path"] = os.path.join(place.path, vmcore)
        else:
            record["complete"], record["reason"] = False, why_missing(place, log)
        info = os.lstat(record["path"] or record["log"] or place.path)
    except (OSError, UnclearError) as error:  # gone since
        record["complete"], record["reason"] = None, said(error)
        return record
    record["written_at"] = moment(info.st_mtime)
    if vmcore:
        record.update(size_bytes=info.st_size, allocated_bytes=info.st_blocks * 512)
        record.update(mode=stat.S_IMODE(info.st_mode), uid=info.st_uid, gid=info.st_gid)
        record["open_to_others"] = place.is_open and bool(info.st_mode & OTHERS_READ)
    return record


def why_missing(place: Place, log: Optional[str]) -> str:
    """Why there is no vmcore: SUSE's kdump leaves a word."""
    if README in place.files:
        with File(os.path.join(place.path, README)) as file:
            match = README_STATUS.search(file.read(0, 4096))
        if match:
            return "{} says: {}".format(README, text(match.group(1).strip()))
    return "there is a kernel log and no vmcore" if log else "there is no vmcore"


def unseen(directory: str, reason: str) -> Record:
    """The record of a directory that may hold a dump."""
    record = blank(directory)
    record["reason"] = reason
    with contextlib.suppress(OSError):
        record["written_at"] = moment(os.lstat(directory).st_mtime)
    return record


def blank(directory: str) -> Record:
    """A record of which only the directory is known."""
    return dict(dict.fromkeys(FILE_KEYS + HEADER_KEYS), directory=directory)


def show(path: str, directories: Iterable[str], seconds: float = SECONDS, named: bool = False) -> List[Record]:
    """The record of one dump with the end of its kernel log: a vmcore, the newest in a directory of its own, or the
    latest in these directories; none when there is no latest."""
    records = find(directories, seconds, named)[:1] if path == LATEST else [_at(os.path.realpath(path), seconds)]
    for record in records:
        record["log_tail"], record["panic"] = tail(record["log"]) if record["log"] else (None, None)
    return records


def _at(path: str, seconds: float) -> Record:
    """The record of the dump at a path."""
    is_directory = os.path.isdir(path)
    directory = path if is_directory else os.path.dirname(path)
    try:
        place = Place(directory, everybody_reaches(directory), [MOST_ENTRIES])
    except OSError as error:
        return unseen(path, said(error))
    inside = sorted(dumps_in(place, own=True), key=lambda record: record["written_at"] or "", reverse=True)
    if is_directory:
        record = inside[0] if inside else unseen(path, "there is no dump in it")
    else:
        record = next((one for one in inside if one["path"] == path), from_outside(place, path, None))
    if record["path"]:
        record.update(read(record["path"], seconds))
    return record
