"""kdump.enabler.boot_files: whatever a boot loader's own tool does, what booted before boots after.

The tool is a test double throughout (a shell script), because the real ones describe the machine they run on.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from tests.modules.module_runner import Call, breaking_rename, tree

ENTRY = """# made by a double
title Linux {0}
linux /{0}/linux
initrd /{0}/initrd.img
options root=/dev/vda2 {1}
"""
WORD = "crashkernel=256M"
NOW = "quiet " + WORD

# The second copy finds no room, as on a full disk.
FULL = """
import errno
from ansible_collections.kdump.enabler.plugins.module_utils import kept
real, count = kept.write_temporary, []
def write(path, state):
    count.append(path)
    if len(count) == 2:
        raise OSError(errno.ENOSPC, "full", path)
    return real(path, state)
kept.write_temporary = write
"""


def unified(command_line: str, more: bytes = b"") -> bytes:
    """A PE file with a command line, as ukify(1) makes it, and a section that also has such a word."""
    text = command_line.encode() + b"\0" * 8
    start = 0x80 + 24 + 2 * 40
    table = struct.pack("<8sIIII16x", b".cmdline", len(command_line), 0x1000, len(text), start)
    table += struct.pack("<8sIIII16x", b".initrd", 32, 0x2000, 32, start + len(text))
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)
    coff = b"PE\0\0" + struct.pack("<HH", 0x8664, 2) + b"\0" * 12 + struct.pack("<HH", 0, 0)
    return head.ljust(0x80, b"\0") + coff + table + text + b"crashkernel=1M".ljust(32, b"\0") + more


class Boot:
    """An ESP with two kernels, and a double of the tool that makes their entries."""

    def __init__(self, call: Call, directory: Path) -> None:
        """Create it; no entry asks for memory."""
        self.call, self.root = call, directory / "state"
        self.esp, self.entries = directory / "esp", directory / "esp" / "loader" / "entries"
        self.entries.mkdir(parents=True)
        for kernel in ("6.1", "6.2"):
            (self.esp / kernel).mkdir()
            for name in ("linux", "initrd.img"):
                (self.esp / kernel / name).write_text(kernel)
            self.entry(kernel).write_text(ENTRY.format(kernel, "quiet"))
        self.script = directory / "make-entries"
        self.makes({"6.1": NOW, "6.2": NOW})

    def entry(self, kernel: str) -> Path:
        """An entry's file."""
        return self.entries / f"id-{kernel}.conf"

    def makes(self, options: dict[str, str], more: str = "") -> None:
        """Let the tool write these entries, each in two halves, and do this after the first."""
        lines = ["#!/bin/sh"]
        for kernel, line in options.items():
            first, rest = ENTRY.format(kernel, line).split("title", 1)
            lines += [f"printf '%s' '{first}' >{self.entry(kernel)}", more]
            lines += [f"printf '%s' 'title{rest}' >>{self.entry(kernel)}"]
        self.script.write_text("\n".join(lines) + "\n")
        self.script.chmod(0o755)

    def run(self, **args: Any) -> dict[str, Any]:
        """Run the module."""
        usual = {"commands": [[str(self.script)]], "files": [f"{self.entries}/*.conf"], "root": str(self.root)}
        return self.call("boot_files", **{**usual, "words": [WORD], **args})


@pytest.fixture
def boot(call: Call, tmp_path: Path) -> Boot:
    """Return a machine that boots."""
    return Boot(call, tmp_path)


def refused(boot: Boot, kind: str, **args: Any) -> str:
    """Run the module, see it refuse and leave the ESP exactly as it was, and return the sentence."""
    before = tree(boot.esp)
    result = boot.run(**args)
    assert (result.get("failed"), result.get("kind")) == (True, kind), result
    assert tree(boot.esp) == before
    assert not (boot.root / "boot-files.json").exists()
    return str(result["msg"])


def test_the_entries_are_made(boot: Boot) -> None:
    result = boot.run()
    assert result["changed"] is True
    assert result["paths"] == [str(boot.entry("6.1")), str(boot.entry("6.2"))]
    assert "+options root=/dev/vda2 quiet crashkernel=256M" in result["diff"][0]["prepared"]
    assert sorted(path.name for path in boot.entries.iterdir()) == ["id-6.1.conf", "id-6.2.conf"]
    assert NOW in boot.entry("6.2").read_text()
    assert boot.run()["changed"] is False


