"""The command line. It reads options, calls the library or a playbook, prints, and ends with the exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from . import __version__
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
  sudo kdump-enabler rollback              undo the last change

{EXIT_HELP}"""
WHAT_IT_DOES = """This will, on {where}:
  1. install the kdump tools of the distribution
  2. reserve memory for the capture kernel (crashkernel=, in effect after a reboot)
  3. enable the service that loads it at boot
  4. make oopses and unexplained NMIs panic, and a panic reboot after 10 seconds
  5. let the SysRq crash key work
What is already as strong stays; each file is backed up (kdump-enabler rollback).
"""
F = TypeVar("F", bound=Callable[..., Any])


def main() -> None:
    """Entry point: errors end as one sentence and one hint, with exit status 2."""
    try:
        cli.main(standalone_mode=False)
    except UserError as error:
        _complain(str(error), error.hint)
    except click.exceptions.Abort:
        _complain("Interrupted", "Run `kdump-enabler check` to see where the machine is.")
    except click.ClickException as error:
        _complain(error.format_message(), "See kdump-enabler --help.")


def _complain(sentence: str, hint: str) -> None:
    click.echo(f"kdump-enabler: {sentence.rstrip('.')}.", err=True)
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


hosts_options = _several(
    click.option("-i", "--inventory", metavar="INV", help="Ansible inventory; without it, this machine."),
    click.option("-l", "--limit", metavar="HOSTS", help="Only these hosts of the inventory."),
    click.option("-K", "--ask-become-pass", is_flag=True, help="Ask for the sudo password of the hosts."),
    click.option("--verbose", is_flag=True, help="Show infos too, and Ansible's own output on failure."),
    click.argument("ansible", nargs=-1, type=click.UNPROCESSED, metavar="[-- ANSIBLE-PLAYBOOK OPTIONS]"),
)
output_options = _several(
    click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="What to print."),
    click.option("-o", "--output", type=click.Path(dir_okay=False, writable=True), help="Write there instead."),
)
change_options = _several(
    click.option("-y", "--yes", is_flag=True, help="Ask nothing."),
    click.option(
        "--reboot", type=click.Choice(["never", "if-needed"]), default="never", help="Whether a host may be rebooted."
    ),
    click.option("--dry-run", is_flag=True, help="Change nothing, show what would change."),
    click.option("--diff", is_flag=True, help="Show the lines that change."),
)


@click.group(invoke_without_command=True, help=MAIN_HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-v", "--version", prog_name="kdump-enabler")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing.")
@click.option("--check-only", is_flag=True, help="Only look; the same as `kdump-enabler check`.")
@click.option("--no-sysrq", is_flag=True, help="Leave SysRq alone.")
@click.pass_context
def cli(context: click.Context, yes: bool, check_only: bool, no_sysrq: bool) -> None:
    """The group; without a command it is the original script: check or enable this machine."""
    if context.invoked_subcommand:
        return
    if check_only:
        context.invoke(check)
    context.invoke(enable, yes=yes, no_sysrq=no_sysrq)


@cli.command()
@hosts_options
@output_options
@click.option("-b", "--become", is_flag=True, help="Become root on the hosts, to see everything.")
@click.option("--root", metavar="DIR", help="Look at a file tree instead of a machine.")
@click.option(
    "--evidence", multiple=True, type=click.Path(exists=True, dir_okay=False), help="Judge recorded evidence."
)
@click.option("--save-evidence", metavar="FILE", help="Keep what was seen of this machine, for a bug report.")
def check(
    inventory: str | None = None,
    limit: str | None = None,
    ask_become_pass: bool = False,
    verbose: bool = False,
    ansible: Sequence[str] = (),
    form: str = "table",
    output: str | None = None,
    become: bool = False,
    root: str | None = None,
    evidence: Sequence[str] = (),
    save_evidence: str | None = None,
) -> None:
    """Tell whether a panic now would leave a dump. Changes nothing."""
    if inventory:
        words = _ansible_words(limit, ask_become_pass, ansible)
        result = _play("check", inventory, {"kdump_become": become}, words, verbose)
    else:
        result = _look_here(root, evidence, save_evidence)
    _finish(result, form, output, _enable_command(inventory), verbose)


