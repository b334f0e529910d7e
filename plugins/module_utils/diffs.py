# SPDX-License-Identifier: MIT
"""Diffs without context lines: a neighbouring line may be a password, and diffs end up in logs."""

import difflib
from typing import Dict, Iterator, List, Optional

from .atomic import FileState, octal
from .transaction import Change


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
    """Yield the hunks of a unified diff with no context.

    Not difflib.unified_diff: above 200 lines its heuristic shows unchanged lines as changed.
    """
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag != "equal":
            yield "@@ -{0} +{1} @@\n".format(_span(start, end), _span(new_start, new_end))
            for sign, lines in (("-", before[start:end]), ("+", after[new_start:new_end])):
                for line in lines:
                    yield sign + (line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")


def _span(start: int, end: int) -> str:
    if end - start == 1:
        return str(start + 1)
    return "{0},{1}".format(start + 1 if end > start else start, end - start)
