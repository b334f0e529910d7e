"""What the probe sees of dump targets, and what it keeps away from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler import probe

LOCAL = {"/": {"type": "ext4"}}


def secrets(text: str) -> str:
    return probe.SECRET_WORD.sub(probe.CUT_OUT, probe.SECRET.sub(probe.CUT_OUT, text))


@pytest.mark.parametrize(
    "options",
    ["username=kdump,password=hunter2,vers=3", "user=kdump,pass=hunter2", "username=dom/kdump%hunter2", "PASS=hunter2"],
)
def test_a_share_s_password_stays_on_the_host(options: str) -> None:
    found = secrets(f"//nas/crash /var/crash cifs {options} 0 0\n/dev/vda1 / ext4 defaults 0 1\n")
    assert "hunter2" not in found
    assert found.endswith("\n/dev/vda1 / ext4 defaults 0 1\n")


@pytest.mark.parametrize("text", ["/dev/vda1 / ext4 bypass=1,user=web 0 1", "crypt UUID=1 none luks,discard"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert secrets(text) == text


def test_a_network_mount_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at a share whose server is gone hangs."""

    def hang(*_: Any) -> None:
        raise AssertionError("looked at it")

    for name in ("lstat", "listdir", "readlink", "stat"):
        monkeypatch.setattr(os, name, hang)
    mounted = {**LOCAL, "/var/crash": {"type": "nfs4"}}
    assert probe.dump_directory("", "/var/crash/web1", mounted) == {
        "error": "NOT_LOCAL",
        "real": "/var/crash/web1",
        "dumps": {},
    }


def test_nor_is_one_that_a_link_leads_to(tmp_path: Path) -> None:
    link, share = tmp_path / "crash", tmp_path / "share"
    share.mkdir()
    link.symlink_to("share/web1")
    found = probe.dump_directory("", str(link), {**LOCAL, str(share): {"type": "cifs"}})
    assert (found["error"], found["real"]) == ("NOT_LOCAL", f"{share}/web1")


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert "error" in probe.dump_directory("", str(tmp_path / "a"), LOCAL)


def test_a_link_in_the_dump_directory_is_no_dump(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "202611201130").symlink_to("elsewhere")
    assert probe.dump_directory("", str(tmp_path), LOCAL)["dumps"] == {}


def test_all_mounts_are_told_and_only_local_ones_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def room(path: str) -> Any:
        asked.append(path)
        raise OSError(13, "no")

    monkeypatch.setattr(os, "statvfs", room)
    text = "/dev/vda1 / ext4 rw 0 0\nnas:/x /mnt/a\\040b nfs4 rw 0 0\nsystemd-1 /srv autofs rw 0 0\n"
    assert {point: record["type"] for point, record in probe.mounts("", text).items()} == {
        "/": "ext4",
        "/mnt/a b": "nfs4",
        "/srv": "autofs",
    }
    assert asked == ["/"]


def test_a_relative_directory_counts_from_the_root() -> None:
    files = {"/etc/default/kdump-tools": {"text": "KDUMP_COREDIR=crash\nSSH_KEY=/etc/kdump/key\n"}}
    assert probe.dump_directories(files) == ["/var/crash", "/crash"]
    assert probe.named(files, probe.KEY_FILES) == ["/etc/kdump/key"]
