"""The probe: it looks, changes nothing, and takes no secret along."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler import evidence, probe, vmcore
from kdump_enabler.facts import machine
from tests.hosts import machines, red_hat

SOURCE = Path(probe.__file__)
PIPED = pytest.mark.parametrize(
    "source", [SOURCE, *Path(vmcore.__file__).parent.glob("[a-z]*.py")], ids=lambda path: path.stem
)
GRUB_CFG = 'set superusers="root"\npassword_pbkdf2 root grub.pbkdf2.sha512.10000.DEADBEEF\nset default="0"\n'
KDUMP = "USE_KDUMP=1\nFTP_USER=dump\nFTP_PASSWORD=hunter2\nKDUMP_COREDIR=/srv/dumps\n"
NOBODY = 65534


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small machine as files."""
    texts = {
        "etc/os-release": "ID=debian\nVERSION_ID=12\n",
        "etc/default/grub": 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n',
        "etc/default/grub.d/50-x.cfg": "# nothing\n",
        "etc/default/kdump-tools": KDUMP,
        "etc/sysctl.d/50-x.conf": "kernel.panic = 5\n",
        "boot/grub/grub.cfg": GRUB_CFG,
        "srv/dumps/202611201130/dump.202611201130": "THE MEMORY OF A MACHINE",
        "srv/dumps/202611201130/dmesg.202611201130": "[0.0] words of a kernel",
        "srv/dumps/notes/private": "not a dump",
        "var/crash/linux-image.crash": "apport's",
    }
    root = tmp_path / "root"
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def collect(root: Path) -> dict[str, Any]:
    """What the probe prints for a tree, run as on a host: as text, by an isolated Python."""
    argv = [sys.executable, "-I", "-S", "-", str(root)]
    run = subprocess.run(argv, input=SOURCE.read_bytes(), capture_output=True, check=True)
    assert run.stderr == b""
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_a_tree(tree: Path) -> None:
    found = collect(tree)
    assert (found["schema"], found["live"], found["root"]) == (1, False, str(tree))
    record = found["files"]["/etc/sysctl.d/50-x.conf"]
    assert (record["text"], record["size"]) == ("kernel.panic = 5\n", 17)
    assert record["sha256"] == hashlib.sha256(b"kernel.panic = 5\n").hexdigest()
    assert evidence.load(json.dumps(found)).text("/etc/os-release") == "ID=debian\nVERSION_ID=12\n"


def test_dumps_are_listed_and_never_read(tree: Path) -> None:
    found = collect(tree)
    inside = found["directories"]["/srv/dumps"]["dumps"]["202611201130"]
    assert inside["files"]["dump.202611201130"]["size"] == len("THE MEMORY OF A MACHINE")
    assert "notes" not in found["directories"]["/srv/dumps"]["dumps"]
    text = json.dumps(found)
    assert [word for word in ("THE MEMORY", "words of a kernel", "not a dump", "apport's") if word in text] == []


def test_a_machine_of_the_red_hat_family(tmp_path: Path) -> None:
    """Its boot entries, its configuration and its dumps, as files below another root."""
    raw = red_hat.ready()()
    for path, record in raw["files"].items():
        if path.startswith(("/boot/", "/etc/")) and "text" in record:
            place = Path(f"{tmp_path}{path}")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(record["text"], encoding="utf-8")
    dump = tmp_path / "srv/crash/127.0.0.1-2026-11-20-11:30:00"
    dump.mkdir(parents=True)
    (dump / "vmcore").write_text("THE MEMORY OF A MACHINE", encoding="utf-8")
    (tmp_path / "etc/kdump.conf").write_text("path /srv/crash # large\nsshkey /root/key\n", encoding="utf-8")
    found = collect(tmp_path)
    assert "THE MEMORY" not in json.dumps(found)
    assert found["files"]["/root/key"] == {"error": "ENOENT"}
    facts = machine.read(evidence.load(json.dumps(found)))
    assert facts.platform is not None
    assert facts.next_entry is not None
    assert (facts.platform.key, facts.boot_loader) == ("rhel-9", "bls")
    assert (facts.next_entry.file, facts.next_entry.line) == (red_hat.path_of(red_hat.EL9.kernels[0]), 5)
    assert facts.dump_directory.dumps == ("/srv/crash/127.0.0.1-2026-11-20-11:30:00/vmcore",)


