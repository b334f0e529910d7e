"""What is in the wheel, the sdist and the collection tarball."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import yaml

import kdump_enabler
from tests.packaging.installed import ROOT

COLLECTION = "ansible_collections/kdump/enabler"


def test_wheel_is_the_same_from_the_tree_and_from_the_sdist(wheel: Path, wheel_from_tree: Path) -> None:
    """Distributions build from the sdist."""
    assert files_of(wheel) == files_of(wheel_from_tree)


def test_wheel_holds_the_library_and_the_collection(wheel: Path) -> None:
    """Every file of the tree's parts is there, and nothing else but metadata."""
    parts = [ROOT / part for part in ("README.md", "galaxy.yml", "meta", "playbooks", "plugins", "roles")]
    wanted = {f"{COLLECTION}/{name}" for name in below(*parts)}
    wanted |= {name.removeprefix("src/") for name in below(ROOT / "src" / "kdump_enabler")}
    assert {name for name in files_of(wheel) if ".dist-info/" not in name} == wanted


def test_wheel_has_the_licence_and_the_command(wheel: Path) -> None:
    """Both are metadata."""
    with zipfile.ZipFile(wheel) as archive:
        texts = {name.partition(".dist-info/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        assert b"MIT" in archive.read(texts["licenses/LICENSE"])
        assert b"kdump-enabler = kdump_enabler.__main__:main" in archive.read(texts["entry_points.txt"])


def test_sdist_has_the_real_roles_and_no_leftovers(sdist: Path) -> None:
    """Hatch follows links; see pyproject.toml."""
    names = {name.partition("/")[2] for name in members_of(sdist)}
    assert {"roles/kdump/tasks/main.yml", "plugins/action/audit.py", "hatch_build.py", "tests/__init__.py"} <= names
    assert not [name for name in names if name.startswith((".cache", ".venv", "ansible/"))]


def test_tarball_holds_the_collection_and_its_library_only(tarball: Path) -> None:
    """galaxy.yml's build_ignore names what to leave out; a new directory has to be decided on here."""
    tops = {name.partition("/")[0] for name in members_of(tarball)}
    documents = {name for name in tops if name.endswith(".md")}
    assert {"README.md", "CHANGELOG.md"} <= documents
    assert tops - documents == {
        "FILES.json",
        "LICENSE",
        "MANIFEST.json",
        "docs",
        "meta",
        "playbooks",
        "plugins",
        "roles",
        "src",
    }


def test_schema_of_the_result_document_is_everywhere(wheel: Path, sdist: Path, tarball: Path) -> None:
    """Who reads results finds it beside the library."""
    inside = "kdump_enabler/data/result-1.schema.json"
    assert inside in files_of(wheel)
    assert all(any(name.endswith(f"src/{inside}") for name in members_of(archive)) for archive in (sdist, tarball))


def test_versions_are_one() -> None:
    """The collection and the library are released together."""
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert galaxy["version"] == kdump_enabler.__version__


def files_of(wheel: Path) -> set[str]:
    """The names in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def members_of(archive: Path) -> list[str]:
    """The names of the files in a tarball."""
    with tarfile.open(archive) as tar:
        return [member.name.removeprefix("./") for member in tar.getmembers() if not member.isdir()]


def below(*parts: Path) -> set[str]:
    """The names of all files in parts of the tree."""
    found = {path for part in parts for path in (part.rglob("*") if part.is_dir() else [part])}
    return {str(path.relative_to(ROOT)) for path in found if path.is_file() and path.suffix != ".pyc"}
