"""The command line: what can be typed, and what it says about itself."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from . import __version__, commands, explanations, proving, simulating, simulation
from .commands import Request
from .dump_commands import dumps
from .errors import UserError
from .options import change_options, look_options, policy_options, report_options

EXIT_HELP = """
\b
Exit status: 0 ready, 1 drift or broken, 2 usage error, unknown or unreachable,
3 reboot pending, 4 unsupported. In a fleet the worst decides: 1, 2, 3, 4, 0.
"""
PROOF_HELP = """
\b
Exit status: 1 no dump came out, or none would, 2 usage error, nobody agreed, or it
could not be seen; else as `check`. In a fleet the worst decides: 1, 2, 3, 4, 0.
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
        _complain("Interrupted", "Run `kdump-enabler check` to see where the machines are.")
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
    click.echo(f"kdump-enabler: {sentence.rstrip('.')}{end}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)
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
@look_options
@policy_options
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
    """
    own = {"kdump_crashkernel": crashkernel} if crashkernel else {}
    return commands.enable(Request(**options, options=own | ({"kdump_sysrq": "keep"} if no_sysrq else {})))


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


@cli.command(short_help="Crash machines on purpose, and open the dump.", epilog=PROOF_HELP)
@report_options
@click.option("--yes-crash", "consenting", multiple=True, metavar="HOST", help="Crash this host without asking.")
@click.option("--unknown-too", is_flag=True, help="Also hosts of which nobody can see whether a dump would come out.")
@click.option("--window", metavar="HH:MM-HH:MM", help="Crash only then, by the clock here.")
@click.option("--console", type=click.Path(exists=True), metavar="FILE", help="The file here that has its console.")
@click.option(
    "--timeout",
    type=click.IntRange(60),
    default=1800,
    show_default=True,
    metavar="SECONDS",
    help="For the dump and the boot after it.",
)
@click.option("--dry-run", is_flag=True, help="Crash nothing, say which hosts would be.")
def prove(consenting: tuple[str, ...], **options: Any) -> int:
    """Crash machines on purpose, one after the other, and open the dump that comes out.

    Asks for the name of each machine. What was proven is kept on it, and holds until its kernel, its capture initrd or
    anything else that a dump depends on is another.

    \b
    Examples:
      sudo kdump-enabler prove                  crashes this machine; again after the reboot
      kdump-enabler prove -i hosts.yml --limit web1
      kdump-enabler prove -i hosts.yml --limit web --yes-crash web1 --yes-crash web2
    """
    own = {
        "kdump_prove_unknown": options.pop("unknown_too"),
        "kdump_prove_window": options.pop("window") or "",
        "kdump_prove_console": options.pop("console") or "",
        "kdump_prove_timeout": options.pop("timeout"),
    }
    return proving.prove(Request(**options), consenting, own)


@cli.command()
@click.argument("kind", type=click.Choice(simulation.KINDS))
@report_options
@click.option("--yes-crash", "consenting", multiple=True, metavar="HOST", help="Do it to this host without asking.")
@click.option("--duration", metavar="SECONDS", help="How long. Default: long enough to be noticed.")
@click.option("--cpu", metavar="N|all", help="On which CPU. Default: the last one.")
@click.option("--off", multiple=True, metavar="WHAT", help=f"Switch off meanwhile: {', '.join(simulation.OFF)}.")
@click.option("--state", metavar="R|D|K|S", help="The state of the task: running or sleeping.")
@click.option("--iterations", metavar="N", help="How often.  [default: 1]")
@click.option("--cooldown", metavar="SECONDS", help="The pause between two times.  [default: 0]")
@click.option("--force", is_flag=True, help="Also where no dump would come out, or nobody would notice.")
@click.option("--timeout", type=click.IntRange(60), default=1800, show_default=True, help="Seconds for dump and boot.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
def simulate(kind: str, consenting: tuple[str, ...], force: bool, timeout: int, **options: Any) -> int:
    """Make kernel trouble on purpose, and see whether it is noticed, panics and dumps as it should.

    Says before which detector speaks after how many seconds and what then happens, and asks for the name of each
    machine. The trouble ends by itself. Most kinds need a kernel module, which is built on the machine.

    \b
    Examples:
      sudo kdump-enabler simulate soft-lockup --dry-run
      sudo kdump-enabler simulate hung-task       again after the reboot, if it panics
      kdump-enabler simulate soft-lockup -i hosts.yml --limit web1 --cpu 1 --duration 60

    \b
    Exit status: 0 what happened is what was said, 1 it is not, or it was refused,
    2 usage error, or a host could not be seen, 4 unsupported.
    """
    named = {name: options.pop(name) for name in simulation.OPTIONS}
    given = {name: list(value) if name == "off" else value for name, value in named.items() if value not in (None, ())}
    own = {
        "kdump_simulate_kind": kind,
        "kdump_simulate_options": given,
        "kdump_simulate_force": force,
        "kdump_prove_timeout": timeout,
    }
    return simulating.simulate(Request(**options), consenting, own)


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


cli.add_command(dumps)
