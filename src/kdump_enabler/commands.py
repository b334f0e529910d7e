"""What the commands do: ask, look or run a playbook, print, and give the exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from .errors import UserError
from .policy import Layer, effective, policy_file
from .report import baseline, document, packing, prose
from .report.names import several
from .report.visible import visible
from .report.writing import write
from .request import Request

if TYPE_CHECKING:
    from .recorded import recordings

ENABLES = """This will, on {where}:
  1. install the kdump tools of the distribution
  2. reserve memory for the capture kernel (crashkernel=, in effect after a reboot)
  3. enable the service that loads it at boot
  4. set which events panic: {panics}
  5. let the SysRq crash key work
What is already as strong stays; each file is backed up (kdump-enabler rollback).
"""
REBOOTS = """This reboots those of {where} that only need that, takes each out of service before with your commands \
(kdump_before_down), and stops at the first that is not ready afterwards.
"""
UNDOES = {
    "rollback": "This puts the files of a backup set back on {where}.\n",
    "disable": "This takes the crash dump set-up away from {where}: a panic will leave nothing.\n",
}


def look(request: Request) -> dict[str, Any]:
    """The result of looking: at hosts of an inventory, file trees, recordings and archives, or else this machine."""
    layers = request.layers()
    if not request.inventory:
        return look_here(request.root, request.evidence, request.save_evidence, layers)
    given = request.root or request.evidence
    # These first: one that cannot be read is told before the hosts are asked.
    elsewhere = look_here(request.root, request.evidence, layers=layers)["hosts"] if given else []
    kept = {"kdump_evidence_directory": str(Path(request.save_evidence).resolve())} if request.save_evidence else {}
    result = play("check", request, {"kdump_become": request.become, **kept, **_given(layers)})
    return document.joined(result, elsewhere) if elsewhere else result


def enable(request: Request) -> int:
    """Make hosts crash-ready; everything that can be refused is refused before the question."""
    layers = request.layers()
    if not request.inventory:
        here = look_here(layers=layers)
        if here["hosts"][0]["verdict"] == "unsupported":
            return finish(here, request)
        need_root()
    _ask(ENABLES.replace("{panics}", effective(layers).profile.does), request)
    return finish(play("enable", request, {"kdump_reboot": request.reboot, **_given(layers)}), request)


def reboot(request: Request) -> int:
    """Reboot the hosts where only that is missing, one batch after the other, and stop at the first that is not ready
    afterwards."""
    if not request.inventory:
        raise UserError("reboot is for the hosts of an inventory", "Here, type: sudo systemctl reboot")
    _ask(REBOOTS, request)
    return finish(play("reboot", request, {}), request, "reboots" if request.dry_run else "hosts")


def _given(layers: Sequence[Layer]) -> dict[str, Any]:
    """Layers as a variable of the playbooks, where they come over what the inventory states."""
    return {"kdump_policy_layers": [asdict(layer) for layer in layers]} if layers else {}


def undo(playbook: str, request: Request, variables: Mapping[str, Any]) -> int:
    """Roll back or disable. A machine that is not ready is what was asked for, so only trouble counts."""
    if not request.inventory:
        need_root()
    _ask(UNDOES[playbook], request)
    result = play(playbook, request, {**variables, "kdump_reboot": request.reboot})
    code = finish(result, request, "hosts")
    if "cut_off" in result or any("trouble" in host or host["facts"] is None for host in result["hosts"]):
        return code
    return _still_reserved(result) if playbook == "disable" and not request.dry_run else 0


def _still_reserved(result: Mapping[str, Any]) -> int:
    """1, with a sentence, where the next boot reserves memory although that was to be taken away; else 0."""
    asks = {host["host"]: host["facts"]["crashkernel"]["next_boot"] for host in result["hosts"]}
    for host, text in asks.items():
        if text:
            who, what = visible(host), visible(text)
            prose.show(f"{who}: the next boot still asks for {what}; something that comes after our drop-in adds it.")
    return 1 if any(asks.values()) else 0


def look_here(
    roots: Sequence[str] = (), given: Sequence[str] = (), save: str | None = None, layers: Sequence[Layer] = ()
) -> dict[str, Any]:
    """The result for file trees, recordings and archives; for this machine if there are none. What cannot be read has a
    record that says so. Raises UserError for a tree that is none, and where no recording or archive can be read."""
    from .recorded import recordings  # noqa: PLC0415 - here and below: what a look at a fleet does elsewhere

    looks = _trees(roots if roots or given else (None,), save)
    trees = [_judged(seen, layers) | not_kept for seen, not_kept in looks]
    named = recordings.named(given)

    def judged(name: str) -> dict[str, Any]:
        return _judged(recordings.recorded(name, named[name]), layers)

    recorded = document.each(named, judged, document.unread)
    return document.document(document.told_apart([*trees, *recorded]))


def _judged(seen: recordings.Seen, layers: Sequence[Layer]) -> dict[str, Any]:
    from . import audit  # noqa: PLC0415

    return seen.told(audit.audit(seen.evidence, policy_file.in_effect(seen.evidence, layers)).as_dict(seen.host))


def _trees(roots: Sequence[str | None], save: str | None) -> Iterator[tuple[recordings.Seen, dict[str, str]]]:
    """What is seen of each tree, and what its record says besides where that could not be kept."""
    from .recorded import recordings  # noqa: PLC0415

    for root in roots:
        seen, raw = recordings.here(root)
        yield seen, _keep(save, raw) if save else {}


def _keep(path: str, raw: Mapping[str, Any]) -> dict[str, str]:
    """Write what was seen of this machine; what the record says where that failed."""
    try:
        write(Path(path), json.dumps(raw) + "\n")
    except OSError as error:
        return {"evidence_not_kept": str(error.strerror or error)}
    return {}


def play(playbook: str, request: Request, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a playbook, with its progress on standard error."""
    from .fleet.playbook import Run, Watcher, run  # noqa: PLC0415 - a local check starts in a fifth of the time without these

    def progress() -> AbstractContextManager[Watcher]:
        from rich.console import Console  # noqa: PLC0415

        from .report.progress import Patient, Progress  # noqa: PLC0415

        stream = cast("TextIO", Patient(sys.stderr))
        return Progress(Console(file=stream, highlight=False, emoji=False), request.diff, request.dry_run)

    inventory = request.inventory
    if inventory and not (Path(inventory).exists() or "," in inventory):
        raise UserError(f"The inventory {inventory} does not exist", "Give a file, or hosts with a comma: -i web1,")
    # Ansible's own --limit would leave out localhost, where the report is made.
    where = {"kdump_hosts": request.limit} if request.limit else {}
    here = {} if inventory else {"kdump_become": False}
    # What failed is in the result, from which the exit status is made here.
    paced = {"kdump_batch": request.batch, "kdump_canary": request.canary, "kdump_max_failures": request.max_failures}
    pace = {name: value for name, value in paced.items() if value is not None}
    patience = {} if request.host_timeout is None else {"kdump_host_timeout": request.host_timeout}
    own = {**variables, **where, **here, **pace, **patience, "kdump_fail_on": []}
    what = Run(playbook, inventory, own, request.ansible_words(), request.verbose)
    result = run(what, progress)
    if not result["hosts"]:
        raise UserError(
            f"No host of {inventory} matches {request.limit or 'all'}", "ansible-inventory --list shows them."
        )
    return result


