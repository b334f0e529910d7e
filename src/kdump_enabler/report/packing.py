"""The result document as text, of which a fleet's records take a tenth of what they take as objects."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

AT_ONCE = 100  # records
HOSTS, LAST = ' "hosts": [\n', " ]\n"  # the lines around the records


def packed(record: Mapping[str, Any]) -> str:
    """A host's record as text: as objects the records of a fleet would be ten times as large."""
    return json.dumps(record, separators=(",", ":"))


def unpacked(texts: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The records that packed() made these of. Some at once are read, as those share the names of their keys."""
    waiting = iter(texts)
    while some := list(itertools.islice(waiting, AT_ONCE)):
        yield from json.loads(f"[{','.join(some)}]")


def lines(beside: Mapping[str, Any], records: Iterable[str]) -> Iterator[str]:
    """The document as JSON: what it says beside the records, and each of those, packed, as a line of its own."""
    yield json.dumps(beside, indent=1).removesuffix("\n}") + f",\n{HOSTS}"
    between = ""
    for record in records:
        yield between + record
        between = ",\n"
    yield f"\n{LAST}}}\n"


def as_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """A document as JSON, with a line for each host."""
    return lines({name: found for name, found in result.items() if name != "hosts"}, map(packed, result["hosts"]))


def read(path: Path) -> Any:
    """What is in a file of JSON. Of a document that lines() wrote the whole text is never held, which would be a third
    of what it takes. Raises ValueError or OSError."""
    with path.open(encoding="utf-8") as file:
        try:
            beside = "".join(_until(HOSTS, file)).rstrip(",\n")
            records = list(unpacked(line.rstrip(",\n") for line in _until(LAST, file)))
            return {**json.loads(f"{beside}\n{file.read()}"), "hosts": records}
        except ValueError:  # written by somebody else, or cut
            return json.loads(path.read_text(encoding="utf-8"))


def _until(end: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if line == end:
            return
        yield line
    raise ValueError(f"no line {end!r}")
