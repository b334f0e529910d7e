"""Each artefact is built once and each environment made once, because pip takes most of the time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.packaging.installed import ROOT, Environment, copy_tree, must

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is marked `packaging`."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("packaging")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the sdist and the wheel made from it."""
    target = tmp_path_factory.mktemp("built")
    must(sys.executable, "-m", "build", "--outdir", target, cwd=ROOT)
    return target


@pytest.fixture(scope="session")
def sdist(built: Path) -> Path:
    """The source distribution."""
    [path] = built.glob("*.tar.gz")
    return path


@pytest.fixture(scope="session")
def wheel(built: Path) -> Path:
    """The wheel, made from the source distribution."""
    [path] = built.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def wheel_from_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from the working tree."""
    target = tmp_path_factory.mktemp("from-tree")
    must(sys.executable, "-m", "build", "--wheel", "--outdir", target, cwd=ROOT)
    [path] = target.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def with_wheel(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    """What `pip install kdump-enabler` gives, with the newest ansible-core."""
    return Environment.make(tmp_path_factory.mktemp("wheel") / "venv", wheel)


@pytest.fixture(scope="session")
def with_sdist(tmp_path_factory: pytest.TempPathFactory, sdist: Path) -> Environment:
    """What pip makes of the source distribution itself."""
    return Environment.make(tmp_path_factory.mktemp("sdist") / "venv", sdist)


@pytest.fixture(scope="session")
def oldest_core(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The oldest ansible-core we support, and nothing else."""
    return Environment.make(tmp_path_factory.mktemp("oldest") / "venv", "ansible-core==2.16.*")


@pytest.fixture(scope="session")
def newest_core(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The newest ansible-core that this Python can run, and nothing else."""
    return Environment.make(tmp_path_factory.mktemp("newest") / "venv", "ansible-core")


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory, oldest_core: Environment) -> Path:
    """The collection as Galaxy would get it."""
    target = tmp_path_factory.mktemp("tarball")
    tree = copy_tree(tmp_path_factory.mktemp("tree"))
    oldest_core.must("ansible-galaxy", "collection", "build", "--output-path", target, cwd=tree)
    [path] = target.glob("*.tar.gz")
    return path


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory, oldest_core: Environment, tarball: Path) -> Path:
    """A collections path with what is in the tarball."""
    target = tmp_path_factory.mktemp("collections")
    oldest_core.must("ansible-galaxy", "collection", "install", "--offline", tarball, "-p", target, cwd=target)
    return target