def finish(result: Mapping[str, Any], request: Request, view: str = "findings") -> int:
    """Print the result as asked, and give the exit code of its verdicts. Raises UserError for evidence that was not
    kept."""
    say(result, request, view)
    if request.save_evidence:
        _say_unseen(result, request.save_evidence)
    lost = [host for host in result["hosts"] if "evidence_not_kept" in host]
    if lost:
        why, where = lost[0]["evidence_not_kept"], request.save_evidence
        raise UserError(
            f"What was seen of {len(lost)} of {len(result['hosts'])} hosts was not kept in {where}: {why}",
            "Make room there, or name another place, and run it again; the result above is whole.",
        )
    return document.exit_code(result)


def _say_unseen(result: Mapping[str, Any], place: str) -> None:
    """Say of which hosts there was nothing to keep: a file of an earlier run may be there."""
    unseen = [visible(host["host"]) for host in result["hosts"] if host["facts"] is None]
    if unseen:
        names = several(unseen, document.NAMED)
        prose.show(f"kdump-enabler: {place} has no new file for {names}: nothing was seen there.", err=True)


def say(result: Mapping[str, Any], request: Request, view: str) -> None:
    """Print the result as asked, a dry run as its plan; for views see report/views.py. Raises UserError where it could
    not be written to a file; it is printed as a table then."""
    _put(result, request, view)
    if request.form != "table" and document.cut_off(result):
        with suppress(OSError):  # a terminal that is gone; the result says it, too
            click.echo(f"kdump-enabler: {document.cut_off(result)}", err=True)


