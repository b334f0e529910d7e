"""Errors that a person reads: one sentence, one hint, an exit code."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can mend. `str()` is the sentence; `hint` says what to do; exit code 2."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint
