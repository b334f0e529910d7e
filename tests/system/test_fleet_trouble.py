"""What a fleet does to a run: hosts that cannot be asked, hang or get lost on the way, a full disk here, and Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kdump_enabler.fleet import reaching
from tests.container.container import Container
from tests.vm.patience import factor

from .fleet import DROPS, HANGS, PATIENCE, Answer, enabler, fleet, inventory, put, records, variables

pytestmark = pytest.mark.system
SETTLED = 1  # seconds
WRITES = "Write the boot loader's files"
# Part of grub-mkconfig: once, the connection over which it was asked for breaks.
BREAKS = DROPS.replace("#!/bin/sh\n", "#!/bin/sh\n[ -e /root/break ] || exit 0; rm /root/break\n")
Hosts = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def three() -> Iterator[list[Container]]:
    """Three machines, the first of which also stands for those that cannot be asked."""
    with fleet("lost", 3) as made:
        put(made[0], {"/usr/local/bin/hangs": HANGS, "/usr/local/bin/drops": DROPS})
        made[0].ssh("echo ops:secret | chpasswd; echo 'ops ALL=(ALL) ALL' > /etc/sudoers.d/ops")
        put(made[2], {"/etc/grub.d/99_breaks": BREAKS})
        yield made


def lost(base: dict[str, Any]) -> Hosts:
    """One machine under several names: each is asked in a way that fails."""
    asks = {**base, "ansible_user": "ops", "ansible_become": True}
    known = "-o StrictHostKeyChecking=yes -o UserKnownHostsFile=/dev/null"
    return {
        "fine": base,
        "no-python": base | {"ansible_python_interpreter": "/usr/bin/python9"},
        "hangs": base | {"ansible_python_interpreter": "/usr/local/bin/hangs"},
        "drops": base | {"ansible_python_interpreter": "/usr/local/bin/drops"},
        "closed": base | {"ansible_port": 9},
        "stranger": base | {"ansible_ssh_common_args": known},
        "no-password": asks,
        "wrong-password": asks | {"ansible_become_password": "public"},
        "right-password": asks | {"ansible_become_password": "secret"},
    }


def test_every_host_has_its_row(three: list[Container], tmp_path: Path) -> None:
    """One host that hangs does not hold the others, and each says what is wrong and what to type."""
    hosts = inventory(tmp_path / "hosts.json", lost(variables(three[0])))
    seconds = int(15 * factor())
    began = time.monotonic()
    answer = enabler("check", "-i", hosts, "--host-timeout", str(seconds), "--format", "json")
    assert time.monotonic() - began < PATIENCE * factor()
    found = records(answer)
    assert {name: found[name]["verdict"] for name in found} == {
        "fine": "broken",
        "right-password": "broken",
        **dict.fromkeys(("no-python", "hangs", "no-password", "wrong-password"), "unknown"),
        **dict.fromkeys(("drops", "closed", "stranger"), "unreachable"),
    }
    assert {found[name]["exit_code"] for name in found} == {1, 2}
    kinds = {name: found[name]["trouble"]["kind"] for name in found if "trouble" in found[name]}
    assert kinds == {
        "no-python": "no_python",
        "hangs": "no_answer",
        "no-password": "no_root",
        "wrong-password": "no_root",
    }
    assert f"within {seconds} seconds" in found["hangs"]["trouble"]["sentence"]
    assert "refused" in found["wrong-password"]["trouble"]["sentence"]
    assert found["right-password"]["facts"]["privileged"] is True
    assert found["drops"]["reason"].startswith(reaching.BROKE)
    assert "Connection refused; start sshd" in found["closed"]["reason"]
    assert "Host key verification failed; log in with ssh once" in found["stranger"]["reason"]
    assert "Traceback" not in answer.text
    left = subprocess.run(["pgrep", "-fa", f"{tmp_path}.*bin/hangs"], capture_output=True, text=True, check=False)
    assert left.stdout == ""


def test_the_password_can_be_typed(three: list[Container], tmp_path: Path) -> None:
    """The question stays to be read: nothing is drawn over it until it is answered."""
    asks = {**variables(three[0]), "ansible_user": "ops"}
    hosts = inventory(tmp_path / "hosts.json", {"web1": asks})
    command = [str(Path(sys.executable).with_name("kdump-enabler")), "check", "-b", "-K", "-i", str(hosts)]
    process, terminal = pty.fork()
    if process == 0:
        os.environ["TERM"] = "xterm"
        os.execv(command[0], command)  # noqa: S606 -- the child of a terminal of its own
    said = b""
    while b"password: " not in said:
        said += os.read(terminal, 4096)
    time.sleep(2)  # longer than it takes to draw something again
    os.write(terminal, b"secret\n")
    while part := _more(terminal):
        said += part
    _, status = os.waitpid(process, 0)
    text = said.decode(errors="replace")
    asked, _, answered = text.partition("password: ")
    assert "\x1b" not in asked.splitlines()[-1]
    assert answered.startswith("\r\n")
    assert os.waitstatus_to_exitcode(status) == 1, text
    assert "cannot become root" not in text


def _more(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""


def test_interrupted_while_it_looks(three: list[Container], tmp_path: Path) -> None:
    """What was found by then is told, marked as a part in every form, and nothing is left running."""
    base, kept = variables(three[0]), tmp_path / "evidence" / "web1.json"
    hangs = base | {"ansible_python_interpreter": "/usr/local/bin/hangs"}
    hosts = inventory(tmp_path / "hosts.json", {"web1": base, "web2": hangs, "web3": hangs})
    answer = enabler(
        *("check", "-i", hosts, "--format", "json", "--save-evidence", kept.parent),
        # What a host answered is kept just before it is told.
        then=lambda: kept.exists() and time.time() - kept.stat().st_mtime > SETTLED,
    )
    assert answer.exit_status == 2
    assert "Interrupted: 1 of 3 hosts were asked. Not looked at: web2, web3." in answer.text
    assert subprocess.run(["pgrep", "-f", str(hosts)], check=False).returncode == 1
    found = records(answer)
    assert {name: found[name].get("looked_at", True) for name in found} == {"web1": True, "web2": False, "web3": False}
    assert (found["web1"]["verdict"], found["web2"]["verdict"]) == ("broken", "unknown")
    assert_marked(answer, tmp_path)


def assert_marked(answer: Answer, folder: Path) -> None:
    """Every form that is made of the result says that it is a part."""
    kept = folder / "result.json"
    kept.write_text(answer.out, encoding="utf-8")
    forms = {form: enabler("report", kept, "--format", form) for form in ("table", "html", "junit", "prometheus")}
    assert all("1 of 3 hosts were asked" in forms[form].out.replace("\n ", " ") for form in ("table", "html", "junit"))
    assert "\nkdump_hosts_not_looked_at 2\n" in forms["prometheus"].out
    assert 'host="web2"' not in forms["prometheus"].out
    assert {one.exit_status for one in forms.values()} == {2}


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk with 4 KiB left."""
    place = tmp_path / "full"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], check=True)
    try:
        (place / "filler").write_bytes(bytes(60 * 1024))
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_here(three: list[Container], full: Path, tmp_path: Path) -> None:
    """The report is given all the same, one sentence says what is missing, and no half file is left."""
    hosts = inventory(tmp_path / "hosts.json", {"web1": variables(three[0])})
    looked = r"web1 .* broken, a panic now leaves nothing"
    unwritten = enabler("check", "-i", hosts, "--format", "json", "-o", full / "result.json")
    assert f"was not written to {full}/result.json: No space left on device." in unwritten.text
    unkept = enabler("check", "-i", hosts, "--save-evidence", full / "evidence")
    assert f"not kept in {full}/evidence: No space left on device." in unkept.text
    unmade = enabler("check", "-i", hosts, "--", "--skip-tags", "nothing", TMPDIR=str(full))  # by ansible-playbook
    assert "could not be written: No space left on device." in unmade.text
    for answer in (unwritten, unkept, unmade):
        assert re.search(looked, answer.text)
        assert answer.exit_status == 2
    needless = enabler("check", "-i", hosts, TMPDIR=str(full))
    assert re.search(looked, needless.text)
    assert (needless.exit_status, "No space" in needless.text) == (1, False)
    assert [path.name for path in full.rglob("*") if path.is_file()] == ["filler"]


