"""Messages that tools really print, and what each of them means."""

from __future__ import annotations

from typing import Any

import pytest

from kdump_enabler import evidence, objections, trouble
from kdump_enabler.audit import audit
from tests.hosts import machines, red_hat
from tests.unit.building import judge, policy

LOCKED = """E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4242 (unattended-upgr)
E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?"""
OFFLINE = """Err:1 http://deb.example.org/debian bookworm InRelease
  Temporary failure resolving 'deb.example.org'
E: Failed to fetch http://deb.example.org/debian/InRelease  Temporary failure resolving 'deb.example.org'"""
REFUSED = """Err:1 http://deb.example.org/debian bookworm InRelease
  Could not connect to deb.example.org:80 (192.0.2.1). - connect (111: Connection refused)"""
FULL = """dpkg: error processing archive /var/cache/apt/archives/makedumpfile_1%3a1.7.2-1_amd64.deb (--unpack):
 cannot copy extracted data for './usr/bin/makedumpfile': failed to write (No space left on device)"""
FETCH_FULL = """E: Failed to fetch http://deb.example.org/debian/pool/main/k/kdump-tools/kdump-tools_1.8.1_amd64.deb
  Error writing to file - write (28: No space left on device)"""
# pacman 6.0.2, with package lists that name what the mirror no longer has, with none, and while another one works.
OLD_LISTS = """error: failed retrieving file 'kexec-tools' from a.example.org : The requested URL returned error: 404
warning: failed to retrieve some files
error: failed to commit transaction (download library error)"""
NO_LISTS = """warning: database file for 'extra' does not exist (use '-Sy' to download)
error: target not found: kexec-tools"""
NO_MIRROR = """error: failed retrieving file 'kexec-tools-2.pkg.tar.zst' from a.example.org : Connection refused
error: failed to commit transaction (download library error)"""
TWO_PACMANS = """error: failed to init transaction (unable to lock database)
error: could not lock database: File exists"""
NOT_THERE = "error: target not found: makedumpfile"
BEHIND = "Packages are older than the package lists say, so nothing was installed: glibc, linux"
# A look, and sudo, over containers that were made so (ansible-core 2.19.14; the last time-out as 2.16 says it).
MESSAGES = [
    ("msg", "The probe did not run (exit status 127): /bin/sh: 1: exec: python3: not found", "no_python"),
    ("msg", "The probe did not run (exit status 126): /bin/sh: 1: /usr/bin/python3: Permission denied", "no_python"),
    ("msg", "The probe did not run (exit status 1): SyntaxError: invalid syntax", "old_python"),
    ("msg", "The probe did not run (exit status 2): Try `python -h' for more information.", "old_python"),
    ("msg", "The probe did not run (exit status 137): ", "not_run"),
    ("msg", "Error rendering template: Attempt to use undecryptable variable: no vault secrets", "vault"),
    ("msg", "Attempting to decrypt but no vault secrets found", "vault"),
    ("msg", "Timed out after 120 second(s)", "no_answer"),
    (
        "msg",
        "The kdump.enabler.audit action failed to execute in the expected time frame (5) and was terminated",
        "no_answer",
    ),
    ("msg", "Task failed: Incorrect sudo password", "no_root"),
    ("msg", "Task failed: Missing sudo password", "no_root"),
    ("stderr", "sudo: sorry, you must have a tty to run sudo", "no_root"),
    ("stderr", OLD_LISTS, "package_lists_old"),
    ("stderr", NO_LISTS, "package_lists_old"),
    ("stderr", NOT_THERE, "package_missing"),
    ("stderr", NO_MIRROR, "package_network"),
    ("msg", "pacman lockfile is held by no process", "package_half"),
    ("stderr", TWO_PACMANS, "package_lock"),
    ("msg", BEHIND, "packages_behind"),
    (
        "msg",
        "Failed to lock apt for exclusive operation: Failed to lock directory /var/lib/apt/lists/: E:Could not get "
        "lock /var/lib/apt/lists/lock. It is held by process 812 (apt-get)",
        "package_lock",
    ),
    ("stderr", LOCKED, "package_lock"),
    (
        "stdout",
        "System management is locked by the application with pid 1534 (/usr/libexec/packagekitd).\n"
        "Close this application before trying again.",
        "package_lock",
    ),
    ("stderr", OFFLINE, "package_network"),
    ("stdout", "Error message: Could not resolve host: download.example.org\nDownload (curl) error", "package_network"),
    ("stdout", "'kdump' not found in package names. Trying capabilities.", "package_missing"),
    ("stdout", "No provider of 'kdump' found.", "package_missing"),
    ("stdout", "Warning: No repositories defined. Operating only with the installed resolvables.", "package_missing"),
    ("stderr", REFUSED, "package_network"),
    ("msg", "Failed to update apt cache: unknown reason", "package_network"),
    ("msg", "No package matching 'kdump-tools' is available", "package_missing"),
    ("stderr", "E: Unable to locate package kdump-tools", "package_missing"),
    ("stderr", "E: Package 'kdump-tools' has no installation candidate", "package_missing"),
    ("msg", "Failed to install some of the specified packages; No package kdump-utils available.", "package_missing"),
    ("msg", "Failed to resolve the transaction: No match for argument: kdump-utils", "package_missing"),
    ("stderr", FULL, "no_space"),
    ("stderr", FETCH_FULL, "no_space"),
    ("stderr", "E: You don't have enough free space in /var/cache/apt/archives/.", "no_space"),
    (
        "stderr",
        "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.",
        "package_half",
    ),
    ("msg", "Missing sudo password", "no_root"),
    ("module_stderr", "sudo: a password is required\n", "no_root"),
    ("module_stderr", "ops is not in the sudoers file.\n", "no_root"),
    ("msg", "Timed out waiting for last boot time check (timeout=600)", "no_return"),
]


