"""sosreports and supportconfigs, reconstructed from recorded machines: what is in them is judged, the rest unknown."""

from __future__ import annotations

import io
import json
import random
import tarfile
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler import commands
from kdump_enabler.audit import Audit
from kdump_enabler.errors import UserError
from kdump_enabler.recorded import archives
from tests.hosts import machines
from tests.result_schema import keeps_to_the_schema
from tests.unit import archiving
from tests.unit.building import judge

LIB = {"lib": "usr/lib"}
SUSE = ("leap15-ready", "leap15-pristine")


def seen(path: Path) -> dict[str, Any]:
    """The record of the one machine in an archive."""
    (record,) = commands.look_here(given=[str(path)])["hosts"]
    return dict(record)


def of(tmp_path: Path, machine: str, **more: Any) -> dict[str, Any]:
    """The record of a recorded machine by the archive of its tool."""
    raw = machines.load(machine)
    if machine in SUSE:
        return seen(archiving.pack(tmp_path / "scc_sle1_261118_1106.txz", archiving.supportconfig(raw), top="scc_sle1"))
    return seen(archiving.pack(tmp_path / "sosreport-web1.tar.xz", archiving.sosreport(raw, **more), LIB))


def ids(record: dict[str, Any], unseen: bool = False) -> set[str]:
    """The findings that say that something is wrong, or those that say that it was not seen."""
    return {
        one["id"] for one in record["findings"] if one["unseen"] == unseen and (unseen or one["severity"] == "error")
    }


# Which faults show in what the tools copy: the packages, what the kernel says, grub.cfg; not sysctl.d, of which no
# archive holds all directories.
@pytest.mark.parametrize(
    ("machine", "verdict", "captures", "errors"),
    [
        ("debian12-pristine", "drift", False, {"KD010", "KD020", "KD021", "KD030", "KD061", "KD070"}),
        ("debian12-pending", "reboot-pending", False, {"KD020", "KD030"}),
        ("debian12-ready", "unknown", None, set()),
        ("fedora44-ready", "unknown", None, set()),
        ("almalinux8-ready", "unknown", None, set()),
        ("leap15-ready", "unknown", None, set()),
        ("leap15-pristine", "drift", False, {"KD010", "KD020", "KD021", "KD030", "KD061"}),
    ],
)
def test_what_an_archive_holds_is_judged(
    machine: str, verdict: str, captures: bool | None, errors: set[str], tmp_path: Path
) -> None:
    record = of(tmp_path, machine)
    assert (record["verdict"], record["captures_now"], ids(record)) == (verdict, captures, errors)
    assert ids(record, unseen=True) >= {"KD054", "KD060"}
    assert (
        record["facts"]["crashkernel"]["next_boot"]
        == judge(machines.load(machine)).as_dict("x")["facts"]["crashkernel"]["next_boot"]
    )
    assert record["plan"] == []


@pytest.mark.parametrize("machine", ["debian12-ready", "fedora44-ready", "leap15-ready"])
def test_the_record_says_where_and_when_it_was_seen(machine: str, tmp_path: Path) -> None:
    record = of(tmp_path, machine)
    tool, name = ("supportconfig", "sle1") if machine in SUSE else ("sosreport", "web1")
    (file,) = tmp_path.iterdir()
    assert record["host"] == name
    assert record["seen"] == {"how": tool, "source": str(file), "at": "2026-11-18T11:06:40+00:00"}


def test_a_supportconfig_names_no_lines_as_it_leaves_out_comments(tmp_path: Path) -> None:
    record = of(tmp_path, "leap15-pristine")
    places = [place for one in record["findings"] for place in one["evidence"]]
    assert any(place["source"] == "/boot/grub2/grub.cfg" for place in places)
    assert {place["line"] for place in places} == {0}


@pytest.mark.parametrize(
    ("gone", "went"),
    [
        ("sos_commands/dpkg/*", {"KD010"}),
        ("sys/kernel/kexec_crash_*", {"KD020", "KD030"}),
        ("boot/grub/grub.cfg", {"KD021"}),
        ("proc/sys/kernel/sysrq", {"KD070"}),
    ],
)
def test_what_is_not_in_it_is_unknown_and_not_absent(gone: str, went: set[str], tmp_path: Path) -> None:
    whole = ids(of(tmp_path, "debian12-pristine"))
    less = of(tmp_path, "debian12-pristine", without=[gone])
    assert whole - ids(less) == went
    assert ids(less, unseen=True) >= went - {"KD030", "KD070"}  # KD020 and KD060 say it


def test_a_list_of_packages_that_was_cut_says_nothing(tmp_path: Path) -> None:
    files = archiving.sosreport(machines.load("debian12-pristine"))
    listed = files["sos_commands/dpkg/dpkg_-l"]
    files["sos_commands/dpkg/dpkg_-l"] = listed[: listed.index("ii  util-linux")]
    record = seen(archiving.pack(tmp_path / "sosreport-web1.tar.gz", files, LIB))
    assert "KD010" in ids(record, unseen=True)
    assert "KD010" not in ids(record)


