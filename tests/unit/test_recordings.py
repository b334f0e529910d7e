"""Evidence that is kept and judged again."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from kdump_enabler import commands, recordings
from tests.hosts import machines
from tests.test_result_schema import answering, play


def test_a_fleet_is_judged_again_offline_as_it_was(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    python = answering(tmp_path, "debian12-masked")
    own = {"ansible_connection": "local", "ansible_python_interpreter": python}
    live = play("check", tmp_path / "hosts.json", {"web1": own, "a/b": own}, "-e", f"kdump_evidence_directory={kept}")
    again = {host["host"]: host for host in commands.look_here(given=[str(kept)])["hosts"]}
    assert {name: (host["verdict"], host["findings"]) for name, host in again.items()} == {
        name: (host["verdict"], host["findings"]) for name, host in live.items()
    }


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    recordings.keep(tmp_path / "new", "../web1", "{}")
    (file,) = (tmp_path / "new").iterdir()
    assert file.name == "..%2Fweb1.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_single_file_is_named_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"schema": 1} | machines.load("debian12-ready")))
    assert [one.host for one in recordings.recorded([str(path)])] == [str(path)]
    assert [host["verdict"] for host in commands.look_here(given=[str(path)])["hosts"]] == ["ready"]
