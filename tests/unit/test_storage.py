"""Where file systems come from in the capture kernel."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from kdump_enabler import evidence
from kdump_enabler.facts import storage
from kdump_enabler.facts.storage import Arrival, Storage
from tests.hosts import machines
from tests.hosts.faults.targets import luks_home, luks_root, mapped, mounted
from tests.hosts.machines import Raw
from tests.unit.building import identifiers, judge, raw

LUKS2, LUKS1 = "CRYPT-LUKS2-0123456789abcdef-x", "CRYPT-LUKS1-0123456789abcdef-x"


def read(made: Raw, directory: str = "/var/crash") -> Storage:
    return storage.read(evidence.from_raw(made), directory)


def machine(*fstab: str) -> Raw:
    made = raw({"/etc/fstab": "".join(f"{line}\n" for line in fstab)})
    mounted(made, "/", "/dev/vda1", "ext4")
    return made


@pytest.mark.parametrize(
    ("kind", "line", "arrival"),
    [
        ("ext4", "/dev/vdb1 /var/crash ext4 defaults 0 2", Arrival.SURE),
        ("ext4", "/dev/vdb1\t/var/crash\text4\tnoauto,x-systemd.automount\t0 2", Arrival.SURE),
        ("ext4", "/dev/vdb1 /var/crash ext4 noauto", Arrival.NEVER),
        ("ext4", "/dev/vdb1 /var/crash ext4 noauto,nofail", Arrival.NEVER),
        ("ext4", "/dev/vdb1 /var/crash ext4 nofail", Arrival.LATE),
        ("ext4", "/dev/sdb1 /var/crash ext4 _netdev,nofail", Arrival.NEVER),
        ("ext4", "# /dev/vdb1 /var/crash ext4 defaults", Arrival.UNSEEN),
        ("nfs4", "nas:/x /var/crash nfs defaults", Arrival.NEVER),
        ("autofs", "nas:/x /var/crash nfs x-systemd.automount", Arrival.NEVER),
        ("autofs", "/dev/vdb1 /var/crash ext4 x-systemd.automount", Arrival.SURE),
        ("autofs", "", Arrival.UNSEEN),
        ("fuse.sshfs", "", Arrival.NEVER),
    ],
)
def test_arrival(kind: str, line: str, arrival: Arrival) -> None:
    made = machine(line)
    mounted(made, "/var/crash", "x", kind)
    assert read(made).arrival is arrival


def test_a_mount_unit_is_as_good_as_a_line() -> None:
    made = machine()
    mounted(made, "/srv/my-dumps", "/dev/vdb1", "ext4")
    machines.write(made, "/etc/systemd/system/srv-my\\x2ddumps.mount", "")
    assert read(made, "/srv/my-dumps").arrival is Arrival.SURE


@pytest.mark.skipif(shutil.which("systemd-escape") is None, reason="systemd-escape is not installed")
@pytest.mark.parametrize(
    "path", ["/var/crash", "/srv/my dumps", "/srv/d\u00fcmps", "/.hidden/x.y", "/a:b_c-d", "/a/.b"]
)
def test_unit_names_as_systemd_escapes_them(path: str) -> None:
    argv = ["systemd-escape", "--path", "--suffix=mount", path]
    assert storage._unit_name(path) == subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def test_encryption_is_found_below_lvm_and_raid() -> None:
    made = machine()
    mounted(made, "/", "/dev/mapper/vg-root", "ext4")
    mapped(made, "dm-1", "vg-root", "LVM-x", "md0")
    made["files"]["/sys/block/md0/slaves/dm-0"] = {"mode": 0o777, "link": "../dm-0", "exists": True}
    mapped(made, "dm-0", "disk_crypt", LUKS2, "sda")
    (lock,) = read(made).locks or ()
    assert (lock.name, lock.kind, lock.point) == ("disk_crypt", "LUKS2", "/")


@pytest.mark.parametrize("uuid", ["CRYPT-VERITY-00-x", "CRYPT-SUBDEV-00-x", "mpath-360000", "LVM-x"])
def test_what_is_no_encryption(uuid: str) -> None:
    made = machine()
    mounted(made, "/", "/dev/mapper/x", "ext4")
    mapped(made, "dm-0", "x", uuid, "sda")
    assert read(made).locks == ()


def test_a_map_that_could_not_be_read_is_neither_good_nor_bad() -> None:
    made = machines.load("debian12-ready")
    mounted(made, "/", "/dev/mapper/x", "ext4", free=1 << 40)
    found = judge(made)
    assert (identifiers(found), found.verdict.value, found.captures_now) == (["KD054 warning"], "unknown", None)


@pytest.mark.parametrize(
    ("line", "point", "by_itself"),
    [
        ("x UUID=1", "/", False),
        ("x UUID=1 none", "/", False),
        ("x UUID=1 - luks", "/data", False),
        ("x UUID=1 none luks,tpm2-device=auto", "/", False),  # cryptroot of the initrd ignores it
        ("x UUID=1 none luks,tpm2-device=auto", "/data", True),
        ("x UUID=1 none luks,keyscript=/lib/cryptsetup/scripts/decrypt_keyctl", "/", True),
        ("x UUID=1 /etc/keys/x.key luks", "/", True),
        ("# x UUID=1 none luks", "/", True),  # opened by something else
    ],
)
def test_who_opens_it(line: str, point: str, by_itself: bool) -> None:
    made = machine(f"/dev/mapper/x {point} ext4 defaults")
    mounted(made, point, "/dev/mapper/x", "ext4")
    mapped(made, "dm-0", "x", LUKS1, "sda")
    machines.write(made, "/etc/crypttab", line + "\n")
    (lock,) = read(made).locks or ()
    assert lock.by_itself is by_itself


def test_clevis_of_the_system_does_not_open_the_root() -> None:
    made = machines.load("debian12-ready")
    luks_root(made)
    machines.write(made, "/lib/systemd/system/clevis-luks-askpass.path", "")
    assert "KD054 error" in identifiers(judge(made))
    made = machines.load("debian12-ready")
    luks_home(made)
    machines.write(made, "/lib/systemd/system/clevis-luks-askpass.path", "")
    assert identifiers(judge(made)) == ["KD054 warning"]


def test_swap_with_a_random_key_asks_nobody() -> None:
    made = machines.load("debian12-ready")
    mapped(made, "dm-0", "swap_crypt", "CRYPT-PLAIN-swap_crypt", "vdb2")
    machines.write(made, "/etc/crypttab", "swap_crypt /dev/vdb2 /dev/urandom swap,cipher=aes-xts-plain64\n")
    assert identifiers(judge(made)) == []


def test_keys_that_another_user_cannot_see_are_not_missing() -> None:
    made = machines.load("debian12-ssh-no-key")
    machines.unreadable(made, "/root/.ssh/kdump_id_rsa")
    assert identifiers(judge(made)) == ["KD053 warning"]
