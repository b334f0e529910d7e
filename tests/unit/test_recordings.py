"""Evidence that is kept and judged again."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from kdump_enabler import commands
from kdump_enabler.errors import UserError
from kdump_enabler.recorded import recordings
from tests.hosts import machines
from tests.result_schema import keeps_to_the_schema
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
    assert list(recordings.named([str(path)])) == [str(path)]
    assert [host["verdict"] for host in commands.look_here(given=[str(path)])["hosts"]] == ["ready"]


def test_one_bad_recording_among_many_is_a_row(tmp_path: Path) -> None:
    """The others are judged; no name of a host is made up for what could not be read."""
    good, cut, gone, other = (tmp_path / name for name in ("good.json", "cut.json", "web1.tar.xz", "policy.json"))
    good.write_text(json.dumps(machines.load("debian12-ready")))
    cut.write_text(good.read_text()[:-100])
    gone.write_bytes(b"no archive")
    raw = machines.load("debian12-ready")
    machines.write(raw, "/etc/kdump-enabler/policy.yml", "kdump_crashkernel: lots\n")
    other.write_text(json.dumps(raw))
    paths = [str(path) for path in (cut, good, gone, other)]
    result = commands.look_here(given=paths)
    keeps_to_the_schema(result)
    rows = {host["host"]: (host["verdict"], host["exit_code"]) for host in result["hosts"]}
    assert rows == dict.fromkeys(paths, ("unknown", 2)) | {str(good): ("ready", 0)}
    said = {host["host"]: host["reason"] for host in result["hosts"]}
    assert "is not the probe's JSON" in said[str(cut)]
    assert "could not be read as an archive" in said[str(gone)]
    assert "policy.yml, line 1" in said[str(other)]


def test_nothing_but_bad_recordings_is_an_error(tmp_path: Path) -> None:
    bad = [tmp_path / name for name in ("a.json", "b.json")]
    for path in bad:
        path.write_text("{}")
    with pytest.raises(UserError, match=r"a\.json is not evidence"):
        commands.look_here(given=[str(path) for path in bad])