@pytest.mark.parametrize("stamp", ["2026-11-20-11-30", "2026-11-20-11:30"])
@pytest.mark.parametrize("written", ['"/srv/crash"', "file:///srv/crash"])
def test_a_tree_of_suse(tmp_path: Path, stamp: str, written: str) -> None:
    """The configuration and a dump, as files below another root."""
    for path, record in machines.load("leap15-ready")["files"].items():
        if path.startswith(("/boot/", "/etc/")) and "text" in record:
            place = Path(f"{tmp_path}{path}")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(record["text"], encoding="utf-8")
    dump = tmp_path / "srv/crash" / stamp
    dump.mkdir(parents=True)
    (dump / "vmcore").write_text("THE MEMORY OF A MACHINE", encoding="utf-8")
    (dump / "README.txt").write_text("vmcore status: saved successfully\n", encoding="utf-8")
    (tmp_path / "etc/sysconfig/kdump").write_text(f"KDUMP_SAVEDIR={written}\n", encoding="utf-8")
    found = collect(tmp_path)
    assert "THE MEMORY" not in json.dumps(found)
    facts = machine.read(evidence.load(json.dumps(found)))
    assert facts.platform is not None
    assert (facts.platform.key, facts.boot_loader) == ("opensuse-15.6", "grub-defaults")
    assert facts.dump_directory.dumps == (f"/srv/crash/{stamp}/vmcore",)


SECRETS = [
    ("/etc/default/kdump-tools", KDUMP, "hunter2", "USE_KDUMP=1"),
    ("/etc/default/kdump-tools", "  export FTP_PASSWORD='a b hunter2'\n# x\nUSE_KDUMP=1\n", "hunter2", "USE_KDUMP=1"),
    ("/boot/grub/grub.cfg", GRUB_CFG, "DEADBEEF", 'set default="0"'),
    ("/boot/grub/grub.cfg", "\tpassword root hunter2\nset default=0\n", "hunter2", "set default=0"),
    ("/etc/default/kexec", "API_TOKEN=hunter2\nLOAD_KEXEC=true\n", "hunter2", "LOAD_KEXEC=true"),
    # admin-guide/cifs: cifsroot=//<server>/<share>,username=foo,password=bar; systemd.set_credential= of systemd(1)
    ("/proc/cmdline", "ro cifsroot=//a/b,username=u,password=hunter2 crashkernel=1G\n", "hunter2", "crashkernel=1G"),
    ("/proc/cmdline", "ro systemd.set_credential=passwd.x:hunter2 crashkernel=1G\n", "hunter2", "crashkernel=1G"),
    ("/etc/sysconfig/kdump", 'KDUMP_SAVEDIR="ftp://u:hunter2@host/crash"\n', "hunter2", "@host/crash"),
    ("/etc/sysconfig/kdump", "KDUMP_SAVEDIR=cifs://u:a@hunter2@host/x\n", "hunter2", "@host/x"),
    ("/etc/sysconfig/kdump", 'KDUMP_SMTP_PASSWORD="hunter2"\nKDUMP_CPUS=1\n', "hunter2", "KDUMP_CPUS=1"),
    (
        "/etc/default/grub",
        'GRUB_CMDLINE_LINUX="cifsroot=//a/b,password=hunter2 crashkernel=1G"\n',
        "hunter2",
        "crashkernel=1G",
    ),
]


