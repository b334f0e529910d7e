"""Each change leaves a line in the host's journal."""

from __future__ import annotations

from pathlib import Path

from tests.modules.module_runner import Call, Host

# The system's log is outside of a test, so what is handed to it is kept instead.
KEEP = "import syslog; syslog.openlog = syslog.syslog = lambda *words: open({path!r}, 'a').write(repr(words) + chr(10))"

NOTICE = "(5, 'enable unit: x')"  # Ansible itself logs the arguments of each module, with another priority


def test_files_written_removed_and_put_back(host: Host, tmp_path: Path) -> None:
    log = tmp_path / "log"
    keep = KEEP.format(path=str(log))
    host.write("old", b"1\n")
    host.run(host.change("new", text="2\n"), host.change("old", absent=True), prelude=keep, packages=["kdump-tools"])
    lines = log.read_text(encoding="utf-8")
    name = "backup set 20250101T000000Z"
    assert f"wrote {host.etc}/new, {name}" in lines
    assert f"removed {host.etc}/old, {name}" in lines
    assert "kdump-tools" not in lines, "that comes when they are installed"
    assert "'kdump-enabler'" in lines
    host.call("restore", backup_root=str(host.root), prelude=keep)
    lines = log.read_text(encoding="utf-8")
    assert f"put back {host.etc}/old as in {name}" in lines
    assert f"removed {host.etc}/new as in {name}" in lines


def test_nothing_changed_is_no_line(host: Host, tmp_path: Path) -> None:
    log = tmp_path / "log"
    host.write("same", b"1\n")
    host.run(host.change("same", text="1\n"), prelude=KEEP.format(path=str(log)))
    host.call(
        "files",
        changes=[host.change("same", text="2\n")],
        backup_set="x",
        check=True,
        backup_root=str(host.root),
        prelude=KEEP.format(path=str(log)),
    )
    assert not log.exists()


def test_what_other_modules_did(call: Call, tmp_path: Path) -> None:
    log = tmp_path / "log"
    keep = KEEP.format(path=str(log))
    assert call("journal", lines=["enable unit: x"], prelude=keep, check=True)["changed"] is False
    assert NOTICE not in log.read_text(encoding="utf-8")
    assert call("journal", lines=["enable unit: x"], prelude=keep)["changed"] is False
    assert NOTICE in log.read_text(encoding="utf-8")
