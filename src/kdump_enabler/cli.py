"""The command line: what can be typed, and what it says about itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from . import __version__, commands, explanations
from .commands import Request
from .errors import UserError

EXIT_HELP = """
\b
Exit status: 0 ready, 1 drift or broken, 2 usage error, unknown or unreachable,
3 reboot pending, 4 unsupported. In a fleet the worst decides: 1, 2, 3, 4, 0.
"""
MAIN_HELP = f"""Makes Linux machines crash-ready, and tells whether they are.

\b
Examples:
  sudo kdump-enabler                       set this machine up; asks first
  kdump-enabler check                      would a panic now leave a dump?
  kdump-enabler check -i hosts.yml         the same for a fleet
  kdump-enabler enable -i hosts.yml --reboot if-needed
  kdump-enabler explain KD021              why a finding matters
  sudo kdump-enabler rollback              undo the last change

{EXIT_HELP}"""
F = TypeVar("F", bound=Callable[..., Any])


def main() -> None:
    """Entry point: errors end as one sentence and one hint, with exit status 2."""
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code)
    except UserError as error:
        _complain(str(error), error.hint)
    except (click.exceptions.Abort, KeyboardInterrupt):
        _complain("Interrupted", "Run `kdump-enabler check` to see where the machines are.")
    except click.ClickException as error:
        _complain(error.format_message(), "See kdump-enabler --help.")
    except BrokenPipeError:
        # The reader has enough (`| head`); Python's own flush at exit would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error), "")


def _complain(sentence: str, hint: str) -> None:
    end = "" if sentence.endswith("?") else "."
    click.echo(f"kdump-enabler: {sentence.rstrip('.')}{end}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)
    sys.exit(2)


def _several(*options: Callable[[F], F]) -> Callable[[F], F]:
    """One decorator of several options, in the order they are shown."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


