"""Our own units: what is planned where no package loads the capture kernel, and how the running kernel is found."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from kdump_enabler import evidence, probe
from kdump_enabler.audit import audit
from kdump_enabler.changing import own_units
from kdump_enabler.changing.plan import Plan
from kdump_enabler.facts import kernel_image, storage, tools
from kdump_enabler.facts.kernel_image import KernelImage
from kdump_enabler.facts.storage import Arrival, Start
from kdump_enabler.policy import PolicyError, from_variables
from tests.hosts import arch, machines
from tests.unit.building import MIB, identifiers, judge, raw, seen
from tests.unit.converging import apply

HOST_FILES = [path for path in own_units.PATHS if "/lib/" in path]
FSTAB = "UUID=1 / ext4 rw 0 1\n/dev/sdb1 /var/crash xfs {} 0 2\n"


def bz_image(path: Path, build: str, at: int = 0x3000) -> None:
    """A file with the header of a kernel for x86 as far as its version goes (Documentation/arch/x86/boot.rst)."""
    data = bytearray(at + 0x200 + 600)
    struct.pack_into("<H", data, 0x20E, at)
    data[at + 0x200 : at + 0x200 + len(build) + 1] = build.encode() + b"\0"
    path.write_bytes(bytes(data))


def image(
    files: dict[str, str], *, there: tuple[str, ...] = (), cmdline: str = "BOOT_IMAGE=/boot/vmlinuz-linux"
) -> KernelImage:
    """The image of a machine that runs Arch's kernel, with these builds of images, and these other files."""
    made = raw(
        {"/proc/cmdline": cmdline, "/proc/sys/kernel/osrelease": arch.RELEASE, "/proc/sys/kernel/version": arch.VERSION}
    )
    for path, build in files.items():
        arch.built(made, path, build)
    made["files"] |= {path: {"size": 20 * MIB} for path in there}
    return kernel_image.read(evidence.from_raw(made))


def test_the_probe_reads_the_build_that_an_image_says_it_is(tmp_path: Path) -> None:
    (tmp_path / "boot").mkdir()
    bz_image(tmp_path / "boot/vmlinuz-linux", arch.BUILD)
    (tmp_path / "boot/vmlinuz-short").write_bytes(b"MZ")
    record = probe.read_by(probe.build_of, str(tmp_path), "/boot/vmlinuz-linux")
    assert (record["text"], "error" in record) == (arch.BUILD, False)
    assert probe.read_by(probe.build_of, str(tmp_path), "/boot/vmlinuz-short")["text"] == ""
    assert probe.read_by(probe.build_of, str(tmp_path), "/boot/vmlinuz-none")["error"] == "ENOENT"


def test_the_running_kernel_is_found_by_what_it_says_of_itself() -> None:
    there = (arch.INITRD,)
    assert image({arch.IMAGE: arch.BUILD}, there=there) == KernelImage(arch.IMAGE, "", False, 20 * MIB)
    assert image({arch.IMAGE: arch.NEXT_BUILD}, there=there).fault == f"{arch.IMAGE} is Linux 6.17.9-arch1-1"
    same_release = arch.BUILD.replace("#1", "#2")
    assert image({arch.IMAGE: same_release}, there=there).fault == f"{arch.IMAGE} is Linux {arch.RELEASE}"
    assert image({arch.IMAGE: ""}, there=there).fault == f"{arch.IMAGE} is no kernel for x86"
    assert image({arch.IMAGE: arch.BUILD}).fault == f"there is no initrd beside {arch.IMAGE}"
    assert image({"/boot/vmlinuz-lts": arch.BUILD}, there=there).fault == f"{arch.IMAGE} does not exist"
    assert image({}).fault is None, "nobody could look"
    kept = {f"{arch.KEPT}/vmlinuz": arch.BUILD, arch.IMAGE: arch.NEXT_BUILD}
    assert image(kept, there=(f"{arch.KEPT}/initrd", arch.INITRD)).kept


@pytest.mark.parametrize("name", ["BOOT_IMAGE=/vmlinuz-linux", "BOOT_IMAGE=(hd0,gpt2)/@/boot/vmlinuz-linux"])
def test_the_boot_loader_names_a_path_of_its_own(name: str) -> None:
    assert image({arch.IMAGE: arch.BUILD}, there=(arch.INITRD,), cmdline=name).fault == ""


def test_without_a_name_from_the_boot_loader_it_is_the_one_with_its_release() -> None:
    assert image({}, cmdline="root=/dev/sda1").path == f"/boot/vmlinuz-{arch.RELEASE}"


