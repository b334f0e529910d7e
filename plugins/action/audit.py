# SPDX-License-Identifier: MIT
"""Looks at a host and judges it; the documentation is in plugins/modules/audit.py."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.kdump.enabler.plugins.plugin_utils import looking
from ansible_collections.kdump.enabler.plugins.plugin_utils.controller import identity, is_dead
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library
from ansible_collections.kdump.enabler.plugins.plugin_utils.looking import answer, note


def _load() -> None:
    """Import and read what all looks need."""
    with contextlib.suppress(AnsibleError):  # said by run(), where there is a host to say it for
        for name in (
            "audit",
            "errors",
            "fleet.partial",
            "piped",
            "policy.policy_file",
            "probe",
            "report.document",
            "report.packing",
            "objections",
            "trouble",
            "policy.variables",
        ):
            library(name)
        for name in ("platforms", "policy.profiles", "policy.sysctls"):
            library(name).table()


# The controller loads this file once, before it forks a worker for each host, and they share what is loaded then. Where
# looks share a process, it is loaded while the first hosts are asked.
if looking.waiting is contextlib.nullcontext:
    _load()
BEGUN = datetime.now(timezone.utc)  # so a run has one name on all its hosts
SETTLE_POLL = 5  # seconds between two looks at a machine that has just booted


class ActionModule(ActionBase):
    """One round trip: probe, facts, findings, plan and verdict."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset(
        {
            "goal",
            "judge",
            "for_change",
            "for_reboot",
            "for_proof",
            "unknown_too",
            "place_named",
            "run",
            "rebooted_from",
            "settle_seconds",
            "simulate",
            "force",
        }
    )

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The host's record under `record`, what the roles do before a change under `plan`; where nothing is judged,
        what the host answered, and what it is to be judged by."""
        super().run(tmp, task_vars)
        variables = task_vars or {}
        self._not_kept = ""
        try:
            layers = self._layers(variables)
            library("policy").effective(layers)  # what is wrong here is refused before the host is asked
            if not boolean(self._task.args.get("judge", True)):
                return self._answer(variables, layers)
            audit = self._audit(variables, layers)
        except library("errors").UserError as error:
            return {"failed": True, "msg": str(error), "hint": error.hint, "kind": "policy", "exit_code": 2}
        noted = audit.facts.run if audit.facts else None
        alive = bool(noted) and not self._is_over(noted, variables)
        record = audit.as_dict(variables["inventory_hostname"])
        result = {
            "changed": False,
            "dump_directory": record["facts"]["dump_directory"],
            "needs_reboot": audit.needs_reboot,
            "next_boot_differs": audit.next_boot_differs,
            "run": self._task.args.get("run") or self._name(noted, audit.facts),
            "instead_of": noted.name if noted else "",
            "controller": identity(),
            "tool_version": library("report.document").__version__,
            "open": self._is_open(audit),
            "proof": self._proof(audit.facts),
        }
        if self._not_kept:
            record["evidence_not_kept"] = self._not_kept
        if self._task.args.get("for_change"):
            result["plan"] = audit.plan.as_dict() | {"empty": audit.plan.empty}
        if self._task.args.get("simulate"):
            result |= self._rehearsal(audit, alive, record)
        else:
            result |= self._objection(audit, alive) or {}
        result["record"] = library("report.packing").packed(record)
        note(variables, kdump_audit={name: result[name] for name in ("record", "open", "run")})
        return result

    def _rehearsal(self, audit: Any, alive: bool, host: dict[str, Any]) -> dict[str, Any]:
        """What a simulation needs to know of the host, and what it should lead to; or why it must not be made."""
        rehearsal, wanted = library("crash.rehearsal"), self._plain(self._task.args["simulate"])
        try:
            found = rehearsal.rehearse(audit.facts, audit.captures_now, wanted["kind"], wanted["options"])
        except library("errors").UserError as error:
            return {"failed": True, **rehearsal.bad_options(error).as_dict()}
        open_one = rehearsal.unfinished(audit.facts)
        host["simulation"] = found.record() | ({"state": "unfinished"} if open_one else {})
        objection = rehearsal.objection(audit, found, alive, boolean(self._task.args.get("force", False)))
        noted = rehearsal.note(audit.facts, secrets.token_hex(8), found)
        return {
            "proof": {"id": audit.facts.simulation.id} if open_one else noted,
            "trigger": found.trigger.as_dict(),
            "unfinished": open_one,
            **({"failed": True, **objection.as_dict()} if objection else {}),
        }

    def _name(self, noted: Any, facts: Any) -> str:
        """The run's name, which is that of its backup set: a killed run of the same goal is gone on with."""
        if noted and noted.goal == self._task.args.get("goal", "enable"):
            return str(noted.name)
        return str(library("facts.backups").next_name(facts and facts.backups, BEGUN))

    def _proof(self, facts: Any) -> dict[str, Any]:
        """What a crash on purpose that is about to be made notes of the host; of an earlier one its `id`."""
        if facts is None or not self._task.args.get("for_proof"):
            return {"id": facts.proof.id if facts and facts.proof else ""}
        return dict(library("crash.proof").note(facts, secrets.token_hex(8)))

    def _is_over(self, noted: Any, variables: dict[str, Any]) -> bool:
        """Whether the run that is noted on the host is dead: by its note, by its process here, or by consent."""
        own = noted.name == self._task.args.get("run")
        told = self._flag(variables, "kdump_take_over")
        return bool(own or noted.over or told or is_dead(noted.controller))

    def _is_open(self, audit: Any) -> bool:
        """Whether another look must follow: a host whose last one is open was lost on the way."""
        in_the_set = self._task.args.get("goal") == "rollback"  # what that does is in no plan
        begins = self._task.args.get("for_change") and (in_the_set or not audit.plan.empty)
        goes_down = any(self._task.args.get(name) for name in ("for_reboot", "for_proof", "simulate"))
        return bool(begins or goes_down) and not self._task.check_mode

    def _answer(self, variables: dict[str, Any], layers: list[Any]) -> dict[str, Any]:
        """What the host answered, with what kdump_enabler.fleet.looks needs beside it to judge that."""
        is_test = self._flag(variables, "kdump_test_container")
        text = self._kept_answer(variables)
        stated = [asdict(layer) for layer in layers]
        return {"evidence": text, "layers": stated, "test_container": is_test, "evidence_not_kept": self._not_kept}

    def _audit(self, variables: dict[str, Any], layers: list[Any]) -> Any:
        """The audit; after a reboot, once the unit that loads the capture kernel is through."""
        judge, is_test = library("audit").audit, self._flag(variables, "kdump_test_container")
        deadline = time.monotonic() + int(self._task.args.get("settle_seconds", 0))
        while True:
            seen = library("evidence").load(self._kept_answer(variables))
            policy = library("policy.policy_file").in_effect(seen, layers)
            audit = judge(seen, policy, self._task.args.get("goal", "enable"), is_test)
            if audit.settled or time.monotonic() > deadline:
                return audit
            time.sleep(SETTLE_POLL)

    def _kept_answer(self, variables: dict[str, Any]) -> str:
        """What the host says. It is kept in kdump_evidence_directory on the controller, if that is given, in a file
        with the host's name. A full disk here is not the host's fault, and it is judged all the same."""
        text: str = answer(self, variables)
        directory = self._templar.template(variables.get("kdump_evidence_directory", ""))
        try:
            if directory:
                library("recorded.recordings").keep(Path(directory), variables["inventory_hostname"], text)
        except OSError as error:
            self._not_kept = str(error.strerror or error)
        return text

    def _flag(self, variables: dict[str, Any], name: str) -> bool:
        """A variable that is no part of the policy: no file on a machine can say it."""
        try:
            return bool(boolean(self._templar.template(variables.get(name, False))))
        except TypeError as error:
            raise AnsibleActionFail(f"{name}: {error}") from error

    def _layers(self, variables: dict[str, Any]) -> list[Any]:
        """What the inventory states of the policy, and over it what the command line does."""
        library("policy.variables").refuse_misspelt(variables)
        layer = library("policy").Layer
        stated = self._plain({name: variables[name] for name in library("policy").READERS if name in variables})
        given = self._plain(variables.get("kdump_policy_layers", []))
        return [layer("inventory", stated), *(layer(**one) for one in given)]

    def _plain(self, value: Any) -> Any:
        """A variable's value without Ansible's own types, as YAML and JSON know it."""
        return json.loads(json.dumps(self._templar.template(value)))

    def _objection(self, audit: Any, alive: bool) -> dict[str, Any] | None:
        """Why the host must not be changed or rebooted, or why its reboot did not do what it was for."""
        arguments, objections, found = self._task.args, library("objections"), None
        if arguments.get("for_change"):
            found = objections.before_change(audit, alive)
        elif arguments.get("for_reboot"):
            found = objections.before_reboot(audit)
        elif arguments.get("for_proof"):
            unknown_too, place = (boolean(arguments.get(name, False)) for name in ("unknown_too", "place_named"))
            found = objections.before_proof(audit, alive, unknown_too, place)
        elif arguments.get("rebooted_from"):
            found = objections.after_reboot(arguments["rebooted_from"], audit)
        return {"failed": True, **found.as_dict()} if found else None