@pytest.mark.parametrize(("path", "text", "secret", "kept"), SECRETS)
def test_secrets_stay_on_the_host(tree: Path, path: str, text: str, secret: str, kept: str) -> None:
    file = Path(str(tree) + path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    found = collect(tree)
    assert secret not in json.dumps(found)
    assert kept in found["files"][path]["text"]


def test_an_empty_password_is_no_secret(tree: Path) -> None:
    text = 'KDUMP_SMTP_PASSWORD=""\nKDUMP_HOST_KEY=""\n'
    file = Path(f"{tree}/etc/sysconfig/kdump")
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    assert collect(tree)["files"]["/etc/sysconfig/kdump"]["text"] == text


def test_the_digest_is_of_the_whole_file(tree: Path) -> None:
    """It is what a change is checked against on the host, so nothing is cut out of it."""
    assert collect(tree)["files"]["/etc/default/kdump-tools"]["sha256"] == hashlib.sha256(KDUMP.encode()).hexdigest()


def test_absent_and_unreadable_differ(tree: Path) -> None:
    (tree / "etc/sysctl.conf").mkdir()
    (tree / "etc/default/kexec").symlink_to("nowhere")
    found = evidence.load(json.dumps(collect(tree)))
    states = {
        path: (found.file(path).absent, found.file(path).unknown) for path in ("/etc/sysctl.conf", "/boot/grub/grubenv")
    }
    assert states == {"/etc/sysctl.conf": (False, True), "/boot/grub/grubenv": (True, False)}
    assert found.file("/never/collected").unknown


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_what_a_user_may_not_read_is_unreadable(tree: Path) -> None:
    (tree / "boot/grub/grub.cfg").chmod(0o600)
    for folder in (tree, *tree.parents):
        if folder.stat().st_uid == 0 and str(folder).startswith("/tmp/pytest"):
            folder.chmod(0o755)
    run = subprocess.run(
        ["/usr/bin/env", "python3", "-I", "-", str(tree)],
        input=SOURCE.read_bytes(),
        capture_output=True,
        check=True,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
    )
    file = evidence.load(run.stdout.decode()).file("/boot/grub/grub.cfg")
    assert (file.error, file.absent, file.unknown, file.text) == ("EACCES", False, True, None)


def test_no_command_answers_for_another_root(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a command was run")

    monkeypatch.setattr(subprocess, "Popen", forbidden)
    monkeypatch.setattr(os, "statvfs", forbidden)
    found = probe.collect(str(tree))
    assert (found["commands"], found["mounts"], found["machine"]) == ([], {}, None)
    assert "lines" not in found["kernel_log"]


@pytest.mark.parametrize("path", ["etc/default/grub", "etc/default/grub.d/50-x.cfg", "etc/os-release"])
def test_links_do_not_lead_out_of_another_root(tree: Path, tmp_path: Path, path: str) -> None:
    """An offline check never answers with facts of the machine it runs on (design.md 2)."""
    outside = tmp_path / "outside"
    outside.write_text("ID=this-machine\n", encoding="utf-8")
    (tree / path).unlink()
    (tree / path).symlink_to(outside)
    assert "this-machine" not in json.dumps(collect(tree))


def test_an_absolute_link_is_followed_inside_the_root(tree: Path) -> None:
    vendor = tree / "usr/lib/os-release"
    vendor.parent.mkdir(parents=True)
    (tree / "etc/os-release").rename(vendor)
    (tree / "etc/os-release").symlink_to("/usr/lib/os-release")
    assert evidence.load(json.dumps(collect(tree))).text("/etc/os-release") == "ID=debian\nVERSION_ID=12\n"


def test_a_large_file_is_capped(tree: Path) -> None:
    (tree / "etc/default/kexec").write_bytes(b"#" * (probe.FILE_CAP + 10))
    record = collect(tree)["files"]["/etc/default/kexec"]
    assert (len(record["text"]), record["truncated"]) == (probe.FILE_CAP, True)


def test_bytes_that_are_no_text(tree: Path) -> None:
    (tree / "etc/default/kexec").write_bytes(b"\xff\xfe\x00 LOAD_KEXEC=true\n")
    assert "LOAD_KEXEC=true" in collect(tree)["files"]["/etc/default/kexec"]["text"]


def snapshot(root: Path) -> dict[str, tuple[int, int, int, bytes]]:
    found = {}
    for path in sorted([root, *root.rglob("*")]):
        info = path.lstat()
        found[str(path)] = (info.st_mode, info.st_mtime_ns, info.st_ino, path.read_bytes() if path.is_file() else b"")
    return found


def test_nothing_changes(tree: Path) -> None:
    before = snapshot(tree)
    collect(tree)
    assert snapshot(tree) == before


def test_this_machine(tmp_path: Path) -> None:
    """Live, in-process: every record has a value or an error, and every command an exit status or an error."""
    found = probe.collect("/")
    assert (found["live"], found["root"]) == (True, "/")
    assert all("text" in record or "size" in record or "error" in record for record in found["files"].values())
    assert all("rc" in run or "error" in run for run in found["commands"])
    assert found["files"]["/proc/sys/kernel/osrelease"]["text"].strip() == os.uname().release


@PIPED
def test_python_3_6_can_read_it(source: Path) -> None:
    assert ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 6)).body


@PIPED
def test_it_needs_the_standard_library_only(source: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported.add((node.module or "").partition(".")[0])
    assert imported
    assert imported <= sys.stdlib_module_names


def test_the_active_profiles_of_tuned_are_read_with_what_they_include(tree: Path) -> None:
    texts = {
        "etc/tuned/active_profile": "mine ../../secret\n",
        "etc/tuned/mine/tuned.conf": "[main]\ninclude=base, mine\n",
        "usr/lib/tuned/base/tuned.conf": "[main]\ninclude = ${other}\n",
        "usr/lib/tuned/profiles/base/tuned.conf": "[sysctl]\n",
        "usr/lib/tuned/unused/tuned.conf": "[sysctl]\n",
        "secret/tuned.conf": "no profile\n",
    }
    for name, text in texts.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    read = {
        path for path, record in collect(tree)["files"].items() if path.endswith("/tuned.conf") and "text" in record
    }
    assert read == {
        "/etc/tuned/mine/tuned.conf",
        "/usr/lib/tuned/base/tuned.conf",
        "/usr/lib/tuned/profiles/base/tuned.conf",
    }
