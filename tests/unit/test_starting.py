"""What is started before the command line is understood, and what becomes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kdump_enabler.fleet import starting


@pytest.fixture(autouse=True)
def nothing_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "_begun", [])


@pytest.mark.parametrize(
    "words",
    [
        ["check", "-i", "hosts.yml"],
        ["check", "--become", "--inventory=hosts.yml"],
        ["enable", "-ihosts.yml", "-y"],
    ],
    ids=" ".join,
)
def test_what_is_for_a_fleet_begins_at_once(words: list[str]) -> None:
    starting.begin(words)
    ((process, _),) = starting._begun
    begun = process.pid
    asked = starting.asking(["/bin/sh", "kdump.enabler.check", "--no-such-option"])
    assert asked.pid == begun
    output, _ = asked.communicate(timeout=60)
    assert "unrecognized arguments: --no-such-option" in output
    assert asked.returncode == 2


@pytest.mark.parametrize(
    "words",
    [[], ["check"], ["-h"], ["dumps", "list", "-i", "hosts.yml"], ["rollback", "-i", "hosts.yml"]],
    ids=" ".join,
)
def test_nothing_else_does(words: list[str]) -> None:
    starting.begin(words)
    assert starting._begun == []


def test_what_nobody_needed_ends_without_a_word() -> None:
    """Here its command was refused, and the process that began it is gone."""
    program = (
        "import sys; from kdump_enabler.fleet import starting; starting.begin(['check', '-i', 'x']);"
        "print(starting._begun[0][0].pid, flush=True); process, words = starting._begun.pop();"
        "import os; os.close(words); print(repr(process.communicate(timeout=60)[0]), process.returncode)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "'' 0"


def test_a_usage_error_is_told_at_once() -> None:
    argv = [sys.executable, "-m", "kdump_enabler", "check", "-i", "nowhere.yml", "--no-such-option"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("kdump-enabler: No such option")
    assert done.stdout == ""


def test_nothing_of_the_working_directory_is_run(tmp_path: Path) -> None:
    """Neither here nor by the Python of the host, which is this machine; anybody may have put it there."""
    for name in ("json", "queue", "yaml", "kdump_enabler"):
        (tmp_path / f"{name}.py").write_text("open('was-run', 'w')\n", encoding="utf-8")
    argv = [str(Path(sys.executable).with_name("kdump-enabler")), "check", "-i", "localhost,", "--format", "json"]
    words = ["--", "-c", "local", "-e", "kdump_become=false"]
    done = subprocess.run([*argv, *words], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert json.loads(done.stdout)["hosts"][0]["facts"] is not None
    assert not (tmp_path / "was-run").exists()


def test_progress_that_nobody_can_read_ends_no_run(tmp_path: Path) -> None:
    hosts = {"localhost": {"ansible_connection": "local"}, "refused": {"ansible_host": "127.0.0.1", "ansible_port": 1}}
    inventory, output = tmp_path / "hosts.json", tmp_path / "result.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    argv = [sys.executable, "-m", "kdump_enabler", "check", "-i", str(inventory), "--format", "json", "-o", str(output)]
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        subprocess.run(argv, stderr=full, check=False, timeout=60)
    verdicts = {host["host"]: host["verdict"] for host in json.loads(output.read_text(encoding="utf-8"))["hosts"]}
    assert verdicts["refused"] == "unreachable"
    assert set(verdicts) == set(hosts)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text("a: b: c\n", encoding="utf-8")
    (tmp_path / "hosts").write_text("web1 ansible_connection=local\n", encoding="utf-8")
    argv = [sys.executable, "-m", "kdump_enabler", "check", "-i", str(tmp_path / "hosts"), "--format", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert f"{tmp_path}/group_vars/all.yml:1:5" in json.loads(done.stdout)["hosts"][0]["trouble"]["sentence"]


def test_what_becomes_ansible_leaves_nothing_behind(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "kdump_enabler", "check", "-i", "localhost,", "--", "-c", "local", "--list-hosts"]
    subprocess.run(argv, capture_output=True, check=False, env={**os.environ, "ANSIBLE_LOCAL_TEMP": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []
