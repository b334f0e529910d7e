# SPDX-License-Identifier: MIT
"""Copies dumps to the controller; the documentation is in plugins/modules/fetch_dumps.py."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.kdump.enabler.plugins.plugin_utils.library import library
from ansible_collections.kdump.enabler.plugins.plugin_utils.looking import ask
from ansible_collections.kdump.enabler.plugins.plugin_utils.receiving import (
    Part,
    ReceivingError,
    digest_of,
    make_private,
)

from ansible import constants

with contextlib.suppress(AnsibleError):  # imported once, before a worker is forked for each host
    library("dumps.fetching")

LOST = "connection"
SAY_EVERY = 2  # seconds
OUR_CALLBACK = "kdump.enabler.events"
AGAIN = "Run it again: it goes on where it stopped."
Version = list[int]


class ActionModule(ActionBase):
    """Asks pieces.py on the host for one piece after the other. Whatever connection and become the host has is used;
    Ansible's own fetch reads whole files into memory when it becomes root, and cannot resume."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _VALID_ARGS = frozenset({"vmcores", "to", "unfinished"})

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """What became of each file under `fetched`; failed with the first sentence where one could not be fetched."""
        super().run(tmp, task_vars)
        self._variables = task_vars or {}
        self._make = library("dumps.fetching")
        self._to = Path(str(self._task.args["to"])).expanduser().absolute()
        if constants.DEFAULT_DEBUG:
            return _failed(
                ReceivingError("debug", "ANSIBLE_DEBUG would print the dump, which is full of secrets", "Unset it."), []
            )
        fetched: list[dict[str, Any]] = []
        troubles: list[ReceivingError] = []
        with _quiet():
            for record in self._task.args["vmcores"]:
                try:
                    fetched += (one.as_dict() for one in self._dump(record))
                except Exception as error:
                    troubles.append(self._explained(error))
                    fetched.append(self._made(record, self._make.FAILED, str(troubles[-1])).as_dict())
                if troubles and troubles[-1].kind == LOST:
                    break
        if troubles:
            return _failed(troubles[0], fetched)
        return {"changed": any(one["state"] == self._make.FETCHED for one in fetched), "fetched": fetched}

    def _explained(self, error: Exception) -> ReceivingError:
        """What happened, for people. Raises what nobody expects."""
        if isinstance(error, ReceivingError):
            return error
        if isinstance(error, AnsibleConnectionFailure):
            return ReceivingError(LOST, f"The connection was lost: {str(error).splitlines()[0]}", AGAIN)
        if isinstance(error, library("errors").UserError):
            return ReceivingError("bad_name", str(error), error.hint)
        if isinstance(error, OSError):
            return ReceivingError("io_error", f"{error.filename or self._to}: {error.strerror}", AGAIN)
        if isinstance(error, (ValueError, KeyError, TypeError)):
            return ReceivingError("answer", "The host's answer about a dump makes no sense", AGAIN)
        raise error

    def _dump(self, record: dict[str, Any]) -> Iterator[Any]:
        """Fetch the files of a dump, the log first: it is small, and tells the most."""
        version, now = self._look(record["path"]) if record["path"] else (None, 0.0)
        if record["path"] and version is None:
            raise ReceivingError("gone", f"{record['path']} is not there", "See `kdump-enabler dumps list`.")
        mtime = version[1] / 1e9 if version else 0.0
        unfinished = boolean(self._task.args.get("unfinished", False))
        refused = self._make.objection(record, mtime, now, unfinished)
        if refused:
            yield self._made(record, self._make.SKIPPED, refused)
            return
        for path in filter(None, (record["log"], record["path"])):
            yield self._file(record["directory"], path)

    def _made(self, record: dict[str, Any], state: str, sentence: str) -> Any:
        path = record["path"] or record["log"] or record["directory"]
        return self._make.Fetched(path, None, state, sentence=sentence)

    def _file(self, directory: str, path: str) -> Any:
        """Fetch one file, or find it here already."""
        host = str(self._variables["inventory_hostname"])
        target = self._to.joinpath(*self._make.way(host, directory, path))
        version, _ = self._look(path)
        if version is None:
            raise ReceivingError("gone", f"{path} is not there", "See `kdump-enabler dumps list`.")
        here = digest_of(target)
        if here is not None:
            if here[0] != version[0] or here[1] != self._digest(path, version, version[0]):
                raise ReceivingError("other_file", f"{target} is there and is another file", "Move it away.")
            return self._make.Fetched(path, str(target), self._make.THERE, version[0], 0, here[1])
        if self._task.check_mode:
            return self._make.Fetched(path, str(target), self._make.FETCHED, version[0], sentence="would be fetched")
        make_private(target.parent)
        with Part(target, self._make.PART) as part:
            resumed = self._resume(part, path, version)
            self._receive(part, path, version)
            checksum = part.sha256
            if checksum != self._digest(path, version, version[0]):
                part.discard()
                raise ReceivingError("damaged", f"{path} arrived damaged, and was thrown away", "Run it again.")
            part.finish()
        sentence = f"resumed after {resumed} bytes" if resumed else ""
        return self._make.Fetched(
            path, str(target), self._make.FETCHED, version[0], version[0] - resumed, checksum, sentence
        )

    def _resume(self, part: Part, path: str, version: Version) -> int:
        """How many bytes of an earlier run are the beginning of the host's file; then whether there is room."""
        if part.size and (part.size > version[0] or part.sha256 != self._digest(path, version, part.size)):
            part.begin_again()
        missing, room = version[0] - part.size, part.room()
        if missing > room:
            sentence = f"There is no room for {path} in {self._to}: {missing} bytes are missing, {room} are free"
            raise ReceivingError("no_room_here", sentence, "Make room, or give another directory with --to.")
        resumed: int = part.size
        return resumed

    def _receive(self, part: Part, path: str, version: Version) -> None:
        """Fetch the rest, piece by piece."""
        said = time.monotonic()
        while part.size < version[0]:
            size = min(self._make.PIECE, version[0] - part.size)
            encoded = self._ask(version, do="read", path=path, start=part.size, size=size)["data"]
            if encoded is None:
                part.append_zeros(size)
            else:
                data = base64.b64decode(encoded, validate=True)
                if len(data) != size:
                    raise ReceivingError("answer", f"{path} came in a piece of the wrong size", AGAIN)
                part.append(data)
            if time.monotonic() - said > SAY_EVERY:
                said = time.monotonic()
                self._say(f"{Path(path).name}: {part.size >> 20} of {version[0] >> 20} MiB")

    def _say(self, words: str) -> None:
        """Show how far it is, while the task goes on."""
        host, task = str(self._variables["inventory_hostname"]), self._task.get_name()
        event = {"event": "progress", "host": host, "task": task, "message": words}
        Display().display(json.dumps(event) if constants.DEFAULT_STDOUT_CALLBACK == OUR_CALLBACK else words)

    def _look(self, path: str) -> tuple[Version | None, float]:
        """The file's version, null when there is none, and the host's clock."""
        found = self._answer(do="look", paths=[path])
        return found["files"][0], found["now"]

    def _digest(self, path: str, version: Version, end: int) -> str:
        return str(self._ask(version, do="digest", path=path, end=end)["sha256"])

    def _ask(self, version: Version, **request: Any) -> dict[str, Any]:
        """The answer about this version of a file. Raises ReceivingError when it is another meanwhile."""
        answer = self._answer(**request)
        if "error" in answer:
            raise ReceivingError("unreadable", answer["error"], "Read it as root: become: true.")
        if answer["version"] != version:
            raise ReceivingError("changed", f"{request['path']} changed while it was read", "Fetch it when it is done.")
        return answer

    def _answer(self, **request: Any) -> dict[str, Any]:
        """What pieces.py answers. What else the host may say is not repeated: it may hold a piece."""
        try:
            answer: dict[str, Any] = json.loads(ask(self, self._variables, "pieces", json.dumps(request)))
        except AnsibleConnectionFailure:
            raise
        except AnsibleError as error:
            sentence = "The host's Python did not answer as it should"
            raise ReceivingError("answer", sentence, "`kdump-enabler dumps list` may say more.") from error
        return answer


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Connection plugins print what commands answer from -vvv on, and into log_path. This worker has a Display of its
    own, so nobody else gets quiet."""
    display = Display()
    kept = {name: getattr(display, name) for name in ("verbosity", "log_verbosity") if hasattr(display, name)}
    try:
        for name in kept:
            setattr(display, name, 0)
        yield
    finally:
        for name, value in kept.items():
            setattr(display, name, value)


def _failed(error: ReceivingError, fetched: list[dict[str, Any]]) -> dict[str, Any]:
    found = {"kind": error.kind, "msg": str(error), "hint": error.hint, "exit_code": 1}
    return {"failed": True, **found, "fetched": fetched}
