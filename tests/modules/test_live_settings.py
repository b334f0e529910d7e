"""kdump.enabler.live_settings: writes what differs, and says the same in check mode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.modules.module_runner import Call

NO_LOG = "import syslog; syslog.syslog = lambda *words: None"


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    """Return a directory with two settings of a kernel."""
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel/panic").write_text("0\n")
    (tmp_path / "kernel/sysrq").write_text("438\n")
    return tmp_path


def test_only_what_differs_is_written(call: Call, kernel: Path) -> None:
    found = call("live_settings", values={"kernel.panic": 10, "kernel.sysrq": 438}, root=str(kernel), prelude=NO_LOG)
    assert (found["changed"], found["before"]) == (True, {"kernel.panic": "0"})
    assert (kernel / "kernel/panic").read_text() == "10\n"
    again = call("live_settings", values={"kernel.panic": 10}, root=str(kernel), prelude=NO_LOG)
    assert (again["changed"], again["diff"]) == (False, [])


def test_check_mode_says_the_same_and_writes_nothing(call: Call, kernel: Path) -> None:
    values = {"kernel.panic": 10, "kernel.sysrq": 446}
    predicted = call("live_settings", values=values, root=str(kernel), check=True)
    assert (kernel / "kernel/sysrq").read_text() == "438\n"
    done = call("live_settings", values=values, root=str(kernel), prelude=NO_LOG)
    assert [predicted[name] for name in ("changed", "before", "diff")] == [
        done[name] for name in ("changed", "before", "diff")
    ]
    assert f"--- {kernel}/kernel/panic\n+++ {kernel}/kernel/panic\n@@ -1 +1 @@\n-0\n+10\n" in [
        one["prepared"] for one in done["diff"]
    ]


def test_a_setting_that_is_not_there_is_a_sentence(call: Call, kernel: Path) -> None:
    found = call("live_settings", values={"kernel.no_such_key": 1}, root=str(kernel), prelude=NO_LOG)
    assert found["failed"]
    assert "kernel/no_such_key could not be changed (No such file or directory)" in found["msg"]


def test_what_the_kernel_had_is_kept_and_given_back(call: Call, kernel: Path, tmp_path: Path) -> None:
    """The first value counts, also when a later run, which changed no file, sets it again; somebody's own stays."""
    options: dict[str, Any] = {"root": str(kernel), "backup_root": str(tmp_path / "backups"), "prelude": NO_LOG}
    call("live_settings", values={"kernel.panic": 10}, backup_set="20250101T000000Z", **options)
    call("live_settings", values={"kernel.panic": 20, "kernel.sysrq": 446}, backup_set="20250102T000000Z", **options)
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["20250101T000000Z"]
    (kernel / "kernel/sysrq").write_text("1\n")
    back = call("restore", backup_root=str(tmp_path / "backups"), settings_root=str(kernel), prelude=NO_LOG)
    assert (back["changed"], back["settings"]) == (True, {"kernel.panic": "0"})
    assert ((kernel / "kernel/panic").read_text(), (kernel / "kernel/sysrq").read_text()) == ("0\n", "1\n")


# What writes kernel.panic is told that the kernel takes no such value.
PICKY = f"""{NO_LOG}
import builtins, errno
real = builtins.open
def picky(path, mode="r", *words, **more):
    if str(path).endswith("kernel/panic") and "w" in mode:
        raise OSError(errno.EINVAL, "Invalid argument")
    return real(path, mode, *words, **more)
builtins.open = picky"""


def test_what_the_kernel_does_not_take_back_hinders_nothing(call: Call, kernel: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"root": str(kernel), "backup_root": str(tmp_path / "backups"), "prelude": NO_LOG}
    call("live_settings", values={"kernel.panic": 10, "kernel.sysrq": 446}, backup_set="20250101T000000Z", **options)
    back = call("restore", backup_root=str(tmp_path / "backups"), settings_root=str(kernel), prelude=PICKY)
    assert not back.get("failed"), back
    assert ((kernel / "kernel/panic").read_text(), (kernel / "kernel/sysrq").read_text()) == ("10\n", "438\n")
