"""What sh makes of one value, character by character, with the place where each is written.

Quotes, escapes, continuation lines and `$NAME` as in the Shell Command Language (POSIX XCU 2.2, 2.6; dash(1)). What
only a shell could tell becomes UNKNOWN; where even the end of it is not certain, DoubtError is raised.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import NamedTuple

UNKNOWN = "\0"  # stands for text that only the shell could tell; no shell value can hold it
CUT_OUT = "[cut out by kdump-enabler]"  # the probe's mark for a secret
# A continuation line inside of a name or right after it is a part of it for dash and not for bash.
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*)(?!\w|\\\n))", re.ASCII)
# Our own drop-in takes words out with this, so its result can be told.
STRIP = "sed -E 's/(^|[[:space:]])crashkernel=[^[:space:]]*//g'"
STRIPPED = re.compile(r"\$\(printf '%s' \"\$(\w+)\" \| " + re.escape(STRIP) + r"\)", re.ASCII)
STRIPPED_WORD = re.compile(r"(?:^|[ \t\v\f\r])crashkernel=[^ \t\n\v\f\r]*", re.MULTILINE)
PLAIN_DOLLAR = re.compile(r"\$(?![\w{(@*#?$!'\"\[-]|\\\n)", re.ASCII)
# Expansions that change nothing and end where they seem to: of ${NAME:-text} those without quotes and assignments.
UNTOLD = re.compile(r"\$[0-9@*#?$!-]|\$\{[^}=?'\"\\`$]*\}|`(?:[^`\\]|\\.)*`", re.DOTALL)
INSIDE_SUBSTITUTION = re.compile(
    r"[^()'\"\\`]+|\\.|'[^']*'|\"(?:[^\"\\`$]|\\.|\$(?!\())*\"|[()]|`(?:[^`\\]|\\.)*`", re.DOTALL
)
# What makes the end of a $( ) hard to tell: a pattern's bracket, a here-document, a comment.
TANGLED = re.compile(r"\bcase\b|<<|(?:^|\s)#")


class Letter(NamedTuple):
    """One character of a value and where it is written: its offset in that file's text."""

    char: str
    path: str
    at: int


Value = tuple[Letter, ...]


class DoubtError(ValueError):
    """The text cannot be read for certain from here on; its words are the reason."""


