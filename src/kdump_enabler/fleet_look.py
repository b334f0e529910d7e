"""Looks at the hosts of an inventory in one process, with Ansible's own inventory, variables, connections and become.

    python -m kdump_enabler.fleet_look /path/of/ansible-playbook kdump.enabler.check OPTIONS...

does what that command does, and prints what the `kdump.enabler.events` callback prints. Ansible starts a process for
each host, which costs more than the look itself; here threads wait for the hosts, and only one at a time does anything
else, as nothing in Ansible is made for threads. What it cannot do is left to the command: of a playbook that changes
hosts, such as kdump.enabler.enable, all hosts that are not as they should be.
"""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import queue
import shutil
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

# Ansible may not be there, and what is needed once hosts have answered is imported while they are asked: noqa PLC0415.
INTERRUPTED = 99  # Ansible's exit status after Ctrl-C
ONLY_LOOKS = "kdump.enabler.check"
LOOK = "kdump.enabler.audit"  # the task of the playbook's first play that this is about
# What lib/ansible/executor/task_executor.py takes in ansible-core 2.16 to 2.18, 2.19, and 2.21.
BEFORE = ("host", "task", "job_vars", "play_context")
AFTER = ("loader", "shared_loader_obj", "final_q", "variable_manager")
KNOWN = ((*BEFORE, "new_stdin", *AFTER), (*BEFORE, *AFTER), ("host", "play_context", *AFTER))
# Of what a look registers: what document.from_play() and partial.py take, and not Ansible's own warnings and errors.
KEPT = ("record", "open", "run", "unreachable", "msg")
# Options of ansible-playbook: secrets that it would ask for again, and what is for playbooks with several tasks.
ASKED_AGAIN = ("ask_pass", "become_ask_pass", "ask_vault_pass", "vault_ids", "vault_password_files")
FOR_TASKS = ("listhosts", "listtasks", "listtags", "syntax", "step", "start_at_task", "skip_tags")