@cli.command()
@hosts_options
@output_options
@change_options
@click.option("--crashkernel", metavar="VALUE", help="Reserve this instead of `auto`, such as 512M.")
@click.option("--no-sysrq", is_flag=True, help="Leave SysRq alone.")
def enable(
    inventory: str | None = None,
    limit: str | None = None,
    ask_become_pass: bool = False,
    verbose: bool = False,
    ansible: Sequence[str] = (),
    form: str = "table",
    output: str | None = None,
    yes: bool = False,
    reboot: str = "never",
    dry_run: bool = False,
    diff: bool = False,
    crashkernel: str | None = None,
    no_sysrq: bool = False,
) -> None:
    """Make machines crash-ready. Changes only what is missing, and keeps a backup."""
    variables: dict[str, Any] = {"kdump_reboot": reboot}
    if crashkernel:
        variables["kdump_crashkernel"] = crashkernel
    if no_sysrq:
        variables["kdump_sysrq"] = "keep"
    _check_policy(variables)
    if not inventory:
        _refuse_here()
    _ask(WHAT_IT_DOES, inventory, yes or dry_run)
    words = _ansible_words(limit, ask_become_pass, ansible, dry_run, diff)
    result = _play("enable", inventory, variables, words, verbose, diff, dry_run)
    _finish(result, form, output, _enable_command(inventory), verbose)


@cli.command()
@hosts_options
@output_options
@change_options
@click.option("--to", metavar="SET", default="latest", help="The backup set to go back to; the newest by default.")
@click.option("--force", is_flag=True, help="Also where files were changed since.")
def rollback(
    inventory: str | None,
    limit: str | None,
    ask_become_pass: bool,
    verbose: bool,
    ansible: Sequence[str],
    form: str,
    output: str | None,
    yes: bool,
    reboot: str,
    dry_run: bool,
    diff: bool,
    to: str,
    force: bool,
) -> None:
    """Put back what the last run changed, from its backup set."""
    _ask("This puts the files of a backup set back on {where}.\n", inventory, yes or dry_run)
    variables = {"kdump_reboot": reboot, "kdump_rollback_to": to, "kdump_rollback_force": force}
    words = _ansible_words(limit, ask_become_pass, ansible, dry_run, diff)
    result = _play("rollback", inventory, variables, words, verbose, diff, dry_run)
    _finish(result, form, output, _enable_command(inventory), verbose, goal_reached=True)


@cli.command()
@hosts_options
@output_options
@change_options
def disable(
    inventory: str | None,
    limit: str | None,
    ask_become_pass: bool,
    verbose: bool,
    ansible: Sequence[str],
    form: str,
    output: str | None,
    yes: bool,
    reboot: str,
    dry_run: bool,
    diff: bool,
) -> None:
    """Take the reservation away, whoever asked for it, and our settings with it."""
    _ask("This takes the crash dump set-up away from {where}: a panic will leave nothing.\n", inventory, yes or dry_run)
    words = _ansible_words(limit, ask_become_pass, ansible, dry_run, diff)
    result = _play("disable", inventory, {"kdump_reboot": reboot}, words, verbose, diff, dry_run)
    _finish(result, form, output, _enable_command(inventory), verbose, goal_reached=True)


