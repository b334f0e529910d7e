"""The other tests start the modules themselves; here ansible-core packs one, sends it and reads its result."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.modules.module_runner import COLLECTIONS, Host, environment


def test_ansible_itself_runs_it(host: Host) -> None:
    """Packed and sent by ansible-core, with its own argument handling."""
    path = host.write("a", b"1\n")
    args = {"changes": [host.change("a", text="2\n")], "backup_set": "s", "backup_root": str(host.root)}
    ansible = [sys.executable, "-m", "ansible", "adhoc", "-i", "localhost,", "-c", "local", "localhost"]
    # Nothing goes to the home directory of whoever runs the tests.
    homes = {"ANSIBLE_HOME": str(host.etc.parent / "home"), "ANSIBLE_REMOTE_TEMP": str(host.etc.parent / "remote")}
    python = "ansible_python_interpreter=" + sys.executable
    done = subprocess.run(
        [*ansible, "-e", python, "-m", "kdump.enabler.files", "-a", json.dumps(args)],
        env={**environment(), **homes, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert path.read_bytes() == b"2\n"
