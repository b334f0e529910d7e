"""Containers that are rebooted: while they are down, the pretended kernel boots what grub.cfg says."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Mapping
from types import TracebackType

from tests.container.container import Container
from tests.container.kernel import INSIDE
from tests.container.root import IMAGE

from .driving import GRUB_CFG
from .interrupted import UNIT

RESERVES = 256 << 20  # bytes, for 1G-8G:256M on the 2 GiB that a container has
# In place of kdump-config, which would ask the kernel of this machine: loads a capture kernel where memory is reserved.
# systemd-sysctl leaves containers alone, where /proc/sys is the machine's; the part of it that counts here is not.
LOADS = f"""mkdir -p /etc/systemd/system/{UNIT}.d /etc/systemd/system/systemd-sysctl.service.d
printf '[Unit]\\nConditionPathIsReadWrite=\\n' > /etc/systemd/system/systemd-sysctl.service.d/pretend.conf
cat > /etc/systemd/system/{UNIT}.d/pretend.conf <<'END'
[Service]
ExecStart=
ExecStart=sh -c "if [ $$(cat {INSIDE}/sys/kexec_crash_size) != 0 ]; then echo 1 > {INSIDE}/sys/kexec_crash_loaded; fi"
END
systemctl daemon-reload"""


class Reboots:
    """Boots containers again that went down for that; `count` says how often. What it booted ends with its `with`
    statement, as nspawn goes with the thread that started it."""

    def __init__(self, containers: Mapping[str, Container]) -> None:
        self.containers = containers
        self.count = dict.fromkeys(containers, 0)
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._boot_again)

    def __enter__(self) -> Reboots:
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._watch.join()

    def _boot_again(self) -> None:
        while not self._ended.wait(0.2):
            for name, container in self.containers.items():
                if container.asks_to_reboot() and not _mounted(container):
                    words = _command_line(container)
                    container.kernel.boot(words, RESERVES if "crashkernel=1G-8G:256M" in words else 0)
                    container.boot()
                    self.count[name] += 1


def _mounted(container: Container) -> bool:
    image = str(container.directory / IMAGE)
    return bool(subprocess.run(["losetup", "-j", image], capture_output=True, text=True, check=True).stdout)


def _command_line(container: Container) -> str:
    """That of the first entry of grub.cfg, read from the file system as it lies there."""
    command = ["debugfs", "-R", f"cat {GRUB_CFG}", str(container.directory / IMAGE)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (image, words), *_ = re.findall(r"^\s*linux\s+(\S+)\s+(.*)$", text, re.MULTILINE)
    return f"BOOT_IMAGE={image} {words.strip()}"
