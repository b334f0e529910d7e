"""Every result document keeps to data/result-1.schema.json, and holds no key that is not described there."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from kdump_enabler.cli import cli
from kdump_enabler.finding import Severity
from kdump_enabler.fleet.playbook import Run, Watcher, run
from kdump_enabler.report import document
from kdump_enabler.verdict import EXIT_CODES, Verdict
from tests import vmcores
from tests.hosts import machines
from tests.result_schema import SCHEMA, keeps_to_the_schema, objects, strict
from tests.unit.building import judge
from tests.unit.test_views import MANIFEST, with_sets
from tests.vmcores import written

# Answers the probe, which gets no argument, with a recording, and lets everything else run here.
RECORDED_HOST = """#!/bin/sh
case "$*" in '-BIS -') cat > /dev/null; cat {evidence};; *) exec {python} "$@";; esac
"""
REFUSED_CONNECTION = """#!/bin/sh
echo 'ssh: connect to host web9 port 22: Connection refused' >&2
exit 255
"""


def recorded(name: str) -> dict[str, Any]:
    return document.document([judge(machines.load(name)).as_dict(name)])


def script(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def answering(directory: Path, name: str) -> str:
    """The interpreter of a host that is this recorded machine; the probe's answer is one line."""
    evidence = directory / f"{name}.json"
    evidence.write_text(json.dumps({"schema": 1} | machines.load(name)) + "\n", encoding="utf-8")
    return str(script(directory / name, RECORDED_HOST.format(evidence=evidence, python=sys.executable)))


def nobody_watches(event: Mapping[str, Any]) -> None:
    """Progress is not what these tests are about."""


def play(
    playbook: str,
    inventory: Path,
    hosts: Mapping[str, Mapping[str, Any]],
    *words: str,
    watch: Watcher = nobody_watches,
) -> dict[str, Any]:
    """The records of these hosts, by name, from a result of this playbook that keeps to the schema."""
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    result = run(Run(playbook, str(inventory), {"kdump_become": False}, words), lambda: nullcontext(watch))
    keeps_to_the_schema(result)
    return {host["host"]: host for host in result["hosts"]}


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["title"] == document.SCHEMA == SCHEMA["properties"]["schema"]["const"]


def test_every_key_says_what_it_is() -> None:
    keys = [value for part in objects(SCHEMA) for value in part["properties"].values()]
    assert len(keys) > 50
    shared = {f"#/$defs/{name}": part for name, part in SCHEMA["$defs"].items()}
    assert [key for key in keys if "description" not in key | shared.get(key.get("$ref"), {})] == []


def test_its_words_are_those_of_the_code() -> None:
    host = SCHEMA["$defs"]["host"]["properties"]
    assert set(host["verdict"]["enum"]) == {verdict.value for verdict in Verdict}
    assert set(SCHEMA["properties"]["summary"]["required"]) == {verdict.value for verdict in Verdict}
    assert set(host["exit_code"]["enum"]) == set(EXIT_CODES.values())
    assert SCHEMA["$defs"]["finding"]["properties"]["severity"]["enum"] == [severity.value for severity in Severity]


@pytest.mark.parametrize("name", machines.names())
def test_recorded_machine(name: str) -> None:
    keeps_to_the_schema(recorded(name))


def test_machine_that_was_changed_before() -> None:
    """By runs that left a backup set, one of them closed to whoever looks."""
    changed = with_sets(**{"20261120T101112Z": MANIFEST, "20261121T000000Z": None})
    result = document.document([judge(changed).as_dict("web1")])
    assert [found["readable"] for found in result["hosts"][0]["backups"]] == [False, True]
    keeps_to_the_schema(result)


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (("schema",), "kdump-enabler/result/2"),
        (("generated_at",), "2026-11-20 11:30"),
        (("summary", "ready"), -1),
        (("hosts", 0, "verdict"), "fine"),
        (("hosts", 0, "verdict"), "unreachable"),
        (("hosts", 0, "exit_code"), 5),
        (("hosts", 0, "facts", "memory_bytes"), "2 GiB"),
        (("hosts", 0, "facts", "memory_bytes"), 0.5),
        (("hosts", 0, "facts", "crashkernel", "wanted_bytes"), -1),
        (("hosts", 0, "findings", 0, "id"), "KD10"),
        (("hosts", 0, "findings", 0, "severity"), "fatal"),
        (("hosts", 0, "findings", 0, "evidence", 0, "line"), None),
        (("hosts", 0, "trouble"), {"kind": "no root"}),
    ],
)
def test_what_is_wrong_is_refused(place: tuple[str | int, ...], wrong: Any) -> None:
    result: Any = recorded("debian12-pristine")
    *way, last = place
    part = result
    for step in way:
        part = part[step]
    part[last] = wrong
    with pytest.raises(ValidationError):
        Draft202012Validator(SCHEMA).validate(result)


def test_keys_may_come_but_none_may_go() -> None:
    result = recorded("debian12-pristine")
    result["hosts"][0]["facts"]["colour"] = "blue"
    Draft202012Validator(SCHEMA).validate(result)
    with pytest.raises(ValidationError, match="colour"):
        Draft202012Validator(strict()).validate(result)
    del result["hosts"][0]["facts"]["arch"]
    with pytest.raises(ValidationError, match="arch"):
        Draft202012Validator(SCHEMA).validate(result)


