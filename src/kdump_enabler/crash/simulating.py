"""The command `simulate`: says what will happen, asks, lets it happen, and says whether it did."""

from __future__ import annotations

import socket
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from .. import commands
from ..errors import UserError, interruption
from ..report import prose
from ..report.visible import visible
from ..request import Request
from ..verdict import worst_exit_code
from . import proving, simulation

WARNING = "This makes {kind} on {names}, on purpose and now, with the consequences above.\n"
HERE = "When this machine is back, the same command looks at what came out.\n"
AS_SAID, OTHERWISE, REFUSED = 0, 1, 2  # exit codes; as docs/proving.md says


def simulate(request: Request, consenting: Collection[str], variables: Mapping[str, Any]) -> int:
    """Say what will happen on each host, ask for those where it may, and make it happen there."""
    kind = variables["kdump_simulate_kind"]
    simulation.asked(kind, variables["kdump_simulate_options"])
    if not request.inventory:
        commands.need_root()
    looked = commands.play("simulate", replace(request, dry_run=True), variables)
    shown = replace(request, dry_run=False)
    if request.dry_run:
        commands.say(looked, shown, "simulations")
        return exit_code(looked["hosts"])
    ready = [host["host"] for host in looked["hosts"] if "trouble" not in host and host["facts"] is not None]
    fresh = [host["host"] for host in looked["hosts"] if host["host"] in ready and _is_new(host)]
    if not ready:
        commands.say(looked, shown, "simulations")
        return exit_code(looked["hosts"])
    agreed = _agreed(kind, fresh, looked, consenting, request)
    going_on = proving.under_way(f"{kind} may go on until it ends by itself, or panic", agreed)
    with interruption(going_on, proving.LOOKS):
        result = commands.play("simulate", shown, {**variables, "kdump_prove_consent": agreed})
    commands.say(result, shown, "simulations")
    return exit_code(result["hosts"])


def exit_code(hosts: Collection[Mapping[str, Any]]) -> int:
    """0 when all was as said (or, before, may be made); 1 when something was not; 2 when a host was refused for what
    was asked, or could not be seen. Refusals state their own."""
    return worst_exit_code(map(_code, hosts))


def _code(host: Mapping[str, Any]) -> int:
    if host["facts"] is None:
        return REFUSED
    if "trouble" in host:
        return REFUSED if host["exit_code"] == REFUSED else host["exit_code"] or OTHERWISE
    return AS_SAID


def _agreed(
    kind: str, hosts: list[str], looked: Mapping[str, Any], consenting: Collection[str], request: Request
) -> list[str]:
    """The hosts that were named on the command line, and those whose names somebody typed."""
    # Ansible calls this machine localhost; people type its name.
    names = {host: host if request.inventory else socket.gethostname() for host in hosts}
    asked = {host: name for host, name in names.items() if name not in consenting}
    if asked and not proving.is_a_person_there():
        words = " ".join(f"--yes-crash {visible(name)}" for name in asked.values())
        raise UserError("There is no terminal to type a name on, so nothing was made", f"Pass {words}")
    if asked:
        commands.say(looked, replace(request, form="table", output=None), "simulations")
        places = ", ".join(map(visible, asked.values()))
        prose.show("\n" + WARNING.format(kind=kind, names=places) + ("" if request.inventory else HERE) + "\n")
    typed = [host for host, name in asked.items() if proving.typed(f"Type {visible(name)} to do it") == name]
    return [host for host in hosts if host not in asked] + typed


def _is_new(host: Mapping[str, Any]) -> bool:
    """Whether trouble would be made, and not that of an earlier run looked at."""
    return bool(host["simulation"]["state"] == "expected")
