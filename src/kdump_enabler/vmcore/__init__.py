"""Reads vmcores where they lie: what a dump says of itself, whether all of it is there, whether a text is in its log.

This package runs on the managed host, piped to its Python as text (see ../piped.py) with one request in JSON as its
argument, so it keeps to the standard library and to Python 3.6 syntax and imports nothing else of ours. It changes
nothing. A dump may be cut,
damaged, or made by somebody who means harm: no size that it states is trusted, every loop ends with the file or with
the time that was given, and what cannot be told is null with a reason.

Requests: {"do": "list", "directories": [...]}, {"do": "show", "path": PATH or "latest", "directories": [...]} and
{"do": "contains", "path", "text"}; each may hold "seconds", the first two "named": true where somebody typed the
directories. {"do": "log", "path", "after"} asks for the lines of a kernel log from the first on that has the text.
Output, on one line: {"schema": 1, "vmcores": [record]}, {"schema": 1, "found": true, false or null, "reason"} or
{"schema": 1, "lines": [line] or null}. The keys of a record are those of `vmcore` in
data/result-1.schema.json. Times are UTC.

The formats: makedumpfile's IMPLEMENTATION, diskdump_mod.h and makedumpfile.h (the flattened one is big endian, the
others are of the machine that crashed); elf(5).
"""

from .basics import Record
from .finding import FILE_KEYS, LATEST, find, show
from .log_files import lines_after
from .reading import HEADER_KEYS, contains, read

__all__ = ["FILE_KEYS", "HEADER_KEYS", "LATEST", "answer", "contains", "find", "read", "show"]

SCHEMA = 1


def answer(request: Record) -> Record:
    """The answer to a request, see above."""
    limit = {"seconds": float(request["seconds"])} if "seconds" in request else {}
    named = bool(request.get("named"))
    if request["do"] == "contains":
        needle = request["text"].encode("utf-8", "surrogateescape")
        return dict({"schema": SCHEMA}, **contains(request["path"], needle, **limit))
    if request["do"] == "log":
        return {"schema": SCHEMA, "lines": lines_after(request["path"], request["after"])}
    if request["do"] == "show":
        return {"schema": SCHEMA, "vmcores": show(request["path"], request["directories"], named=named, **limit)}
    return {"schema": SCHEMA, "vmcores": find(request["directories"], named=named, **limit)}
