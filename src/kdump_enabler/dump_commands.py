"""The commands below `kdump-enabler dumps`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from . import commands
from . import dumps as found
from .commands import Request
from .errors import UserError
from .options import become_option, report_options

EXIT_HELP = """
\b
Exit status: 0 all is there, 1 a dump is incomplete or missing, 2 usage error, or
something could not be seen. In a fleet the worst decides: 1, 2, 0.
"""
directory_option = click.option(
    "--directory",
    "directories",
    multiple=True,
    metavar="DIR",
    help="Look there, such as on a dump server, and not where this host's dumps go.",
)


@click.group(help=f"Find and read the dumps that panics left.\n{EXIT_HELP}", no_args_is_help=False)
def dumps() -> None:
    """The group; its commands follow."""


@dumps.command("list")
@report_options
@become_option
@directory_option
def list_(directories: Sequence[str], **options: Any) -> int:
    """List the dumps: when, which kernel, whether all of it is there, who can read it. Changes nothing.

    \b
    Examples:
      sudo kdump-enabler dumps list
      kdump-enabler dumps list -i hosts.yml --become
      kdump-enabler dumps list --directory /srv/dumps
    """
    request = Request(**options)
    result = look(request, directories)
    commands.say(result, request, "dumps")
    return found.exit_code(result["hosts"])


@dumps.command()
@click.argument("path")
@report_options
@become_option
@directory_option
def show(path: str, directories: Sequence[str], **options: Any) -> int:
    """Show all about one dump, with the end of its kernel log: a PATH, or `latest`. Changes nothing.

    \b
    Examples:
      sudo kdump-enabler dumps show latest
      kdump-enabler dumps show ./vmcore
      kdump-enabler dumps show latest -i hosts.yml --limit web1 --become
    """
    request = Request(**options)
    if path != found.LATEST and not request.inventory and not Path(path).exists():
        raise UserError(f"There is no {path}", "`kdump-enabler dumps list` shows the dumps of a machine.")
    result = look(request, directories, path)
    if all(host["vmcores"] == [] for host in result["hosts"]):
        raise UserError("There is no dump", "`kdump-enabler dumps list` says where it looks.")
    commands.say(result, request, "dump")
    return found.exit_code(result["hosts"])


def look(request: Request, directories: Sequence[str], path: str = "") -> dict[str, Any]:
    """The result with the dumps of each host, or with one dump of each."""
    where = {"kdump_dump_directories": list(directories)} if directories else {}
    if request.inventory:
        one = {"kdump_dump": path} if path else {}
        return commands.play("dumps", request, {"kdump_become": request.become, **where, **one})
    result = commands.look_here()
    (host,) = result["hosts"]
    place = host["facts"]["dump_directory"]
    named = directories or path not in ("", found.LATEST)
    host["vmcores"] = found.here(directories or [place["path"]], path) if named or place["local"] else None
    return result
