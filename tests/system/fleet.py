"""Several containers as one fleet: an inventory of them, where each host has what is wrong with it, and the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.container.container import Container, unused_name
from tests.vm.patience import factor

from .interrupted import SWITCHED_OFF

PATIENCE = 60  # seconds of a quiet machine for one run
# In place of Python on the host. The second one kills the sshd of the session that it is called in.
HANGS = "#!/bin/sh\ncat > /dev/null\nsleep 600\n"
DROPS = """#!/bin/sh
process=$$
until [ "$(cat /proc/$process/comm)" = sshd ]; do process=$(awk '{print $4}' /proc/$process/stat); done
kill $process
sleep 60
"""


@dataclass(frozen=True)
class Answer:
    """What a run printed, whole and with its line breaks folded, and its exit status."""

    out: str
    text: str
    exit_status: int


@contextmanager
def fleet(stem: str, size: int) -> Iterator[list[Container]]:
    """So many containers with the packages of kdump, which somebody switched off."""
    with ExitStack() as stack, ThreadPoolExecutor(size) as pool:
        made = [Container(unused_name(f"{stem}{number}")) for number in range(1, size + 1)]
        for container in made:
            stack.callback(container.stop)
        list(pool.map(_prepare, made))
        yield made


def _prepare(container: Container) -> None:
    container.start()
    container.ssh(SWITCHED_OFF, timeout=180)
    container.ssh("sed -i 's/^LOAD_KEXEC=.*/LOAD_KEXEC=false/' /etc/default/kexec")


def variables(container: Container) -> dict[str, Any]:
    """How Ansible reaches a container."""
    (found,) = yaml.safe_load(container.inventory().read_text(encoding="utf-8"))["all"]["hosts"].values()
    return dict(found)


def inventory(path: Path, hosts: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write an inventory. Each host has connections of its own, also where it is one machine under two names."""
    own = {name: {"ansible_control_path_dir": str(path.parent / f"c{at}")} for at, name in enumerate(hosts)}
    every = {name: {**given, **own[name]} for name, given in hosts.items()}
    path.write_text(json.dumps({"all": {"hosts": every}}), encoding="utf-8")
    return path


def enabler(*words: str | Path, then: Callable[[], bool] | None = None, **environment: str) -> Answer:
    """Run kdump-enabler as a user does; as soon as `then` is true, press Ctrl-C as a terminal does."""
    command = [Path(sys.executable).with_name("kdump-enabler"), *words]
    print("[$]", *command[1:], flush=True)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + PATIENCE * factor()
        while then and not then():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "nothing to interrupt"
            time.sleep(0.1)
        if then:
            os.killpg(process.pid, signal.SIGINT)
        out, told = process.communicate(timeout=PATIENCE * factor())
    print(out + told, flush=True)
    return Answer(out, " ".join((out + told).split()), process.returncode)


def records(answer: Answer) -> dict[str, dict[str, Any]]:
    """The hosts of a result that was printed as JSON."""
    return {host["host"]: host for host in json.loads(answer.out)["hosts"]}


def put(container: Container, files: Mapping[str, str]) -> None:
    """Write programs."""
    for path, text in files.items():
        container.ssh(f"cat > {path} <<'END'\n{text}END\nchmod 755 {path}")