def test_check_mode_says_what_would_run(boot: Boot) -> None:
    before = tree(boot.esp.parent)
    result = boot.run(check=True)
    assert result["changed"] is True
    assert result["note"] == f"{boot.script} would be run; check mode did not try it."
    assert tree(boot.esp.parent) == before


@pytest.mark.parametrize(
    ("more", "words"),
    [("echo 'no such kernel' >&2; exit 3", "failed with exit code 3: no such kernel"), ("kill -9 $$", "exit code -9")],
)
def test_a_tool_that_fails_in_the_middle(boot: Boot, more: str, words: str) -> None:
    boot.makes({"6.1": NOW, "6.2": NOW}, more)
    assert words in refused(boot, "boot_tool_failed")


def test_a_tool_that_does_not_end(boot: Boot) -> None:
    boot.makes({"6.1": NOW}, "sleep 60")
    assert "did not end within 1 s" in refused(boot, "boot_tool_failed", timeout=1)


def test_a_tool_that_is_missing(boot: Boot) -> None:
    refused(boot, "missing_tool", commands=[[str(boot.script)], ["no-such-tool"]])


def test_an_entry_that_is_taken_away(boot: Boot) -> None:
    boot.makes({"6.1": NOW}, f"rm {boot.entry('6.2')}")
    assert f"took {boot.entry('6.2')} away" in refused(boot, "boot_entry_lost")


def test_a_kernel_that_no_entry_boots_any_more(boot: Boot) -> None:
    boot.makes({"6.1": NOW, "6.2": NOW})
    boot.script.write_text(boot.script.read_text() + f"sed -i 's,/6.2/,/6.1/,' {boot.entry('6.2')}\n")
    assert "would no longer boot /6.2/linux" in refused(boot, "boot_entry_lost")


def test_an_entry_that_loads_what_is_not_there(boot: Boot) -> None:
    boot.script.write_text(boot.script.read_text() + f"sed -i 's,/initrd,/initramfs,' {boot.entry('6.2')}\n")
    assert "load /6.2/initramfs.img, which is not there" in refused(boot, "boot_entry_lost")


def test_an_entry_that_was_broken_before_may_stay_so(boot: Boot) -> None:
    (boot.esp / "6.1" / "initrd.img").unlink()
    assert boot.run()["changed"] is True


def test_an_empty_entry(boot: Boot) -> None:
    boot.script.write_text(f"#!/bin/sh\n: >{boot.entry('6.2')}\n")
    refused(boot, "boot_entry_lost")


def test_counted_boots_are_no_lost_entry(boot: Boot) -> None:
    """kernel-install gives a new entry its tries back, in its name."""
    boot.entry("6.2").rename(boot.entries / "id-6.2+1-2.conf")
    boot.makes({"6.1": NOW, "6.2": NOW})
    old, new = boot.entries / "id-6.2+1-2.conf", boot.entries / "id-6.2+3.conf"
    boot.script.write_text(boot.script.read_text() + f"mv {boot.entry('6.2')} {new}; rm {old}\n")
    assert sorted(boot.run()["paths"]) == sorted([str(boot.entry("6.1")), str(new), str(old)])


def test_entries_that_ask_for_something_else(boot: Boot) -> None:
    boot.makes({"6.1": NOW, "6.2": "crashkernel=1M"})
    said = refused(boot, "boot_entry_wrong")
    assert f"{boot.entry('6.2')} with crashkernel=1M and not {WORD}" in said
    assert boot.run(holding=[f"{boot.entries}/id-6.1*.conf"])["changed"] is True


def test_an_entry_that_shall_hold_it_and_is_not_there(boot: Boot) -> None:
    assert "no file" in refused(boot, "boot_entry_wrong", holding=[f"{boot.entries}/id-7*.conf"])


def test_words_that_shall_go(boot: Boot) -> None:
    assert "and not none" in refused(boot, "boot_entry_wrong", words=[])
    boot.makes({"6.1": "quiet", "6.2": "quiet"})
    assert boot.run(words=[])["changed"] is False


