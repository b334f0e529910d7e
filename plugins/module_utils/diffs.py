# SPDX-License-Identifier: MIT
"""Diffs without context lines: a neighbouring line may be a password, and diffs end up in logs."""

import difflib
from typing import Dict, Iterator, List, Optional, Tuple

from .atomic import FileState, octal
from .transaction import Change

# From line, to line of the old text; from line, to line of the new one (counted from 0, ends excluded).
Edit = Tuple[int, int, int, int]


def change_diff(change: Change) -> Dict[str, str]:
    """Return one change as `--diff` prints it."""
    text = "--- {0}\n+++ {1}\n".format(
        change.path if change.old else "/dev/null", change.path if change.new else "/dev/null"
    )
    if change.old and change.new and change.old.mode != change.new.mode:
        text += "mode {0} -> {1}\n".format(octal(change.old.mode), octal(change.new.mode))
    return {"prepared": text + "".join(hunks(lines_of(change.old), lines_of(change.new)))}


def lines_of(state: Optional[FileState]) -> List[str]:
    """Return the lines with their newlines; bytes that are not UTF-8 are shown, not lost."""
    if state is None:
        return []
    parts = state.content.decode("utf-8", "backslashreplace").split("\n")
    last = [parts[-1]] if parts[-1] else []
    return [part + "\n" for part in parts[:-1]] + last


def hunks(before: List[str], after: List[str]) -> Iterator[str]:
    """Yield the hunks of a unified diff with no context."""
    for start, end, new_start, new_end in _edits(before, after):
        yield "@@ -{0} +{1} @@\n".format(_span(start, end), _span(new_start, new_end))
        for sign, lines in (("-", before[start:end]), ("+", after[new_start:new_end])):
            for line in lines:
                yield sign + (line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")


def _edits(before: List[str], after: List[str]) -> List[Edit]:
    """Return what to exchange, showing few lines.

    Not difflib alone: among lines that repeat (and above 200 lines always) it takes unchanged ones for changed.
    """
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    tail = 0
    while tail < min(len(before), len(after)) - same and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    old, new = before[same : len(before) - tail], after[same : len(after) - tail]
    ways = [_by_difflib(old, new)]
    if len(old) == len(new):
        ways.append([(at, at + 1, at, at + 1) for at in range(len(old)) if old[at] != new[at]])
    best = min(ways, key=lambda edits: sum(edit[1] - edit[0] + edit[3] - edit[2] for edit in edits))
    return [(start + same, end + same, at + same, to + same) for start, end, at, to in best]


def _by_difflib(old: List[str], new: List[str]) -> List[Edit]:
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [code[1:] for code in codes if code[0] != "equal"]


def _span(start: int, end: int) -> str:
    if end - start == 1:
        return str(start + 1)
    return "{0},{1}".format(start + 1 if end > start else start, end - start)