report_options = _several(
    # A path where a shell completes one; what it has to be is said by who reads it.
    click.option(
        "-i", "--inventory", type=click.Path(), metavar="INV", help="Ansible inventory; without it, this machine."
    ),
    click.option("-l", "--limit", metavar="HOSTS", help="Only these hosts of the inventory."),
    click.option("-K", "--ask-become-pass", is_flag=True, help="Ask for the sudo password of the hosts."),
    click.option("--verbose", is_flag=True, help="Show infos too, and what Ansible says."),
    click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="What to print."),
    click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write there instead."),
    click.argument("ansible", nargs=-1, type=click.UNPROCESSED, metavar="[-- ANSIBLE-PLAYBOOK OPTIONS]"),
)
look_options = _several(
    report_options,
    click.option("-b", "--become", is_flag=True, help="Become root on the hosts, to see everything."),
    click.option("--root", type=click.Path(), metavar="DIR", help="Look at a file tree instead of a machine."),
    click.option(
        "--evidence", multiple=True, type=click.Path(exists=True, dir_okay=False), help="Judge recorded evidence."
    ),
)
policy_option = click.option(
    "--policy", metavar="FILE", type=click.Path(exists=True, dir_okay=False), help="What to want: kdump_* variables."
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


@click.group(invoke_without_command=True, help=MAIN_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-v", "--version", prog_name="kdump-enabler")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing.")
@click.option("--check-only", is_flag=True, help="Only look; the same as `kdump-enabler check`.")
@click.option("--no-sysrq", is_flag=True, help="Leave SysRq alone.")
@click.pass_context
def cli(context: click.Context, yes: bool, check_only: bool, no_sysrq: bool) -> int:
    """Check or enable this machine when no command is given, as the original script does."""
    if context.invoked_subcommand:
        if yes or check_only or no_sysrq:
            raise UserError(
                "-y, --check-only and --no-sysrq before a command mean this machine, without a command",
                f"Options of a command come after it: kdump-enabler {context.invoked_subcommand} --help",
            )
        return 0
    return int(context.invoke(check) if check_only else context.invoke(enable, yes=yes, no_sysrq=no_sysrq))


@cli.command()
@look_options
@policy_option
@click.option(
    "--save-evidence", type=click.Path(), metavar="FILE", help="Keep what was seen of this machine, for a bug report."
)
@click.option("--show-policy", is_flag=True, help="Show every value that is wanted, and who states it.")
def check(show_policy: bool, **options: Any) -> int:
    """Tell whether a panic now would leave a dump. Changes nothing.

    \b
    Examples:
      kdump-enabler check
      kdump-enabler check -i hosts.yml --become --format json -o result.json
      kdump-enabler check -i hosts.yml --policy fleet.yml --show-policy
    """
    request = Request(**options)
    return commands.finish(commands.look(request), request, "policy" if show_policy else "findings")


@cli.command()
@report_options
@change_options
@policy_option
@click.option("--crashkernel", metavar="VALUE", help="Reserve this instead of `auto`, such as 512M.")
@click.option("--no-sysrq", is_flag=True, help="Leave SysRq alone.")
def enable(crashkernel: str | None, no_sysrq: bool, **options: Any) -> int:
    """Make machines crash-ready. Changes only what is missing, and keeps a backup.

    \b
    Examples:
      sudo kdump-enabler enable
      kdump-enabler enable -i hosts.yml --dry-run --diff
      kdump-enabler enable -i hosts.yml --policy fleet.yml --reboot if-needed
    """
    own = {"kdump_crashkernel": crashkernel} if crashkernel else {}
    return commands.enable(Request(**options, options=own | ({"kdump_sysrq": "keep"} if no_sysrq else {})))


@cli.command()
@look_options
@policy_option
def size(**options: Any) -> int:
    """Tell what to reserve for the capture kernel, and why. Changes nothing.

    \b
    Examples:
      kdump-enabler size
      kdump-enabler size -i hosts.yml --become
    """
    request = Request(**options)
    return commands.tell(commands.look(request), request, "sizes")


@cli.command()
@click.argument("topic", required=False)
def explain(topic: str | None) -> int:
    """Tell why a finding or a setting matters, with the source. Without a topic, list all.

    \b
    Examples:
      kdump-enabler explain KD021
      kdump-enabler explain kernel.panic_on_oops
      kdump-enabler explain crashkernel
    """
    click.echo(explanations.text(topic) if topic else explanations.overview())
    return 0


@cli.command()
@report_options
@change_options
@click.option(
    "--to",
    metavar="SET",
    default="latest",
    help="Undo the runs from this backup set on; `first`: all. Default: the last.",
)
@click.option("--force", is_flag=True, help="Also where files were changed since.")
def rollback(to: str, force: bool, **options: Any) -> int:
    """Put back what the last run changed, or all since another one, from the backup sets.

    \b
    Examples:
      sudo kdump-enabler rollback
      sudo kdump-enabler rollback --to 20261120T101112Z
      kdump-enabler rollback -i hosts.yml --to first
      kdump-enabler rollback -i hosts.yml --limit web1 --dry-run --diff
    """
    return commands.undo("rollback", Request(**options), {"kdump_rollback_to": to, "kdump_rollback_force": force})


@cli.command()
@report_options
@change_options
@click.option("--purge", is_flag=True, help="Remove the packages, too, that a run of ours installed.")
def disable(purge: bool, **options: Any) -> int:
    """Take the reservation away, whoever asked for it, and our settings with it.

    \b
    Examples:
      sudo kdump-enabler disable
      sudo kdump-enabler disable --purge
      kdump-enabler disable -i hosts.yml --reboot if-needed
    """
    return commands.undo("disable", Request(**options), {"kdump_purge": purge})


@cli.command()
@look_options
@click.option("--set", "name", metavar="SET", help="Show all that this one holds.")
def backups(name: str | None, **options: Any) -> int:
    """List what earlier runs changed and `rollback` can put back. Changes nothing.

    \b
    Examples:
      sudo kdump-enabler backups
      sudo kdump-enabler backups --set 20261120T101112Z
      kdump-enabler backups -i hosts.yml --become
    """
    return commands.backups(Request(**options), name)
