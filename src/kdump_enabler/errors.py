"""Errors that a person reads: one sentence, one hint, an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """Something the user can mend. `str()` is the sentence; `hint` says what to do; exit code 2."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint


@contextmanager
def interruption(may_go_on: str, next_step: str) -> Iterator[None]:
    """Tell at Ctrl-C what may still happen on the hosts, as a clause, and what to type then. Raises UserError."""
    try:
        yield
    except KeyboardInterrupt:
        raise UserError(f"Interrupted: {may_go_on}", next_step) from None
