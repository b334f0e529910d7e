"""The playbooks that fetch and prune dumps, on directories of this machine that stand for hosts."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler.report import document
from kdump_enabler.report.views import render
from tests import vmcores
from tests.test_result_schema import answering, play
from tests.vmcores import written

DAY = 24 * 60 * 60
LOG = b"[ 1.0] Kernel panic - not syncing: x\n"


@pytest.fixture
def crash(tmp_path: Path) -> Path:
    """Three dumps, the second of which is cut."""
    for number, content in enumerate(
        (vmcores.kdump(), vmcores.kdump()[:-5], vmcores.kdump(crashed=vmcores.CRASHED + 9))
    ):
        stamp = f"20261120111{number}"
        for name, part in ((f"dump.{stamp}", content), (f"dmesg.{stamp}", LOG)):
            os.utime(written(tmp_path / "crash" / stamp / name, part), (time.time() - DAY,) * 2)
    return tmp_path / "crash"


def host(folder: Path, **more: Any) -> dict[str, Any]:
    python = answering(folder, "debian12-ready")
    place = {"kdump_dump_directories": [str(folder / "crash")], "kdump_fetch_to": str(folder / "here" / "dumps")}
    return {"ansible_connection": "local", "ansible_python_interpreter": python, **place, **more}


def fetch(folder: Path, *words: str, **more: Any) -> dict[str, Any]:
    return played("fetch_dumps", folder, *words, **more)


def prune(folder: Path, **more: Any) -> dict[str, Any]:
    return played("prune_dumps", folder, **more)


def played(playbook: str, folder: Path, *words: str, **more: Any) -> dict[str, Any]:
    record: dict[str, Any] = play(playbook, folder / "hosts.json", {"web1": host(folder, **more)}, *words)["web1"]
    return record


def states(record: dict[str, Any]) -> dict[str, str]:
    return {Path(one["path"]).name: one["state"] for one in record["fetched"]}


def said(view: str, record: dict[str, Any]) -> str:
    return render(view, document.document([record]), "")


def test_fetch(crash: Path, tmp_path: Path) -> None:
    found = fetch(tmp_path)
    whole = {f"{kind}.20261120111{number}": "fetched" for number in (0, 2) for kind in ("dump", "dmesg")}
    assert states(found) == whole | {"dump.202611201111": "skipped"}
    here = tmp_path / "here/dumps/web1"
    for name in ("202611201110/dump.202611201110", "202611201112/dmesg.202611201112"):
        assert (here / name).read_bytes() == (crash / name).read_bytes()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "here").rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (here.parent.parent, here, *here.iterdir())} == {0o700}
    assert "skipped  " in said("fetched", found)
    again = fetch(tmp_path)
    assert set(states(again).values()) == {"there", "skipped"}
    assert sum(one["transferred_bytes"] for one in again["fetched"]) == 0
    assert "nothing was transferred" in said("fetched", again)


def test_fetch_one_that_is_cut(crash: Path, tmp_path: Path) -> None:
    found = fetch(tmp_path, kdump_dump=str(crash / "202611201111"), kdump_fetch_unfinished=True)
    assert states(found) == {"dump.202611201111": "fetched", "dmesg.202611201111": "fetched"}


def test_fetch_while_it_is_written(crash: Path, tmp_path: Path) -> None:
    os.utime(crash / "202611201112/dump.202611201112")
    found = fetch(tmp_path, kdump_dump="latest")
    assert states(found) == {"dump.202611201112": "skipped"}
    assert "may still be written" in found["fetched"][0]["sentence"]
    assert not (tmp_path / "here").exists()


def test_fetch_goes_on(crash: Path, tmp_path: Path) -> None:
    """With what is a beginning of the dump; with anything else it begins again."""
    content = (crash / "202611201112/dump.202611201112").read_bytes()
    for beginning, transferred in ((content[:5000], len(content) - 5000), (b"x" + content[1:5000], len(content))):
        place = tmp_path / "here/dumps/web1/202611201112"
        written(place / "dump.202611201112.part", beginning)
        (place / "dump.202611201112").unlink(missing_ok=True)
        found = fetch(tmp_path, kdump_dump="latest")
        assert found["fetched"][-1]["transferred_bytes"] == transferred
        assert (place / "dump.202611201112").read_bytes() == content
        assert sorted(path.name for path in place.iterdir()) == ["dmesg.202611201112", "dump.202611201112"]


def test_fetch_replaces_nothing(crash: Path, tmp_path: Path) -> None:
    mine = written(tmp_path / "here/dumps/web1/202611201110/dump.202611201110", b"mine")
    found = fetch(tmp_path)
    assert Path(mine).read_bytes() == b"mine"
    assert found["trouble"]["kind"] == "other_file"
    assert (found["exit_code"], states(found)["dump.202611201110"]) == (1, "failed")
    assert states(found)["dump.202611201112"] == "fetched", "the others come all the same"


def test_fetch_without_room(crash: Path, tmp_path: Path) -> None:
    """A sparse file of 4 PiB, which no disk here has."""
    path = crash / "202611201112/dump.202611201112"
    os.truncate(path, 1 << 42)
    os.utime(path, (1, 1))
    found = fetch(tmp_path, kdump_dump=str(path))
    assert found["trouble"]["kind"] == "no_room_here"
    assert "There is no room for" in found["trouble"]["sentence"]


def test_fetch_in_check_mode(crash: Path, tmp_path: Path) -> None:
    found = fetch(tmp_path, "--check", kdump_dump="latest")
    assert [one["sentence"] for one in found["fetched"]] == ["would be fetched"] * 2
    assert not (tmp_path / "here").exists()


def test_fetch_with_debug(crash: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_DEBUG", "1")
    assert fetch(tmp_path)["trouble"]["kind"] == "debug"
    assert not (tmp_path / "here").exists()


def test_prune_without_consent(crash: Path, tmp_path: Path) -> None:
    """What is removed with it is seen in a container, where there is root."""
    would = prune(tmp_path, kdump_prune_keep=0)
    assert [(one["goes"], one["removed"]) for one in would["pruned"]] == [(False, False), (True, False), (True, False)]
    assert "Nothing was removed" in said("pruned", would)
    assert len(list(crash.iterdir())) == 3
    would["pruned"][1] |= {"removed": True}
    would["pruned"][2] |= {"left": "it has changed"}
    words = said("pruned", would)
    assert "free again" in words
    assert f"left     {would['pruned'][2]['paths'][0]}" in words
    assert "it has changed" in words


def test_prune_what_makes_no_sense(crash: Path, tmp_path: Path) -> None:
    assert prune(tmp_path)["trouble"]["kind"] == "limits"
    assert prune(tmp_path, kdump_prune_max_bytes="lots")["trouble"]["sentence"] == "--max-bytes lots is no size"
