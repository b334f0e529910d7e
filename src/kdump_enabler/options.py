"""Options that several commands take, as decorators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from .errors import UserError

F = TypeVar("F", bound=Callable[..., Any])


def _several(*options: Callable[[F], F]) -> Callable[[F], F]:
    """One decorator of several options, in the order they are shown."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def format_option(*more: str) -> Callable[[F], F]:
    """How to print; `more` are the forms that this command has beside a table and the result document."""
    return click.option(
        "--format", "form", type=click.Choice(["table", "json", *more]), default="table", help="What to print."
    )


output_option = click.option(
    "-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write there instead."
)
fleet_options = _several(
    format_option("html", "junit", "prometheus"),
    output_option,
    click.option(
        "--baseline",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False),
        help="An earlier result (JSON): tell what changed since.",
    ),
)


def _only_one(_: click.Context, option: click.Parameter, given: Sequence[str]) -> str | None:
    """The value of an option that silently took the last one otherwise. Raises UserError for several."""
    if len(given) > 1:
        raise UserError(f"--{option.name} is given {len(given)} times", "A directory can hold several inventories.")
    return given[0] if given else None


def inventory_option(what: str) -> Callable[[F], F]:
    """The inventory, which is one; `what` says what it is for."""
    # A path where a shell completes one; what it has to be is said by who reads it.
    return click.option(
        "-i", "--inventory", multiple=True, type=click.Path(), metavar="INV", callback=_only_one, help=what
    )


host_options = _several(
    inventory_option("Ansible inventory; without it, this machine."),
    click.option("-l", "--limit", metavar="HOSTS", help="Only these hosts of the inventory."),
    click.option("-K", "--ask-become-pass", is_flag=True, help="Ask for the sudo password of the hosts."),
    click.option(
        "--host-timeout",
        type=click.IntRange(1),
        metavar="SECONDS",
        help="Give up a host that has not answered by then; 120 by default.",
    ),
    click.option("--verbose", is_flag=True, help="Show infos too, all that was seen, and what Ansible says."),
    click.argument("ansible", nargs=-1, type=click.UNPROCESSED, metavar="[-- ANSIBLE-PLAYBOOK OPTIONS]"),
)
report_options = _several(host_options, format_option(), output_option)
become_option = click.option("-b", "--become", is_flag=True, help="Become root on the hosts, to see everything.")
what_options = _several(
    become_option,
    click.option(
        "--root", multiple=True, type=click.Path(), metavar="DIR", help="Look at a file tree, such as a mount."
    ),
    click.option(
        "--evidence",
        multiple=True,
        type=click.Path(exists=True),
        metavar="PATH",
        help="Judge what was recorded: by --save-evidence, sosreport or supportconfig; a file, or a directory of them.",
    ),
)
look_options = _several(report_options, what_options)
policy_options = _several(
    click.option(
        "--policy",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False),
        help="What to want: kdump_* variables.",
    ),
    click.option("--profile", metavar="NAME", help="Which events panic: standard, vm, bare-metal, ... (see explain)."),
)
change_options = _several(
    click.option("-y", "--yes", is_flag=True, help="Ask nothing."),
    click.option(
        "--reboot", type=click.Choice(["never", "if-needed"]), default="never", help="May a host be rebooted?"
    ),
    click.option("--dry-run", is_flag=True, help="Change nothing, show what would change."),
    click.option("--diff", is_flag=True, help="Show the lines that change."),
    click.option("--batch", metavar="N|N%", help="Hosts at a time; with --reboot if-needed one by default."),
)
failures_option = click.option(
    "--max-failures",
    type=click.IntRange(0),
    metavar="N",
    help="Stop when more hosts fail; 0 by default where hosts are rebooted, else any number.",
)
rollout_options = _several(
    click.option("--canary", type=click.IntRange(1), metavar="N", help="First so many hosts, none of which may fail."),
    failures_option,
)
