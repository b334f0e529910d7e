"""How a playbook is run: with the collection of this package, whatever else is installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler.fleet import playbook, starting
from kdump_enabler.fleet.reaching import BROKE
from kdump_enabler.report import document
from kdump_enabler.report.document import LOST
from kdump_enabler.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]


def test_the_collection_of_this_package_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", "/elsewhere")
    first, *others = starting.environment()["ANSIBLE_COLLECTIONS_PATH"].split(":")
    assert (Path(first) / "ansible_collections/kdump/enabler/playbooks/enable.yml").samefile(
        ROOT / "playbooks/enable.yml"
    )
    assert others == ["/elsewhere"]


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ([], "it printed nothing"),
        (["PLAY", "[ERROR]: the playbook could not be found"], "the playbook could not be found"),
        (["failed on web1: no such type", "ERROR! later"], "web1: no such type"),
    ],
)
def test_the_reason_of_a_run_without_a_result(output: list[str], reason: str) -> None:
    assert playbook._last_words(output) == f"Ansible ended without a result: {reason}"


def test_a_host_that_was_lost_says_at_which_step() -> None:
    seen = playbook.Seen()
    seen({"event": "play", "names": ["web1", "web2"]})
    seen({"event": "play", "names": ["localhost"]})
    message = 'Task failed: Data could not be sent to remote host "web1". Make sure this host can be reached over ssh: '
    seen({"event": "unreachable", "host": "web1", "task": "kdump.enabler.crashkernel : Write", "message": message})
    result = {"hosts": [{"host": "web1", "reason": LOST}, {"host": "web2", "reason": LOST}]}
    lost, other = playbook._with_reasons(result, seen)["hosts"]
    assert lost["reason"].startswith(f"it was lost at the step `Write` ({BROKE}); run the same again")
    assert other["reason"] == LOST
    assert seen.names == ["web1", "web2"]


@pytest.mark.parametrize(
    ("name", "words", "changed"),
    [("enable", (), ["web2"]), ("check", (), None), ("enable", ("--check",), None)],
)
def test_a_result_says_which_hosts_were_changed(name: str, words: tuple[str, ...], changed: list[str] | None) -> None:
    seen = playbook.Seen()
    for host, did in (("web1", False), ("web2", True), ("localhost", True)):
        seen({"event": "ok", "host": host, "task": "Set SysRq", "changed": did})
    seen({"event": "failed", "host": "web1", "task": "Set SysRq", "changed": True})
    result = document.document(document.nobody(host, Verdict.UNKNOWN, "x") for host in ("web1", "web2"))
    what = playbook.Run(name, "hosts.yml", {}, words)
    assert playbook._with_changes(result, what, seen.changed).get("changed") == changed


def test_a_line_that_was_cut_is_no_event() -> None:
    assert playbook._event('{"event": "ok", "host": "we') is None
    assert playbook._event("PLAY RECAP") is None
    assert playbook._event('{"event": "ok", "host": "web1"}') == {"event": "ok", "host": "web1"}


INVENTORY = """
all:
  vars: {ansible_connection: local, ansible_python_interpreter: /usr/bin/env python3, kdump_become: false}
  hosts:
    templated:
      half: 15
      kdump_sysctls: {kernel.panic: "{{ half * 2 }}", kernel.panic_on_oops: 0}
    wrong:
      kdump_sysrq: "on fire"
"""


def test_what_the_inventory_and_the_command_line_state(tmp_path: Path) -> None:
    """Through Ansible itself, looking at this machine: templated values arrive as what they are, --policy comes over
    the inventory key by key, and a value that cannot be meant is the trouble of its host alone."""
    inventory, policy = tmp_path / "hosts.yml", tmp_path / "fleet.yml"
    inventory.write_text(INVENTORY, encoding="utf-8")
    policy.write_text("kdump_sysctls: {kernel.panic_on_oops: 1}\nkdump_sysrq: 1\n", encoding="utf-8")
    hosts = checked("-i", inventory, "--policy", policy)
    stated = {one["key"]: (one["value"], one["source"]) for one in hosts["templated"]["policy"]}
    assert stated["kdump_sysctls.kernel.panic"] == (30, "inventory")
    assert stated["kdump_sysctls.kernel.panic_on_oops"] == (1, f"{policy}:1")
    assert stated["kdump_sysrq"] == (1, f"{policy}:2")
    assert stated["kdump_crashkernel"] == ("auto", "default")
    assert "trouble" not in hosts["wrong"]  # --policy overrules what is wrong there
    hosts = checked("-i", inventory)
    assert hosts["wrong"]["trouble"]["sentence"].startswith("kdump_sysrq: 'on fire'")
    assert "trouble" not in hosts["templated"]


NAMES = """
- hosts: all
  gather_facts: false
  serial: 1
  tasks:
    - kdump.enabler.audit:
      register: seen
    - ansible.builtin.debug: {msg: "{{ seen.run }}"}
    - ansible.builtin.command: sleep 1.1
"""


def test_a_run_has_one_name_on_all_its_hosts(tmp_path: Path) -> None:
    """So that a fleet can be led back by the name of a set, although hosts come one after the other."""
    play = tmp_path / "names.yml"
    play.write_text(NAMES, encoding="utf-8")
    where = ["-i", "one,two,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
    command = [str(Path(sys.executable).with_name("ansible-playbook")), *where, str(play)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=starting.environment())
    events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"event": "ok"')]
    names = [event["message"] for event in events if re.fullmatch(r"\d{8}T\d{6}Z", event["message"])]
    assert len(names) == 2, done.stdout + done.stderr
    assert len(set(names)) == 1


def checked(*words: str | Path) -> dict[str, dict[str, Any]]:
    """The hosts of a check by their names."""
    argv = [sys.executable, "-m", "kdump_enabler", "check", "--format", "json", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return {host["host"]: host for host in json.loads(done.stdout)["hosts"]}
