"""The result document as text: what is written is read again, and nothing that was cut passes for a whole one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler.report import document, packing
from tests.unit.fleets import record

RESULT = document.document([record("debian12-ready", "web1"), record("debian12-pristine", "web 2\n")])


def written(path: Path, result: dict[str, Any]) -> Path:
    path.write_text("".join(packing.as_lines(result)), encoding="utf-8")
    return path


@pytest.mark.parametrize("hosts", [0, 1, 2])
def test_what_is_written_is_read(tmp_path: Path, hosts: int) -> None:
    result = {**RESULT, "hosts": RESULT["hosts"][:hosts]}
    path = written(tmp_path / "result.json", result)
    assert packing.read(path) == result
    assert json.loads(path.read_text(encoding="utf-8")) == result


@pytest.mark.parametrize("indent", [None, 1, 2])
def test_what_another_program_wrote_is_read(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(RESULT, indent=indent), encoding="utf-8")
    assert packing.read(path) == RESULT


def test_a_part_is_no_document(tmp_path: Path) -> None:
    lines = written(tmp_path / "result.json", RESULT).read_text(encoding="utf-8").splitlines(keepends=True)
    for end in range(len(lines)):
        (tmp_path / "part.json").write_text("".join(lines[:end]), encoding="utf-8")
        with pytest.raises(ValueError, match=r"line \d+ column \d+"):
            packing.read(tmp_path / "part.json")


def test_more_records_than_are_read_at_once() -> None:
    names = [f"web{number}" for number in range(2 * packing.AT_ONCE + 1)]
    records = list(packing.unpacked(packing.packed(record("debian12-ready", name)) for name in names))
    assert [one["host"] for one in records] == names
