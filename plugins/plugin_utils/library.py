# SPDX-License-Identifier: MIT
"""Finds the kdump_enabler library: beside the collection (a clone, a collection tarball) or installed."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

from ansible.errors import AnsibleError

COLLECTION = Path(__file__).resolve().parents[2]


def library(name: str) -> ModuleType:
    """A module of the library. Raises AnsibleError when there is none, or when two versions meet."""
    beside = COLLECTION / "src"
    if beside.is_dir() and str(beside) not in sys.path:
        sys.path.insert(0, str(beside))
    try:
        package = importlib.import_module("kdump_enabler")
    except ImportError as error:
        raise AnsibleError("The kdump_enabler library is missing: pip install kdump-enabler") from error
    if beside.is_dir() and Path(str(package.__file__)).parents[1] != beside:
        raise AnsibleError(f"Two copies of kdump_enabler meet: {package.__file__} and {beside}; remove one of them")
    return importlib.import_module(f"kdump_enabler.{name}")