def test_why_packages_may_be_missing_is_told_with_it() -> None:
    """The note is that of the platform table."""
    said = "No package kdump-utils available., in none of the package sources: it came later"
    found = trouble.of_result("Say what is missing", {"failed": True, "msg": said})
    assert (found.kind, found.msg.endswith("package sources: it came later")) == ("package_missing", True)


@pytest.mark.parametrize(("where", "text", "kind"), MESSAGES)
def test_messages(where: str, text: str, kind: str) -> None:
    found = trouble.of_result("Install the kdump tools", {"failed": True, where: text})
    assert found.kind == kind
    assert found.hint
    assert "\n" not in found.msg


def test_a_message_nobody_knows_is_told_as_it_is() -> None:
    result: dict[str, Any] = {"failed": True, "msg": "\n  the moon is in the way\nand more", "rc": 1}
    found = trouble.of_result("Enable the service", result)
    assert (found.kind, found.exit_code) == ("task", 1)
    assert "Enable the service" in found.msg
    assert "the moon is in the way" in found.msg


def test_a_command_that_failed_is_named_with_what_it_said() -> None:
    result: dict[str, Any] = {"cmd": ["drain", "web1"], "rc": 3, "msg": "non-zero return code", "stderr": "a\nbusy\n"}
    found = trouble.of_result("Run a command on the host", result)
    assert (found.kind, found.exit_code) == ("task", 1)
    assert found.msg == "`drain web1` ended with exit status 3: busy"
    assert trouble.of_result("Run", {"cmd": "drain", "rc": 1}).msg == "`drain` ended with exit status 1"


def test_a_result_without_any_word() -> None:
    assert trouble.of_result("Reboot", {"failed": True}).kind == "task"


def test_what_else_is_called_results_is_no_loop() -> None:
    dnf = {"failed": True, "msg": "Failed to install", "results": ["Installed: a", "Nothing provides b"], "rc": 1}
    assert trouble.of_result("Install", dnf).msg == "Install failed: Failed to install"


SAME_HOST = {"failed": False, "item": "a.service", "msg": ""}


@pytest.mark.parametrize(
    ("failed", "kind", "said"),
    [
        (
            {"msg": "Could not find the requested service kdump-tools.service: host"},
            "task",
            "Enable failed: Could not find the requested service kdump-tools.service: host",
        ),
        ({"cmd": "drain web1", "rc": 3, "stderr": "busy"}, "task", "`drain web1` ended with exit status 3: busy"),
        ({"msg": "", "stderr": FULL}, "no_space", "A file system of the host is full"),
    ],
)
def test_a_loop_fails_for_the_reason_of_its_item(failed: dict[str, Any], kind: str, said: str) -> None:
    """Its own words are that one or more items failed."""
    items = [SAME_HOST, {"failed": True, "item": "b.service", **failed}]
    found = trouble.of_result("Enable", {"failed": True, "msg": "One or more items failed", "results": items})
    assert (found.kind, found.msg) == (kind, said)


@pytest.mark.parametrize(
    "words",
    [
        "MODULE FAILURE\nSee stdout/stderr for the exact error",
        "Module result deserialization failed: No start of json char found",
    ],
)
def test_a_module_that_died_is_told_with_its_last_words(words: str) -> None:
    trace = 'Traceback (most recent call last):\n  File "x", line 1\nOSError: [Errno 5] Input/output error: /etc\n\n'
    found = trouble.of_result("Put back", {"failed": True, "msg": words, "module_stderr": trace, "rc": 1})
    assert found.msg == "Put back failed: OSError: [Errno 5] Input/output error: /etc"
    silent = trouble.of_result("Put back", {"failed": True, "msg": words, "module_stderr": "", "rc": 1})
    assert silent.msg == f"Put back failed: {words.splitlines()[0]}"


def test_a_password_is_only_asked_for_where_one_is_missing() -> None:
    hints = [
        trouble.of_result("Look", {"msg": text}).hint
        for text in ("Missing sudo password", "ops is not in the sudoers file.")
    ]
    assert ["--ask-become-pass" in hint for hint in hints] == [True, False]


