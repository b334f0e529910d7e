"""The command `prove`: which hosts may be crashed, and who says so."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import click

from .. import commands
from ..errors import UserError, interruption
from ..report import prose
from ..report.visible import visible
from ..request import Request
from .consent import WINDOW_EXAMPLE, is_window

WARNING = """This crashes {names}, on purpose and now: everything that runs there ends without a warning, a dump is \
written, and the machine boots again.
"""
HERE = "This machine is the one that crashes. When it is back, `sudo kdump-enabler prove` looks at what came out.\n"
NOTHING = "nothing was crashed"
# Whoever comes later finds the note that is on the host since before the crash (proof.py).
LOOKS = "Run the same again: where it had begun, it only looks at what came out, and does not do it twice."
SELF = "localhost"  # this machine's name in Ansible's inventory


def prove(request: Request, consenting: Collection[str], variables: Mapping[str, Any]) -> int:
    """Look at the hosts, ask for those that would be crashed, and crash them. Whoever was not asked for is refused by
    the run, with the reason."""
    if not request.inventory:
        commands.need_root()
    window = str(variables["kdump_prove_window"])
    if window and not is_window(window):
        raise UserError(f"--window {window} is no window of time", WINDOW_EXAMPLE)
    looked = commands.look(request)
    _know(looked, consenting)
    agreed = [*consenting, *_ask(request, looked, consenting, bool(variables["kdump_prove_unknown"]))]
    here = [] if request.inventory else [SELF] * bool(agreed)
    with interruption(under_way("a crash may be under way", () if request.dry_run else agreed), LOOKS):
        result = commands.play("prove", request, {**variables, "kdump_prove_consent": here or agreed})
    code = commands.finish(result, replace(request, dry_run=False), "hosts" if request.dry_run else "proofs")
    if request.dry_run:
        would = [visible(host["host"]) for host in result["hosts"] if host["facts"] and "trouble" not in host]
        prose.show(f"Would be crashed: {', '.join(would) or 'none'}", err=True)
    return code


def under_way(what: str, agreed: Collection[str]) -> str:
    """What may go on when a run is interrupted, on the hosts that somebody agreed to."""
    return f"{what} on {', '.join(map(visible, agreed))}" if agreed else NOTHING


def _know(looked: Mapping[str, Any], consenting: Collection[str]) -> None:
    """Refuse a consent to the crash of a host that is none of these: whoever typed it meant another machine than this,
    or another list of hosts."""
    hosts = [host["host"] for host in looked["hosts"]]
    for name in consenting:
        if name not in hosts:
            raise UserError(
                f"--yes-crash {visible(name)} is none of the hosts here, so nothing was crashed",
                f"They are: {', '.join(map(visible, hosts))}.",
            )


def _ask(request: Request, looked: Mapping[str, Any], consenting: Collection[str], unknown_too: bool) -> list[str]:
    """The hosts whose names somebody typed."""
    crashing = [host["host"] for host in looked["hosts"] if _would_crash(host, unknown_too)]
    asked = [name for name in crashing if name not in consenting]
    if request.dry_run:
        return asked
    if asked and not is_a_person_there():
        raise UserError(
            "There is no terminal to type a name on, so nothing was crashed",
            " ".join(["Pass", *(f"--yes-crash {visible(name)}" for name in asked)]),
        )
    if asked:
        warning = WARNING.format(names=", ".join(map(visible, asked)))
        prose.show(warning + ("" if request.inventory else HERE) + "\n")
    return [name for name in asked if typed(f"Type {visible(name)} to crash it") == name]


def typed(question: str) -> str:
    """What somebody typed; nothing is an answer, too. Raises UserError for Ctrl-C and Ctrl-D."""
    try:
        return str(click.prompt(question, default="", show_default=False))
    except click.Abort:
        click.echo(err=True)
        raise UserError("Nothing was crashed") from None


def is_a_person_there() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty()


def _would_crash(host: Mapping[str, Any], unknown_too: bool) -> bool:
    """Whether a run would crash this host, if it may."""
    if host["facts"] is None or host["proof"]["state"] == "unfinished":
        return False
    return bool(host["captures_now"] or (unknown_too and host["captures_now"] is None and not host["reason"]))
