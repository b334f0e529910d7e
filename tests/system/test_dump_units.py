"""The units that tell of new dumps and prune old ones, in a container with a real systemd: written, checked by its own
tool, started, and taken back."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests import vmcores
from tests.container.container import Container, unused_name
from tests.vmcores import written

from .contained import COLLECTIONS, Contained
from .driving import OWN, difference

pytestmark = pytest.mark.system
PACKAGES = (
    *("ansible", "jinja2", "markupsafe", "yaml", "packaging", "resolvelib", "cryptography", "cffi", "_cffi_backend"),
    *("rich", "pygments", "markdown_it", "mdurl", "click", "distro", "kdump_enabler"),
)
ENV = "/etc/kdump-enabler/announce.env"
HOME = "/opt/kdump-enabler"
COMMAND = f"""#!/bin/sh
PYTHONPATH={HOME} exec python3 -m kdump_enabler "$@"
"""
PLAYBOOK = f"""#!/bin/sh
PYTHONPATH={HOME} exec python3 -m ansible.cli.playbook "$@"
"""
MAIL = "/usr/local/bin/mailed 'a \"b\" 5% $HOME' root"
TEXTFILE = "/var/lib/kdump.prom"
CHECK = {"kdump_check_timer": True, "kdump_check_textfile": TEXTFILE}
WANTED = ["-e", json.dumps({"kdump_prune_keep": 1, "kdump_announce_mail": MAIL, **CHECK})]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Contained]:
    with Container(unused_name("units")) as container:
        yield Contained(container, tmp_path)


def play(host: Contained, name: str, *words: str) -> str:
    """Run a playbook of ours, and return what it printed."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), f"kdump.enabler.{name}"]
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)}
    ended = subprocess.run(
        [*command, "-i", str(host.inventory), *words],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    host.say(ended.stdout)
    return ended.stdout + ended.stderr


def unchanged(host: Contained, *words: str) -> bool:
    """Whether the playbook of the units finds nothing to do."""
    (line,) = re.findall(rf"^{host.container.name} .*", play(host, "dump_units", *words), re.MULTILINE)
    return "changed=0 " in line and "rescued=0 " in line


def install(host: Contained) -> None:
    """Put the command there as a wheel would, with what it needs, from the environment of the tests."""
    archive = host.folder / "packages.tar"
    with tarfile.open(archive, "w", dereference=True) as tar:
        for name in PACKAGES:
            found = find_spec(name)
            assert found
            assert found.origin
            path = Path(found.origin)
            tar.add(
                path.parent if path.name == "__init__.py" else path, name if path.name == "__init__.py" else path.name
            )
        tar.add(COLLECTIONS / "ansible_collections", "ansible_collections")
        for path in Path(sysconfig.get_path("purelib")).glob("*.dist-info"):  # ansible-core asks for versions
            tar.add(path, path.name)
    host.container.login.copy_to(archive, "/tmp/packages.tar")
    for name, text in (("kdump-enabler", COMMAND), ("ansible-playbook", PLAYBOOK)):
        (host.folder / name).write_text(text, encoding="utf-8")
        host.container.login.copy_to(host.folder / name, f"/usr/local/bin/{name}")
    host.container.ssh(
        f"mkdir {HOME} && tar -C {HOME} -xf /tmp/packages.tar && chmod 755 /usr/local/bin/*", timeout=300
    )


def dump(host: Contained, stamp: str, crashed: int) -> None:
    file = written(host.folder / stamp, vmcores.kdump(crashed=crashed))
    host.container.ssh(f"mkdir -p /var/crash/{stamp}")
    host.container.login.copy_to(Path(file), f"/var/crash/{stamp}/dump.{stamp}")
    host.container.ssh(f"touch -d @{crashed} /var/crash/{stamp}/dump.{stamp}")


def test_dump_units(host: Contained) -> None:
    assert "kdump-enabler is not installed on the host" in play(host, "dump_units", *WANTED)
    install(host)
    before = host.files()
    play(host, "dump_units", *WANTED, "-e", "kdump_announce_webhook=http://127.0.0.1:9/?key=s3cret")
    units = "/etc/systemd/system/kdump-enabler-*.*"
    checked = host.container.ssh(f"systemd-analyze verify {units} 2>&1")
    assert "kdump-enabler" not in checked.stdout
    assert host.container.ssh("stat -c %a /etc/kdump-enabler/announce.env").stdout == "600\n"
    assert "s3cret" not in host.container.ssh(f"cat {units}; systemctl show kdump-enabler-announce").stdout
    wants = host.container.ssh("systemctl show multi-user.target timers.target -p Wants").stdout
    assert "kdump-enabler-announce.service" in wants
    assert "kdump-enabler-prune.timer" in wants
    assert host.container.ssh("systemctl is-active kdump-enabler-prune.timer").stdout == "active\n"
    assert unchanged(host, *WANTED, "-e", "kdump_announce_webhook=http://127.0.0.1:9/?key=s3cret")

    tells(host)
    prunes(host)
    looks(host)

    play(host, "rollback", "-e", "kdump_rollback_to=first")
    left = difference(before, host.files())
    assert [path for path in left if not path.startswith(OWN)] == []
    play(host, "dump_units", "-e", "kdump_prune_keep=1")
    assert "/etc/kdump-enabler/announce.env" not in host.files()
    play(host, "dump_units", "-e", "kdump_dump_units=false")
    left = difference(before, host.files())
    assert [path for path in left if not path.startswith(OWN)] == []
    assert unchanged(host, "-e", "kdump_dump_units=false")
    assert host.container.ssh("systemctl is-active kdump-enabler-prune.timer", check=False).stdout == "inactive\n"


def tells(host: Contained) -> None:
    """Of the dump that was not there before, with the command as it was written; again while the web address fails"""
    (host.folder / "mailed").write_text('#!/bin/sh\nprintf "<%s>" "$@" >> /var/mailed\ncat >> /var/mailed\n', "utf-8")
    host.container.login.copy_to(host.folder / "mailed", "/usr/local/bin/mailed")
    host.container.ssh("chmod 755 /usr/local/bin/mailed")
    now = int(time.time())
    dump(host, "202611190000", now - 172800)
    start = "systemctl start kdump-enabler-announce"
    host.container.ssh(start)
    dump(host, "202611200000", now - 86400)
    assert host.container.ssh(start, check=False).returncode == 1
    said = host.container.ssh("journalctl -t kdump-enabler -o cat").stdout
    assert said.count("new dump, real: kernel") == 1
    assert "The webhook on 127.0.0.1 failed: [Errno 111] Connection refused; it is tried again" in said
    host.container.ssh(f"mv {ENV} /root/env; {start}; {start}; mv /root/env {ENV}")
    mailed = host.cat("/var/mailed")
    assert mailed.startswith('<a "b" 5% $HOME><root>')
    assert mailed.count("new dump, real: kernel") == 2
    assert "202611190000" not in mailed


def looks(host: Contained) -> None:
    """At the host itself, by the sandboxed service, and again after something in /boot changed."""
    assert host.container.ssh("systemctl is-active kdump-enabler-check.timer kdump-enabler-check.path").stdout == (
        "active\n" * 2
    )
    ended = host.container.ssh("systemctl start kdump-enabler-check", check=False, timeout=120)
    assert ended.returncode == 0, host.container.ssh("journalctl -u kdump-enabler-check -o cat").stdout
    assert 'verdict="unsupported"} 1' in host.cat(TEXTFILE)
    assert "this is a container" in host.container.ssh("journalctl -u kdump-enabler-check -o cat").stdout
    host.container.ssh(f"rm {TEXTFILE}; touch /boot/another-kernel")
    deadline = time.monotonic() + 60
    while host.container.ssh(f"test -s {TEXTFILE}", check=False).returncode and time.monotonic() < deadline:
        time.sleep(1)
    assert 'verdict="unsupported"} 1' in host.cat(TEXTFILE)
    host.container.ssh("rm /boot/another-kernel")


def prunes(host: Contained) -> None:
    """What is over the limit, by the sandboxed service"""
    ended = host.container.ssh("systemctl start kdump-enabler-prune", check=False, timeout=120)
    assert ended.returncode == 0, host.container.ssh("journalctl -u kdump-enabler-prune -o cat").stdout
    assert host.container.ssh("ls /var/crash").stdout.split() == ["202611200000"]
