"""What a proof depends on: any change makes it stale by itself, and the policy can demand a young one."""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

import pytest

from kdump_enabler import evidence
from kdump_enabler.crash.proof import DAY, State, bindings, note, standing
from kdump_enabler.facts import machine, proofs
from kdump_enabler.report.document import document
from kdump_enabler.report.views import render
from tests.hosts import machines
from tests.unit.building import identifiers, judge

BUILD = "eb4fbcd0a1b2c3d4e5f60718293a4b5c6d7e8f90"
INITRD = "/var/lib/kdump/initrd.img-{}"
Raw = dict[str, Any]


def notes(build_id: str) -> str:
    """/sys/kernel/notes with another note before the build id, as the probe's JSON holds bytes."""
    data = struct.pack("=III", 4, 6, 0x100) + b"Xen\0" + b"abcdef\0\0"
    data += struct.pack("=III", 4, 20, 3) + b"GNU\0" + bytes.fromhex(build_id)
    return data.decode("utf-8", "surrogateescape")


def ready() -> Raw:
    """A machine that is ready and says the build of its kernel."""
    raw = copy.deepcopy(machines.load("debian12-ready"))
    raw["files"][proofs.NOTES] = {"text": notes(BUILD)}
    return raw


def with_proof(kind: str | None = "proven", days: int = 0, changed: Mapping[str, Any] | None = None) -> Raw:
    """The same, proven some days ago; null for a proof that nobody finished."""
    return proven(ready(), kind, days, changed)


def proven(raw: Raw, kind: str | None = "proven", days: int = 0, changed: Mapping[str, Any] | None = None) -> Raw:
    """The machine with the note of a proof."""
    stamp = moment(raw["collected_at"] - days * DAY)
    outcome = kind and {"kind": kind, "sentence": "It ran out of memory", "line": "Out of memory: Killed process 1"}
    note: dict[str, Any] = {
        "id": "5f1c0a9e",
        "begun_at": stamp,
        "boot_id": "the boot before",
        "bindings": bindings(machine.read(evidence.from_raw(raw))) | dict(changed or {}),
        "directory": "/var/crash",
        "reserved_bytes": machine.read(evidence.from_raw(raw)).reserved_bytes,
        "dumps": [],
        "outcome": outcome and {**outcome, "ended_at": stamp},
    }
    machines.write(raw, proofs.RECORD, json.dumps(note))
    return raw


