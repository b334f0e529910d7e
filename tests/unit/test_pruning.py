"""Which dumps go: whatever there is and whatever is asked, what must stay stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdump_enabler.dumps import pruning
from kdump_enabler.dumps.pruning import DAY, TIME, Decision, Limits, decide
from kdump_enabler.errors import UserError
from kdump_enabler.vmcore import FILE_KEYS, HEADER_KEYS

NOW = 1795268926
NEVER = {"state": "never", "outcome": {}}
MIB = 1 << 20
Record = dict[str, Any]


def dump(name: str, age: float = 10 * DAY, **more: Any) -> Record:
    """A dump of 1 MiB in its own directory, that was written when it crashed."""
    at = datetime.fromtimestamp(NOW - age, timezone.utc).strftime(TIME)
    directory = f"/var/crash/{name}"
    found = dict.fromkeys((*FILE_KEYS, *HEADER_KEYS)) | {"directory": directory, "path": f"{directory}/dump.{name}"}
    found |= {"size_bytes": MIB, "allocated_bytes": MIB, "written_at": at, "crashed_at": at, "format": "kdump"}
    return found | {"complete": True, "node": "web1"} | more


def versions(records: Sequence[Record]) -> dict[str, list[int] | None]:
    """The files as they were when the reader saw them."""
    found: dict[str, list[int] | None] = dict.fromkeys(pruning.looked_at(records))
    for record in records:
        mtime = int(datetime.strptime(record["written_at"], TIME).replace(tzinfo=timezone.utc).timestamp())
        for path, size in ((record["path"], record["size_bytes"]), (record["log"], record["log_bytes"])):
            if path:
                found[path] = [size, mtime * 10**9, 1]
    return found


def decided(records: Sequence[Record], limit: Limits, proof: Mapping[str, Any] | None = NEVER) -> list[Decision]:
    return decide(records, versions(records), NOW, proof, limit)


def going(records: Sequence[Record], limit: Limits, proof: Mapping[str, Any] | None = NEVER) -> list[str]:
    return [one.directory.rpartition("/")[2] for one in decided(records, limit, proof) if one.goes]


THREE = [dump("202611010000", 20 * DAY), dump("202611110000", 10 * DAY), dump("202611200000", DAY)]


@pytest.mark.parametrize(
    ("limit", "names"),
    [
        (Limits(keep=3), []),
        (Limits(keep=2), ["202611010000"]),
        (Limits(keep=0), ["202611110000", "202611010000"]),
        (Limits(older_than_days=15), ["202611010000"]),
        (Limits(older_than_days=0), ["202611110000", "202611010000"]),
        (Limits(max_bytes=3 * MIB), []),
        (Limits(max_bytes=3 * MIB - 1), ["202611010000"]),
        (Limits(max_bytes=0), ["202611110000", "202611010000"]),
        (Limits(keep=2, max_bytes=2 * MIB), ["202611010000"]),
    ],
)
def test_limits(limit: Limits, names: list[str]) -> None:
    assert going(THREE, limit) == names


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"path": None, "complete": False}, "there is no vmcore to remove"),
        ({"complete": None, "reason": "it is no vmcore"}, "it is not known to be a dump: it is no vmcore"),
        ({"complete": False, "format": None, "reason": "the file is empty"}, "it is not known to be a dump: the file"),
        ({"written_at": datetime.fromtimestamp(NOW - 59, timezone.utc).strftime(TIME)}, "it may still be written"),
        (
            {"written_at": datetime.fromtimestamp(NOW - 3500, timezone.utc).strftime(TIME), "complete": False},
            "it may still be written",
        ),
    ],
)
def test_what_stays_whatever_is_asked(changes: Record, reason: str) -> None:
    records = [dump("202611010000", 20 * DAY, **changes), THREE[2]]
    found = {one.directory: one for one in decided(records, Limits(keep=0))}["/var/crash/202611010000"]
    assert not found.goes
    assert found.reason.startswith(reason)


def test_a_dump_that_changes_stays() -> None:
    seen = versions(THREE)
    seen[THREE[0]["path"]] = [MIB + 1, 1, 1]
    seen[THREE[1]["path"]] = None
    assert [one.reason for one in decide(THREE, seen, NOW, NEVER, Limits(keep=0))][1:] == ["it changes"] * 2


def test_the_proof_stays() -> None:
    proof = {"state": "stale", "outcome": {"dump": {"path": THREE[0]["path"]}}}
    assert going(THREE, Limits(keep=0), proof) == ["202611110000"]
    assert going(THREE, Limits(keep=0), {"state": "failed", "outcome": {"dump": None}}) == going(THREE, Limits(keep=0))
    assert going(THREE, Limits(keep=0), {"state": "unfinished", "outcome": {}}) == []
    assert going(THREE, Limits(keep=0), None) == []


def test_each_machine_keeps_its_own() -> None:
    """On a dump server: by the name of the machine, and by where its dumps are."""
    records = [
        dump("web1-202611010000"),
        dump("web2-202611010000"),
        dump("202611010000", directory="/srv/db/202611010000", path="/srv/db/202611010000/vmcore", node=None),
        dump("202611020000", directory="/srv/db/202611020000", path="/srv/db/202611020000/vmcore", node="db"),
        dump("x", directory="/srv", path="/srv/web3-dump.202611010000"),
        dump("y", directory="/srv", path="/srv/web4-dump.202611010000"),
    ]
    assert going(records, Limits(keep=0)) == []


def test_the_only_dump_stays_even_if_it_is_cut() -> None:
    cut = dump("202611200000", 2 * DAY, complete=False, reason="cut")
    assert going([cut], Limits(keep=0)) == []
    assert going([cut, THREE[0]], Limits(keep=0)) == ["202611200000"], "the last complete one is the older"


def test_a_dump_that_was_split_goes_as_one() -> None:
    """With its log and SUSE's note, the vmcores last."""
    directory = "/var/crash/2026-11-01-00:00"
    log = {"log": f"{directory}/dmesg.txt", "log_bytes": 10, "directory": directory}
    parts = [dump("x", 20 * DAY, path=f"{directory}/vmcore{number}", **log) for number in range(2)]
    seen = versions([*parts, THREE[2] | {"directory": "/var/crash/2026-11-20-00:00"}])
    seen[f"{directory}/README.txt"] = [5, 1, 1]
    found = decide([*parts, THREE[2] | {"directory": "/var/crash/2026-11-20-00:00"}], seen, NOW, NEVER, Limits(keep=0))
    (gone,) = [one for one in found if one.goes]
    assert gone.bytes == 2 * MIB + 10
    assert [path.rpartition("/")[2] for path in gone.files] == ["README.txt", "dmesg.txt", "vmcore0", "vmcore1"]
    (removal,) = pruning.removals(found, seen)
    assert (removal["directory"], removal["own_directory"]) == (directory, True)
    assert removal["files"][0] == {"path": f"{directory}/README.txt", "size": 5, "mtime_ns": 1}


