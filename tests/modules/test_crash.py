"""kdump.enabler.crash, with files instead of the kernel's: what it keeps, says, and presses."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.modules.module_runner import Call


def crash(call: Call, folder: Path, **more: Any) -> dict[str, Any]:
    (folder / "kmsg").touch()
    paths: dict[str, Any] = {
        "root": str(folder / "state"),
        "kernel_log": str(folder / "kmsg"),
        "sysrq_trigger": str(folder / "key"),
    }
    return call("crash", id="5f1c0a9e", note={"begun_at": "now"}, **paths, **more)


def test_the_note_is_kept_and_the_key_pressed_afterwards(call: Call, tmp_path: Path) -> None:
    found = crash(call, tmp_path)
    assert not (tmp_path / "key").exists(), "the answer comes first"
    assert (tmp_path / "kmsg").read_text() == "<1>kdump-enabler: crash on purpose, 5f1c0a9e\n"
    kept = json.loads((tmp_path / "state/proof.json").read_text())
    assert kept == found["note"]
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    assert (kept["id"], kept["begun_at"], kept["boot_id"], kept["outcome"]) == ("5f1c0a9e", "now", boot_id, None)
    deadline = time.monotonic() + 20
    while not (tmp_path / "key").exists() or (tmp_path / "key").read_text() != "c":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def watched(call: Call, folder: Path) -> Path:
    """A crash whose capture kernel is watched; the directory of units."""
    units = folder / "units"
    assert not crash(call, folder, trigger="none", watch="kdump-tools-dump.service", units=str(units)).get("failed")
    return units


def test_the_memory_of_the_capture_kernel_is_watched_until_the_proof_is_kept(call: Call, tmp_path: Path) -> None:
    """A shell runs what the unit would; nothing of it, and nothing that it wrote, is left afterwards."""
    units, memory = watched(call, tmp_path), tmp_path / "state/capture-memory"
    (link,) = units.glob("kdump-tools-dump.service.wants/*")
    assert link.resolve() == units / link.name
    line = re.search(r"^ExecStart=/bin/sh -c '(.*)'$", link.read_text(), re.MULTILINE | re.DOTALL)
    assert line is not None
    script = line[1].replace("\\\n", " ").replace("$$", "$")
    with subprocess.Popen(["/bin/sh", "-c", script]) as shell:
        time.sleep(2)
        shell.kill()
    identifier, total, least = memory.read_text().splitlines()[-1].split()
    meminfo = Path("/proc/meminfo").read_text(encoding="ascii")
    assert (identifier, re.findall(r"MemTotal: *(\d+)", meminfo)) == ("5f1c0a9e", [total])
    assert 0 < int(least) < int(total)
    note = json.loads((tmp_path / "state/proof.json").read_text())
    assert not call("keep_proof", note=note, root=str(tmp_path / "state"), units=str(units)).get("failed")
    assert (list(units.iterdir()), memory.exists()) == ([], False)


def test_what_a_killed_proof_left_is_not_taken_for_the_next(call: Call, tmp_path: Path) -> None:
    memory = tmp_path / "state/capture-memory"
    memory.parent.mkdir()
    memory.write_text("5f1c0a9e 1 1\n")
    units = watched(call, tmp_path)
    assert not memory.exists()
    (units / "kdump-tools-dump.service.wants/other.service").touch()
    call("keep_proof", note={}, root=str(memory.parent), units=str(units))
    assert [path.name for path in units.rglob("*")] == ["kdump-tools-dump.service.wants", "other.service"]


def test_a_host_that_cannot_be_watched_is_crashed_all_the_same(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = crash(call, tmp_path, trigger="none", watch="kdump-tools-dump.service", units=str(tmp_path / "file/units"))
    assert (found["note"]["id"], "failed" in found) == ("5f1c0a9e", False)


def test_somebody_else_panics_it(call: Call, tmp_path: Path) -> None:
    crash(call, tmp_path, trigger="none")
    time.sleep(3)
    assert not (tmp_path / "key").exists()


def test_check_mode_and_a_cpu_that_is_not_there_do_nothing(call: Call, tmp_path: Path) -> None:
    assert crash(call, tmp_path, check=True)["changed"]
    refused = crash(call, tmp_path, cpu=4095)
    assert (refused["kind"], refused["failed"]) == ("bad_arguments", True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kmsg"]
    assert (tmp_path / "kmsg").read_text() == ""
