"""The dumps of a host: what it answered, as records, and the exit status that they amount to."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler import dumps, vmcore
from kdump_enabler.errors import UserError
from tests import vmcores
from tests.vmcores import written


def answered(tmp_path: Path) -> dict[str, Any]:
    written(tmp_path / "202611201114/dump.202611201114", vmcores.kdump())
    written(tmp_path / "202611191114/dmesg.202611191114", b"[ 1.0] Kernel panic - not syncing: x\n")
    return vmcore.answer(dumps.request([str(tmp_path)]))


def test_what_is_asked() -> None:
    assert dumps.request(["/a", "/b"]) == {"do": "list", "directories": ["/a", "/b"]}
    assert dumps.request(["/a"], "latest") == {"do": "show", "path": "latest", "directories": ["/a"]}
    assert dumps.request(["/a"], named=True) == {"do": "list", "directories": ["/a"], "named": True}


def test_keys_are_those_of_the_reader() -> None:
    assert [field.name for field in fields(dumps.Vmcore)] == [*vmcore.FILE_KEYS, *vmcore.HEADER_KEYS]


def test_records(tmp_path: Path) -> None:
    answer = answered(tmp_path)
    loaded = dumps.load(json.dumps(answer))
    assert dumps.as_records(loaded) == answer["vmcores"] == dumps.here([str(tmp_path)])
    assert {one.path and Path(one.path).name: one.complete for one in loaded} == {
        "dump.202611201114": True,
        None: False,
    }


def test_one_dump_comes_with_its_log(tmp_path: Path) -> None:
    answered(tmp_path)
    (record,) = dumps.here([], str(tmp_path / "202611191114"))
    assert (record["panic"], record["path"]) == ("[ 1.0] Kernel panic - not syncing: x", None)
    (shown,) = dumps.from_raw({"vmcores": [record]})
    assert isinstance(shown, dumps.ShownVmcore)
    assert asdict(shown) == record
    assert json.loads(json.dumps(record))["log_tail"] == ["[ 1.0] Kernel panic - not syncing: x"]


def test_values_of_another_kind(tmp_path: Path) -> None:
    answered(tmp_path)
    (record,) = dumps.here([], str(tmp_path / "202611201114"))
    wrong: dict[str, Any] = {"path": 1, "size_bytes": "1", "complete": "yes", "directory": None, "log_tail": 1}
    for name, value in {**wrong, "panic": 1, "another": 1}.items():
        with pytest.raises(UserError, match="makes no sense"):
            dumps.load(json.dumps({"vmcores": [record | {name: value}]}))


PATH = "/var/crash/1/dump.1"


@pytest.mark.parametrize(
    ("proof_id", "path", "proof", "origin"),
    [
        ("5f1c", PATH, None, "proof"),
        ("", PATH, {"state": "proven", "outcome": {"dump": {"path": PATH}}}, "proof"),
        ("", PATH, {"state": "proven", "outcome": {"dump": {"path": "/var/crash/2/dump.2"}}}, "real"),
        ("", None, {"state": "failed", "outcome": {"dump": {}}}, "real"),
        ("", PATH, None, "real"),
        (None, PATH, {"state": "never", "outcome": {}}, "real"),
        (None, PATH, {"state": "unfinished", "outcome": {}}, None),
        (None, PATH, None, None),
    ],
)
def test_proof_or_real(
    proof_id: str | None, path: str | None, proof: dict[str, Any] | None, origin: str | None
) -> None:
    (record,) = dumps.with_origins([{"proof_id": proof_id, "path": path, "complete": True, "format": "elf"}], proof)
    assert record["origin"] == origin


@pytest.mark.parametrize(
    ("complete", "kind", "origin"), [(None, None, None), (False, None, "real"), (None, "kdump", "real")]
)
def test_what_may_be_no_dump_is_of_no_crash(complete: bool | None, kind: str | None, origin: str | None) -> None:
    """A text file, or a file that could not be read."""
    seen = {"proof_id": None, "path": PATH, "complete": complete, "format": kind}
    assert dumps.origin(seen, {"state": "never", "outcome": {}}) == origin


@pytest.mark.parametrize(
    ("log", "word"),
    [
        (b"[ 1.0] kdump-enabler: crash on purpose, 5f1c\n[ 1.1] sysrq: Trigger a crash\n", "5f1c"),
        (b"[ 1.0][    T1] kdump-enabler: crash on purpose, 5f1c\n", "5f1c"),
        (b"[ 1.0] usb 1-1: Product: kdump-enabler: crash on purpose, 5f1c\n", ""),
        (b"", ""),
    ],
)
def test_the_word_of_a_crash_on_purpose(log: bytes, word: str, tmp_path: Path) -> None:
    written(tmp_path / "202611191114/dmesg.202611191114", log)
    assert [one["proof_id"] for one in dumps.here([str(tmp_path)])] == [word]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"vmcores": 1}', '{"vmcores": [{}]}', '{"vmcores": [{"path": 1}]}'])
def test_an_answer_that_makes_no_sense(text: str) -> None:
    with pytest.raises(UserError, match="makes no sense"):
        dumps.load(text)


@pytest.mark.parametrize(
    ("hosts", "code"),
    [
        ([[]], 0),
        ([[True, True]], 0),
        ([[True, False]], 1),
        ([[True, None]], 2),
        ([None], 2),
        ([[True], None], 2),
        ([[None], [False], None], 1),
    ],
)
def test_exit_code(hosts: list[list[bool | None] | None], code: int) -> None:
    seen = [None if found is None else [{"complete": complete} for complete in found] for found in hosts]
    assert dumps.exit_code({"vmcores": found} for found in seen) == code
