"""A look at a fleet in one process gives what Ansible's own processes give, whatever befalls a host."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kdump_enabler.fleet import asking
from kdump_enabler.fleet.asking import Turn
from tests.test_result_schema import answering, play

LOCAL = {"ansible_connection": "local"}
MACHINES = ("debian12-ready", "debian12-pending", "debian12-masked", "almalinux8-ready", "arch-tools-only", "amazon2")
WITH_TASKS = ("--skip-tags", "nothing")  # which is left to ansible-playbook
SLOW = "exec sleep 600 #"  # as the interpreter: what follows is a comment


class Plays:
    """A watcher that keeps which hosts each play that names its hosts is for, and which of them failed."""

    def __init__(self) -> None:
        self.names: list[set[str]] = []
        self.failed: list[str] = []

    def __call__(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "play" and "names" in event:
            self.names.append(set(event["names"]))
        elif event["event"] in ("failed", "unreachable"):
            self.failed.append(event["host"])


@pytest.fixture
def hosts(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """A mixed fleet: recorded machines, and hosts with which something is wrong."""
    recorded = {name: {**LOCAL, "ansible_python_interpreter": answering(tmp_path, name)} for name in MACHINES}
    templated = {**recorded["debian12-pending"], "size": 256, "kdump_crashkernel": "{{ size }}M"}
    return {
        **recorded,
        "templated": templated,
        "refused": {"ansible_host": "127.0.0.1", "ansible_port": 1},
        "no-python": {**LOCAL, "ansible_python_interpreter": "/no/python"},
        "wrong": {**LOCAL, "kdump_crashkernel": "on fire"},
        "slow": {**LOCAL, "ansible_python_interpreter": SLOW, "kdump_host_timeout": 1},
    }


def test_it_finds_what_ansible_finds(tmp_path: Path, hosts: dict[str, dict[str, Any]]) -> None:
    hosts["hasty"] = {**hosts["debian12-ready"], "kdump_host_timeout": "2m"}
    found = play("check", tmp_path / "hosts.json", hosts)
    assert found == play("check", tmp_path / "hosts.json", hosts, *WITH_TASKS)
    assert list(found) == list(hosts)
    assert {name: found[name]["verdict"] for name in ("refused", "debian12-pending")} == {
        "refused": "unreachable",
        "debian12-pending": "reboot-pending",
    }
    troubles = {name: one["trouble"]["kind"] for name, one in found.items() if "trouble" in one}
    assert troubles == {"no-python": "no_python", "wrong": "policy", "hasty": "policy", "slow": "no_answer"}
    assert found["hasty"]["trouble"]["sentence"] == "kdump_host_timeout: '2m' is no number of seconds"


def test_a_change_goes_on_with_the_hosts_that_need_one(tmp_path: Path, hosts: dict[str, dict[str, Any]]) -> None:
    """As a dry run: these hosts are this machine."""
    plays, alone = Plays(), Plays()
    del hosts["slow"], hosts["arch-tools-only"]
    found = play("enable", tmp_path / "hosts.json", hosts, "--check", watch=plays)
    assert found == play("enable", tmp_path / "hosts.json", hosts, "--check", *WITH_TASKS, watch=alone)
    assert list(found) == list(hosts)
    assert plays.names == [set(hosts), {"templated", "refused", "no-python", "wrong"}]
    assert sorted(plays.failed) == sorted(alone.failed), "each is told once"


def test_a_change_goes_on_with_one_host(tmp_path: Path, hosts: dict[str, dict[str, Any]]) -> None:
    some = {name: hosts[name] for name in ("debian12-ready", "wrong")}
    found = play("enable", tmp_path / "hosts.json", some, "--check")
    assert found == play("enable", tmp_path / "hosts.json", some, "--check", *WITH_TASKS)
    assert found["wrong"]["trouble"]["kind"] == "policy"


def test_hosts_that_are_as_they_should_be_are_done_after_the_look(
    tmp_path: Path, hosts: dict[str, dict[str, Any]]
) -> None:
    ready = {name: hosts[name] for name in ("debian12-ready", "almalinux8-ready")}
    plays = Plays()
    found = play("enable", tmp_path / "hosts.json", ready, watch=plays)
    assert {name: one["verdict"] for name, one in found.items()} == dict.fromkeys(ready, "ready")
    assert plays.names == [set(ready)]


def test_it_is_one_process(tmp_path: Path) -> None:
    """The interpreters tell who started them: here, and with a worker for each host."""
    asked = tmp_path / "asked"
    told = f"echo $(ps -o ppid= -p $PPID) >> {asked}; exit 1 #"
    hosts = {f"web{number}": {**LOCAL, "ansible_python_interpreter": told} for number in range(4)}
    play("check", tmp_path / "hosts.json", hosts)
    assert len(asked.read_text().split()) == len(hosts)
    assert len(set(asked.read_text().split())) == 1
    asked.unlink()
    play("check", tmp_path / "hosts.json", hosts, *WITH_TASKS)
    assert len(set(asked.read_text().split())) == len(hosts)


def test_a_host_that_no_word_of_ansible_can_be_made_of_is_trouble(tmp_path: Path) -> None:
    (found,) = play("check", tmp_path / "hosts.json", {"web1": {"ansible_host": "{{ nowhere }}"}}).values()
    assert "'nowhere' is undefined" in found["trouble"]["sentence"]
    assert found["exit_code"] == 2, "nothing could be seen"


def test_a_host_that_says_nothing_was_not_reached(tmp_path: Path) -> None:
    """Not even the beginning of SSH: that time-out is no word of the host."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = {"ansible_host": "127.0.0.1", "ansible_port": silent.getsockname()[1], "kdump_host_timeout": 1}
        for words in ((), WITH_TASKS):
            (found,) = play("check", tmp_path / "hosts.json", {"silent": host}, *words).values()
            assert found["verdict"] == "unreachable"
            assert found["reason"].startswith("it did not answer within 1 seconds; see whether it is up")


