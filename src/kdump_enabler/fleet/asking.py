"""Asks the hosts of an inventory in one process, with Ansible's own inventory, variables, connections and become.

    python -c 'from kdump_enabler.fleet.asking import main; main()' DESCRIPTOR

reads the words of an ansible-playbook command from there, a JSON list, and does what that does first: it looks at all
hosts. It judges nothing, and prints events like those of the `kdump.enabler.events` callback, in which `look` is what a
host answered; who started it judges that, see looks.py. Ansible starts a process for each host, which costs more than
the look itself; here threads wait for the hosts, and only one at a time does anything else, as nothing in Ansible is
made for threads. What it cannot do is left to the command, in whose place it then is.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
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
from typing import Any

# Ansible may not be there: noqa PLC0415.
INTERRUPTED = 99  # Ansible's exit status after Ctrl-C
ONLY_LOOKS = "kdump.enabler.check"
LOOK = "kdump.enabler.audit"  # the task of the playbook's first play that this is about
# What lib/ansible/executor/task_executor.py takes in ansible-core 2.16 to 2.18, 2.19, and 2.21.
BEFORE = ("host", "task", "job_vars", "play_context")
AFTER = ("loader", "shared_loader_obj", "final_q", "variable_manager")
KNOWN = ((*BEFORE, "new_stdin", *AFTER), (*BEFORE, *AFTER), ("host", "play_context", *AFTER))
# What a look at one host came to, and not Ansible's own warnings: what it saw, or what trouble.of_result() takes.
ANSWER = ("evidence", "layers", "test_container", "evidence_not_kept")
TROUBLE = ("failed", "unreachable", "msg", "kind", "hint", "exit_code", "module_stderr", "stderr", "stdout")
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


class Questions:
    """The one question to all hosts of a play."""

    def __init__(self, path: str, loader: Any, inventory: Any, variables: Any, secrets: Mapping[str, Any]) -> None:
        """With what ansible-playbook has read of its command line; `path` is the playbook's."""
        from ansible.playbook import Playbook  # noqa: PLC0415
        from ansible.template import Templar  # noqa: PLC0415

        self._loader, self._variables, self._secrets = loader, variables, secrets
        self._play = Playbook.load(path, variable_manager=variables, loader=loader).get_plays()[0].copy()
        self._play.post_validate(Templar(loader=loader, variables=variables.get_vars(play=self._play)))
        self._task = next(task for task in _tasks(self._play.compile()) if task.action == LOOK)
        self._task.args = {"judge": False}
        self._hosts = inventory.get_hosts(self._play.hosts, order=self._play.order)
        self._names = [host.name for host in self._hosts]
        self._turn, self._telling = Turn(), threading.Lock()
        self._lock = os.open(os.devnull, os.O_RDWR)  # between workers that ask something; here none can

    def all(self, most: int) -> None:
        """Ask all hosts, `most` at once, and tell what they answer."""
        from ansible_collections.kdump.enabler.plugins.plugin_utils import looking  # noqa: PLC0415

        looking.waiting = self._turn.away
        self._tell("play", "", self._play.get_name(), hosts=len(self._names), names=self._names)
        waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for host in self._hosts:
            waiting.put(host)
        threads = [threading.Thread(target=self._some, args=(waiting,), daemon=True) for _ in self._hosts[:most]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def end(self) -> None:
        """Let nothing more be told: what ends from now on was ended."""
        self._telling.acquire()

    def _some(self, waiting: queue.SimpleQueue[Any]) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                host = waiting.get_nowait()
                self._tell("start", host.name, self._task.get_name())
                with self._turn:
                    try:
                        result = self._look(host)
                    except Exception as error:
                        result = {"failed": True, "msg": _said(error)}
                self._note(host.name, result)

    def _look(self, host: Any) -> dict[str, Any]:
        """What Ansible makes of the task on this host, as what it registers."""
        from ansible.executor.task_executor import TaskExecutor  # noqa: PLC0415
        from ansible.playbook.play_context import PlayContext  # noqa: PLC0415
        from ansible.plugins import loader as plugins  # noqa: PLC0415

        task, known = self._task.copy(), {"_hosts": self._names, "_hosts_all": self._names}
        variables = self._variables.get_vars(play=self._play, host=host, task=task, **known)
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
        event = "unreachable" if result.get("unreachable") else "failed" if result.get("failed") else "ok"
        look = {key: result[key] for key in (ANSWER if event == "ok" else TROUBLE) if key in result}
        self._tell(event, name, self._task.get_name(), message=str(result.get("msg", "")), look=look)

    def _tell(self, event: str, host: str, task: str, **more: Any) -> None:
        """One line, also where who reads them has not read the last ones yet."""
        line = json.dumps({"event": event, "host": host, "task": task, **more}) + "\n"
        with self._telling:
            sys.stdout.write(line)
            sys.stdout.flush()


def main() -> None:
    """Look, or become the command that comes from the descriptor. Ends the process with Ansible's exit statuses."""
    # A shell starts what is in the background with this ignored; who started us asks us by it to end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()  # as long as all that is made stays
    known = _parameters() in KNOWN
    program = _program() if known else None
    with os.fdopen(int(sys.argv[1]), encoding="utf-8") as pipe:
        words = pipe.read()
    if not words:  # whoever began this had no use for it
        return
    command: list[str] = json.loads(words)
    if program is None:
        os.execv(command[0], command)  # noqa: S606 - playbook.py chose it
    program.cli_executor(command)


@cache
def _parameters() -> tuple[str, ...]:
    """What Ansible's executor takes; empty where there is no Ansible."""
    try:
        from ansible.executor.task_executor import TaskExecutor  # noqa: PLC0415
    except ImportError:
        return ()
    return tuple(inspect.signature(TaskExecutor).parameters)


def _program() -> Any:
    """ansible-playbook's own class, which reads the command line, the settings and the passwords, with another run."""
    from ansible.cli.playbook import CLI, PlaybookCLI  # noqa: PLC0415
    from ansible.utils.collection_loader._collection_finder import _get_collection_playbook_path  # noqa: PLC0415

    from ansible import constants, context  # noqa: PLC0415

    class Program(PlaybookCLI):
        """ansible-playbook for one that only looks."""

        def run(self) -> None:
            CLI.run(self)
            if not _is_for_us(constants, context.CLIARGS):
                shutil.rmtree(constants.DEFAULT_LOCAL_TMP, ignore_errors=True)  # nothing else would remove it
                os.execv(self.args[0], self.args)  # noqa: S606
            secrets = dict(zip(("conn_pass", "become_pass"), self.ask_passwords(), strict=True))
            loader, inventory, variables = self._play_prereqs()
            CLI.get_host_list(inventory, context.CLIARGS["subset"])
            path = _get_collection_playbook_path(context.CLIARGS["args"][0])[1]
            questions = Questions(path, loader, inventory, variables, secrets)
            # As Ansible's workers: that ssh asks something of one host of many is an error.
            os.setsid()
            gc.freeze()
            gc.enable()
            try:
                questions.all(context.CLIARGS["forks"])
            except KeyboardInterrupt:
                questions.end()
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                os.killpg(0, signal.SIGTERM)  # each thread's ssh
                shutil.rmtree(constants.DEFAULT_LOCAL_TMP, ignore_errors=True)
                os._exit(INTERRUPTED)  # an ordinary end would wait for what a thread may hold
            atexit._run_exitfuncs()
            os._exit(0)  # an ordinary end would take all apart, which is a tenth of a small fleet's look

    return Program


def _is_for_us(constants: Any, given: Mapping[str, Any]) -> bool:
    """Whether nothing was asked for that only Ansible's own processes do: choosing tasks, callback plugins, another
    strategy, a time-out for each task (which is a signal), a secret that the command would have to ask for again."""
    for_ansible = constants.CALLBACKS_ENABLED or constants.TASK_TIMEOUT or constants.DEFAULT_STRATEGY != "linear"
    secrets = constants.DEFAULT_VAULT_PASSWORD_FILE or constants.DEFAULT_VAULT_IDENTITY_LIST
    asked_again = given["args"][0] != ONLY_LOOKS and (secrets or any(given.get(name) for name in ASKED_AGAIN))
    chosen = list(given["tags"]) != ["all"] or any(given.get(name) for name in FOR_TASKS)
    return not (for_ansible or asked_again or chosen)


def _said(error: Exception) -> str:
    """The message of an error, with the file and line that it, or the one behind it, names since ansible-core 2.19;
    before, they are part of it."""
    behind: BaseException | None = error
    while behind:
        place = str(getattr(behind, "_formatted_source_context", None) or "").partition("\n")[0]
        if place:
            return f"{place.removeprefix('Origin: ')}: {error}"
        behind = behind.__context__
    return str(error)


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
