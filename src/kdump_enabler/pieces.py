"""Hands out the files of dumps in pieces, with what tells one version of a file from the next, and their checksums.

This file runs on the managed host, piped to its Python as text with one request in JSON as its argument, so it keeps
to the standard library and to Python 3.6 syntax and imports nothing of ours. It changes nothing, follows no link in the
last part of a path, and never holds more than one piece.

Requests: {"do": "look", "paths": [...]}, {"do": "digest", "path", "end"} (of the first `end` bytes) and
{"do": "read", "path", "start", "size"}. Output, on one line: {"schema": 1, "now": seconds, "files": [version or null]},
{"schema": 1, "version", "sha256"}, {"schema": 1, "version", "data": base64} where `data` is null for nothing but zeros,
or {"schema": 1, "error": sentence}. A version is [size in bytes, mtime in nanoseconds, inode].
"""

import base64
import hashlib
import json
import os
import stat
import sys
import time
from typing import Any, Dict, Iterator, List, Optional

Record = Dict[str, Any]

SCHEMA = 1
CHUNK = 1 << 20  # bytes hashed at a time


def version(info: os.stat_result) -> List[int]:
    """What is another when a file is written to or replaced."""
    return [info.st_size, info.st_mtime_ns, info.st_ino]


def seen(path: str) -> Optional[List[int]]:
    """The version of an ordinary file; null for anything else."""
    try:
        info = os.lstat(path)
    except OSError:
        return None
    return version(info) if stat.S_ISREG(info.st_mode) else None


def opened(path: str) -> int:
    """A descriptor of an ordinary file. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is not a regular file", path)
    return descriptor


def parts(descriptor: int, start: int, end: int, most: int) -> Iterator[bytes]:
    """The bytes between, or up to the end of the file."""
    while start < end:
        part = os.pread(descriptor, min(most, end - start), start)
        if not part:
            return
        yield part
        start += len(part)


def digest(descriptor: int, end: int) -> Record:
    """The checksum of the first bytes."""
    total = hashlib.sha256()
    for part in parts(descriptor, 0, end, CHUNK):
        total.update(part)
    return {"sha256": total.hexdigest()}


def read(descriptor: int, start: int, size: int) -> Record:
    """A piece; fewer bytes at the end of the file."""
    data = b"".join(parts(descriptor, start, start + size, size))
    zeros = data.count(0) == len(data) == size
    return {"data": None if zeros else base64.b64encode(data).decode("ascii")}


def answer(request: Record) -> Record:
    """The answer to a request, see above."""
    if request["do"] == "look":
        return {"schema": SCHEMA, "now": time.time(), "files": [seen(path) for path in request["paths"]]}
    try:
        descriptor = opened(request["path"])
        try:
            asked = request["do"] == "digest"
            found = digest(descriptor, request["end"]) if asked else read(descriptor, request["start"], request["size"])
            # After the bytes, so that a change while they were read is seen.
            return dict({"schema": SCHEMA, "version": version(os.fstat(descriptor))}, **found)
        finally:
            os.close(descriptor)
    except OSError as error:
        return {"schema": SCHEMA, "error": "{} could not be read: {}".format(request["path"], error.strerror)}


if __name__ == "__main__":
    json.dump(answer(json.loads(sys.argv[1])), sys.stdout)
    sys.stdout.write("\n")
