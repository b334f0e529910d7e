"""The installed command: exit codes, messages, files."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kdump_enabler import __version__, cli
from tests.hosts import machines
from tests.unit.test_document import check_keys

ROOTS = ("enable", "rollback", "disable", "backups")  # their first example changes, or needs all rights to see
COMMAND = Path(sys.executable).with_name("kdump-enabler")


def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as a script runs it: no terminal, nothing to read, a wide pipe."""
    return subprocess.run(
        [COMMAND, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "100"} | environment,
    )


def evidence(*names: str) -> list[str]:
    return [word for name in names for word in ("--evidence", str(machines.HERE / name / "evidence.json"))]


def complaint(run: subprocess.CompletedProcess[str]) -> str:
    """The error a run ended with: exit status 2, one sentence and at most one hint, never a traceback."""
    lines = run.stderr.splitlines()
    assert run.returncode == 2
    assert run.stdout == ""
    assert len(lines) in (1, 2)
    assert lines[0].startswith("kdump-enabler: ")
    assert lines[0].endswith((".", "?"))
    return run.stderr


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(option: str) -> None:
    found = run(option)
    assert (found.returncode, found.stderr) == (0, "")
    assert all(
        word in found.stdout for word in ("check", "enable", "rollback", "disable", "--check-only", "Exit status")
    )


@pytest.mark.parametrize("command", ["check", "enable", "size", "explain", "rollback", "disable", "backups"])
def test_help_of_each_command(command: str) -> None:
    found = run(command, "--help")
    assert (found.returncode, found.stderr) == (0, "")
    assert "--inventory" in found.stdout or command == "explain"
    assert f"Examples:\n    {'sudo ' * (command in ROOTS)}kdump-enabler {command}" in found.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            [*evidence("debian12-ready"), "--format", "json", "-o", "/dev/full"],
            "The result above was not written to /dev/full: No space left on device.",
        ),
        (["--save-evidence", "/dev/full"], "not kept in /dev/full: No space left on device."),
    ],
)
def test_a_full_disk_costs_the_file_and_not_the_report(words: list[str], said: str) -> None:
    found = run("check", *words)
    assert "a panic now" in found.stdout or "is unsupported" in found.stdout  # this machine may be a container
    assert said in found.stderr
    assert found.returncode == 2
    complaint(subprocess.CompletedProcess(found.args, found.returncode, "", found.stderr))


@pytest.mark.parametrize("option", ["-v", "--version"])
def test_version(option: str) -> None:
    found = run(option)
    assert (found.returncode, found.stdout) == (0, f"kdump-enabler, version {__version__}\n")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--no-such-option"], "--no-such-option"),
        (["check", "--no-such-option"], "--no-such-option"),
        (["chekc"], "chekc"),
        (["check", "--format", "xml"], "xml"),
        (["check", "--evidence", "/no/such/file"], "/no/such/file"),
        (["check", "--root", "/no/such/dir"], "/no/such/dir"),
        (["check", "-i", "/no/such/inventory"], "/no/such/inventory"),
        (["enable", "-i", "web1,", "-y", "--crashkernel", "lots"], "lots"),
        (["enable", "-i", "web1,", "-y", "--profile", "vmm"], "Known: minimal, standard, vm, bare-metal"),
        (["check", "--profile", ""], "'' is no profile"),
        (["enable", "-i", "web1,", "--reboot", "always"], "always"),
    ],
)
def test_what_cannot_be_meant(words: list[str], named: str) -> None:
    assert named in complaint(run(*words))


