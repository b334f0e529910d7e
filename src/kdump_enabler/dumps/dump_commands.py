"""The commands below `kdump-enabler dumps`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from .. import commands
from .. import dumps as found
from ..errors import UserError, interruption
from ..facts import proofs
from ..options import become_option, report_options
from ..report import prose
from ..request import Request
from . import fetching, pruning

EXIT_HELP = """
\b
Exit status: 0 all is there, 1 a dump is incomplete or missing, 2 usage error, or
something could not be seen. In a fleet the worst decides: 1, 2, 0.
"""
DONE_HELP = """
\b
Exit status: 0 done, 1 a dump was skipped, left or lost, 2 usage error, or a host
could not be seen. In a fleet the worst decides: 1, 2, 0.
"""
TOLD_HELP = """
\b
Exit status: 0 all is told, 1 telling failed and is tried again the next time, 2
usage error, or something could not be seen.
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


@dumps.command("list", short_help="List the dumps, and whether all of each is there.")
@report_options
@become_option
@directory_option
def list_(directories: Sequence[str], **options: Any) -> int:
    """List the dumps: when, which kernel, whether all of it is there, whether the crash was on
    purpose, who can read it. Changes nothing.

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


@dumps.command(short_help="Show all about one dump.")
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
    places = _places(directories, request.inventory)
    if request.inventory:
        one = {"kdump_dump": path} if path else {}
        with interruption("nothing was changed", "Run the same again, on fewer hosts with --limit."):
            return commands.play("dumps", request, {"kdump_become": request.become, **_in(places), **one})
    return here(places, path)


def here(directories: Sequence[str], path: str = "") -> dict[str, Any]:
    """The same of this machine."""
    result = commands.look_here()
    (host,) = result["hosts"]
    place = host["facts"]["dump_directory"]
    if directories or path not in ("", found.LATEST) or place["local"]:
        host["vmcores"] = found.with_origins(found.here(directories or [place["path"]], path), host["proof"])
    else:
        host["vmcores"] = None
    return result


@dumps.command(short_help="Copy dumps of hosts to here.", epilog=DONE_HELP)
@click.argument("path", required=False)
@report_options
@directory_option
@click.option("--to", metavar="DIR", default="dumps", show_default=True, help="Where to put them: DIR/HOST/...")
@click.option("--unfinished-too", is_flag=True, help="Also what is not whole, or may still be written.")
def fetch(path: str | None, directories: Sequence[str], to: str, unfinished_too: bool, **options: Any) -> int:
    """Copy dumps of hosts to here, with their kernel logs: all, the one at PATH, or `latest`. Goes on where an earlier
    run was cut, and compares checksums at the end. They are full of secrets, so only you can read them.

    \b
    Examples:
      kdump-enabler dumps fetch latest -i hosts.yml --limit web1
      kdump-enabler dumps fetch -i hosts.yml --to /srv/dumps
    """
    if path and path.startswith("-"):  # the first of Ansible's options, where no path was given
        path, options["ansible"] = None, (path, *options["ansible"])
    request = Request(**options)
    if not request.inventory:
        raise UserError("The dumps of this machine are here already", "Give an inventory with -i.")
    places = _in(_places(directories, request.inventory))
    target = {"kdump_fetch_to": str(Path(to).absolute()), "kdump_fetch_unfinished": unfinished_too}
    one = {"kdump_dump": path} if path else {}
    with interruption(f"what was fetched whole stays in {to}", "Run the same again: it goes on where it was cut."):
        result = commands.play("fetch_dumps", request, {**places, **target, **one})
    commands.say(result, request, "fetched")
    return fetching.exit_code(result["hosts"])


@dumps.command(epilog=DONE_HELP)
@report_options
@directory_option
@click.option("--keep", type=click.IntRange(0), metavar="N", help="Keep the newest N dumps of each machine.")
@click.option("--older-than", type=click.IntRange(0), metavar="DAYS", help="Remove what is older.")
@click.option("--max-bytes", metavar="SIZE", help="Remove the oldest until all take no more, such as 20G.")
@click.option("-y", "--yes", is_flag=True, help="Remove them. Without it, only say what would go.")
def prune(
    directories: Sequence[str], keep: int | None, older_than: int | None, max_bytes: str | None, **options: Any
) -> int:
    """Remove dumps that are over a limit. The last complete one of a machine always stays, and so does one that is
    being written, the one that proves the host, and what is no dump.

    \b
    Examples:
      sudo kdump-enabler dumps prune --keep 3
      kdump-enabler dumps prune -i hosts.yml --older-than 90 --max-bytes 20G --yes
    """
    request = Request(**options)
    pruning.limits(keep, older_than, max_bytes)
    if not request.inventory:
        commands.need_root()
    places = _in(_places(directories, request.inventory))
    asked = {"keep": keep, "older_than_days": older_than, "max_bytes": max_bytes, "consent": request.yes}
    variables = {f"kdump_prune_{name}": value for name, value in asked.items() if value is not None}
    gone = "some dumps may be gone already" if request.yes else "nothing was removed"
    with interruption(gone, "Run the same again: it goes on with what is left."):
        result = commands.play("prune_dumps", request, {**places, **variables})
    commands.say(result, request, "pruned")
    return pruning.exit_code(result["hosts"])


@dumps.command(short_help="Tell of new dumps, once of each.", epilog=TOLD_HELP)
@directory_option
@click.option(
    "--webhook",
    metavar="URL",
    envvar="KDUMP_ENABLER_WEBHOOK",
    help="Also POST a small JSON there. Or, to keep it out of the list of processes, in $KDUMP_ENABLER_WEBHOOK.",
)
@click.option("--mail", metavar="COMMAND", help="Also run this, without a shell, with the text on its input.")
@click.option("--all", "everything", is_flag=True, help="On a first run, also what is there already.")
def announce(directories: Sequence[str], webhook: str | None, mail: str | None, everything: bool) -> int:
    """Tell of each dump of this machine that nobody was told of, in the journal and where asked. A first run takes
    what is there as known. Once for each boot is enough: a dump needs one.

    \b
    Examples:
      sudo kdump-enabler dumps announce
      sudo kdump-enabler dumps announce --mail 'mail -s "kernel panic" root'
      sudo kdump-enabler dumps announce --webhook https://alerts.lan/dumps
    """
    from . import announcing  # noqa: PLC0415 - the libraries for HTTP would be a tenth of what a check imports

    commands.need_root()
    channels = announcing.Channels(webhook or None, mail)
    (host,) = here(_places(directories))["hosts"]
    if host["vmcores"] is None:
        path = host["facts"]["dump_directory"]["path"]
        raise UserError(f"{path} may wait for a network, so it was not looked at", "Name it: --directory DIR.")
    lines, failures = announcing.announce(host["vmcores"], _crash_on_purpose(), channels, announcing.STATE, everything)
    for line in lines or ["no new dump"]:
        click.echo(line)
    if failures:
        prose.show(f"kdump-enabler: {'; '.join(failures)}; it is tried again the next time.", err=True)
    unseen = any(one["path"] is None and one["complete"] is None for one in host["vmcores"])
    return found.INCOMPLETE if failures else found.UNSEEN if unseen else 0


def _crash_on_purpose() -> str | None:
    """The word of the last crash on purpose of this machine; null for none."""
    try:
        note = proofs.load(Path(proofs.RECORD).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return note.id if note else None


def _places(directories: Sequence[str], inventory: str | None = None) -> list[str]:
    """The directories of --directory, so that Ansible takes them for the same. Raises UserError for what is none: a
    typing error would pass for `no dump`. Those of other machines are only seen there."""
    for path in directories:
        if inventory and not Path(path).is_absolute():
            raise UserError(f"--directory {path} begins nowhere on a host", "Give the path from / on.")
        if not inventory and not Path(path).is_dir():
            raise UserError(f"--directory {path} is not a directory", "Give one that holds dumps.")
    return [str(Path(path).absolute()) for path in directories]


def _in(directories: Sequence[str]) -> dict[str, Any]:
    return {"kdump_dump_directories": list(directories)} if directories else {}