def test_lost_in_the_middle_of_a_change(three: list[Container], tmp_path: Path) -> None:
    """Ctrl-C, and then a connection that breaks: who is done, who is half done, and the next run goes on."""
    names = ("web1", "web2", "web3")
    base = {name: variables(container) for name, container in zip(names, three, strict=True)}
    hosts, log = inventory(tmp_path / "hosts.json", base), tmp_path / "log"

    def writes_on_the_second() -> bool:
        text = three[1].ssh("cat /var/lib/kdump-enabler/backups/*/manifest.json", check=False).stdout
        return "zz-kdump-enabler.cfg" in text

    answer = enabler("enable", "-i", hosts, "-y", "--batch", "1", "--format", "json", then=writes_on_the_second)
    assert answer.exit_status == 2
    found = records(answer)
    assert json.loads(answer.out)["cut_off"] == {"why": "Interrupted", "hosts": 3, "answered": 3}
    assert [found[name]["verdict"] for name in names] == ["reboot-pending", "unknown", "broken"]
    assert "in the middle of its work on this host; run the same again" in found["web2"]["reason"]
    assert "killed_run" not in found["web3"], "it was looked at, and had no turn"
    three[2].ssh("touch /root/break")
    answer = enabler("enable", "-i", hosts, "-y")
    assert answer.exit_status == 2
    assert re.search(r"web2: enable \w+ had been killed; this run went on with it\.", answer.text)
    broke = f"web3 is unknown: it was lost at the step `Regenerate grub.cfg` ({reaching.BROKE})"
    assert broke in answer.text
    three[2].ssh("touch /root/break")
    answer = enabler("enable", "-i", hosts, "-l", "web3", "-y")  # with no host left Ansible makes no report
    assert answer.exit_status == 2
    assert broke in answer.text
    answer = enabler("enable", "-i", hosts, "-y", "-o", log)
    assert answer.exit_status == 3
    text = " ".join(log.read_text(encoding="utf-8").split())
    assert re.search(r"web3: enable \w+ had been killed; this run went on with it\.", text)
    assert text.count("reboot-pending") == 3
