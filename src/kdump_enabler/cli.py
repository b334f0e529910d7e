"""The command line: what can be typed, and what it says about itself."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from . import __version__, commands
from .crash.crash_commands import prove, simulate
from .dumps.dump_commands import dumps
from .errors import UserError
from .options import (
    change_options,
    failures_option,
    fleet_options,
    host_options,
    inventory_option,
    look_options,
    policy_options,
    report_options,
    rollout_options,
    what_options,
)
from .report import document, prose
from .request import Request

LOOKS = ("--check-only", "check", "report", "size", "explain", "backups")
EXIT_HELP = """
\b
Exit status: 0 ready, 1 drift or broken, 2 usage error, interrupted, unknown or
unreachable, 3 reboot pending, 4 unsupported. In a fleet the worst decides: 1, 2,
3, 4, 0.
"""
MAIN_HELP = f"""Makes Linux machines crash-ready, and tells whether they are.

\b
Examples:
  sudo kdump-enabler                       set this machine up; asks first
  kdump-enabler check                      would a panic now leave a dump?
  kdump-enabler check -i hosts.yml         the same for a fleet
  kdump-enabler enable -i hosts.yml --reboot if-needed
  kdump-enabler explain KD021              why a finding matters
  kdump-enabler prove -i hosts.yml --limit web1
                                           crash it on purpose, open the dump; asks
  sudo kdump-enabler dumps list            what panics left
  sudo kdump-enabler rollback              undo the last change

{EXIT_HELP}"""


def main() -> None:
    """Entry point: errors end as one sentence and one hint, with exit status 2."""
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code)
    except UserError as error:
        _complain(str(error), error.hint)
    except (click.exceptions.Abort, KeyboardInterrupt):
        only_looked = sys.argv[1:2] and sys.argv[1] in LOOKS
        _complain("Interrupted", "" if only_looked else "Run `kdump-enabler check` to see where the machines are.")
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        _complain(error.format_message(), f"See {context.command_path if context else 'kdump-enabler'} --help.")
    except BrokenPipeError:
        # The reader has enough (`| head`); Python's own flush at exit would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error), "")


def _complain(sentence: str, hint: str) -> None:
    end = "" if sentence.endswith("?") else "."
    prose.show(f"kdump-enabler: {sentence.rstrip('.')}{end}" + (f"\n  {hint}" if hint else ""), err=True)
    sys.exit(2)


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
@host_options
@fleet_options
@what_options
@policy_options
@click.option(
    "--save-evidence", type=click.Path(), metavar="PATH", help="Keep what was seen: a file, with -i a directory."
)
@click.option("--show-policy", is_flag=True, help="Show every value that is wanted, and who states it.")
def check(show_policy: bool, **options: Any) -> int:
    """Tell whether a panic now would leave a dump. Changes nothing.

    \b
    Examples:
      kdump-enabler check
      kdump-enabler check -i hosts.yml --become --format json -o result.json
      kdump-enabler check -i hosts.yml --policy fleet.yml --show-policy
      kdump-enabler check -i hosts.yml --baseline last-week.json --format html -o fleet.html
    """
    request = Request(**options)
    result = commands.compared(request, lambda: commands.look(request))
    return commands.finish(result, request, "policy" if show_policy else "findings")


@cli.command(short_help="Show earlier results, several as one.")
@click.argument("results", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False), metavar="RESULT...")
@inventory_option("Tell which hosts of this inventory are in no result.")
@fleet_options
@click.option("--verbose", is_flag=True, help="Show every host, infos too, and all that was seen.")
def report(results: tuple[str, ...], **options: Any) -> int:
    """Show earlier results, several as one, as a page, for CI or for Prometheus.

    \b
    Examples:
      kdump-enabler report monday.json --format html -o monday.html
      kdump-enabler report slice-*.json -i hosts.yml --baseline last-week.json
      kdump-enabler report result.json --format junit -o kdump.xml

    RESULT is what `check --format json` or a playbook with kdump_result_path wrote. Of a host that is in several of
    them the newest record counts.
    """
    from .fleet.playbook import hosts_of  # noqa: PLC0415 - as in commands.play

    request = Request(evidence=results, **options)
    expected = hosts_of(request.inventory) if request.inventory else ()
    result = commands.compared(request, lambda: document.merged(document.loaded(results), expected))
    return commands.finish(result, request)


@cli.command()
@report_options
@change_options
@rollout_options
@policy_options
@click.option("--crashkernel", metavar="VALUE", help="Reserve this instead of `auto`, such as 512M.")
@click.option("--no-sysrq", is_flag=True, help="Leave SysRq alone.")
def enable(crashkernel: str | None, no_sysrq: bool, **options: Any) -> int:
    """Make machines crash-ready. Changes only what is missing, and keeps a backup.

    \b
    Examples:
      sudo kdump-enabler enable
      kdump-enabler enable -i hosts.yml --dry-run --diff
      kdump-enabler enable -i hosts.yml --policy fleet.yml --reboot if-needed
      kdump-enabler enable -i hosts.yml --canary 2 --batch 10% --max-failures 5
    """
    own = {"kdump_crashkernel": crashkernel} if crashkernel else {}
    return commands.enable(Request(**options, options=own | ({"kdump_sysrq": "keep"} if no_sysrq else {})))


@cli.command(short_help="Reboot the hosts where only that is missing.")
@report_options
@click.option("-y", "--yes", is_flag=True, help="Ask nothing.")
@click.option("--dry-run", is_flag=True, help="Reboot nothing, tell what would be.")
@click.option("--batch", metavar="N|N%", help="Hosts at a time; one by default.")
@failures_option
def reboot(**options: Any) -> int:
    """Reboot the hosts where only that is missing, and stop at the first that is not ready.

    \b
    Examples:
      kdump-enabler reboot -i hosts.yml
      kdump-enabler reboot -i hosts.yml --batch 10% --max-failures 3
      kdump-enabler reboot -i hosts.yml -- -e '{"kdump_before_down": ["systemctl stop app"]}'

    Run it again to go on where it stopped: what is ready is left alone.
    """
    return commands.reboot(Request(**options))


@cli.command()
@look_options
@policy_options
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
    from . import explanations  # noqa: PLC0415 - it needs every rule

    click.echo(explanations.text(topic) if topic else explanations.overview())
    return 0


@cli.command(short_help="Put back what the last run changed.")
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


@cli.command(short_help="Take the reservation and our settings away.")
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


for command in (dumps, prove, simulate):
    cli.add_command(command)