def _put(result: Mapping[str, Any], request: Request, view: str) -> None:
    pieces = _rendered(result, request, view, request.form)
    if not request.output:
        _print(pieces)
        return
    try:
        write(Path(request.output), pieces)
    except OSError as error:
        _print(_rendered(result, request, view, "table"))
        raise UserError(
            f"The result above was not written to {request.output}: {error.strerror}",
            "Make room there, or name another file with -o, and run it again.",
        ) from error


def _print(pieces: Iterable[str]) -> None:
    for piece in pieces:
        click.echo(piece, nl=False)


def _rendered(result: Mapping[str, Any], request: Request, view: str, form: str) -> Iterable[str]:
    """The pieces of the text; of a large fleet's JSON the whole would take as much memory as the result."""
    if form == "json":
        return packing.as_lines(result)
    if form != "table":
        from .report.forms import FORMS  # noqa: PLC0415 - as below

        return FORMS[form](result, request.enable_command), "\n"
    from .report import views  # noqa: PLC0415 - a local check with --format json needs no rich

    shown = "plan" if request.dry_run and view != "reboots" else view
    table = views.render(shown, result, request.enable_command, request.verbose)
    return table, "\n"


def compared(request: Request, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result that `make` gives, with what changed since the baseline, if there is one. Raises UserError for a
    baseline that is none, before anything is looked at."""
    earlier = document.load(request.baseline) if request.baseline else None
    result = make()
    return result | {"baseline": baseline.compared(earlier, result)} if earlier else result


def tell(result: Mapping[str, Any], request: Request, view: str) -> int:
    """Print a view that judges nothing: 0, or 2 when a host could not be seen."""
    say(result, request, view)
    unseen = any(host["facts"] is None or (view == "backups" and host["backups"] is None) for host in result["hosts"])
    return document.USAGE_ERROR if unseen or "cut_off" in result else 0


def backups(request: Request, name: str | None) -> int:
    """List the backup sets, or show the one of this name on each host that has it; 2 when no host does."""
    result = look(request)
    if name is None:
        return tell(result, request, "backups")
    for host in result["hosts"]:
        host["backups"] = host["backups"] and [one for one in host["backups"] if one["name"] == name]
    if all(host["backups"] == [] for host in result["hosts"]):
        raise UserError(f"There is no backup set {name}", "`kdump-enabler backups` lists them.")
    return tell(result, request, "backup set")


def need_root() -> None:
    """Refuse to change this machine without root. Raises UserError."""
    if os.geteuid() != 0:
        raise UserError("Changing this machine needs root", "Run it again with sudo.")


def _ask(text: str, request: Request) -> None:
    """Ask before a change. Without a terminal nobody can answer: nothing is changed."""
    if request.yes or request.dry_run:
        return
    if not sys.stdin.isatty():
        raise UserError(
            "There is no terminal to ask on, so nothing was changed", "Pass -y to go on without a question."
        )
    prose.show(text.format(where=request.where) + "\n")
    try:
        agreed = click.confirm("Go on?")
    except click.Abort:  # Ctrl-C, Ctrl-D
        click.echo(err=True)
        agreed = False
    if not agreed:
        raise UserError("Nothing was changed")
