"""How a running test machine, virtual or container, is reached: ssh, copies and an Ansible inventory."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import patience
from .errors import VmError


@dataclass(frozen=True)
class Login:
    """Where a machine's sshd listens and the key that opens it; `log` is where to look when it does not answer."""

    name: str
    address: str
    port: int
    key: Path
    log: Path

    def ssh(
        self, command: str, user: str = "root", check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command there; `timeout` is in seconds of the quiet reference machine.

        With `check`, an exit code other than 0 raises with what the command said. A time-out always raises.
        """
        return self._run(["ssh", *self.arguments(user), command], f"{command!r}", check, timeout)

    def copy_from(self, remote: str, local: Path, timeout: float = 120) -> None:
        """Copy a file or directory from there, as root."""
        self._run(["scp", "-rq", *self._options(), f"root@{self.address}:{remote}", str(local)], remote, True, timeout)

    def copy_to(self, local: Path, remote: str, timeout: float = 120) -> None:
        """Copy a file or directory there, as root."""
        self._run(["scp", "-rq", *self._options(), str(local), f"root@{self.address}:{remote}"], remote, True, timeout)

    def arguments(self, user: str = "root") -> list[str]:
        """The arguments after `ssh`; a command may follow."""
        return [*self._options(), f"{user}@{self.address}"]

    def write_inventory(self, path: Path, user: str = "root", **variables: object) -> Path:
        """Write an Ansible inventory with this host alone; `variables` are further ones of the host."""
        values = {
            "ansible_host": self.address,
            "ansible_port": self.port,
            "ansible_user": user,
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
            **variables,
        }
        lines = ["all:", "  hosts:", f"    {self.name}:"]
        lines += [f"      {name}: {json.dumps(value)}" for name, value in values.items()]
        path.write_text("\n".join([*lines, ""]))
        return path

    def _options(self) -> list[str]:
        settings = (
            f"Port={self.port}",
            f"IdentityFile={self.key}",
            "IdentitiesOnly=yes",
            "BatchMode=yes",
            "ConnectTimeout=20",  # QEMU accepts at once and the guest answers later, so this covers the boot
            "LogLevel=ERROR",
            "ServerAliveInterval=15",
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
        )
        return ["-F", "none", *(part for setting in settings for part in ("-o", setting))]

    def _run(self, argv: list[str], what: str, check: bool, timeout: float) -> subprocess.CompletedProcess[str]:
        limit = timeout * patience.factor()
        try:
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=limit
            )
        except subprocess.TimeoutExpired as error:
            raise VmError(f"{self.name}: {what} took longer than {limit:.0f} s.", f"See {self.log}") from error
        if check and done.returncode:
            said = "\n".join((done.stdout + done.stderr).splitlines()[-12:])
            raise VmError(f"{self.name}: {what} ended with exit code {done.returncode}.", f"It said:\n{said}")
        return done