class ValueReader:
    """The text of one file and how far it is read; `exported` is for the arguments of `export`, which the shell
    splits and expands further than an assignment's value."""

    def __init__(self, path: str, text: str, variables: MutableMapping[str, Value]) -> None:
        self.path, self.text, self.variables = path, text, variables
        self.pos = 0
        self.exported = False

    def word(self) -> tuple[Value, str]:
        """The right side of an assignment, and how it is quoted: `"`, `'`, empty for not at all, or `mixed`."""
        begin = self.pos
        letters: list[Letter] = []
        kinds: list[str] = []
        while self.pos < len(self.text) and self.text[self.pos] not in " \t\n;&|<>()":
            char = self.text[self.pos]
            if char in "'\"":
                kinds.append(char)
                letters += self._single() if char == "'" else self._double()
            else:
                kinds += [] if self.here("\\\n") else [""]
                letters += self._bare(begin)
        return tuple(letters), "mixed" if len(set(kinds)) > 1 else "".join(kinds[:1])

    def here(self, what: str) -> bool:
        """Whether this comes next."""
        return self.text.startswith(what, self.pos)

    def _bare(self, begin: int) -> list[Letter]:
        char = self.text[self.pos]
        if self.here(CUT_OUT):
            raise DoubtError("a secret, which the probe cut out")
        if self.here("\\\n#"):
            raise DoubtError("a `#` after a continuation line, which shells read differently")
        if char == "\\":
            return self._escaped()
        if char in "$`":
            return self._expansion(quoted=False)
        after_colon = self.pos > begin and self.text[self.pos - 1] == ":"
        if (char == "~" and (self.pos == begin or after_colon)) or (self.exported and char in "*?[{~"):
            return self._unknown(self.pos + 1)
        self.pos += 1
        return [Letter(char, self.path, self.pos - 1)]

    def _escaped(self) -> list[Letter]:
        following = self.text[self.pos + 1 : self.pos + 2]
        if not following:
            raise DoubtError("a backslash at the end")
        self.pos += 2
        return [] if following == "\n" else [Letter(following, self.path, self.pos - 1)]

    def _single(self) -> list[Letter]:
        end = self.text.find("'", self.pos + 1)
        if end < 0:
            raise DoubtError("a quote that is never closed")
        begin, self.pos = self.pos + 1, end + 1
        if CUT_OUT in self.text[begin:end]:
            return [Letter(UNKNOWN, self.path, begin)]
        return [Letter(self.text[at], self.path, at) for at in range(begin, end)]

    def _double(self) -> list[Letter]:
        letters: list[Letter] = []
        self.pos += 1
        while not self.here('"'):
            if self.pos >= len(self.text):
                raise DoubtError("a quote that is never closed")
            letters += self._inside()
        self.pos += 1
        return letters

    def _inside(self) -> list[Letter]:
        """One character, escape or expansion between double quotes."""
        char = self.text[self.pos]
        if self.here(CUT_OUT):
            return self._unknown(self.pos + len(CUT_OUT))
        if char == "\\" and self.text[self.pos + 1 : self.pos + 2] in ("$", "`", '"', "\\", "\n"):
            return self._escaped()
        if char in "$`":
            return self._expansion(quoted=True)
        self.pos += 1
        return [Letter(char, self.path, self.pos - 1)]

    def _expansion(self, quoted: bool) -> list[Letter]:
        begin = self.pos
        stripped = STRIPPED.match(self.text, begin)
        match = stripped or VARIABLE.match(self.text, begin)
        if match:
            return self._variable(match[match.lastindex or 1], match.end(), bool(stripped), quoted)
        if PLAIN_DOLLAR.match(self.text, begin) or (quoted and self.text[begin : begin + 2] in ("$'", '$"')):
            self.pos += 1
            return [Letter("$", self.path, begin)]
        return self._unknown(self._after(begin))

    def _variable(self, name: str, end: int, stripped: bool, quoted: bool) -> list[Letter]:
        value = self.variables.get(name)
        if value is None or (self.exported and not quoted):
            return self._unknown(end)
        self.pos = end
        return list(strip(value) if stripped else value)

    def _after(self, begin: int) -> int:
        """Where an expansion that cannot be told ends."""
        match = UNTOLD.match(self.text, begin)
        if match:
            return match.end()
        if self.text.startswith("$(", begin) and not self.text.startswith("$((", begin):
            return self._after_substitution(begin + 2)
        raise DoubtError("an expansion")

    def _after_substitution(self, pos: int) -> int:
        """The end of a `$(`: its commands run in a shell of their own and change no variable."""
        begin, depth = pos, 1
        while depth:
            match = INSIDE_SUBSTITUTION.match(self.text, pos)
            if not match:
                raise DoubtError("a command substitution")
            depth += {"(": 1, ")": -1}.get(match[0], 0)
            pos = match.end()
        if TANGLED.search(self.text, begin, pos):
            raise DoubtError("a command substitution")
        return pos

    def _unknown(self, end: int) -> list[Letter]:
        begin, self.pos = self.pos, end
        return [Letter(UNKNOWN, self.path, begin)]


def text_of(value: Value) -> str | None:
    """The text of a value; null when a part of it is unknown."""
    text = "".join(letter.char for letter in value)
    return None if UNKNOWN in text else text


def strip(value: Value) -> Value:
    """A value without its crashkernel= words, as our drop-in's STRIP leaves it: sed takes line by line, and `$( )`
    drops the newlines at the end."""
    text = "".join(letter.char for letter in value)
    gone = {at for match in STRIPPED_WORD.finditer(text) for at in range(*match.span()) if text[at] != UNKNOWN}
    kept = [letter for at, letter in enumerate(value) if at not in gone]
    while kept and kept[-1].char == "\n":
        kept.pop()
    return tuple(kept)
