"""kdump.enabler.grub_config: a machine that booted before boots after, whatever the generator does.

grub-mkconfig is a test double throughout (a shell script), because the real one describes the machine it runs on.
grub-script-check is a double too, but for the one test that says otherwise, and so is sync: tests/system/
test_hard_reset.py sees what the real one does.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from tests.modules.module_runner import Call, breaking_rename, tree

ENTRY = """menuentry 'Linux {0}' --class os {{
\tpassword_pbkdf2 root secret-hash
\tlinux\t/vmlinuz-{0} root=/dev/vda1 ro {1}
\tinitrd\t/initrd.img-{0}
}}
"""


def config(*kernels: str, options: str = "quiet") -> str:
    """Return a grub.cfg."""
    return "set default=0\n" + "".join(ENTRY.format(kernel, options) for kernel in kernels)


class Boot:
    """A /boot with two kernels, and doubles of the GRUB tools."""

    def __init__(self, call: Call, directory: Path) -> None:
        """Create it; it boots both kernels."""
        self.call = call
        self.tools, self.boot = directory / "tools", directory / "boot"
        self.tools.mkdir()
        (self.boot / "grub").mkdir(parents=True)
        for kernel in ("6.1", "6.2"):
            (self.boot / f"vmlinuz-{kernel}").touch()
        self.cfg = self.boot / "grub" / "grub.cfg"
        self.cfg.write_text(config("6.1", "6.2"))
        self.cfg.chmod(0o444)
        self.generates(config("6.1", "6.2", options="quiet crashkernel=256M"))
        self.tool("grub-script-check", "exit 0")
        self.tool("sync", "exit 0")

    def tool(self, name: str, script: str) -> None:
        """Put a double on PATH."""
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def generates(self, text: str, more: str = "") -> None:
        """Let grub-mkconfig write this text, by way of FILE.new like the real one."""
        (self.tools / "text").write_text(text)
        copy = f'cat {self.tools}/text >"$2.new"; cat "$2.new" >"$2"; rm "$2.new"'
        self.tool("grub-mkconfig", f'[ "$1" = -o ] || exit 64; {more}\n{copy}')

    def run(self, **args: Any) -> dict[str, Any]:
        """Run the module."""
        return self.call("grub_config", path_first=str(self.tools), **{"path": str(self.cfg), **args})


@pytest.fixture
def boot(call: Call, tmp_path: Path) -> Boot:
    """Return a machine that boots."""
    return Boot(call, tmp_path)


def refused(boot: Boot, kind: str, **args: Any) -> str:
    """Run the module, see it refuse and leave /boot exactly as it was, and return the sentence."""
    before = tree(boot.boot)
    inode = boot.cfg.stat().st_ino
    result = boot.run(**args)
    assert (result["failed"], result["kind"]) == (True, kind), result
    assert tree(boot.boot) == before
    assert boot.cfg.stat().st_ino == inode
    sentence: str = result["msg"]
    assert "\n" not in sentence
    assert result["hint"].endswith(".")
    return sentence


def test_regenerates(boot: Boot) -> None:
    """New text, old mode, no other file; and the diff holds no password."""
    result = boot.run()
    assert result["changed"] is True
    assert boot.cfg.read_text() == config("6.1", "6.2", options="quiet crashkernel=256M")
    assert stat.S_IMODE(boot.cfg.stat().st_mode) == 0o444
    assert list(boot.cfg.parent.iterdir()) == [boot.cfg]
    assert result["kernels"] == ["/vmlinuz-6.1", "/vmlinuz-6.2"]
    assert result["seconds"] >= 0
    shown = result["diff"][0]["prepared"]
    assert "+\tlinux\t/vmlinuz-6.2 root=/dev/vda1 ro quiet crashkernel=256M\n" in shown
    assert "secret-hash" not in result["stdout"]


def test_second_run_changes_nothing(boot: Boot) -> None:
    """The same text is not even renamed into place."""
    boot.run()
    inode = boot.cfg.stat().st_ino
    result = boot.run()
    assert (result["changed"], result["differs"], result["diff"]) == (False, False, [])
    assert boot.cfg.stat().st_ino == inode


def test_trying_only(boot: Boot) -> None:
    """install: false says what would come and leaves no trace."""
    before = tree(boot.boot)
    result = boot.run(install=False)
    assert (result["changed"], result["differs"]) == (False, True)
    assert tree(boot.boot) == before


def test_check_mode_runs_nothing(boot: Boot) -> None:
    """Not even the generator, which may write elsewhere."""
    boot.tool("grub-mkconfig", f"touch {boot.boot}/ran")
    before = tree(boot.boot)
    result = boot.run(check=True)
    assert (result["changed"], result["kernels"]) == (True, [])
    assert "did not try" in result["note"]
    assert boot.run(check=True, install=False)["changed"] is False
    assert tree(boot.boot) == before


def test_the_generator_fails(boot: Boot) -> None:
    """The sentence quotes the complaint, not the chatter around it."""
    complaint = "/usr/sbin/grub-probe: error: failed to get canonical path of overlay."
    boot.tool("grub-mkconfig", f'echo half >"$2"; echo "{complaint}" >&2; echo done >&2; exit 1')
    assert complaint.rstrip(".") in refused(boot, "grub_mkconfig_failed")


def test_the_generator_takes_too_long(boot: Boot) -> None:
    """It and its children end; os-prober is known to hang."""
    boot.tool("grub-mkconfig", f"(sleep 3; touch {boot.boot}/late) & wait")
    started = time.monotonic()
    assert "within 1 s" in refused(boot, "grub_mkconfig_failed", timeout=1)
    assert time.monotonic() - started < 3
    time.sleep(3)
    assert not (boot.boot / "late").exists()


def test_messages_are_not_translated(boot: Boot) -> None:
    """What we look for in them is English."""
    boot.tool("grub-mkconfig", 'echo "error: $LC_ALL" >&2; exit 1')
    assert "error: C;" in refused(boot, "grub_mkconfig_failed")


def test_it_is_made_in_the_language_of_the_machine(boot: Boot, tmp_path: Path) -> None:
    """Titles are translated, and an entry can be chosen by its title; an SSH login has another language."""
    (tmp_path / "locale").write_text('# chosen at installation\nLANG="de_DE.UTF-8"\n')
    boot.generates(config("6.1", "6.2"), more=f'echo "$LANG $LC_ALL" > {tmp_path}/seen')
    module = "ansible_collections.kdump.enabler.plugins.module_utils.grub_generator"
    login = "import os; os.environ['LC_ALL'] = 'C'"
    boot.run(prelude=f"{login}; import {module} as made; made.LOCALE_FILES = [{str(tmp_path / 'locale')!r}]")
    assert (tmp_path / "seen").read_text() == "de_DE.UTF-8 \n"


def test_the_syntax_check_fails(boot: Boot) -> None:
    """Ours."""
    boot.tool("grub-script-check", 'echo "syntax error at line 7" >&2; exit 1')
    assert "line 7" in refused(boot, "grub_syntax")


def test_the_generators_own_syntax_check_fails(boot: Boot) -> None:
    """It leaves FILE.new behind."""
    boot.tool("grub-mkconfig", 'echo x >"$2.new"; echo "Syntax errors are detected in it." >&2; exit 1')
    refused(boot, "grub_syntax")


@pytest.mark.skipif(not shutil.which("grub-script-check"), reason="grub-common is not installed")
def test_the_real_syntax_check(boot: Boot) -> None:
    """GRUB's own parser takes our good example and rejects the broken one."""
    (boot.tools / "grub-script-check").unlink()
    assert boot.run(install=False)["differs"] is True
    boot.generates(config("6.1", "6.2") + "menuentry 'no end {\n")
    refused(boot, "grub_syntax")


