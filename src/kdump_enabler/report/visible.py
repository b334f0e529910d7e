"""Text of a host, made harmless for the terminal of whoever reads it."""

from __future__ import annotations


def visible(text: str) -> str:
    """The text on one line, with everything that a terminal would obey and not show (escape sequences, line breaks,
    marks that turn the direction of writing) as its Python escape."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
