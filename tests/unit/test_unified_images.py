"""Unified kernel images: read by their sections, in the menu beside other entries, built anew from the template."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler import evidence, probe
from kdump_enabler.changing import planning
from kdump_enabler.facts import machine, systemd_boot
from kdump_enabler.facts.boot_loader import LOADER_INFO
from kdump_enabler.facts.systemd_boot import CHOSEN
from tests.hosts import machines
from tests.hosts.machines import Raw
from tests.hosts.systemd_boot import ESP, ID, OLDER, TEMPLATE, entry, image_of, path_of, unify, variable
from tests.modules.test_boot_files import unified
from tests.unit.building import judge
from tests.unit.converging import apply, settles

KERNEL = "6.12.0-5-amd64"
CONVERGING = sorted(
    name
    for name in machines.names()
    if "-unified" in name and machines.expected(name)["verdict"] != "unsupported" and "no-kernel" not in name
)


def debian(*kernels: str, words: str = "", conf: str = "layout=uki\n") -> Raw:
    """Debian 13 with an image for each of these kernels, which are installed; the first runs."""
    raw = machines.load("debian13-pristine")
    running = raw["files"]["/proc/sys/kernel/osrelease"]["text"].strip()
    unify(raw, (running, *kernels), words, conf)
    return raw


def of(raw: Raw) -> machine.Facts:
    return machine.read(evidence.from_raw(raw))


def test_the_probe_reads_the_sections_that_tell(tmp_path: Path) -> None:
    """A file as ukify(1) lays it out, one that is cut in every place, and one that is none."""
    whole, folder = unified("root=/dev/vda2 quiet token=hidden"), tmp_path / "efi/EFI/Linux"
    folder.mkdir(parents=True)
    (folder / "whole.efi").write_bytes(whole)
    (folder / "none.efi").write_bytes(b"#!/bin/sh\n")
    for size in (0, 2, 60, 64, 70, 130, 200):
        (folder / f"cut-{size}.efi").write_bytes(whole[:size])
    seen = evidence.load(json.dumps(probe.collect(str(tmp_path))))
    text = seen.text("/efi/EFI/Linux/whole.efi")
    assert text == "options root=/dev/vda2 quiet token=[cut out by kdump-enabler]\n"
    others = [file for file in seen.below("/efi/EFI/Linux") if "whole" not in file.path]
    assert len(others) == 8
    assert {file.text for file in others} == {""}


@pytest.mark.parametrize("name", CONVERGING)
def test_every_machine_converges(name: str) -> None:
    settles(machines.load(name))


def test_what_runs_and_what_must_come_out() -> None:
    raw = debian(KERNEL)
    running = raw["files"]["/proc/sys/kernel/osrelease"]["text"].strip()
    plan = judge(raw, crashkernel="300M").plan
    assert [change.path for change in plan.crashkernel] == [TEMPLATE]
    assert plan.boot_files is not None
    assert sorted(plan.boot_files["commands"]) == sorted(
        ["kernel-install", "add", release, f"/boot/vmlinuz-{release}"] for release in (running, KERNEL)
    )
    assert plan.boot_files["files"] == [f"{ESP}/EFI/Linux/*.efi"]
    assert sorted(plan.boot_files["holding"]) == sorted(
        f"{ESP}/EFI/Linux/*-{release}[.+]*efi" for release in (running, KERNEL)
    )
    assert plan.boot_files["words"] == ["crashkernel=300M"]
    apply(raw, plan)
    assert judge(raw, crashkernel="300M").plan.make_boot_files is False
    away = planning.take_away(of(raw))
    assert (away.make_boot_files, (away.boot_files or {})["words"]) == (True, [])
    apply(raw, away)
    assert "crashkernel" not in raw["files"][TEMPLATE]["text"] + raw["files"][image_of(running)]["text"]
    assert (planning.go_back(of(raw)).boot_files or {})["words"] is None


def test_a_template_that_is_right_and_not_in_the_image_yet() -> None:
    raw = debian()
    machines.write(raw, TEMPLATE, raw["files"][TEMPLATE]["text"].strip() + " crashkernel=700M\n")
    plan = judge(raw).plan
    assert plan.crashkernel == ()
    assert plan.make_boot_files
    assert (plan.boot_files or {})["words"] == ["crashkernel=700M"]


def test_without_a_template_it_becomes_what_the_image_says() -> None:
    raw = debian()
    before = raw["files"][TEMPLATE]["text"].strip()
    machines.remove(raw, TEMPLATE)
    plan = judge(raw, crashkernel="300M").plan
    assert [change.text for change in plan.crashkernel] == [f"{before} crashkernel=300M\n"]
    assert (plan.boot_files or {})["words"] == ["crashkernel=300M"]


@pytest.mark.parametrize(
    ("conf", "way"),
    [
        ("layout=uki\n", "kernel-install-uki"),
        ('layout="uki"\nuki_generator=ukify\ninitrd_generator=dracut\n', "kernel-install-uki"),
        ("layout=uki\nuki_generator=dracut\n", "unified-kernel-image"),
        ("layout=bls\n", "unified-kernel-image"),
        ("#layout=uki\n", "unified-kernel-image"),
        ("", "unified-kernel-image"),
    ],
)
def test_only_what_ukify_builds_for_kernel_install_is_ours_to_build(conf: str, way: str) -> None:
    assert of(debian(conf=conf)).boot_loader == way


def test_an_image_that_the_firmware_starts_by_itself_is_not_ours() -> None:
    raw = debian()
    machines.remove(raw, LOADER_INFO)
    assert "StubInfo" in judge(raw).as_dict("x")["reason"]


def test_an_image_of_a_kernel_that_is_gone_is_a_matter_for_a_person() -> None:
    judged = judge(machines.load("debian13-unified-no-kernel"))
    (held,) = (one for one in judged.findings if one.id == "KD021")
    assert held.by_hand
    assert "no installed kernel belongs to it" in held.remedy
    assert not judged.plan.make_boot_files


def test_images_and_entries_in_one_menu() -> None:
    """The specification sorts both by the same keys; what is chosen decides which way the machine boots."""
    raw = debian()
    running = raw["files"]["/proc/sys/kernel/osrelease"]["text"].strip()
    machines.write(raw, path_of(OLDER), entry(OLDER, "root=x", key="aaa"))
    menu = systemd_boot.read(evidence.from_raw(raw))
    assert menu.next_entry is not None
    assert menu.next_entry.file == path_of(OLDER)
    variable(raw, CHOSEN, f"{ID}-{running}.efi")
    assert of(raw).boot_loader == "kernel-install-uki"
    variable(raw, CHOSEN, f"{ID}-{OLDER}.conf")
    assert of(raw).boot_loader == "systemd-boot"


def test_the_keys_of_an_image_come_from_its_os_release() -> None:
    release = 'ID=debian\nVERSION_ID="13"\nVERSION="13 (trixie)"\nPRETTY_NAME="Debian 13"\n'
    raw: dict[str, Any] = machines.load("debian13-pristine")
    unify(raw, ("6.1",), release=release)
    (image,) = systemd_boot.read(evidence.from_raw(raw)).fragments
    assert (image.title, image.sort_key, image.version) == ("Debian 13", "debian", "13 (trixie)")
    unify(raw, ("6.1",), release=release + "IMAGE_ID=mine\nIMAGE_VERSION=7\n")
    (image,) = systemd_boot.read(evidence.from_raw(raw)).fragments
    assert (image.sort_key, image.version) == ("mine", "7")


def test_a_release_that_begins_like_another_is_another() -> None:
    """Also with the counter of a new image."""
    raw = debian("6.12.0-50-amd64", "6.12.0-5")
    holding = (judge(raw).plan.boot_files or {})["holding"]
    (short,) = (pattern for pattern in holding if "-6.12.0-5[" in pattern)
    names = [f"{ESP}/EFI/Linux/{ID}-{end}.efi" for end in ("6.12.0-5", "6.12.0-5+3", "6.12.0-50-amd64", "16.12.0-50")]
    assert [fnmatchcase(name, short) for name in names] == [True, True, False, False]