def moment(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"


def of(raw: Raw) -> Any:
    return standing(machine.read(evidence.from_raw(raw)))


def test_the_build_id_is_that_of_the_gnu_note() -> None:
    facts = machine.read(evidence.from_raw(ready()))
    assert facts.build_id == BUILD
    assert bindings(facts)["kernel build"] == BUILD


@pytest.mark.parametrize("cut", range(0, 48, 5))
def test_notes_that_are_cut_are_no_build_id(cut: int) -> None:
    raw = ready()
    whole = notes(BUILD).encode("utf-8", "surrogateescape")
    raw["files"][proofs.NOTES] = {"text": whole[:cut].decode("utf-8", "surrogateescape")}
    found = machine.read(evidence.from_raw(raw)).build_id
    assert found is None or BUILD.startswith(found)


def test_never() -> None:
    assert of(ready()).state is State.NEVER
    assert judge(ready()).verdict.value == "ready"
    assert "KD100 error" in identifiers(judge(ready(), proof_max_age_days=30))


def test_proven_and_how_old_it_may_be() -> None:
    raw = with_proof(days=10)
    assert (of(raw).state, of(raw).age_seconds) == (State.PROVEN, 10 * DAY)
    assert judge(raw).findings == ()
    assert identifiers(judge(raw, proof_max_age_days=30)) == ["KD090 info"]
    assert identifiers(judge(raw, proof_max_age_days=9)) == ["KD090 info", "KD100 error"]
    assert judge(raw).as_dict("web1")["proof"]["state"] == "proven"


@pytest.mark.parametrize("name", ["debian12-root-zfs", "debian12-luks-clevis", "debian12-ssh"])
def test_a_proof_settles_doubts_about_the_target(name: str) -> None:
    """Where nobody could tell whether the capture kernel reaches its target, a crash has shown that it does."""
    before, after = judge(machines.load(name)), judge(proven(machines.load(name)))
    assert (before.verdict.value, before.captures_now) == ("unknown", None)
    assert (after.verdict.value, after.captures_now) == ("ready", True)
    assert judge(proven(machines.load(name), "target")).captures_now is None


def test_a_proof_hides_no_server() -> None:
    """The doubt is gone, the dumps are still on another machine."""
    record = judge(proven(machines.load("debian12-ssh"))).as_dict("web1") | {"vmcores": []}
    assert record["findings"] == []
    assert "Its dumps are kept elsewhere: SSH=" in render("dumps", document([record]), "")


def failing() -> Raw:
    return with_proof("capture_kernel")


def test_failed_until_something_is_changed() -> None:
    found = judge(failing(), proof_max_age_days=30)
    assert identifiers(found) == ["KD090 info", "KD102 error"]
    assert found.findings[0].current == "It ran out of memory; it said: Out of memory: Killed process 1"
    assert of(with_proof("out_of_memory", changed={"reserved memory": "128 MiB"})).state is State.STALE


def test_too_little_memory_is_measured() -> None:
    """`auto` asks for twice that from then on, also when the reservation was changed and the proof does not hold."""
    for changed in ({}, {"reserved memory": "128 MiB"}):
        found = judge(with_proof("out_of_memory", changed=changed)).as_dict("web1")
        assert found["facts"]["crashkernel"]["wanted"] == "crashkernel=512M"
        assert "twice what was too little" in str(found["facts"]["crashkernel"]["candidates"])
    assert judge(with_proof("no_space")).as_dict("web1")["facts"]["crashkernel"]["wanted_bytes"] == 256 << 20


@pytest.mark.parametrize(
    ("name", "unit"), [("debian12-ready", "kdump-tools-dump.service"), ("rhel9-ready", ""), ("fedora44-ready", "")]
)
def test_only_a_unit_that_dumps_is_watched(name: str, unit: str) -> None:
    """Where the capture initrd writes the dump, no unit of the root file system runs, and nothing is noted."""
    facts = machine.read(evidence.from_raw(machines.load(name)))
    assert note(facts, "5f1c0a9e")["watch"] == unit
    assert proofs.capture_memory(facts.evidence, "5f1c0a9e") is None


def watched(least_mib: int, kind: str = "proven", **changed: Any) -> Raw:
    """A proof whose capture kernel had 205 MiB of the 256 that are reserved."""
    raw = with_proof(kind, changed=changed)
    note = json.loads(raw["files"][proofs.RECORD]["text"])
    note["outcome"]["capture_memory"] = {"total_bytes": 205 << 20, "least_available_bytes": least_mib << 20}
    machines.write(raw, proofs.RECORD, json.dumps(note))
    return raw


def test_what_the_capture_kernel_used_is_shown_and_weakens_nothing() -> None:
    before, found = (judge(raw).as_dict("web1") for raw in (with_proof(), watched(172)))
    sizes = found["facts"]["crashkernel"]
    (*others, used) = sizes.pop("candidates")
    assert others == before["facts"]["crashkernel"].pop("candidates")
    assert sizes == before["facts"]["crashkernel"]
    assert (used["text"], used["bytes"], used["chosen"]) == ("126M", 126 << 20, False)
    assert used["reason"].startswith("84 MiB used by the capture kernel in the crash of 2026-")
    assert (found["verdict"], found["findings"]) == ("ready", [])
    assert "a dump came out, 0 minutes ago, 172 MiB of memory to spare" in render("hosts", document([found]), "")


def test_a_capture_kernel_that_had_hardly_any_memory_left() -> None:
    (finding,) = judge(watched(30)).findings
    assert (finding.id, finding.severity.value, finding.wanted) == ("KD104", "warning", "512M")
    assert finding.remedy == "kdump-enabler enable --crashkernel 512M"
    assert judge(watched(30)).as_dict("web1")["facts"]["crashkernel"]["wanted_bytes"] == 256 << 20
    assert identifiers(judge(watched(30, **{"reserved memory": "128 MiB"}))) == ["KD101 warning"]
    assert identifiers(judge(watched(30, "no_space"))) == ["KD102 error"]


def test_the_memory_of_the_capture_kernel_is_that_of_this_crash() -> None:
    raw = ready()
    lines = ["0ld 210000 1000", "5f1c0a9e 210000 90000", "5f1c0a9e 210000 80000", "", "5f1c0a9e 210000 7"]
    machines.write(raw, proofs.MEMORY, "\n".join(lines))
    found = evidence.from_raw(raw)
    kib = {"total_bytes": 210000 * 1024, "least_available_bytes": 80000 * 1024}
    assert proofs.capture_memory(found, "5f1c0a9e") == kib, "the last line is cut"
    assert proofs.capture_memory(found, "another") is None
    assert proofs.capture_memory(evidence.from_raw(ready()), "5f1c0a9e") is None


def test_begun_and_never_looked_at() -> None:
    raw = with_proof(None)
    assert of(raw).state is State.UNFINISHED
    assert identifiers(judge(raw)) == ["KD103 warning"]


def of_another_kernel(raw: Raw) -> None:
    machines.write(raw, "/proc/sys/kernel/osrelease", "6.1.0-99-amd64\n")


def of_another_build(raw: Raw) -> None:
    raw["files"][proofs.NOTES] = {"text": notes("00" * 20)}


def with_a_rebuilt_initrd(raw: Raw) -> None:
    release = raw["files"]["/proc/sys/kernel/osrelease"]["text"].strip()
    raw["files"][INITRD.format(release)]["mtime"] += 60


def configured_otherwise(raw: Raw) -> None:
    path = "/etc/default/kdump-tools"
    machines.write(raw, path, raw["files"][path]["text"] + 'MAKEDUMP_ARGS="-d 0"\n')


def with_another_dropin(raw: Raw) -> None:
    machines.write(raw, "/etc/systemd/system/kdump-tools-dump.service.d/x.conf", "[Service]\nNice=1\n")


def with_less_reserved(raw: Raw) -> None:
    machines.write(raw, "/sys/kernel/kexec_crash_size", f"{128 << 20}\n")


def with_another_makedumpfile(raw: Raw) -> None:
    run = next(one for one in raw["commands"] if one["argv"][0] == "dpkg-query")
    run["out"] = run["out"].replace("makedumpfile\tinstalled\t", "makedumpfile\tinstalled\t9:")


CHANGES: Mapping[Callable[[Raw], None], str] = {
    of_another_kernel: "kernel: ",
    of_another_build: "kernel build: ",
    with_a_rebuilt_initrd: "capture initrd: ",
    configured_otherwise: "kdump configuration: ",
    with_another_dropin: "kdump configuration: ",
    with_less_reserved: "reserved memory: 256 MiB then, 128 MiB now",
    with_another_makedumpfile: "makedumpfile: ",
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_makes_it_stale(change: Callable[[Raw], None]) -> None:
    raw = with_proof()
    change(raw)
    found = of(raw)
    assert found.state is State.STALE
    assert found.changed[0].startswith(CHANGES[change])
    assert "KD101 warning" in identifiers(judge(raw))
    assert "KD100 error" in identifiers(judge(raw, proof_max_age_days=30))


def test_a_little_more_memory_seen_is_the_same_memory() -> None:
    memory = machine.read(evidence.from_raw(ready())).memory_bytes
    assert memory
    assert of(with_proof(changed={"memory": int(memory * 1.05)})).state is State.PROVEN
    assert of(with_proof(changed={"memory": memory // 2})).state is State.STALE


def test_what_cannot_be_seen_now_is_not_another() -> None:
    raw = with_proof()
    raw["files"][proofs.NOTES] = {"error": "EACCES"}
    assert of(raw).state is State.PROVEN


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"id": 1}'])
def test_a_note_that_is_none(text: str) -> None:
    raw = ready()
    machines.write(raw, proofs.RECORD, text)
    assert of(raw).state is State.NEVER


@pytest.mark.parametrize("value", [0, -1, True, "soon", 1.5])
def test_days_that_cannot_be_meant(value: object) -> None:
    with pytest.raises(Exception, match="kdump_proof_max_age_days"):
        judge(ready(), proof_max_age_days=value)
