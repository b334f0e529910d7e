"""The installation without a network that the README describes."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

import kdump_enabler
from tests.packaging.installed import ROOT, Environment, copy_tree, must

README = (ROOT / "README.md").read_text(encoding="utf-8")
# No index, no configuration file, and a proxy that nobody listens at for whoever tries to ask all the same.
NO_NETWORK = {
    "PIP_NO_INDEX": "1",
    "PIP_CONFIG_FILE": os.devnull,
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"),
}


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make wheelhouse` leaves in a clone; the tools it needs are those of the environment of the tests."""
    clone = copy_tree(tmp_path_factory.mktemp("clone"))
    (clone / ".venv").symlink_to(sys.prefix)
    must("make", "--old-file", ".venv/.made", "wheelhouse", cwd=clone)
    return clone / "dist" / "wheelhouse"


def install(folder: Path) -> Environment:
    """An environment made with the README's own words, in a folder that has the wheelhouse."""
    [words] = re.findall(r"^pip install (--no-index --find-links wheelhouse kdump-enabler)$", README, re.MULTILINE)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    return Environment.make(folder / "venv", *words.split(), env=kept | NO_NETWORK)


def test_install_without_a_network(wheelhouse: Path, tmp_path: Path) -> None:
    """From the wheelhouse alone; then the command and the playbooks work."""
    (tmp_path / "wheelhouse").symlink_to(wheelhouse)
    installed = install(tmp_path)
    assert installed.command_checks(tmp_path)["tool_version"] == kdump_enabler.__version__
    assert installed.check(tmp_path)["tool_version"] == kdump_enabler.__version__


def test_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    """With an empty wheelhouse it fails: the test above did not succeed by way of a network."""
    (tmp_path / "wheelhouse").mkdir()
    with pytest.raises(AssertionError, match="No matching distribution found for kdump-enabler"):
        install(tmp_path)
