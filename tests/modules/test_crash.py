"""kdump.enabler.crash, with files instead of the kernel's: what it keeps, says, and presses."""

from __future__ import annotations

import json
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