def test_what_was_removed_and_what_was_left() -> None:
    found = [one.as_dict() for one in decided(THREE, Limits(keep=0))]
    records = pruning.done(found, [THREE[1]["path"]], {THREE[0]["path"]: "it has changed"})
    assert [(one["removed"], one["left"]) for one in records] == [(False, ""), (True, ""), (False, "it has changed")]
    assert pruning.exit_code([{"pruned": records}]) == 1
    assert pruning.exit_code([{"pruned": records[:2]}]) == 0
    assert pruning.exit_code([{"pruned": []}, {"facts": None}]) == 2
    assert pruning.exit_code([{"trouble": {}, "exit_code": 1}, {"pruned": []}]) == 1


@pytest.mark.parametrize(
    ("asked", "limit"),
    [
        ({"keep": 3}, Limits(keep=3)),
        ({"keep": "3", "older_than_days": ""}, Limits(keep=3)),
        ({"max_bytes": "20g"}, Limits(max_bytes=20 << 30)),
        ({"max_bytes": 4096}, Limits(max_bytes=4096)),
    ],
)
def test_limits_as_they_are_typed(asked: Record, limit: Limits) -> None:
    assert pruning.limits(**asked) == limit


@pytest.mark.parametrize(
    ("asked", "named"),
    [({}, "--keep"), ({"keep": "-1"}, "--keep -1"), ({"max_bytes": "2X"}, "2X"), ({"older_than_days": 1.5}, "1.5")],
)
def test_limits_that_make_no_sense(asked: Record, named: str) -> None:
    with pytest.raises(UserError) as refused:
        pruning.limits(**asked)
    assert named in f"{refused.value} {refused.value.hint}"


@st.composite
def machines(draw: st.DrawFn) -> list[Record]:
    ages = draw(st.lists(st.integers(0, 400 * DAY), max_size=12))
    return [
        dump(
            f"{draw(st.sampled_from(['', 'a-', 'b-']))}{202600000000 + number}",
            age,
            complete=draw(st.sampled_from([True, True, True, False, None])),
            format=draw(st.sampled_from(["kdump", "kdump", None])),
            node=draw(st.sampled_from(["web1", "web2", None])),
            allocated_bytes=draw(st.integers(0, 1 << 40)),
        )
        for number, age in enumerate(ages)
    ]


any_limit = st.builds(
    Limits,
    st.none() | st.integers(0, 5),
    st.none() | st.integers(0, 400),
    st.none() | st.integers(0, 1 << 42),
)


@given(machines(), any_limit, st.integers(0, 11))
def test_invariants(records: list[Record], limit: Limits, proven: int) -> None:
    path = records[proven]["path"] if proven < len(records) else None
    proof = {"state": "proven", "outcome": {"dump": {"path": path}}}
    found = decided(records, limit, proof)
    by_path = {record["path"]: record for record in records}
    assert sorted(path for one in found for path in one.paths) == sorted(by_path), "each is decided about, once"
    assert all(one.reason for one in found)
    gone = {path for one in found if one.goes for path in one.paths}
    assert path not in gone
    assert all(by_path[one]["complete"] is not None and by_path[one]["format"] for one in gone)
    for node in ("web1", "web2", None):
        complete = {one for one, record in by_path.items() if record["complete"] and record["node"] == node}
        assert not complete or complete - gone, "a machine that has a complete dump keeps one"
    left = [record for record in records if record["path"] not in gone]
    assert going(left, limit, proof) == [], "a second run finds nothing more"


@given(machines(), any_limit)
def test_limits_are_kept_by_all_that_may_go(records: list[Record], limit: Limits) -> None:
    found = decided(records, limit)
    free = [one for one in found if not one.goes and one.reason == "it is within the limits"]
    by_path = {record["path"]: record for record in records}
    if limit.older_than_days is not None:
        times = [pruning._seconds(by_path[one.paths[0]]["crashed_at"]) for one in free]
        assert all(NOW - at <= limit.older_than_days * DAY for at in times)
    if limit.max_bytes is not None and free:
        assert sum(one.bytes for one in found if not one.goes) <= limit.max_bytes