def test_what_the_command_prints() -> None:
    """Of this machine, and of several recordings."""
    words = [word for name in machines.names()[:3] for word in ("--evidence", machines.HERE / name / "evidence.json")]
    for arguments in ([], words):
        printed = CliRunner().invoke(cli, ["check", "--format", "json", *map(str, arguments)]).stdout
        keeps_to_the_schema(json.loads(printed))


def test_what_a_playbook_writes(tmp_path: Path) -> None:
    """Of a host that was looked at, one with a policy that nobody can read, and one that cannot be reached."""
    local = {"ansible_connection": "local"}
    interpreter = {"ansible_python_interpreter": answering(tmp_path, "debian12-pending")}
    ssh = {"ansible_connection": "ssh", "ansible_ssh_executable": str(script(tmp_path / "ssh", REFUSED_CONNECTION))}
    hosts = {"seen": local | interpreter, "refused": local | {"kdump_crashkernel": "lots"}, "web9": ssh}
    found = play("check", tmp_path / "hosts.json", hosts)
    assert (found["seen"]["verdict"], found["seen"]["exit_code"]) == ("reboot-pending", 3)
    assert found["refused"]["trouble"]["kind"] == "policy"
    assert (found["web9"]["verdict"], found["web9"]["facts"]) == ("unreachable", None)


def test_what_a_dry_run_of_enable_writes(tmp_path: Path) -> None:
    """The plan is there; where this machine already has the files it is trouble, which has its place too."""
    interpreter = {"ansible_python_interpreter": answering(tmp_path, "debian12-pristine")}
    found = play("enable", tmp_path / "hosts.json", {"web1": {"ansible_connection": "local"} | interpreter}, "--check")
    assert {"step": "regenerate", "changes": "grub.cfg"} in found["web1"]["plan"]


def test_what_a_dry_run_of_simulate_writes(tmp_path: Path) -> None:
    """Of a host where it may be made, and of one that is refused; both say what should happen."""
    names = {"ready": "debian12-ready", "pending": "debian12-pending"}
    hosts = {
        host: {"ansible_connection": "local", "ansible_python_interpreter": answering(tmp_path, name)}
        for host, name in names.items()
    }
    found = play("simulate", tmp_path / "hosts.json", hosts, "--check", "-e", "kdump_simulate_kind=sysrq")
    assert [found[host]["simulation"]["expected"]["dumps"] for host in names] == [True, False]
    assert ("trouble" in found["ready"], found["pending"]["trouble"]["kind"]) == (False, "not_ready")
    wrong = ("--check", "-e", json.dumps({"kdump_simulate_kind": "oops", "kdump_simulate_options": {"cpu": 1}}))
    refused = play("simulate", tmp_path / "hosts.json", hosts, *wrong)
    assert {(host["trouble"]["kind"], host["exit_code"]) for host in refused.values()} == {("bad_options", 2)}


def test_what_the_dumps_playbook_writes(tmp_path: Path) -> None:
    """Of a host with a dump, one whose dumps are on a network, one that has no Python, and one out of reach."""
    local: dict[str, Any] = {"ansible_connection": "local"}
    path = written(tmp_path / "crash/202611201114/dump.202611201114", vmcores.kdump())
    python = {name: answering(tmp_path, name) for name in ("debian12-ready", "debian12-crash-nfs")}
    ssh = {"ansible_connection": "ssh", "ansible_ssh_executable": str(script(tmp_path / "ssh", REFUSED_CONNECTION))}
    hosts: dict[str, dict[str, Any]] = {
        "seen": {
            "ansible_python_interpreter": python["debian12-ready"],
            "kdump_dump_directories": [str(tmp_path / "crash")],
        },
        "share": {"ansible_python_interpreter": python["debian12-crash-nfs"]},
        "bare": {"ansible_python_interpreter": "/no/such/python3"},
    }
    found = play("dumps", tmp_path / "hosts.json", {**{name: local | one for name, one in hosts.items()}, "web9": ssh})
    assert [(one["path"], one["complete"]) for one in found["seen"]["vmcores"]] == [(path, True)]
    assert {name: found[name]["vmcores"] for name in ("share", "bare", "web9")} == dict.fromkeys(
        ("share", "bare", "web9")
    )
    assert (found["share"]["facts"]["dump_directory"]["local"], found["web9"]["verdict"]) == (False, "unreachable")
    assert "trouble" in found["bare"]


def test_what_the_dumps_playbook_writes_of_one_dump(tmp_path: Path) -> None:
    interpreter = {"ansible_python_interpreter": answering(tmp_path, "debian12-crash-nfs")}
    path = written(tmp_path / "a dump's directory/vmcore", vmcores.elf())
    host = {"ansible_connection": "local", "kdump_dump": path} | interpreter
    (record,) = play("dumps", tmp_path / "hosts.json", {"web1": host})["web1"]["vmcores"]
    assert (record["path"], record["complete"], record["panic"]) == (path, True, None)