def test_a_place_that_cannot_keep_evidence_is_refused_before_any_look(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    asked = ["check", "-i", "no.such.host.invalid,", "--save-evidence"]
    assert "Nothing can be kept" in complaint(run(*asked, str(file)))
    assert "Nothing can be kept" in complaint(run(*asked, str(file / "below")))
    assert "is a directory" in complaint(run("check", "--save-evidence", str(tmp_path)))
    assert "Nothing can be kept" in complaint(run("check", "--save-evidence", str(tmp_path / "no" / "file")))


def test_whoever_leaves_at_the_question_hears_that_nothing_was_changed() -> None:
    keyboard, terminal = os.openpty()
    os.write(keyboard, b"\x04")  # Ctrl-D
    found = subprocess.run(
        [COMMAND, "enable", "-i", "web1,"], stdin=terminal, capture_output=True, text=True, check=False
    )
    os.close(keyboard)
    os.close(terminal)
    assert found.returncode == 2
    assert found.stdout.endswith("Go on? [y/N]: ")
    assert found.stderr.strip() == "kdump-enabler: Nothing was changed."


def in_a_terminal(*words: str, width: int) -> list[str]:
    """What the command says to somebody who leaves at the question, line by line as the terminal gets it."""
    keyboard, terminal = os.openpty()
    os.write(keyboard, b"\x04")  # Ctrl-D
    environment = os.environ | {"COLUMNS": str(width), "TERM": "xterm"}
    subprocess.run([COMMAND, *words], stdin=terminal, stdout=terminal, stderr=terminal, check=False, env=environment)
    os.close(terminal)
    said = b""
    with contextlib.suppress(OSError):  # Linux: the end of what a closed terminal holds
        while more := os.read(keyboard, 65536):
            said += more
    os.close(keyboard)
    return said.decode().splitlines()


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        (
            ["enable", "-i", "web1,"],
            "What is already as strong stays; each file is backed up (kdump-enabler rollback).",
        ),
        (
            ["enable", "-i", "web1,"],
            "  2. reserve memory for the capture kernel (crashkernel=, in effect after a reboot)",
        ),
        (["explain", "KD999"], "kdump-enabler: There is no finding KD999."),
        (["check", "-l", "web1"], "kdump-enabler: --limit chooses hosts of an inventory."),
        (["check", "-i", "nowhere"], "  Give a file, or hosts with a comma: -i web1,"),
    ],
)
def test_what_is_said_wraps_at_words_on_a_terminal_alone(words: list[str], whole: str) -> None:
    narrow, wide = (in_a_terminal(*words, width=width) for width in (40, 200))
    assert whole in wide
    assert max(map(len, narrow)) <= 40
    assert " ".join(whole.split()) in " ".join(" ".join(narrow).split())


def test_what_goes_on_below_begins_under_its_own_text() -> None:
    narrow = in_a_terminal("enable", "-i", "web1,", width=40)
    at = narrow.index("  2. reserve memory for the capture")
    assert narrow[at + 1] == "     kernel (crashkernel=, in effect"


def test_a_pipe_gets_one_line() -> None:
    said = "What was seen of 1 of 1 hosts was not kept in /dev/full: No space left on device.\n"
    found = run("check", "--save-evidence", "/dev/full", COLUMNS="30")
    assert said in found.stderr


@pytest.mark.parametrize(("words", "hint"), [(["check"], ""), (["enable", "-y"], "kdump-enabler check")])
def test_who_interrupts_a_check_is_not_told_to_check(
    words: list[str], hint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["kdump-enabler", *words])
    monkeypatch.setattr(cli.cli, "main", interrupted)
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    sentence, *more = capsys.readouterr().err.splitlines()
    assert sentence == "kdump-enabler: Interrupted."
    assert [hint in line for line in more] == [True] * bool(hint)


def test_a_file_that_is_no_evidence(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    for text in ("not json", "[]", "{}", '{"schema": 99}', '{"schema": 1}'):
        file.write_text(text, encoding="utf-8")
        assert str(file) in complaint(run("check", "--evidence", file)), text


@pytest.mark.parametrize("command", ["enable", "rollback", "disable"])
def test_nobody_to_ask(command: str) -> None:
    """Without a terminal and without -y nothing is begun: an unreachable host would take Ansible to notice."""
    message = complaint(run(command, "-i", "host.invalid,"))
    assert "terminal" in message
    assert "-y" in message


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["debian12-ready"], 0),
        (["debian12-pristine"], 1),
        (["debian12-switched-off"], 1),
        (["debian12-ready-unprivileged"], 2),
        (["debian12-pending"], 3),
        (["debian12-container"], 4),
        (["debian12-ready", "debian12-container"], 4),
        (["debian12-container", "debian12-pending", "debian12-ready"], 3),
        (["debian12-ready-unprivileged", "debian12-pending"], 2),
        (["debian12-pristine", "debian12-ready-unprivileged", "debian12-ready"], 1),
    ],
)
def test_exit_codes(names: list[str], code: int) -> None:
    found = run("check", *evidence(*names))
    assert (found.returncode, found.stderr) == (code, "")


def test_json() -> None:
    names = ["debian12-pristine", "debian12-ready", "examplix"]
    found = run("check", "--format", "json", *evidence(*names))
    result = json.loads(found.stdout)
    check_keys(result)
    assert [host["verdict"] for host in result["hosts"]] == ["drift", "ready", "unsupported"]
    assert (found.returncode, result["tool_version"]) == (1, __version__)


def test_recordings_are_told_apart() -> None:
    found = run("check", "--format", "json", *evidence("debian12-pristine", "debian12-ready"))
    names = [host["host"] for host in json.loads(found.stdout)["hosts"]]
    assert len(set(names)) == 2, names


