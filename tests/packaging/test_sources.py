"""What must hold for every file that is published."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.installed import ROOT, files_of_a_clone

ON_HOSTS = [
    ROOT / "src" / "kdump_enabler" / "probe.py",
    ROOT / "src" / "kdump_enabler" / "pieces.py",
    *sorted((ROOT / "src" / "kdump_enabler" / "vmcore").glob("*.py")),
    *sorted((ROOT / "plugins" / "modules").glob("*.py")),
    *sorted((ROOT / "plugins" / "module_utils").glob("*.py")),
]
# Each builder has its own: a name here would work on one machine, or tell where another's packages come from.
REGISTRIES = re.compile(
    r"pypi\.org|pythonhosted\.org|galaxy\.ansible\.com|docker\.io|quay\.io|ghcr\.io|(?:deb|security|ftp\.\w+)\.debian\.org"
    r"|archive\.ubuntu\.com|(?:index|extra-index|find-links)[-_]?(?:url)?[= ]+(?:https?|file):",
    re.IGNORECASE,
)
MACHINE_PATHS = re.compile(r"(?<![\w.~])/(?:work|Users|builds|opt/wheels|root/\.pyenv|home/(?!probe\b|ops\b)\w+)/")


@pytest.mark.parametrize("path", ON_HOSTS, ids=lambda path: path.stem)
def test_code_for_hosts_is_python_3_6(path: Path) -> None:
    """EL 8 and SLES 15 have no newer one by default."""
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_code_for_hosts_calls_only_what_python_3_6_has() -> None:
    """The grammar says nothing of modules and arguments that came later; vermin has a list of those."""
    vermin = str(Path(sys.executable).with_name("vermin"))
    command = [vermin, "--no-tips", "--violations", "--target=3.6-", *map(str, ON_HOSTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Minimum required versions: 3." in done.stdout


@pytest.mark.parametrize("pattern", [REGISTRIES, MACHINE_PATHS], ids=["registry", "machine path"])
def test_no_file_names_a_registry_or_a_machine_path(pattern: re.Pattern[str]) -> None:
    """The machine's own settings say where packages come from."""
    found = [
        f"{name}:{number}: {match[0]}"
        for name in files_of_a_clone()
        if not (ROOT / name).is_symlink()
        for number, line in enumerate((ROOT / name).read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if (match := pattern.search(line))
    ]
    assert not found