@pytest.mark.parametrize("command", [("check",), ("enable", "--dry-run")], ids=" ".join)
def test_ctrl_c_gives_what_was_found_and_ends_what_waits(tmp_path: Path, command: tuple[str, ...]) -> None:
    hosts = {
        "quick": {**LOCAL, "ansible_python_interpreter": answering(tmp_path, "debian12-ready")},
        "slow": {**LOCAL, "ansible_python_interpreter": f"echo $$ > {tmp_path}/waits; {SLOW}"},
    }
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    words = ["-i", str(tmp_path / "hosts.json"), "--format", "json", "--", "--forks", "1", "-e", "kdump_become=false"]
    argv = [sys.executable, "-m", "kdump_enabler", *command, *words]
    # A shell starts what is in the background with SIGINT ignored, which is inherited, unless somebody handles it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "waits").exists():  # the other one was first
        assert time.monotonic() < deadline, "it was not asked"
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    result = json.loads(output)
    assert result["cut_off"] == {"why": "Interrupted", "hosts": 2, "answered": 1}
    assert {host["host"]: host["verdict"] for host in result["hosts"]} == {"quick": "ready", "slow": "unknown"}
    assert process.returncode == 2
    while Path("/proc", (tmp_path / "waits").read_text().strip()).exists():
        assert time.monotonic() < deadline, "it goes on"
        time.sleep(0.1)


def test_one_thread_works_at_a_time_while_all_wait() -> None:
    turn, working, together, waits = Turn(), [0], [0], threading.Barrier(3, timeout=30)

    def work() -> None:
        with turn:
            working[0] += 1
            together[0] = max(together[0], working[0])
            working[0] -= 1
            with turn.away():
                waits.wait()  # for all three, which no two could do with the turn held

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert together == [1]
    assert not waits.broken


@pytest.mark.parametrize(
    ("settings", "options", "ours"),
    [
        ({}, {}, True),
        ({}, {"step": True}, False),
        ({}, {"tags": ["some"]}, False),
        ({"CALLBACKS_ENABLED": ["profile_tasks"]}, {}, False),
        ({"TASK_TIMEOUT": 5}, {}, False),
        ({"DEFAULT_STRATEGY": "free"}, {}, False),
        ({}, {"become_ask_pass": True}, True),
        ({}, {"become_ask_pass": True, "args": ["kdump.enabler.enable"]}, False),
        ({"DEFAULT_VAULT_PASSWORD_FILE": "/vault"}, {"args": ["kdump.enabler.enable"]}, False),
        ({}, {"args": ["kdump.enabler.enable"]}, True),
    ],
)
def test_what_is_left_to_ansible(settings: dict[str, Any], options: dict[str, Any], ours: bool) -> None:
    constants = SimpleNamespace(CALLBACKS_ENABLED=[], TASK_TIMEOUT=0, DEFAULT_STRATEGY="linear")
    constants.DEFAULT_VAULT_PASSWORD_FILE, constants.DEFAULT_VAULT_IDENTITY_LIST = None, []
    vars(constants).update(settings)
    given = {"tags": ["all"], "step": False, "args": ["kdump.enabler.check"]} | options
    assert asking._is_for_us(constants, given) is ours