def test_entries_of_which_some_may_be_missing_tell_no_next_boot(tmp_path: Path) -> None:
    assert of(tmp_path, "fedora44-ready", manifest=False)["facts"]["crashkernel"]["next_boot"] is None


def certain(found: Audit) -> set[str]:
    """The errors that stand for something that was seen."""
    return {one.id for one in found.findings if one.severity.value == "error" and not one.unseen}


def partly(raw: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A machine's evidence as an archive may have it, with some of the files, commands and figures."""
    share = chance.choice([0, 0.02, 0.1, 0.3, 0.6])
    files = {}
    for path, record in raw["files"].items():
        gone = chance.random() < share or "error" in record or not record.get("exists", True)
        kept = {name: record[name] for name in ("text", "link", "exists") if name in record}
        files[path] = {"error": "NOT_COLLECTED"} if gone else kept
    free = chance.random() < 0.5
    mounts = {} if chance.random() < 0.3 else raw["mounts"]
    return {
        **raw,
        "live": False,
        "files": {path: one for path, one in files.items() if "error" not in one or chance.random() < 0.5},
        "mounts": {
            point: {name: value for name, value in one.items() if free or name not in ("free", "total")}
            for point, one in mounts.items()
        },
        "commands": [run for run in raw["commands"] if chance.random() < 0.6],
        "directories": {path: {"error": "NOT_COLLECTED", "dumps": {}} for path in raw["directories"]},
        "kernel_log": chance.choice([raw["kernel_log"], {"error": "NOT_COLLECTED"}]),
        "listed": [],
    }


@pytest.mark.parametrize("machine", machines.names())
def test_no_part_of_a_machine_has_a_fault_that_the_whole_has_not(machine: str) -> None:
    raw = machines.load(machine)
    whole = judge(raw)
    if whole.facts is None or whole.facts.unsupported:
        return  # of these nothing else is judged
    chance = random.Random(machine)  # noqa: S311 - the same each time
    for _ in range(3):
        part = judge(partly(raw, chance))
        assert certain(part) <= certain(whole)
        assert part.captures_now in (None, whole.captures_now)
        assert part.verdict.value != "ready"


def test_an_unpacked_archive_and_a_directory_of_archives(tmp_path: Path) -> None:
    raw = machines.load("debian12-pending")
    archiving.pack(tmp_path / "sosreport-a.tar.xz", archiving.sosreport(raw, "a"), LIB)
    archiving.pack(tmp_path / "sosreport-b.tar.gz", archiving.sosreport(raw, "b"), LIB)
    with tarfile.open(archiving.pack(tmp_path / "c.tar", archiving.sosreport(raw, "c"), LIB, "c")) as packed:
        packed.extractall(tmp_path, filter="data")
    (tmp_path / "c.tar").unlink()
    found = {host["host"]: host["verdict"] for host in commands.look_here(given=[str(tmp_path)])["hosts"]}
    assert found == dict.fromkeys("abc", "reboot-pending")
    assert seen(tmp_path / "c")["findings"] == seen(tmp_path / "sosreport-a.tar.xz")["findings"]


def test_an_unpacked_archive_is_no_root(tmp_path: Path) -> None:
    (tmp_path / "sos_commands").mkdir()
    with pytest.raises(UserError, match="does not hold all files"):
        commands.look_here([str(tmp_path)])


def test_all_ways_to_look_are_in_one_document(tmp_path: Path) -> None:
    image = tmp_path / "image"
    (image / "etc").mkdir(parents=True)
    (image / "etc/hostname").write_text("db1\n")
    (image / "etc/os-release").write_text(machines.load("debian12-ready")["files"]["/etc/os-release"]["text"])
    recording = tmp_path / "web2.json"
    recording.write_text(json.dumps(machines.load("debian12-ready")))
    kept = tmp_path / "kept"
    kept.mkdir()
    recording.rename(kept / "web2.json")
    sos = archiving.pack(
        tmp_path / "sosreport-web1.tar.xz", archiving.sosreport(machines.load("debian12-pending")), LIB
    )
    result = commands.look_here([str(image)], [str(sos), str(kept)])
    assert {host["host"]: host["seen"]["how"] for host in result["hosts"]} == {
        "db1": "image",
        "web1": "sosreport",
        "web2": "recording",
    }
    keeps_to_the_schema(result)


def test_two_archives_of_one_host_are_told_apart(tmp_path: Path) -> None:
    raw = machines.load("debian12-pending")
    for name in ("monday", "friday"):
        archiving.pack(tmp_path / f"{name}.tar.xz", archiving.sosreport(raw), LIB)
    found = [host["host"] for host in commands.look_here(given=[str(tmp_path)])["hosts"]]
    assert found == ["web1 (friday.tar.xz)", "web1 (monday.tar.xz)"]


def broken(tmp_path: Path) -> dict[str, Path]:
    """Files with the name of an archive that are none, or no good ones."""
    files = archiving.sosreport(machines.load("debian12-ready"))
    whole = archiving.pack(tmp_path / "sosreport-whole.tar.xz", files, LIB)
    made = {name: tmp_path / f"{name}.tar.xz" for name in ("cut", "text", "empty", "other", "outside")}
    made["cut"].write_bytes(whole.read_bytes()[:-2000])
    made["text"].write_text("this is no archive\n")
    made["empty"].write_bytes(b"")
    archiving.pack(made["other"], {"readme": "hello"})
    archiving.pack(made["outside"], {**files, "../../../etc/cron.d/x": "* * * * * root x"})
    return made


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("cut", "could not be read as an archive"),
        ("text", "could not be read as an archive"),
        ("empty", "could not be read as an archive"),
        ("other", "neither a sosreport nor a supportconfig"),
        ("outside", "holds a path that leads out of it"),
    ],
)
def test_a_bad_archive_is_one_sentence(name: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence) as raised:
        seen(broken(tmp_path)[name])
    assert "\n" not in str(raised.value)
    assert not (tmp_path.parent / "etc").exists()