def test_our_own_modules_explain_themselves() -> None:
    result = {"failed": True, "kind": "mismatch", "msg": "x.cfg was changed since", "hint": "Look.", "exit_code": 1}
    found = trouble.of_result("Put back", result)
    assert (found.kind, found.msg, found.hint, found.exit_code) == ("mismatch", "x.cfg was changed since", "Look.", 1)


def test_a_diff_is_told_without_secrets() -> None:
    """The sign before a line must not hide its secret from what cuts secrets out."""
    diff = '--- /etc/default/kdump-tools\n+++ /etc/default/kdump-tools\n@@ -3 +3 @@\n-FTP_PASSWORD="one"\n+ok=1\n'
    found = trouble.of_result("Put back", {"kind": "x", "msg": "y", "diff": {"prepared": diff}})
    assert "one" not in found.diff
    assert found.diff.splitlines()[3:] == ["-FTP_PASSWORD=[cut out by kdump-enabler]", "+ok=1"]
    assert trouble.of_result("Put back", {"kind": "x", "msg": "y", "diff": []}).diff == ""


def test_before_a_change() -> None:
    names = {
        "debian12-pristine": None,
        "debian12-ready": None,
        "debian12-container": None,
        "debian12-pristine-unprivileged": "no_root",
        "debian12-boot-full": "refused",
        "debian12-unbalanced-quotes": "refused",
    }
    found = {name: objections.before_change(judge(machines.load(name))) for name in names}
    assert {name: one.kind if one else None for name, one in found.items()} == names


def before_proof(
    name: str, alive: bool = False, unknown_too: bool = False, test: bool = False, place_named: bool = True
) -> str | None:
    found = audit(evidence.from_raw(machines.load(name)), policy(), "prove", test)
    refused = objections.before_proof(found, alive, unknown_too, place_named)
    return refused.kind if refused else None


def test_before_a_crash_on_purpose() -> None:
    """Only a machine that would leave a dump is crashed; of one that may, only where that was asked for."""
    assert before_proof("debian12-ready") is None
    assert before_proof("debian12-pending") == "not_ready"
    assert before_proof("debian12-pristine-unprivileged") == "no_root"
    assert before_proof("debian12-container") == "unsupported"
    assert before_proof("debian12-container", test=True) == "unsupported", "its kernel is that of this machine"
    unseen = [name for name in machines.names() if machines.expected(name)["captures_now"] is None]
    consenting = [name for name in unseen if before_proof(name, unknown_too=True) is None]
    assert consenting
    assert {before_proof(name) for name in consenting} == {"not_seen"}
    assert before_proof("debian12-ssh", unknown_too=True, place_named=False) == "no_dump_server"
    assert before_proof("rhel9-nfs", unknown_too=True, place_named=False) == "no_dump_server"
    assert before_proof("debian12-ready", place_named=False) is None, "its dumps are where they were written"


@pytest.mark.parametrize(
    ("line", "place", "variable"),
    [
        ("nfs dumps1:/export", "another machine", "kdump_dump_server"),
        ("ssh kdump@dumps1", "another machine", "kdump_dump_server"),
        ("ext4 /dev/vdb1", "a device of their own", "kdump_dump_directories"),
    ],
)
def test_where_the_dumps_of_kdump_conf_go(line: str, place: str, variable: str) -> None:
    raw = red_hat.ready()()
    machines.write(raw, red_hat.KDUMP_CONF, f"{line}\n{red_hat.CONF}")
    found = audit(evidence.from_raw(raw), policy(), "prove")
    assert found.as_dict("web1")["facts"]["dump_directory"]["sent_to"] == [line]
    refused = objections.before_proof(found, alive=False, unknown_too=True, place_named=False)
    assert refused is not None
    assert f"{place} ({line})" in refused.msg
    assert variable in refused.hint
    (told,) = (one for one in found.findings if one.id == "KD053")
    assert variable in told.remedy


@pytest.mark.parametrize("name", machines.names())
def test_no_machine_that_leaves_nothing_is_crashed(name: str) -> None:
    expected = machines.expected(name)["captures_now"]
    assert expected is True or before_proof(name) is not None
    assert expected is not False or before_proof(name, unknown_too=True) is not None


def rebooted(boot_id: str, command_line: str) -> str | None:
    before = judge(machines.load("debian12-pending")).as_dict("web1")
    raw = machines.load("debian12-ready")
    machines.write(raw, "/proc/sys/kernel/random/boot_id", boot_id)
    if command_line:
        machines.write(raw, "/proc/cmdline", command_line)
    found = objections.after_reboot(before, judge(raw))
    return found.kind if found else None


def test_after_a_reboot() -> None:
    same = machines.load("debian12-pending")["files"]["/proc/sys/kernel/random/boot_id"]["text"]
    assert rebooted("11111111-2222-3333-4444-555555555555\n", "") is None
    assert rebooted(same, "") == "no_reboot"
    assert rebooted("11111111-2222-3333-4444-555555555555\n", "root=/dev/vda1 quiet\n") == "command_line"
