"""Lines that go on under their own text where a screen is too narrow for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from .visible import visible

Piece = tuple[int, int]  # from where to where in a text
LEAST = 20  # columns that a text gets, however narrow the screen is
CLAUSES = re.compile(r"(?:`[^`]*`|.)+?(?:[,:;](?= )|$)")
WORDS = re.compile(r"(?:`[^`]*`|\S)+")


def literal(text: str) -> str:
    """The text as it is, for a place where rich reads markup."""
    return escape(visible(text))


def show(console: Console, head: str, text: str, under: int | None = None, prose: bool = False) -> None:
    """Print `head` and `text`, both with markup, on a line. On a terminal that is too narrow the text goes on below,
    under its beginning or in the column `under`: it is broken at spaces only, and never inside a command, which
    somebody copies. A file or a pipe gets one line. `prose` has no commands, and is broken for all of them."""
    before = Text.from_markup(head, emoji=False)
    begins = before.cell_len if under is None else under
    said = Text.from_markup(text, emoji=False)
    if console.is_terminal or prose:
        pieces = _words(said.plain) if prose else _pieces(said.plain)
        lines = _lines(said, pieces, console.width - before.cell_len, console.width - begins)
    else:
        lines = [said]
    for at, line in enumerate(lines):
        line.rstrip()
        console.print(Text.assemble(" " * begins if at else before, line), soft_wrap=True)


def _lines(text: Text, pieces: Iterable[Piece], first: int, rest: int) -> list[Text]:
    """The text in lines of so many columns; a piece that is longer has a line of its own."""
    cuts: list[int] = []
    start, room = 0, max(LEAST, first)
    for begin, end in pieces:
        better = begin > start or (not cuts and rest > first)
        if better and cell_len(text.plain[start:end]) > room:
            cuts.append(begin)
            start, room = begin, max(LEAST, rest)
    return list(text.divide(cuts))


def _words(text: str) -> Iterator[Piece]:
    return ((word.start(), word.end()) for word in re.finditer(r"\S+", text))


def _pieces(text: str) -> Iterator[Piece]:
    """What stays together: words, and commands, which have an option, or stand in `` or after `then:`."""
    before = ""
    for clause in CLAUSES.finditer(text):
        found, start = clause[0], clause.start()
        if (" -" in found or before.endswith("then:")) and "`" not in found:
            yield clause.end() - len(found.lstrip()), clause.end()
        else:
            yield from ((start + word.start(), start + word.end()) for word in WORDS.finditer(found))
        before = found