def test_words_that_nobody_knows_are_not_looked_at(boot: Boot) -> None:
    assert boot.run(words=None)["changed"] is True


def test_what_came_goes_again(boot: Boot) -> None:
    boot.makes({"6.1": NOW, "6.2": NOW, "6.3": NOW})
    assert "/6.3/linux" in refused(boot, "boot_entry_lost")


def test_no_room_for_a_copy(boot: Boot) -> None:
    """The tool is not run then."""
    refused(boot, "no_space", prelude=FULL)


def test_what_cannot_be_put_back_is_named_and_kept(boot: Boot) -> None:
    boot.makes({"6.1": NOW, "6.2": NOW}, "exit 1")
    before = tree(boot.esp)
    result = boot.run(prelude=breaking_rename(("id-6.1.conf", 1)))
    assert (result["kind"], result["paths"]) == ("half_done", [str(boot.entry("6.1"))])
    assert (boot.root / "boot-files.json").exists()
    boot.call("run", state="begun", run="20250101T000000Z", root=str(boot.root), grub_cfg="/nonexistent")
    assert tree(boot.esp) == before


def test_a_link_among_the_entries(boot: Boot) -> None:
    boot.entry("6.2").unlink()
    boot.entry("6.2").symlink_to("/dev/null")
    refused(boot, "symlink")


def test_a_unified_kernel_image_is_read_by_its_section(boot: Boot) -> None:
    image, new = boot.esp / "linux.efi", boot.esp.parent / "new"
    image.write_bytes(unified("quiet"))
    new.write_bytes(unified(NOW, b"more"))
    boot.script.write_text(f"#!/bin/sh\ncat {new} >{image}\n")
    result = boot.run(files=[str(image)])
    assert result["diff"] == [{"prepared": f"Binary files {image} differ\n"}]
    new.write_bytes(unified("quiet"))
    assert "no crashkernel=" in refused(boot, "boot_entry_wrong", files=[str(image)])
    new.write_bytes(b"MZ cut")
    assert f"{image} without .cmdline, .initrd" in refused(boot, "boot_entry_lost", files=[str(image)])


def test_a_unified_kernel_image_that_lost_its_initrd(boot: Boot) -> None:
    image, new = boot.esp / "linux+2-1.efi", boot.esp.parent / "new"
    image.write_bytes(unified("quiet"))
    new.write_bytes(unified(NOW).replace(b".initrd", b".inixxx"))
    boot.script.write_text(f"#!/bin/sh\nrm {image}; cat {new} >{boot.esp}/linux+3.efi\n")
    assert "linux+3.efi without .initrd" in refused(boot, "boot_entry_lost", files=[f"{boot.esp}/*.efi"])


def kept_by_a_killed_run(boot: Boot) -> None:
    """The record and the copies of a run that ended in the middle of the tool's work."""
    noted = {}
    for kernel in ("6.1", "6.2"):
        copy = boot.entries / f".id-{kernel}.conf.kdump-enabler.abc"
        copy.write_bytes(boot.entry(kernel).read_bytes())
        noted[str(boot.entry(kernel))] = {"copy": str(copy), "sha256": "not what is there"}
    boot.root.mkdir()
    (boot.root / "boot-files.json").write_text(json.dumps({"files": noted}))


def test_the_next_run_puts_back_what_a_killed_one_left(boot: Boot) -> None:
    before = tree(boot.esp)
    kept_by_a_killed_run(boot)
    boot.entry("6.1").write_text("hal")
    boot.entry("6.2").unlink()
    boot.call("run", state="begun", run="20250101T000000Z", root=str(boot.root), grub_cfg="/nonexistent")
    assert tree(boot.esp) == before


def test_it_leaves_what_was_installed_or_removed_since(boot: Boot) -> None:
    kept_by_a_killed_run(boot)
    boot.entry("6.3").write_text("later")
    boot.entry("6.2").unlink()
    for path in (boot.esp / "6.2").iterdir():
        path.unlink()
    boot.call("run", state="begun", run="20250101T000000Z", root=str(boot.root), grub_cfg="/nonexistent")
    assert sorted(path.name for path in boot.entries.iterdir()) == ["id-6.1.conf", "id-6.3.conf"]