@pytest.mark.parametrize("path", HOST_FILES)
def test_scripts_are_for_any_sh(path: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(own_units.texts("/var/crash", "")[path], encoding="utf-8")
    subprocess.run(["sh", "-n", str(script)], check=True)


def test_the_unit_that_writes_waits_for_its_own_file_system_alone() -> None:
    plain, other = (own_units.texts("/srv/dumps", devices)[own_units.SAVE] for devices in ("", own_units.DEVICES))
    assert "RequiresMountsFor=/srv/dumps\n" in plain
    assert "local-fs.target" not in plain
    assert "udev" not in plain
    assert "Wants=systemd-remount-fs.service systemd-udevd.service systemd-udev-trigger.service\n" in other


def test_disable_takes_all_of_it_away_and_a_package_does_not_load_beside_it() -> None:
    made = machines.load("arch-ready")
    plan = judge_goal(made, "disable")
    assert {change.path for change in plan.kdump_config if change.absent} == set(own_units.PATHS)
    assert (plan.stop_unit, plan.disable_unit, plan.reload_units) == (own_units.NAME, "", True)
    without_a_kernel = judge_goal(machines.load("arch-no-kernel"), "disable")
    assert (without_a_kernel.refusal, without_a_kernel.stop_unit) == ("", own_units.NAME)
    debian = machines.load("debian12-ready")
    for path, text in own_units.texts("/var/crash", "").items():
        machines.write(debian, path, text)
    back = judge(debian).plan
    assert (back.stop_unit, {change.path for change in back.kdump_config}) == (own_units.NAME, set(own_units.PATHS))


def judge_goal(made: machines.Raw, goal: str) -> Plan:
    return audit(evidence.from_raw(made), from_variables({}), goal).plan


def test_our_own_units_are_not_begun_where_they_were_not_tried() -> None:
    assert "were not tried on RHEL 9" in judge(machines.load("rhel9-unreserved"), provider="own").plan.refusal
    assert (
        "kdump-tools loads a capture kernel, too" in judge(machines.load("debian12-ready"), provider="own").plan.refusal
    )
    with pytest.raises(PolicyError, match="neither package nor own"):
        from_variables({"kdump_provider": "kdumpst"})


def test_what_is_missing_or_changed_is_written_again_and_loaded() -> None:
    made = machines.load("arch-ready")
    machines.remove(made, own_units.SAVE_SCRIPT)
    found = judge(made)
    assert (found.verdict.value, found.captures_now, identifiers(found)) == ("broken", False, ["KD048 error"])
    apply(made, found.plan)
    assert judge(made).verdict.value == "ready"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("SSH=root@backup", "our own units know KDUMP_COREDIR alone"),
        ("KDUMP_COREDIR=dumps", "it is no full path"),
        ("KDUMP_COREDIR='/a b'", "it is no full path"),
        ("KDUMP_COREDIR=/a%h", "it is no full path"),
    ],
)
def test_a_setting_that_our_units_cannot_follow_is_said(line: str, reason: str) -> None:
    made = machines.load("arch-ready")
    machines.write(made, "/etc/kdump-enabler/capture.conf", f"{line}\n")
    (finding,) = (one for one in judge(made).findings if one.id == "KD043")
    assert reason in finding.current


@pytest.mark.parametrize(
    ("options", "arrival"),
    [("defaults", Arrival.SURE), ("noauto", Arrival.SURE), ("nofail", Arrival.SURE), ("_netdev", Arrival.NEVER)],
)
def test_our_unit_has_its_own_file_system_mounted(options: str, arrival: Arrival) -> None:
    made = raw({"/etc/fstab": FSTAB.format(options)})
    made["mounts"] = {"/var/crash": {"source": "/dev/sdb1", "type": "xfs", "options": "rw"}}
    assert storage.read(evidence.from_raw(made), "/var/crash", Start.ROOT).arrival is arrival


def test_pacman_says_what_is_installed() -> None:
    missing = "error: package 'makedumpfile' was not found\n"

    def found(rc: int | None, out: str, err: str) -> dict[str, str] | None:
        run = {"argv": ["pacman", "-Q"], "rc": rc, "out": out, "err": err}
        return tools.packages(seen(commands=[run]), "pacman")

    assert found(1, "kexec-tools 1:2.0.32-1\n", missing) == {"kexec-tools": "1:2.0.32-1"}
    assert found(0, arch.PACKAGES, "") == {"kexec-tools": "1:2.0.32-1", "makedumpfile": "1.7.9-1"}
    assert found(1, "", missing) == {}
    assert found(255, "", "error: failed to initialize alpm library:\n(root: /, dbpath: /var/lib/pacman/)\n") is None
    no_lists = "warning: database file for 'extra' does not exist (use '-Sy' to download)\n"
    assert found(1, "", no_lists + missing) == {}
    assert found(None, "", "") is None
