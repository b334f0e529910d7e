"""`kdump-enabler dumps list` and `show`, as a person or a script calls them on files of this machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import vmcores
from tests.result_schema import keeps_to_the_schema
from tests.unit.test_cli import complaint, run
from tests.vmcores import written

LOG = (
    b"[ 1.0] sysrq: Trigger a crash\n[ 1.1] Kernel panic - not syncing: sysrq triggered crash\n[ 1.2] \x1b[31mCPU: 0\n"
)


@pytest.fixture
def crash(tmp_path: Path) -> Path:
    """A dump directory with one dump that is whole."""
    written(tmp_path / "crash/202611201114/dump.202611201114", vmcores.flattened(vmcores.kdump()))
    written(tmp_path / "crash/202611201114/dmesg.202611201114", LOG)
    return tmp_path / "crash"


@pytest.mark.parametrize("words", [["dumps", "list"], ["dumps", "show"]])
def test_help(words: list[str]) -> None:
    found = run(*words, "--help")
    assert (found.returncode, found.stderr) == (0, "")
    assert f"Examples:\n    sudo kdump-enabler {' '.join(words)}" in found.stdout
    assert "Exit status: 0 all is there, 1 a dump is incomplete or missing" in run("dumps", "--help").stdout


def test_list(crash: Path) -> None:
    found = run("dumps", "list", "--directory", crash)
    assert (found.returncode, found.stderr) == (0, "")
    head, _, row, path = found.stdout.splitlines()
    assert head.split("  ")[0] == " crashed (UTC)"
    assert row.split() == ["2026-11-20", "11:14:49", vmcores.RELEASE, "21", "KiB", "complete", "real", "root"]
    assert path == f"   {crash}/202611201114/dump.202611201114"


def test_list_of_what_is_not_whole(crash: Path) -> None:
    written(crash / "202611211114/dump-incomplete", vmcores.flattened(vmcores.kdump())[:-1])
    written(crash / "202611211115/dmesg.202611211115", LOG)
    found = run("dumps", "list", "--directory", crash)
    assert found.returncode == 1
    assert found.stdout.count("complete  ") == 2
    assert "  missing     real\n" in found.stdout
    assert "   there is a kernel log and no vmcore\n" in found.stdout
    assert "   the file ends before the end record\n" in found.stdout


def test_list_tells_proofs_from_real_crashes(crash: Path) -> None:
    """By what plugins/modules/crash.py puts into the kernel log."""
    line = b"[ 0.9] kdump-enabler: crash on purpose, 5f1c0a9e\n"
    written(crash / "202611201114/dmesg.202611201114", line + LOG)
    found = run("dumps", "list", "--directory", crash)
    assert found.stdout.splitlines()[2].split()[-3:] == ["complete", "proof", "root"]
    assert "\n crash        proof\n" in run("dumps", "show", crash / "202611201114").stdout


def test_list_of_nothing(tmp_path: Path) -> None:
    found = run("dumps", "list", "--directory", tmp_path)
    assert (found.returncode, found.stderr) == (0, "")
    assert "no dump" in found.stdout


def test_list_in_json(crash: Path, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    found = run("dumps", "list", "--directory", crash, "--format", "json", "--output", file)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    result = json.loads(file.read_text(encoding="utf-8"))
    keeps_to_the_schema(result)
    (record,) = result["hosts"][0]["vmcores"]
    assert (record["complete"], record["build_id"]) == (True, vmcores.BUILD_ID)
    assert "vmcores" not in json.loads(run("check", "--format", "json").stdout)["hosts"][0]


@pytest.mark.parametrize("name", ["latest", "202611201114", "202611201114/dump.202611201114"])
def test_show(crash: Path, name: str) -> None:
    words = [name, "--directory", crash] if name == "latest" else [crash / name]
    found = run("dumps", "show", *words)
    assert (found.returncode, found.stderr) == (0, "")
    lines = {line[1:13].strip(): line[14:] for line in found.stdout.splitlines()}
    assert lines["dump"] == f"{crash}/202611201114/dump.202611201114"
    assert lines["state"] == "complete"
    assert lines["crashed"] == "2026-11-20 11:14:49 UTC"
    assert lines["kernel"] == f"{vmcores.RELEASE}, x86_64, build id {vmcores.BUILD_ID}"
    assert lines["kernel log"] == f"{crash}/202611201114/dmesg.202611201114 ({len(LOG)} bytes)"
    assert lines["host"] == "web1, 2 CPUs"
    assert lines["format"] == "flattened, compression zlib, dump level 31"
    assert lines["panic"] == "[ 1.1] Kernel panic - not syncing: sysrq triggered crash"
    assert found.stdout.endswith("   [ 1.2] \\x1b[31mCPU: 0\n")


def test_show_a_file_without_a_log(tmp_path: Path) -> None:
    """As on an analysis host, by any name."""
    path = written(tmp_path / "case-4711", vmcores.kdump()[:-1])
    found = run("dumps", "show", path)
    assert found.returncode == 1
    assert "state        incomplete: pages of it are beyond the end of the file\n" in found.stdout
    assert "panic" not in found.stdout
    shown = json.loads(run("dumps", "show", path, "--format", "json").stdout)
    keeps_to_the_schema(shown)
    assert shown["hosts"][0]["vmcores"][0]["log_tail"] is None


def test_show_what_is_no_dump(tmp_path: Path) -> None:
    found = run("dumps", "show", written(tmp_path / "x", b"Hello"))
    assert (found.returncode, found.stderr) == (2, "")
    assert "unknown: it is no vmcore" in found.stdout
    assert "\n crash        unknown\n" in found.stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["dumps"], "command"),
        (["dumps", "lits"], "lits"),
        (["dumps", "show"], "PATH"),
        (["dumps", "show", "/no/such/vmcore"], "/no/such/vmcore"),
        (["dumps", "show", "latest", "--directory", "/no/such/directory"], "/no/such/directory is not"),
        (["dumps", "show", "latest", "--directory", "/proc/self/net"], "There is no dump"),
        (["dumps", "list", "--directory", "/etc/passwd"], "/etc/passwd is not"),
        (["dumps", "list", "-i", "web1,", "--directory", "crash"], "from / on"),
        (["dumps", "shwo"], "kdump-enabler dumps --help"),
        (["dumps", "show", "--fast", "x"], "kdump-enabler dumps show --help"),
        (["dumps", "list", "--become"], "inventory"),
        (["dumps", "list", "-i", "/no/such/inventory"], "/no/such/inventory"),
    ],
)
def test_what_cannot_be_meant(words: list[str], named: str) -> None:
    assert named in complaint(run(*words))
