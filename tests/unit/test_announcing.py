"""What is told of new dumps, to whom, and what happens where that fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kdump_enabler import commands
from kdump_enabler.cli import cli
from kdump_enabler.dumps import announcing
from kdump_enabler.dumps.announcing import Channels, announce, told_before
from kdump_enabler.errors import UserError
from kdump_enabler.facts import proofs
from tests import vmcores
from tests.vmcores import written

PRIVATE = "hunter2 in the kernel log"
LOG = f"[ 1.0] {PRIVATE}\n[ 1.1] Kernel panic - not syncing: x\n".encode()


class Server(HTTPServer):
    """Keeps what was posted, and answers with `status`."""

    status = 204

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posted: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?key=s3cret"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((str(self.headers["Content-Type"]), content))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing on standard error."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines for the journal."""
    lines: list[str] = []
    monkeypatch.setattr("syslog.syslog", lambda _level, line: lines.append(line))
    return lines


@pytest.fixture
def crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: list[str]) -> Path:
    """A dump directory with one dump that is whole, of a machine on which root asks."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(announcing, "STATE", tmp_path / "state" / "announced.json")
    monkeypatch.setattr(proofs, "RECORD", str(tmp_path / "proof.json"))
    dump(tmp_path / "crash", "202611201114")
    return tmp_path / "crash"


def dump(directory: Path, stamp: str, content: bytes | None = None, log: bytes = LOG) -> str:
    written(directory / stamp / f"dmesg.{stamp}", log)
    return written(directory / stamp / f"dump.{stamp}", vmcores.kdump() if content is None else content)


def told(directory: Path, *words: str) -> Result:
    asked = ["dumps", "announce", "--directory", str(directory), *words]
    return CliRunner().invoke(cli, asked, standalone_mode=False, catch_exceptions=False)


def test_a_first_run_takes_what_is_there_as_known(crash: Path, journal: list[str]) -> None:
    found = told(crash)
    assert (found.return_value, found.output, journal) == (0, "no new dump\n", [])
    assert announcing.STATE.stat().st_mode & 0o777 == 0o644
    new = dump(crash, "202611211114")
    found = told(crash)
    assert found.return_value == 0
    size = len(vmcores.kdump())
    words = f"new dump, real: kernel {vmcores.RELEASE}, 0 MiB ({size} bytes), complete, {new}"
    assert (found.output, journal) == (f"{words}\n", [words])
    assert told(crash).output == "no new dump\n"
    assert list(announcing.STATE.parent.iterdir()) == [announcing.STATE]


def test_a_first_run_can_tell_of_all(crash: Path, journal: list[str]) -> None:
    assert told(crash, "--all").return_value == 0
    assert len(journal) == 1
    assert told(crash, "--all").output == "no new dump\n"


def test_what_is_not_whole_is_told_too(crash: Path, journal: list[str]) -> None:
    told(crash)
    dump(crash, "202611211114", vmcores.kdump()[:-1])
    written(crash / "202611211115/dmesg.202611211115", b"\x1b[31m\n")
    assert told(crash).return_value == 0
    assert sum("no vmcore, there is a kernel log and no vmcore" in line for line in journal) == 1
    assert sum("pages of it are beyond the end of the file" in line for line in journal) == 1


def test_a_proof_by_its_log(crash: Path, journal: list[str]) -> None:
    dump(crash, "202611211114", log=b"[ 1.0] kdump-enabler: crash on purpose, 5f1c\n" + LOG)
    told(crash, "--all")
    assert sorted(line.split(":")[0] for line in journal) == ["new dump, proof", "new dump, real"]


@pytest.mark.parametrize(("identifier", "origin"), [("first", "proof"), ("not in it", "real"), (None, "real")])
def test_a_proof_by_its_pages(identifier: str | None, origin: str, crash: Path) -> None:
    """Where no log was saved, and nobody has looked at the crash on purpose yet."""
    path = crash / "202611201114/dump.202611201114"
    record = {"origin": None, "path": str(path)}
    assert announcing.settled(record, identifier)["origin"] == origin


def test_the_word_is_that_of_the_note(crash: Path, tmp_path: Path, journal: list[str]) -> None:
    note: dict[str, Any] = {
        "id": "first",
        "begun_at": "2026-11-20T11:14:00Z",
        "boot_id": "b",
        "bindings": {},
        "directory": "/x",
    }
    note |= {"reserved_bytes": 1, "dumps": [], "outcome": None}
    written(tmp_path / "proof.json", json.dumps(note).encode())
    (crash / "202611201114/dmesg.202611201114").unlink()
    seen = commands.look_here()
    seen["hosts"][0]["proof"] = {"state": "unfinished", "outcome": {}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "look_here", lambda: seen)
        told(crash, "--all")
    assert [line.split(":")[0] for line in journal] == ["new dump, proof"]


def test_a_directory_that_nobody_could_read(tmp_path: Path, journal: list[str]) -> None:
    unseen = {"path": None, "log": None, "directory": "/var/crash", "complete": None}
    assert announcing.new([unseen], ()) == []


def test_webhook(crash: Path, server: Server) -> None:
    assert told(crash, "--all", "--webhook", server.url).return_value == 0
    ((kind, content),) = server.posted
    assert kind == "application/json"
    posted = json.loads(content)
    assert (posted["schema"], set(posted)) == (announcing.SCHEMA, {"schema", "host", "dump"})
    assert (posted["dump"]["kernel"], posted["dump"]["origin"]) == (vmcores.RELEASE, "real")
    assert set(posted["dump"]) == set(announcing.SENT)


def test_nothing_of_the_log_is_sent(server: Server) -> None:
    record = dict.fromkeys(announcing.SENT) | {"log_tail": [PRIVATE], "panic": PRIVATE}
    assert announcing.post(server.url, record) == ""
    assert PRIVATE.encode() not in server.posted[0][1]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_refuses_is_tried_again(status: int, crash: Path, server: Server, journal: list[str]) -> None:
    server.status = status
    found = told(crash, "--all", "--webhook", server.url)
    assert found.return_value == 1
    assert f"The webhook on 127.0.0.1 failed: it answered {status}; it is tried again" in found.output
    assert "s3cret" not in found.output + str(journal)
    assert told_before(announcing.STATE) == []
    server.status = 200
    assert told(crash, "--webhook", server.url).return_value == 0
    assert len(server.posted) == 2
    assert told(crash, "--webhook", server.url).output == "no new dump\n"


def test_a_webhook_that_is_not_there(crash: Path, server: Server) -> None:
    server.server_close()
    found = told(crash, "--all", "--webhook", server.url.replace("127.0.0.1", "localhost"))
    assert found.return_value == 1
    assert "The webhook on localhost failed: [Errno 111] Connection refused" in found.output


def test_a_webhook_that_does_not_answer(crash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(announcing, "WEBHOOK_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = told(crash, "--all", "--webhook", f"http://127.0.0.1:{silent.getsockname()[1]}/")
    assert (found.return_value, "127.0.0.1 failed: timed out" in found.output) == (1, True)


def test_mail(crash: Path, tmp_path: Path) -> None:
    script = tmp_path / "mail"
    script.write_bytes(f'#!/bin/sh\necho "$@" > {tmp_path}/words\ncat > {tmp_path}/text\n'.encode())
    script.chmod(0o700)
    assert told(crash, "--all", "--mail", f"{script} -s 'it; crashed $HOME' root").return_value == 0
    assert (tmp_path / "words").read_text(encoding="utf-8") == "-s it; crashed $HOME root\n"
    text = (tmp_path / "text").read_text(encoding="utf-8")
    assert f"new dump, real: kernel {vmcores.RELEASE}" in text
    assert text.endswith(f"sudo kdump-enabler dumps show {crash}/202611201114/dump.202611201114\n")
    assert PRIVATE not in text


@pytest.mark.parametrize(
    ("command", "reason"),
    [("false", "it ended with 1"), ("/no/such/command -x", "No such file or directory"), ("sleep 9", "it took more")],
)
def test_a_command_that_fails(command: str, reason: str, crash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "COMMAND_SECONDS", 0.2)
    found = told(crash, "--all", "--mail", command)
    assert found.return_value == 1
    assert f"The command {command.split(maxsplit=1)[0]} failed: {reason}" in found.output
    assert told_before(announcing.STATE) == []


def test_one_failure_keeps_no_other_dump_back(tmp_path: Path, journal: list[str]) -> None:
    blank = dict.fromkeys(announcing.SENT) | {"complete": True, "origin": "real"}
    records = [blank | {"path": f"/var/crash/{number}"} for number in (3, 2, 1)]
    fails = 'sh -c "! grep -q crash/2$"'
    lines, failures = announce(records, None, Channels(command=fails), tmp_path / "state", everything=True)
    assert [line[-1] for line in lines] == ["1", "2", "3"]
    assert failures == ["The command sh failed: it ended with 1"]
    assert told_before(tmp_path / "state") == ["/var/crash/1", "/var/crash/3"]


@pytest.mark.parametrize(
    "words",
    [
        ["--webhook", "file:///etc/passwd"],
        ["--webhook", "alerts.lan"],
        ["--webhook", "http://[x"],
        ["--mail", "mail 'x"],
        ["--mail", ""],
    ],
)
def test_what_cannot_be_meant(words: list[str], crash: Path, journal: list[str]) -> None:
    with pytest.raises(UserError, match=words[0]):
        told(crash, "--all", *words)
    assert (journal, announcing.STATE.exists()) == ([], False)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"dumps": 1}'])
def test_a_note_that_makes_no_sense(text: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="makes no sense"):
        told_before(Path(written(tmp_path / "announced.json", text.encode())))


def test_it_needs_root(crash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(UserError, match="needs root"):
        told(crash)