@pytest.mark.parametrize(
    "text", ["", "set default=0\n", "#linux /vmlinuz-6.1\n", "linux /vmlinuz-6.1\nlinux /vmlinuz-6.2\n"]
)
def test_no_kernel_at_all(boot: Boot, text: str) -> None:
    """10_linux ends well with an empty menu where it does not understand the root device."""
    boot.generates(text)
    refused(boot, "grub_empty")


def test_one_kernel_less(boot: Boot) -> None:
    """It is still on disk, so it must still be offered; three entries of the other do not make up for it."""
    boot.generates(config("6.2", "6.2", "6.2"))
    assert "/vmlinuz-6.1" in refused(boot, "grub_empty")


def test_a_kernel_that_was_removed(boot: Boot) -> None:
    """Its file is gone, so its entry may go."""
    (boot.boot / "vmlinuz-6.1").unlink()
    boot.generates(config("6.2"))
    assert boot.run()["kernels"] == ["/vmlinuz-6.2"]


def test_a_new_kernel(boot: Boot) -> None:
    """More is fine."""
    boot.generates(config("6.1", "6.2", "6.3"))
    assert len(boot.run()["kernels"]) == 3


def test_no_file_yet(boot: Boot) -> None:
    """The first one; readable for root only unless the generator says otherwise."""
    boot.cfg.unlink()
    boot.generates(config("6.1"))
    assert boot.run()["changed"] is True
    assert stat.S_IMODE(boot.cfg.stat().st_mode) == 0o600