class Turn:
    """Which thread works: with it held, all others wait for their hosts, or for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """While its host is waited for, the others have their turn."""
        self._lock.release()
        try:
            yield
        finally:
            self._lock.acquire()


class Looks:
    """The looks at all hosts of a play."""

    def __init__(self, path: str, loader: Any, inventory: Any, variables: Any, secrets: Mapping[str, Any]) -> None:
        """With what ansible-playbook has read of its command line; `path` is the playbook's."""
        from ansible.playbook import Playbook  # noqa: PLC0415
        from ansible.template import Templar  # noqa: PLC0415

        self._loader, self._variables, self._secrets = loader, variables, secrets
        self._play = Playbook.load(path, variable_manager=variables, loader=loader).get_plays()[0].copy()
        self._given = variables.get_vars(play=self._play)
        templar = Templar(loader=loader, variables=self._given)
        self._play.post_validate(templar)
        self._task = next(task for task in _tasks(self._play.compile()) if task.action == LOOK)
        self._hosts = inventory.get_hosts(self._play.hosts, order=self._play.order)
        self._names = [host.name for host in self._hosts]
        self._turn, self._left, self._found = Turn(), set[str](), dict[str, dict[str, Any]]()
        self._changes = bool(templar.template(self._task.args["for_change"]))
        self._lock = os.open(os.devnull, os.O_RDWR)  # between workers that ask something; here none can
        self._notes = str(self._given["kdump_looks_path"])

    def all(self, most: int) -> list[str]:
        """Look at all hosts, `most` at once. Which of them a change has to go on with; if none, the result is written
        to kdump_result_path."""
        self._ask(most)
        if not self._left:
            self._write()
        return [name for name in self._names if name in self._left]

    def told(self, left: Sequence[str]) -> str:
        """A file with these hosts as those of the playbook, as Ansible's option -e takes it."""
        path = Path(self._notes).with_name("left.json")
        path.write_text(json.dumps({"kdump_hosts": ",".join(left)}), encoding="utf-8")
        return f"@{path}"

    def _is_open(self, look: Mapping[str, Any]) -> bool:
        trouble = look.get("failed") or look.get("unreachable")
        return self._changes and bool(trouble or not look["plan"]["empty"])

    def _keep(self, name: str) -> None:
        """Note what is known of the host, on which nothing is begun yet: for a run that is cut off, and of hosts that
        are done for one that goes on. The task notes what it finds itself, as of a host that work begins on."""
        from . import partial  # noqa: PLC0415

        found = self._found[name]
        partial.note(self._notes, name, **{**found, "kdump_audit": {**found["kdump_audit"], "open": False}})

    def _write(self) -> None:
        from ansible.errors import AnsibleError  # noqa: PLC0415

        from .report import document  # noqa: PLC0415
        from .report.writing import write  # noqa: PLC0415

        path = Path(self._given["kdump_result_path"])
        records = [document.from_play(name, self._found[name]) for name in self._names]
        beside = document.head(record["verdict"] for record in records)
        try:
            write(path, document.lines(beside, map(document.packed, records)))
        except OSError as error:
            raise AnsibleError(f"{path} could not be written: {error.strerror}. Make room there.") from error

    def _ask(self, most: int) -> None:
        from ansible_collections.kdump.enabler.plugins.plugin_utils import looking  # noqa: PLC0415

        looking.waiting = self._turn.away
        _tell("play", "", self._play.get_name(), hosts=len(self._names), names=self._names)
        waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for host in self._hosts:
            waiting.put(host)
        threads = [threading.Thread(target=self._some, args=(waiting,), daemon=True) for _ in self._hosts[:most]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _some(self, waiting: queue.SimpleQueue[Any]) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                host = waiting.get_nowait()
                with self._turn:
                    _tell("start", host.name, self._task.get_name())
                    try:
                        result = self._look(host)
                    except Exception as error:
                        result = {"failed": True, "msg": str(error)}
                    self._note(host.name, result)

    def _look(self, host: Any) -> dict[str, Any]:
        """What Ansible makes of the task on this host, as what it registers."""
        from ansible.executor.task_executor import TaskExecutor  # noqa: PLC0415
        from ansible.playbook.play_context import PlayContext  # noqa: PLC0415
        from ansible.plugins import loader as plugins  # noqa: PLC0415

        task, known = self._task.copy(), {"_hosts": self._names, "_hosts_all": self._names}
        variables = self._variables.get_vars(play=self._play, host=host, task=task, **known)
        if self._changes:
            variables["kdump_looks_path"] = ""  # as below
        task.squash()
        values = {
            "host": host,
            "task": task,
            "job_vars": variables,
            "play_context": PlayContext(self._play, self._secrets, self._lock),
            "new_stdin": None,  # for prompts
            "loader": self._loader,
            "shared_loader_obj": plugins,
            "final_q": None,  # for retries and background jobs
            "variable_manager": self._variables,
        }
        with _context(host, task, variables):
            found = TaskExecutor(**{name: values[name] for name in _parameters()}).run()
        if isinstance(found, dict):
            return found
        return {**found.result_data, "failed": found.failed, "unreachable": found.unreachable, "msg": found.msg or ""}

    def _note(self, name: str, result: Mapping[str, Any]) -> None:
        """Keep and tell what came of it; what a change goes on with is told by that."""
        self._found[name] = {"kdump_audit": {key: result[key] for key in KEPT if key in result}}
        event = "unreachable" if result.get("unreachable") else "failed" if result.get("failed") else "ok"
        if event == "failed":
            from .trouble import of_result  # noqa: PLC0415

            self._found[name]["kdump_trouble"] = of_result(self._task.name, result).told()
        if event == ("ok" if self._changes else "failed"):
            self._keep(name)
        if self._is_open(result):
            self._left.add(name)
            event = "skipped"
        _tell(event, name, self._task.get_name(), message=str(result.get("msg", "")))


def main(command: list[str]) -> None:
    """Look, or become the command. Ends the process with Ansible's exit statuses."""
    if _parameters() not in KNOWN:
        os.execv(command[0], command)  # noqa: S606 - playbook.py chose it
    _program(command).cli_executor(command)


@cache
def _parameters() -> tuple[str, ...]:
    """What Ansible's executor takes; empty where there is no Ansible."""
    try:
        from ansible.executor.task_executor import TaskExecutor  # noqa: PLC0415
    except ImportError:
        return ()
    return tuple(inspect.signature(TaskExecutor).parameters)


def _program(command: list[str]) -> Any:
    """ansible-playbook's own class, which reads the command line, the settings and the passwords, with another run."""
    from ansible.cli.playbook import CLI, PlaybookCLI  # noqa: PLC0415
    from ansible.utils.collection_loader._collection_finder import _get_collection_playbook_path  # noqa: PLC0415

    from ansible import constants, context  # noqa: PLC0415

    class Program(PlaybookCLI):
        """ansible-playbook for one that only looks."""

        def run(self) -> int:
            CLI.run(self)
            if not _is_for_us(constants, context.CLIARGS):
                os.execv(command[0], command)  # noqa: S606
            secrets = dict(zip(("conn_pass", "become_pass"), self.ask_passwords(), strict=True))
            loader, inventory, variables = self._play_prereqs()
            CLI.get_host_list(inventory, context.CLIARGS["subset"])
            path = _get_collection_playbook_path(context.CLIARGS["args"][0])[1]
            looks = Looks(path, loader, inventory, variables, secrets)
            # As Ansible's workers: that ssh asks something of one host of many is an error.
            os.setsid()
            try:
                left = looks.all(context.CLIARGS["forks"])
            except KeyboardInterrupt:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                os.killpg(0, signal.SIGTERM)  # each thread's ssh
                shutil.rmtree(constants.DEFAULT_LOCAL_TMP, ignore_errors=True)
                os._exit(INTERRUPTED)  # an ordinary end would wait for what a thread may hold
            if left:
                os.execv(command[0], [*command, "-e", looks.told(left)])  # noqa: S606
            return 0

    return Program


def _is_for_us(constants: Any, given: Mapping[str, Any]) -> bool:
    """Whether nothing was asked for that only Ansible's own processes do: choosing tasks, callback plugins, another
    strategy, a time-out for each task (which is a signal), a secret that the command would have to ask for again."""
    for_ansible = constants.CALLBACKS_ENABLED or constants.TASK_TIMEOUT or constants.DEFAULT_STRATEGY != "linear"
    secrets = constants.DEFAULT_VAULT_PASSWORD_FILE or constants.DEFAULT_VAULT_IDENTITY_LIST
    asked_again = given["args"][0] != ONLY_LOOKS and (secrets or any(given.get(name) for name in ASKED_AGAIN))
    chosen = list(given["tags"]) != ["all"] or any(given.get(name) for name in FOR_TASKS)
    return not (for_ansible or asked_again or chosen)


def _tasks(blocks: Sequence[Any]) -> Iterator[Any]:
    for one in blocks:
        yield from _tasks(one.block) if hasattr(one, "block") else (one,)


def _context(host: Any, task: Any, variables: dict[str, Any]) -> AbstractContextManager[Any]:
    """What surrounds a task in the workers of ansible-core 2.21 and 2.19 (lib/ansible/executor/process/worker.py)."""
    try:
        from ansible._internal._task import TaskContext  # noqa: PLC0415
    except ImportError:
        return contextlib.nullcontext()
    context: AbstractContextManager[Any] = (
        TaskContext.create(task, variables, host.name) if hasattr(TaskContext, "create") else TaskContext(task)
    )
    return context


def _tell(event: str, host: str, task: str, **more: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, "host": host, "task": task, **more}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
