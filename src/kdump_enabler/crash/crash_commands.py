"""The commands that take machines down on purpose."""

from __future__ import annotations

from typing import Any

import click

from ..options import report_options
from ..request import Request
from . import proving, simulating, simulation

PROOF_HELP = """
\b
Exit status: 1 no dump came out, or none would, 2 usage error, nobody agreed, or it
could not be seen; else as `check`. In a fleet the worst decides: 1, 2, 3, 4, 0.
"""


@click.command(short_help="Crash machines on purpose, and open the dump.", epilog=PROOF_HELP)
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


@click.command()
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