def _look_here(root: str | None, recordings: Sequence[str], save: str | None) -> dict[str, Any]:
    """The result for this machine, a file tree, or recorded evidence."""
    from . import audit, evidence, probe
    from .policy import Policy
    from .report import document

    if recordings:
        found = [(Path(path).stem, evidence.load(Path(path).read_text(encoding="utf-8"), path)) for path in recordings]
    else:
        if root and not Path(root).is_dir():
            raise UserError(f"{root} is not a directory", "Give the root of a mounted or copied file tree.")
        raw = probe.collect(root or "/")
        if save:
            Path(save).write_text(json.dumps(raw), encoding="utf-8")
        name = raw["files"]["/proc/sys/kernel/hostname"].get("text") or root or "this machine"
        found = [(name.strip(), evidence.from_raw(raw))]
    return document.document(audit.audit(seen, Policy()).as_dict(host) for host, seen in found)


def _refuse_here() -> None:
    """End here, before any question, when this machine cannot be set up."""
    result = _look_here(None, (), None)
    host = result["hosts"][0]
    if host["verdict"] == "unsupported":
        _finish(result, "table", None, "", verbose=False)
    if os.geteuid() != 0:
        raise UserError("Setting this machine up needs root", "sudo kdump-enabler")


def _check_policy(variables: Mapping[str, Any]) -> None:
    from .policy import READERS, from_variables

    from_variables({name: value for name, value in variables.items() if name in READERS})


def _ask(text: str, inventory: str | None, consent: bool) -> None:
    """Ask before a change. Without a terminal nobody can answer: nothing is changed, exit status 2."""
    if consent:
        return
    if not sys.stdin.isatty():
        raise UserError(
            "Nobody can be asked here, because there is no terminal; nothing was changed",
            "Pass -y to go on without a question.",
        )
    click.echo(text.format(where=f"the hosts of {inventory}" if inventory else "this machine"))
    if not click.confirm("Go on?"):
        raise UserError("Nothing was changed")


def _ansible_words(
    limit: str | None, ask_become_pass: bool, more: Sequence[str], dry_run: bool = False, diff: bool = False
) -> list[str]:
    return [
        *(["--limit", f"{limit},localhost"] if limit else []),
        *(["--ask-become-pass"] if ask_become_pass else []),
        *(["--check"] if dry_run else []),
        *(["--diff"] if diff else []),
        *more,
    ]


def _play(
    playbook: str,
    inventory: str | None,
    variables: Mapping[str, Any],
    words: Sequence[str],
    verbose: bool,
    diff: bool = False,
    dry_run: bool = False,
) -> dict[str, Any]:
    from rich.console import Console

    from .playbook import Run, run
    from .report.progress import Progress

    if inventory and not (Path(inventory).exists() or "," in inventory):
        raise UserError(f"The inventory {inventory} does not exist", "Give a file, or hosts with a comma: -i web1,")
    own = {} if inventory else {"kdump_become": False}
    with Progress(Console(stderr=True, highlight=False), diff, dry_run) as progress:
        return run(Run(playbook, inventory, {**variables, **own}, words, verbose), progress)


def _enable_command(inventory: str | None) -> str:
    return f"kdump-enabler enable -i {inventory}" if inventory else "sudo kdump-enabler enable"


def _finish(
    result: Mapping[str, Any], form: str, output: str | None, command: str, verbose: bool, goal_reached: bool = False
) -> None:
    """Print the result and end with its exit code. Where the goal was to take something away, a machine that is
    not ready is what was asked for: only trouble counts."""
    from .report.document import exit_code

    text = json.dumps(result, indent=1) if form == "json" else _table(result, command, verbose, goal_reached)
    if output:
        Path(output).write_text(text + "\n", encoding="utf-8")
    else:
        click.echo(text)
    troubled = any("trouble" in host or host["facts"] is None for host in result["hosts"])
    sys.exit(0 if goal_reached and not troubled else exit_code(result))


def _table(result: Mapping[str, Any], command: str, verbose: bool, brief: bool) -> str:
    from rich.console import Console

    from .report.text import show

    console = Console(highlight=False)
    with console.capture() as captured:
        show(console, result, command, infos=verbose, brief=brief)
    return captured.get().rstrip("\n")
