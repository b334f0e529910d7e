"""The assignments of a file that sh sources, read without a shell.

A subset of the Shell Command Language (POSIX XCU 2; dash(1)): assignments at the top level, with or without `export`,
and comments. Whatever else a file holds is not guessed: a command, a conditional or a function makes the rest of its
file doubtful, and every variable with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, replace

from .shell_value import UNKNOWN, DoubtError, Value, ValueReader, text_of

APPENDING = "`+=`, which is no assignment in every sh"
NAME = re.compile(r"[A-Za-z_]\w*(?=[ \t\n;]|\Z)", re.ASCII)
START = re.compile(r"([A-Za-z_]\w*)(\+?)=", re.ASCII)
EXPORT = re.compile(r"export(?=[ \t])")
GAP = re.compile(r"(?:[ \t]|\\\n)*")
BLANK = re.compile(r"(?:[ \t\n]|\\\n)*")
COMMENTED = re.compile(r"#[#\s]*(?=[A-Za-z_]\w*=)", re.ASCII)
LINE_START = re.compile(r"^[ \t]*(?:export[ \t]+)?(?=[A-Za-z_]\w*\+?=)", re.ASCII | re.MULTILINE)


@dataclass(frozen=True)
class Assignment:
    """One assignment. `quotes` is `"`, `'`, empty for none or `mixed`; start and end are the offsets of the right
    side in the file's text; `appends` is `+=`; where it is `commented` or has a `doubt` (the reason), the shell may
    never carry it out."""

    name: str
    value: Value
    path: str
    line: int
    last_line: int
    start: int
    end: int
    quotes: str
    appends: bool = False
    commented: bool = False
    doubt: str = ""

    @property
    def text(self) -> str | None:
        """The value as the shell has it; null when that cannot be told."""
        return text_of(self.value)


@dataclass(frozen=True)
class Doubt:
    """The place from which on a file cannot be read for certain, and why."""

    path: str
    line: int
    reason: str


def read(path: str, text: str, variables: MutableMapping[str, Value]) -> tuple[list[Assignment], Doubt | None]:
    """Every assignment of a file, and the place from which on they are doubtful (null for none). `variables` is what
    the shell has before, and is brought to what it has after; a name that is not in it is unknown."""
    return _Reader(path, text, variables).all()


class _Reader(ValueReader):
    def all(self) -> tuple[list[Assignment], Doubt | None]:
        found: list[Assignment] = []
        begin = 0
        try:
            while self._to_command():
                begin = self.pos
                found += self._comment() if self.here("#") else self._command()
        except DoubtError as error:
            self.variables.clear()
            doubt = Doubt(self.path, self._line(begin), str(error))
            return found + list(self._doubtful(begin, doubt.reason)), doubt
        return found, None

    def _to_command(self) -> bool:
        """Go to the next command or comment; false at the end."""
        self._skip(BLANK)
        if UNKNOWN in self.text:  # shells differ in what they make of it
            raise DoubtError("a NUL character")
        return self.pos < len(self.text)

    def _command(self) -> list[Assignment]:
        """One simple command that is nothing but assignments."""
        self.exported = EXPORT.match(self.text, self.pos) is not None
        self._skip(EXPORT)
        self._skip(GAP)
        found: list[Assignment] = []
        while not self._at_end():
            found += self._one()
            self._skip(GAP)
        if not found and not self.exported:
            raise DoubtError("a command")
        self.pos += self.here(";")
        return found

    def _one(self) -> list[Assignment]:
        """One word of such a command: an assignment, or the name of a variable to export."""
        name = NAME.match(self.text, self.pos)
        if START.match(self.text, self.pos):
            made = self._assignment()
            if made.appends:
                raise DoubtError(APPENDING)
            self.variables[made.name] = made.value
            return [made]
        if not (name and self.exported):
            raise DoubtError("a command")
        self.pos = name.end()
        return []

    def _assignment(self) -> Assignment:
        match = START.match(self.text, self.pos)
        if match is None:
            raise DoubtError("no assignment")
        begin, self.pos = self.pos, match.end()
        value, quotes = self.word()
        return Assignment(
            name=match[1],
            value=value,
            path=self.path,
            line=self._line(begin),
            last_line=self._line(self.pos),
            start=match.end(),
            end=self.pos,
            quotes=quotes,
            appends=bool(match[2]),
        )

    def _comment(self) -> list[Assignment]:
        """The assignment that a comment holds, if it is one; then the end of the line is next."""
        end = self.text.find("\n", self.pos)
        end = len(self.text) if end < 0 else end
        match = COMMENTED.match(self.text, self.pos, end)
        inside = _Reader(self.path, self.text[:end], dict(self.variables))
        inside.pos, self.pos = match.end() if match else end, end
        try:
            return [replace(inside._assignment(), commented=True)]
        except DoubtError:
            return []

    def _doubtful(self, begin: int, reason: str) -> Iterator[Assignment]:
        """What looks like assignments in the rest of the file; one that goes on over several lines is one."""
        while match := LINE_START.search(self.text, begin):
            self.pos, begin = match.end(), match.end() + 1
            try:
                yield replace(self._assignment(), doubt=reason)
            except DoubtError:
                continue
            begin = self.pos

    def _at_end(self) -> bool:
        """At the end of a simple command: `#` begins a comment only here, where a word would begin."""
        return self.pos >= len(self.text) or self.text[self.pos] in "\n;" or self.here("#")

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.pos)
        self.pos = match.end() if match else self.pos

    def _line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1
