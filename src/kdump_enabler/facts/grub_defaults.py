"""What the GRUB defaults put on Linux' command line, and where each crashkernel= of it is written.

grub-mkconfig sources /etc/default/grub and then /etc/default/grub.d/*.cfg in the order of their names; an entry gets
`${GRUB_CMDLINE_LINUX} ${GRUB_CMDLINE_LINUX_DEFAULT}` (grub-mkconfig and /etc/grub.d/10_linux of Debian's grub-common).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..evidence import Evidence, File
from . import shell
from .shell import Assignment, Doubt
from .shell_value import UNKNOWN, Letter, Value, text_of

MAIN, DROPINS = "/etc/default/grub", "/etc/default/grub.d"
PACKAGE_DROPIN = DROPINS + "/kdump-tools.cfg"
NORMAL_ONLY = "GRUB_CMDLINE_LINUX_DEFAULT"
COMMAND_LINE = ("GRUB_CMDLINE_LINUX", NORMAL_ONLY)  # recovery entries have the first only
CHOICE = "GRUB_DEFAULT"  # the entry that boots by itself
CRASHKERNEL = "crashkernel="


@dataclass(frozen=True)
class Word:
    """One crashkernel=... word as the shell has it (UNKNOWN where that cannot be told), and where it begins: a line and
    an offset in the file's text. `cut` is what `without` takes out: the offsets of the word with one blank beside it;
    null where it is not written in one piece."""

    text: str
    path: str
    line: int
    start: int
    cut: tuple[int, int] | None

    @property
    def value(self) -> str:
        """What comes after `crashkernel=`."""
        return self.text.removeprefix(CRASHKERNEL)


@dataclass(frozen=True)
class Defaults:
    """The GRUB defaults of one machine. `texts` are the files in the order they are read; `assignments` those to the
    variables of COMMAND_LINE and to CHOICE; `doubts` the places from which on a file could not be read for certain;
    `line` is what a normal entry gets (its letters may be UNKNOWN)."""

    texts: Mapping[str, str]
    assignments: tuple[Assignment, ...]
    doubts: tuple[Doubt, ...]
    line: Value

    @property
    def command_line(self) -> str | None:
        """The words a normal entry gets; null when that cannot be told. A newline in a value ends GRUB's `linux`
        command, so what comes after it never reaches the kernel."""
        return text_of(self._first_line)

    @property
    def newline(self) -> Letter | None:
        """The newline that cuts the command line off; null for none."""
        return next((letter for letter in self.line if letter.char == "\n"), None)

    @property
    def words(self) -> tuple[Word, ...]:
        """The crashkernel= words that a normal entry gets, in order."""
        return self._words(self._first_line)

    @cached_property  # what to reserve is asked for many times
    def written(self) -> tuple[Word, ...]:
        """The crashkernel= words that the files hold in assignments, whether they come onto the command line or not,
        by file and line; those in comments are left out."""
        return tuple(word for made in self._of_command_line() for word in self.words_in(made))

    @property
    def lost(self) -> tuple[Word, ...]:
        """The written words that do not come onto the command line; empty when that cannot be told."""
        if self.command_line is None:
            return ()
        kept = {letter[1:] for letter in self._first_line}
        carried_out = (made for made in self._of_command_line() if not made.doubt)
        return tuple(
            word for made in carried_out for word in self.words_in(made) if (word.path, word.start) not in kept
        )

    def replaced_by(self, word: Word) -> Assignment | None:
        """The first assignment whose value leaves out what the same variable held of this word before."""
        holding = ""
        for made in self._of_command_line():
            if made.doubt:
                continue
            if any(letter[1:] == (word.path, word.start) for letter in made.value):
                holding = made.name
            elif made.name == holding:
                return made
        return None

    def words_in(self, made: Assignment) -> tuple[Word, ...]:
        """The crashkernel= words that are written in this assignment itself."""
        found = self._words(made.value)
        return tuple(word for word in found if word.path == made.path and made.start <= word.start < made.end)

    def assigned_after(self, path: str) -> Assignment | None:
        """The last assignment to the command line in the files that are read after this one."""
        order = list(self.texts)
        after = set(order[order.index(path) + 1 :]) if path in order else set()
        found = [made for made in self._of_command_line() if made.path in after]
        return found[-1] if found else None

    def line_number(self, path: str, at: int) -> int:
        """The line of an offset in a file, counted from 1."""
        return self.texts[path].count("\n", 0, at) + 1

    def _of_command_line(self) -> list[Assignment]:
        return [made for made in self.assignments if made.name in COMMAND_LINE and not made.commented]

    @property
    def _first_line(self) -> Value:
        ends = [at for at, letter in enumerate(self.line) if letter.char == "\n"]
        return self.line[: ends[0]] if ends else self.line

    def _words(self, value: Value) -> tuple[Word, ...]:
        runs = [(begin, end) for begin, end in _runs(value) if _string(value[begin:end]).startswith(CRASHKERNEL)]
        return tuple(self._word(value, begin, end) for begin, end in runs)

    def _word(self, value: Value, begin: int, end: int) -> Word:
        first, text = value[begin], _string(value[begin:end])
        return Word(text, first.path, self.line_number(first.path, first.at), first.at, self._cut(value, begin, end))

    def _cut(self, value: Value, begin: int, end: int) -> tuple[int, int] | None:
        """The offsets of a word with the blank after it, or else the one before it: only a blank of the same value
        that stands right there and that no backslash keeps from ending a word."""
        first, last = value[begin], value[end - 1]
        straight = all(letter[1:] == (first.path, first.at + step) for step, letter in enumerate(value[begin:end]))
        if not straight or UNKNOWN in _string(value[begin:end]):
            return None
        if value[end : end + 1] == (Letter(" ", first.path, last.at + 1),):
            return first.at, last.at + 2
        escaped = self.texts[first.path][first.at - 2 : first.at - 1] == "\\"
        before = begin > 0 and value[begin - 1] == Letter(" ", first.path, first.at - 1) and not escaped
        return first.at - before, last.at + 1


def read(evidence: Evidence, changed: Mapping[str, str] | None = None) -> Defaults:
    """The GRUB defaults, as they would be with these texts for these paths."""
    files = {file.path: file.text for file in sources(evidence)} | dict(changed or {})
    order = sorted(files, key=lambda path: (path != MAIN, path))
    variables: dict[str, Value] = dict.fromkeys(COMMAND_LINE, ())
    found: list[Assignment] = []
    doubts: list[Doubt] = []
    for path in order:
        made, doubt = shell.read(path, files[path] or "", variables)
        if files[path] is None:
            variables.clear()
            doubt = Doubt(path, 0, "it could not be read")
        found += [one for one in made if one.name in (*COMMAND_LINE, CHOICE)]
        doubts += [doubt] if doubt else []
    texts = {path: files[path] or "" for path in order}
    return Defaults(texts, tuple(found), tuple(doubts), _joined(variables, doubts))


def unused(evidence: Evidence) -> dict[str, str]:
    """All defaults but those of kdump's package as if they were empty: where GRUB does not boot, only what the package
    would ask for is of interest."""
    return {file.path: "" for file in sources(evidence) if file.path != PACKAGE_DROPIN}


def sources(evidence: Evidence) -> list[File]:
    """The files that are there, in the order in which grub-mkconfig reads them; some may be unreadable."""
    files = [evidence.file(MAIN), *evidence.below(DROPINS, ".cfg")]
    return [file for file in files if not file.absent]


def without(text: str, words: Iterable[Word]) -> str:
    """A file's text without these words of it: every other byte stays. A word that is not written in one piece stays,
    too."""
    gone = {at for word in words if word.cut for at in range(*word.cut)}
    return "".join(char for at, char in enumerate(text) if at not in gone)


def with_reservation(defaults: Defaults, reservation: str, variable: str = COMMAND_LINE[0]) -> str | None:
    """The text of /etc/default/grub asking for this and nothing else: its first word is replaced, further ones go, or
    one is put at the end of this variable. Null where that cannot be written in one piece, or where a word comes from
    another variable."""
    text, words = defaults.texts.get(MAIN), [word for word in defaults.written if word.path == MAIN]
    borrowed = {word.start for word in defaults.words if word.path == MAIN} - {word.start for word in words}
    if text is None or borrowed or any(word.cut is None for word in words):
        return None
    if words and reservation:
        first, *others = words
        if " " in reservation and not _in_quotes(defaults, first):
            return None
        end = first.start + len(first.text)
        text = without(text, others)
        return text[: first.start] + CRASHKERNEL + reservation + text[end:]
    if words or not reservation:
        return without(text, words)
    places = [made for made in defaults.assignments if (made.path, made.name) == (MAIN, variable)]
    last = next((made for made in reversed(places) if not made.commented), None)
    if last is None or last.doubt or text[last.start : last.start + 1] != '"' or text[last.end - 1] != '"':
        return None
    blank = "" if text[last.end - 2] in '" ' else " "
    return text[: last.end - 1] + blank + CRASHKERNEL + reservation + text[last.end - 1 :]


def _in_quotes(defaults: Defaults, word: Word) -> bool:
    """Whether a blank beside this word belongs to the value."""
    made = (one for one in defaults.assignments if one.path == word.path and one.start <= word.start < one.end)
    return any(one.quotes in ("'", '"') for one in made)


def _joined(variables: Mapping[str, Value], doubts: list[Doubt]) -> Value:
    """What 10_linux makes of both variables. Unknown ones are put down to the last doubtful file."""
    place = (doubts[-1].path, 0) if doubts else (MAIN, 0)
    first, second = (variables.get(name, (Letter(UNKNOWN, *place),)) for name in COMMAND_LINE)
    return (*first, Letter(" ", "", 0), *second)


def _string(value: Iterable[Letter]) -> str:
    return "".join(letter.char for letter in value)


def _runs(value: Value) -> list[tuple[int, int]]:
    """The words of a value, as ranges of its letters."""
    return [match.span() for match in re.finditer(r"[^ \t\n\v\f\r]+", _string(value))]
