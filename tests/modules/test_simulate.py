"""The module that makes trouble: every step of it but the trouble, which the system tests make in a virtual machine."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.kdump.enabler.plugins.modules import simulate as module

from kdump_enabler.crash import simulated
from kdump_enabler.vmcore.log_files import PROOF

from .module_runner import Call

MODULE = {"how": "module", "parameters": ["kind=oops", "seconds=0"], "cpu": None, "seconds": 0}
SOURCE = {"Kbuild": "obj-m := kdump_simulate.o\n", "kdump_simulate.c": "/* no code */\n"}
BUILDS = """#!/bin/sh
for word; do case $word in M=*) cp "${word#M=}/kdump_simulate.c" "${word#M=}/kdump_simulate.ko";; esac; done
"""
FAILS = """#!/bin/sh
echo 'make[1]: Entering directory'
echo 'make: *** /lib/modules/x/build: No such file or directory.  Stop.'
exit 2
"""
LOADS = """#!/bin/sh
cat "$1" > {seen}
shift
echo "$@" >> {seen}
echo 'insmod: ERROR: could not insert module: {error}' >&2
exit 1
"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A directory for tools that come first on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def script(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def simulate(call: Call, folder: Path, state: str, **more: Any) -> dict[str, Any]:
    """Run the module; everything it touches is below the folder."""
    for name in ("place", "state"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "kmsg").touch()
    places: dict[str, Any] = {
        "root": str(folder / "state"),
        "place": str(folder / "place"),
        "kernel_log": str(folder / "kmsg"),
        "sysrq_trigger": str(folder / "key"),
    }
    return call("simulate", state=state, **{**places, "path_first": str(folder / "bin"), **more})


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"no {path}"
        time.sleep(0.1)


def begun(call: Call, tmp_path: Path, trigger: dict[str, Any]) -> Path:
    """The directory of a simulation that is over."""
    found = simulate(call, tmp_path, "prepared", trigger=trigger, source=SOURCE)
    directory = Path(found["directory"])
    simulate(
        call, tmp_path, "begun", trigger=trigger, directory=str(directory), id="5f1c0a9e", note={"begun_at": "now"}
    )
    wait_for(directory / "ended")
    return directory


def test_it_is_built_loaded_and_removed(call: Call, tmp_path: Path, tools: Path) -> None:
    script(tools / "make", BUILDS)
    script(tools / "insmod", LOADS.format(seen=tmp_path / "seen", error="Resource temporarily unavailable"))
    directory = begun(call, tmp_path, MODULE)
    assert directory.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in directory.iterdir()] == ["ended"], "also where nobody comes to remove it"
    assert (tmp_path / "seen").read_text() == "/* no code */\nkind=oops seconds=0\n"
    assert simulate(call, tmp_path, "removed", directory=str(directory))["said"] == ""
    assert list((tmp_path / "place").iterdir()) == []


def test_what_the_loader_says_is_told(call: Call, tmp_path: Path, tools: Path) -> None:
    script(tools / "make", BUILDS)
    script(tools / "insmod", LOADS.format(seen=tmp_path / "seen", error="Key was rejected by service"))
    directory = begun(call, tmp_path, MODULE)
    said = simulate(call, tmp_path, "removed", directory=str(directory))["said"]
    assert "Key was rejected by service" in said


def test_a_build_that_fails_leaves_nothing(call: Call, tmp_path: Path, tools: Path) -> None:
    script(tools / "make", FAILS)
    found = simulate(call, tmp_path, "prepared", trigger=MODULE, source=SOURCE)
    assert (found["failed"], found["kind"]) == (True, "build")
    assert "No such file or directory" in found["msg"]
    assert list((tmp_path / "place").iterdir()) == []


def test_the_note_and_the_marks_in_the_log(call: Call, tmp_path: Path) -> None:
    """The note leaves the proof alone; the marks are those by which dumps and logs are read."""
    sysrq: dict[str, Any] = {"how": "sysrq", "parameters": [], "cpu": None, "seconds": 0}
    begun(call, tmp_path, sysrq)
    assert (tmp_path / "key").read_text() == "c"
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["simulation.json"]
    note = json.loads((tmp_path / "state/simulation.json").read_text())
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    assert (note["id"], note["begun_at"], note["boot_id"], note["outcome"]) == ("5f1c0a9e", "now", boot_id, None)
    # An ordinary file keeps the second line alone: each write to the kernel's own is a message.
    (line,) = (tmp_path / "kmsg").read_text().splitlines()
    assert simulated.BEGINS in line
    assert line.endswith("5f1c0a9e")


def test_the_first_mark_makes_dumps_known_as_on_purpose() -> None:
    match = PROOF.match(module.LOG_LINE.format("5f1c0a9e").strip().removeprefix("<1>"))
    assert match is not None
    assert match[1] == "5f1c0a9e"


def test_only_a_directory_of_its_own_is_removed(call: Call, tmp_path: Path) -> None:
    for wrong in (str(tmp_path), "", f"{tmp_path}/place/kdump-enabler-simulate-x/../../state"):
        found = simulate(call, tmp_path, "removed", directory=wrong)
        assert (found["failed"], found["kind"]) == (True, "bad_arguments")
    assert (tmp_path / "state").is_dir()


def test_check_mode_does_nothing(call: Call, tmp_path: Path) -> None:
    simulate(call, tmp_path, "prepared", trigger=MODULE, source=SOURCE, check=True)
    assert simulate(call, tmp_path, "begun", trigger=MODULE, check=True)["changed"]
    assert list((tmp_path / "place").iterdir()) == []
    assert (tmp_path / "kmsg").read_text() == ""
