"""Runs our modules the way Ansible does on a host: a Python process that gets its arguments as JSON."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any, Protocol

COLLECTIONS = Path(__file__).resolve().parents[2] / "ansible" / "collections"
RUNNER = """
import runpy, sys
from ansible.module_utils import basic
basic._ANSIBLE_ARGS = sys.stdin.buffer.read()
basic._ANSIBLE_PROFILE = "legacy"  # ansible-core 2.19 asks for it, 2.16 does not know it
{prelude}
runpy.run_module("ansible_collections.kdump.enabler.plugins.modules.{module}", run_name="__main__")
"""


# The n-th rename to a name ending so fails; a test double for a filesystem that refuses.
BREAK_RENAME = """
import os
real_rename, renames = os.rename, []
def rename(source, target):
    renames.append(target)
    if (os.path.basename(target), renames.count(target)) in {when!r}:
        {act}
    return real_rename(source, target)
os.rename = rename
"""


class Call(Protocol):
    """Runs a module and returns what it printed."""

    def __call__(
        self, module: str, *, check: bool = False, prelude: str = "", path_first: str = "", **args: Any
    ) -> dict[str, Any]:
        """Run `module` with `args`; `prelude` breaks something first, `path_first` comes first on PATH."""


def argv_of(module: str, prelude: str = "") -> list[str]:
    """Return the command that runs the module."""
    return [sys.executable, "-c", RUNNER.format(module=module, prelude=prelude)]


def stdin_of(args: dict[str, Any], check: bool = False) -> str:
    """Return the arguments as Ansible hands them over."""
    return json.dumps({"ANSIBLE_MODULE_ARGS": {**args, "_ansible_check_mode": check, "_ansible_diff": True}})


def environment(path_first: str = "") -> dict[str, str]:
    """Return an environment in which the collection can be imported."""
    found = f"{path_first}:{os.environ['PATH']}" if path_first else os.environ["PATH"]
    python = f"{COLLECTIONS}:{os.environ.get('PYTHONPATH', '')}"
    return {**os.environ, "PYTHONPATH": python, "PATH": found}


def tree(root: Path) -> dict[str, tuple[Any, ...]]:
    """Return all that can be seen of a directory, so that two looks can be compared."""
    seen: dict[str, tuple[Any, ...]] = {}
    for path in sorted([root, *root.rglob("*")]):
        info = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        seen[str(path)] = (info.st_mode, info.st_uid, info.st_gid, content)
    return seen


def digest(content: bytes) -> str:
    """Return the checksum by way of the standard library, not of our code."""
    return hashlib.sha256(content).hexdigest()


def breaking_rename(*when: tuple[str, int], act: str = "raise OSError(5, 'broken', source, None, target)") -> str:
    """Return a prelude that breaks certain renames."""
    return BREAK_RENAME.format(when=when, act=act)


class Host:
    """A directory, its backup root and the files module."""

    def __init__(self, call: Call, etc: Path) -> None:
        """Keep what every test needs."""
        self.call, self.etc, self.root = call, etc, etc.parent / "backups"
        self.original: dict[str, tuple[Any, ...]] = {}

    def write(self, name: str, content: bytes, mode: int = 0o644) -> Path:
        """Create a file as an administrator would."""
        path = self.etc / name
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def change(self, name: str, **wanted: Any) -> dict[str, Any]:
        """Return a change of a file from what it holds now."""
        path = self.etc / name
        before = digest(path.read_bytes()) if path.exists() else ""
        return {"path": str(path), "before": before, **wanted}

    def run(self, *changes: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Run the module."""
        options = {"backup_set": "20250101T000000Z", "backup_root": str(self.root), **more}
        return self.call("files", changes=list(changes), **options)

    def manifest(self, name: str = "20250101T000000Z") -> dict[str, Any]:
        """Return the manifest."""
        found: dict[str, Any] = json.loads((self.root / name / "manifest.json").read_text())
        return found
