"""Programs that are piped to the Python of a host as text: one file, or a package with all its files."""

from __future__ import annotations

from pathlib import Path

# What stands before the sources of a package on the host: an importer that has them in memory. Python 3.6.
IMPORTER = """
import runpy
import sys
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.util import spec_from_loader


class Texts(InspectLoader, MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        return spec_from_loader(name, self) if name in SOURCES else None

    def is_package(self, name):
        return any(other.startswith(name + ".") for other in SOURCES)

    def get_source(self, name):
        return SOURCES[name]


sys.meta_path.insert(0, Texts())
runpy.run_module(PACKAGE, run_name="__main__")
"""


def program(path: Path) -> bytes:
    """What to pipe for a module, by the path of its file; a package, by that of its __init__.py, runs its __main__."""
    if path.name != "__init__.py":
        return path.read_bytes()
    top, name = path.parent.parent.name, f"{path.parent.parent.name}.{path.parent.name}"
    sources = {top: "", name: path.read_text(encoding="utf-8")}
    for file in sorted(path.parent.glob("*.py")):
        if file != path:
            sources[f"{name}.{file.stem}"] = file.read_text(encoding="utf-8")
    return f"SOURCES = {sources!r}\nPACKAGE = {name!r}\n{IMPORTER}".encode()