def test_the_table_says_what_to_type() -> None:
    found = run("check", *evidence("debian12-pristine"))
    assert "sudo kdump-enabler enable" in found.stdout
    assert "\x1b" not in found.stdout


def test_output_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    found = run("check", "--format", "json", "--output", file, *evidence("debian12-pending"))
    assert (found.returncode, found.stdout, found.stderr) == (3, "", "")
    check_keys(json.loads(file.read_text(encoding="utf-8")))


def test_output_to_a_place_that_is_not_there(tmp_path: Path) -> None:
    place = tmp_path / "missing" / "result.json"
    assert str(place) in complaint(run("check", "--output", place, *evidence("debian12-ready")))


def test_a_tree(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text("ID=examplix\nNAME=Examplix\n", encoding="utf-8")
    found = run("check", "--root", tmp_path, "--format", "json")
    (host,) = json.loads(found.stdout)["hosts"]
    assert (found.returncode, host["verdict"], host["captures_now"]) == (4, "unsupported", None)
    assert host["facts"]["kernel"] is None


def test_the_original_scripts_way_to_only_look() -> None:
    short, long = run("--check-only"), run("check")
    assert short.returncode == long.returncode
    assert short.stdout.splitlines()[:2] == long.stdout.splitlines()[:2] != []


def test_evidence_that_was_saved_can_be_judged(tmp_path: Path) -> None:
    file = tmp_path / "seen.json"
    first = run("check", "--save-evidence", file)
    second = run("check", "--evidence", file)
    assert first.returncode == second.returncode
    assert "seen" in second.stdout


def test_a_policy_file_decides_and_is_named(tmp_path: Path) -> None:
    policy = tmp_path / "fleet.yml"
    policy.write_text("kdump_crashkernel: 512M\n", encoding="utf-8")
    found = run("check", "--policy", policy, "--show-policy", *evidence("debian12-ready"))
    (line,) = [line for line in found.stdout.splitlines() if line.startswith(" kdump_crashkernel = ")]
    assert line.split()[:3] == ["kdump_crashkernel", "=", "512M"]
    assert str(policy) in found.stdout.replace("\n", "").replace(" ", "")
    judged = run("check", "--policy", policy, "--format", "json", *evidence("debian12-ready"))
    (host,) = json.loads(judged.stdout)["hosts"]
    assert (judged.returncode, host["facts"]["crashkernel"]["wanted_bytes"]) == (1, 512 << 20)


@pytest.mark.parametrize("command", [["check"], ["size"], ["enable", "-y"], ["enable", "-i", "host.invalid,", "-y"]])
def test_a_policy_that_cannot_be_meant(command: list[str], tmp_path: Path) -> None:
    policy = tmp_path / "fleet.yml"
    policy.write_text("kdump_sysctls:\n  kernel.panic: soon\n", encoding="utf-8")
    assert f"{policy}, line 2: kdump_sysctls.kernel.panic: 'soon'" in complaint(run(*command, "--policy", policy))


@pytest.mark.parametrize("command", ["size", "backups"])
def test_what_only_tells_judges_nothing(command: str) -> None:
    found = run(command, *evidence("debian12-pristine"))
    assert (found.returncode, found.stderr) == (0, "")


def test_explain() -> None:
    found = run("explain", "KD021")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("KD021  No memory, or too little, will be reserved at the next boot\n\n  ")
    assert "crashkernel" in complaint(run("explain", "crashkernl"))
    assert "KD021" in run("explain").stdout


@pytest.mark.parametrize("words", [[], ["--no-sysrq"]])
def test_the_original_scripts_way_to_begin_needs_consent(words: list[str]) -> None:
    """Without a terminal nothing is begun; never with -y here, which would set up the machine that runs the tests."""
    found = run(*words)
    assert found.returncode in (2, 4)  # 4 where the machine is not ours to set up, such as a container
    assert "terminal" in found.stderr or "root" in found.stderr or "unsupported" in found.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "hosts.yml"], "hosts.yml is no option"),
        (["enable", "hosts.yml", "-y"], "hosts.yml is no option"),
        (["check", "-i", "a.yml", "-i", "b.yml"], "--inventory is given 2 times"),
        (["report", str(machines.HERE / "machines.py"), "-i", "a.yml", "-i", "b.yml"], "--inventory is given 2 times"),
    ],
)
def test_hosts_that_were_meant_are_not_left_out(words: list[str], said: str) -> None:
    """Without -i a command is about this machine, and the last of two inventories would be the only one."""
    assert said in complaint(run(*words))
