"""kdump.enabler.run: one run at a time on a host, and a killed one is known to the next."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.modules.module_runner import Call, tree

ONE, TWO = "20250101T000000Z", "20250102T000000Z"


def begin(call: Call, root: Path, run: str = ONE, **more: Any) -> dict[str, Any]:
    return call("run", state="begun", run=run, root=str(root), **{"grub_cfg": str(root / "grub.cfg"), **more})


def noted(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "run.json").read_text(encoding="utf-8"))
    return found


def test_a_run_is_noted_until_it_ends(call: Call, tmp_path: Path) -> None:
    root = tmp_path / "state"
    assert begin(call, root, goal="disable", controller={"pid": 1})["changed"] is False
    note = noted(root)
    assert (note["run"], note["goal"], note["controller"]) == (ONE, "disable", {"pid": 1})
    assert note["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    assert stat.S_IMODE((root / "run.json").stat().st_mode) == 0o644
    call("run", state="ended", run=ONE, root=str(root))
    assert not (root / "run.json").exists()


def test_a_second_run_is_refused(call: Call, tmp_path: Path) -> None:
    begin(call, tmp_path)
    refused = begin(call, tmp_path, TWO)
    assert (refused["kind"], noted(tmp_path)["run"]) == ("running", ONE)
    assert ONE in refused["msg"]
    call("run", state="ended", run=TWO, root=str(tmp_path))
    assert noted(tmp_path)["run"] == ONE, "the end of another run does not end it"


HELD = """
import fcntl, sys
stream = open(sys.argv[1], "w")
fcntl.lockf(stream, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


def test_no_run_begins_while_the_process_lives_that_zypps_file_names(call: Call, tmp_path: Path) -> None:
    """It is left there when zypper ends."""
    lock, root = tmp_path / "zypp.pid", tmp_path / "state"
    asked: dict[str, Any] = {"package_lock_timeout": 1, "package_locks": [str(lock)]}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as zypper:
        lock.write_text(f"{zypper.pid}\n", encoding="ascii")
        refused = begin(call, root, **asked)
        zypper.communicate(b"\n")
    assert (refused["kind"], str(zypper.pid) in refused["msg"]) == ("packages_busy", True)
    assert not (root / "run.json").exists()
    assert begin(call, root, **asked)["changed"] is False
    call("run", state="ended", run=ONE, root=str(root))
    lock.write_text("", encoding="ascii")
    assert begin(call, root, **asked)["changed"] is False


def test_no_run_begins_while_packages_are_installed(call: Call, tmp_path: Path) -> None:
    """Also by what a killed run left at work."""
    lock, root = tmp_path / "lock", tmp_path / "state"
    asked: dict[str, Any] = {"package_lock_timeout": 2, "package_locks": [str(tmp_path / "none"), str(lock)]}
    with subprocess.Popen(
        [sys.executable, "-c", HELD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        refused = begin(call, root, **asked)
        other.communicate("")
    assert (refused["kind"], refused["paths"]) == ("packages_busy", [str(lock)])
    assert f"(process {other.pid}) is installing packages" in refused["msg"]
    assert not root.exists()
    assert "kind" not in begin(call, root, **asked)


@pytest.mark.parametrize("spoil", [{"boot_id": "an earlier boot"}, {"until": 1}])
def test_a_run_that_is_over_is_taken_over(call: Call, tmp_path: Path, spoil: dict[str, Any]) -> None:
    begin(call, tmp_path)
    (tmp_path / "run.json").write_text(json.dumps({**noted(tmp_path), **spoil}), encoding="utf-8")
    killed = begin(call, tmp_path, TWO)["killed"]
    assert (killed["run"], killed["goal"]) == (ONE, "enable")
    assert noted(tmp_path)["run"] == TWO


def test_a_run_that_is_known_to_be_dead_is_taken_over(call: Call, tmp_path: Path) -> None:
    begin(call, tmp_path)
    assert begin(call, tmp_path, TWO, instead_of="another")["kind"] == "running"
    assert "kind" not in begin(call, tmp_path, TWO, instead_of=ONE)


def test_what_a_killed_run_left_beside_grub_cfg_goes(call: Call, tmp_path: Path) -> None:
    grub = tmp_path / "grub"
    grub.mkdir()
    (tmp_path / "grub.cfg").symlink_to(grub / "grub.cfg")
    kept = ["grub.cfg", "grubenv", ".grub.cfg.theirs"]
    for name in [*kept, ".grub.cfg.kdump-enabler.abc", ".grub.cfg.kdump-enabler.abc.new"]:
        (grub / name).touch()
    begin(call, tmp_path)
    assert len(list(grub.iterdir())) == 5, "it may be the run that is under way"
    begin(call, tmp_path, TWO, instead_of=ONE)
    assert sorted(path.name for path in grub.iterdir()) == sorted(kept)


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00\x00"])
def test_a_note_that_nobody_can_read(call: Call, tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    assert "kind" not in begin(call, tmp_path)
    (tmp_path / "run.json").write_text(text, encoding="utf-8")
    call("run", state="ended", run=ONE, root=str(tmp_path))
    assert not (tmp_path / "run.json").exists()


def test_of_two_at_once_one_begins(call: Call, tmp_path: Path) -> None:
    results: list[dict[str, Any]] = []
    names = [f"2025010{day}T000000Z" for day in range(1, 5)]
    threads = [threading.Thread(target=lambda name=name: results.append(begin(call, tmp_path, name))) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.get("kind") for result in results].count("running") == len(names) - 1


def test_old_sets_go_but_never_the_first(call: Call, tmp_path: Path) -> None:
    names = [f"202501{day:02}T000000Z" for day in range(1, 8)]
    for name in names:
        (tmp_path / "backups" / name).mkdir(parents=True)
        (tmp_path / "backups" / name / "manifest.json").write_text("{}", encoding="utf-8")
    (tmp_path / "backups/20250109T000000Z/files").mkdir(parents=True)
    result = call("run", state="ended", run=ONE, root=str(tmp_path), keep=3)
    assert result["removed"] == names[1:4]
    assert sorted(path.name for path in (tmp_path / "backups").iterdir()) == [names[0], *names[4:]]
    before = tree(tmp_path)
    assert call("run", state="ended", run=ONE, root=str(tmp_path), keep=0)["removed"] == []
    assert tree(tmp_path) == before


def test_check_mode_writes_nothing(call: Call, tmp_path: Path) -> None:
    begin(call, tmp_path / "state", check=True)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("section", "kept"), [("packages", False), ("files", True), ("settings", True), ("units", True)]
)
def test_a_set_with_nothing_to_give_back_is_forgotten(call: Call, tmp_path: Path, section: str, kept: bool) -> None:
    place = tmp_path / "backups" / ONE
    place.mkdir(parents=True)
    manifest = {"schema": "kdump-enabler/backup/1", "files": [], "packages": [], section: {"x": {}}}
    (place / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    call("run", state="ended", run=ONE, root=str(tmp_path))
    assert place.exists()
    result = call("run", state="ended", run=ONE, root=str(tmp_path), forget=True)
    assert (place.exists(), result["removed"]) == (kept, [] if kept else [ONE])
