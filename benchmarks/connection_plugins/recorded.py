"""Ansible's connection to a host that is a file: whatever program is piped to its Python, it prints that file.

So a controller can be measured with more hosts than there is memory for. Modules of Ansible get the answer of ping.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: recorded
short_description: A host that is a file
description:
  - O(host) is the file that it answers with.
options:
  host:
    description: The path.
    vars:
      - name: ansible_host
extends_documentation_fragment:
  - connection_pipelining
"""
PONG = b'{"changed": false, "ping": "pong"}'


class Connection(ConnectionBase):
    """Nothing is started, and nothing is copied: pipelining is a must."""

    transport = "recorded"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:  # noqa: ARG002 - Ansible's signature
        """Exit status, standard output and error."""
        if in_data is None:
            return 1, b"", f"a recorded host can only be piped to, and this is not: {cmd}".encode()
        answer = PONG if b"ansiballz" in in_data.lower() else Path(self.get_option("host")).read_bytes()
        return 0, answer + b"\n", b""

    def put_file(self, in_path: str, out_path: str) -> Any:
        """Refused."""
        raise NotImplementedError

    def fetch_file(self, in_path: str, out_path: str) -> Any:
        """Refused."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is open."""
        self._connected = False