def test_one_that_grows_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = archiving.sosreport(machines.load("debian12-ready"))
    path = archiving.pack(tmp_path / "sosreport-web1.tar.xz", files | {"var/log/messages": "\0" * 5_000_000}, LIB)
    assert seen(path)["host"] == "web1"
    monkeypatch.setattr(archives, "READ_CAP", 4_000_000)
    with pytest.raises(UserError, match="larger than"):
        seen(path)
    monkeypatch.undo()
    monkeypatch.setattr(archives, "KEPT_CAP", 10_000)
    with pytest.raises(UserError, match="holds more than"):
        seen(path)


def test_links_and_devices_lead_nowhere(tmp_path: Path) -> None:
    """Nothing of the machine that reads the archive gets into the evidence, whatever the links say."""
    secret = tmp_path / "secret"
    (secret / "sysctl.d").mkdir(parents=True)
    (secret / "sysctl.d/99-here.conf").write_text("kernel.panic = 77\n")
    (secret / "kdump-tools").write_text("USE_KDUMP=0\n")
    files = archiving.sosreport(machines.load("debian12-ready"), without=["etc/sysctl.d/*", "etc/default/kdump-tools"])
    up = "/".join([".."] * 12)
    links = {
        **LIB,
        "etc/sysctl.d": f"{up}{secret}/sysctl.d",
        "etc/default/kdump-tools": f"{secret}/kdump-tools",
        "a": ".",
        "boot/grub2": f"../a/../../../..{up}{secret}",
    }
    path = archiving.pack(tmp_path / "sosreport-web1.tar", files, links)
    with tarfile.open(path, "a") as archive:
        device = tarfile.TarInfo("sosreport-web1-2026-11-18-abcdefg/etc/kdump.conf")
        device.type, device.devmajor, device.devminor = tarfile.CHRTYPE, 1, 3
        archive.addfile(device, io.BytesIO())
    raw = archives.read(path).raw
    assert [name for name in raw["files"] if "99-here" in name] == []
    assert raw["files"]["/etc/default/kdump-tools"] == {"error": "NOT_COLLECTED"}
    assert raw["files"]["/etc/kdump.conf"] == {"error": "NOT_COLLECTED"}


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """A directory that is a link out of the archive, and what should be in it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    files = archiving.sosreport(machines.load("debian12-ready"), without=["etc/default/*"])
    up = "/".join([".."] * 12)
    links = {**LIB, "etc/default": f"{up}{outside}", "etc/default/grub": "/etc/passwd", "etc/default/grub.d/a.cfg": "b"}
    raw = archives.read(archiving.pack(tmp_path / "sosreport-web1.tar", files, links)).raw
    assert list(outside.iterdir()) == []
    assert raw["files"]["/etc/default/grub"] == {"error": "NOT_COLLECTED"}


def test_a_masked_unit_stays_masked(tmp_path: Path) -> None:
    """sos makes links relative, also that to /dev/null."""
    path = archiving.pack(
        tmp_path / "sosreport-web1.tar",
        archiving.sosreport(machines.load("debian12-ready")),
        {**LIB, "etc/systemd/system/systemd-sysctl.service": "../../../dev/null"},
    )
    assert archives.read(path).raw["files"]["/etc/systemd/system/systemd-sysctl.service"]["link"] == "/dev/null"


def test_passwords_are_cut_out(tmp_path: Path) -> None:
    files = archiving.sosreport(machines.load("debian12-ready")) | {"etc/kdump.conf": "nfs_password = hunter2\n"}
    raw = archives.read(archiving.pack(tmp_path / "sosreport-web1.tar", files, LIB)).raw
    assert "hunter2" not in json.dumps(raw)
