"""Our model of the sysctl.d files against the programs that read them, on layouts made up at random."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .sysctl_layouts import programs

pytestmark = pytest.mark.system
LAYOUTS = 1500
FIRST_PROCPS, FIRST_SYSTEMD = 4, 252  # the first that read by the rules that are modelled


def version(*command: str) -> int:
    """The first number that a program tells."""
    told = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+", told)
    assert found, told
    return int(found[0])


def left_out() -> list[str]:
    """What the programs of this machine do by older rules."""
    found = programs(Path("/"))
    without = ["excluded patterns"]  # only procps 4.0.5 and later have them
    if version(*found["procps"].argv[:1]) < FIRST_PROCPS:
        print("procps is not compared: before 4.0 it read by other rules")
        without.append("procps")
    if version(*found["systemd-sysctl"].argv) < FIRST_SYSTEMD:
        without += ["credential", "dots"]
    return [word for one in without for word in ("--without", one)]


def test_what_systemd_and_procps_make_of_random_layouts() -> None:
    started = time.monotonic()
    arguments = [
        "-m",
        "tests.system.sysctl_layouts",
        "--layouts",
        str(LAYOUTS),
        "--seed",
        str(time.time_ns()),
        *left_out(),
    ]
    ran = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=900)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    took = time.monotonic() - started
    print(f"{found['layouts']} layouts, {found['compared']} values, {found['set']} set by files, in {took:.0f} s")
    assert found["set"] > LAYOUTS, "the programs set next to nothing"
    again = shlex.join(["python", *arguments])
    assert not found["differ"], f"{len(found['differ'])} differ in {again}\n{json.dumps(found['differ'][:3], indent=1)}"