def test_boot_loader_entries(boot: Boot) -> None:
    """On Fedora and EL the kernels stand elsewhere."""
    boot.cfg.chmod(0o644)
    boot.cfg.write_text("insmod blscfg\nblscfg\n")
    boot.generates("insmod blscfg\nblscfg\nset x=1\n")
    assert boot.run()["changed"] is True


def test_a_change_to_boot_loader_entries_is_refused(boot: Boot) -> None:
    """The entries may not exist."""
    boot.generates("blscfg\n")
    refused(boot, "grub_empty")


@pytest.mark.parametrize("word", ["linux16", "linuxefi"])
def test_older_spellings(boot: Boot, word: str) -> None:
    """EL 7 and SUSE."""
    boot.generates(config("6.1", "6.2").replace("\tlinux\t", f"\t{word} "))
    assert boot.run()["kernels"] == ["/vmlinuz-6.1", "/vmlinuz-6.2"]


@pytest.mark.parametrize("code", [0, 1])
def test_no_space_in_the_generator(boot: Boot, code: int) -> None:
    """Whatever its exit code says."""
    boot.tool(
        "grub-mkconfig", f'cp {boot.tools}/text "$2"; echo "cat: write error: No space left on device" >&2; exit {code}'
    )
    refused(boot, "no_space")


def test_no_space_at_the_end(boot: Boot) -> None:
    """The rename itself fails."""
    act = "raise OSError(28, 'No space left on device', source, None, target)"
    refused(boot, "no_space", prelude=breaking_rename(("grub.cfg", 1), act=act))


def test_what_grub_finds_is_whole_at_any_moment(boot: Boot, tmp_path: Path) -> None:
    """It reads past the journal. So the new file comes to its place before the name leads to it, and the old one is
    kept until its name leads elsewhere there, too."""
    old, new = boot.cfg.read_text(), (boot.tools / "text").read_text()
    boot.tool("sync", f'[ "$1" = -f ] || exit 64; cp -a "$2" {tmp_path}/looked-$(ls {tmp_path} | grep -c looked)')
    boot.run()
    names = ["looked-0", "looked-1"]
    looks = [{path.name: path.read_text() for path in (tmp_path / name).iterdir()} for name in names]
    assert sorted(path.name for path in tmp_path.glob("looked-*")) == names
    assert [look.pop("grub.cfg") for look in looks] == [old, new]
    assert new in looks[0].values()
    assert list(looks[1].values()).count(old) == 1


@pytest.mark.parametrize("number", [1, 2])
def test_the_disk_fails(boot: Boot, tmp_path: Path, number: int) -> None:
    """Before the new file has its name, or after: the old one has it then."""
    count = f'echo x >>{tmp_path}/syncs; [ "$(wc -l <{tmp_path}/syncs)" -lt {number} ]'
    boot.tool("sync", f'{count} || {{ echo "sync: error syncing: Input/output error" >&2; exit 1; }}')
    assert "Input/output error" in refused(boot, "io_error")


def test_somebody_else_regenerates_meanwhile(boot: Boot) -> None:
    """Theirs stays: it may be newer than what ours was made from."""
    boot.cfg.chmod(0o644)
    boot.generates(config("6.1", "6.2", options="x"), more=f"echo '# theirs' >>{boot.cfg}")
    assert boot.run()["kind"] == "changed_since"
    assert boot.cfg.read_text().endswith("# theirs\n")


def test_a_link_to_the_file(boot: Boot) -> None:
    """/etc/grub2.cfg: the file behind it is replaced, the link stays."""
    link = boot.tools / "grub2.cfg"
    link.symlink_to(boot.cfg)
    assert boot.run(path=str(link))["changed"] is True
    assert link.is_symlink()
    assert "crashkernel" in boot.cfg.read_text()


def test_the_check_belongs_to_the_generator(boot: Boot) -> None:
    """grub2-mkconfig is checked by grub2-script-check."""
    (boot.tools / "grub-mkconfig").rename(boot.tools / "grub2-mkconfig")
    boot.tool("grub2-script-check", "echo this one >&2; exit 1")
    assert "this one" in refused(boot, "grub_syntax", command=["grub2-mkconfig"])


def test_no_generator(boot: Boot) -> None:
    """A sentence, not a traceback."""
    assert "grub9-mkconfig" in refused(boot, "missing_tool", command=["grub9-mkconfig"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(boot: Boot) -> None:
    """As with the mode."""
    os.chown(boot.cfg, 12345, 54321)
    boot.run()
    assert (boot.cfg.stat().st_uid, boot.cfg.stat().st_gid) == (12345, 54321)
