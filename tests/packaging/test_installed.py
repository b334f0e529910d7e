"""Every way to get the tool gives one that works, from a directory that has nothing to do with it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import kdump_enabler
from tests.packaging.installed import LOCAL, ROOT, Environment, copy_tree, judged, must

COLLECTION = Path("ansible_collections", "kdump", "enabler")
MODULES = sorted(f"kdump.enabler.{path.stem}" for path in (ROOT / "plugins" / "modules").glob("*.py"))
ROLES = sorted(f"kdump.enabler.{path.name}" for path in (ROOT / "roles").iterdir())
GIT = ("git", "-c", "init.defaultBranch=trunk", "-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")


@pytest.mark.parametrize("way", ["with_wheel", "with_sdist"])
def test_pip_gives_the_command_and_the_playbooks(way: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Ansible finds the playbooks on sys.path."""
    installed: Environment = request.getfixturevalue(way)
    assert kdump_enabler.__version__ in installed.must("kdump-enabler", "--version", cwd=tmp_path)
    assert installed.command_checks(tmp_path)["tool_version"] == kdump_enabler.__version__
    assert installed.check(tmp_path)["tool_version"] == kdump_enabler.__version__


def test_wheel_gives_the_documentation(with_wheel: Environment, tmp_path: Path) -> None:
    """Every module has its page, and so has every role, with each of its variables."""
    pages = json.loads(with_wheel.must("ansible-doc", "--json", "-t", "module", *MODULES, cwd=tmp_path))
    assert sorted(pages) == MODULES
    assert all(page["doc"]["description"] and page["examples"] for page in pages.values())
    shown = with_wheel.must("ansible-doc", "-t", "role", *ROLES, cwd=tmp_path, ANSIBLE_NOCOLOR="1")
    assert sorted(re.findall(r"> ROLE: \*?([\w.]+)", shown)) == ROLES
    assert "kdump_crashkernel_allow_lower" in shown


def test_editable_install_uses_the_clone(tmp_path: Path) -> None:
    """Nothing is copied: what changes in the clone changes the command, the library and the roles at once."""
    clone = copy_tree(tmp_path / "clone")
    editable = Environment.make(tmp_path / "venv", "--editable", clone)
    assert not list((tmp_path / "venv").rglob("ansible_collections/kdump"))
    change(clone / "src" / "kdump_enabler" / "__init__.py", kdump_enabler.__version__, "9.9.9")
    change(clone / "roles" / "audit" / "tasks" / "main.yml", "Look at the host", "Look at it from the clone")
    assert editable.command_checks(tmp_path)["tool_version"] == "9.9.9"
    assert "Look at it from the clone" in editable.play(tmp_path)
    assert judged(editable.result)["tool_version"] == "9.9.9"


@pytest.mark.parametrize("core", ["oldest_core", "newest_core"])
def test_tarball_needs_ansible_core_alone(
    core: str, request: pytest.FixtureRequest, collections: Path, tmp_path: Path
) -> None:
    """No kdump_enabler, click, rich or distro is installed: the collection brings its library."""
    alone: Environment = request.getfixturevalue(core)
    assert alone.run("python", "-c", "import kdump_enabler", cwd=tmp_path).returncode != 0
    alone.check(tmp_path, ANSIBLE_COLLECTIONS_PATH=str(collections))


def test_collection_can_be_installed_from_git(oldest_core: Environment, collections: Path, tmp_path: Path) -> None:
    """It holds what the tarball holds."""
    clone, target = copy_tree(tmp_path / "clone"), tmp_path / "collections"
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "The tree")):
        must(*GIT, *words, cwd=clone)
    source = f"git+file://{clone},trunk"
    oldest_core.must("ansible-galaxy", "collection", "install", source, "-p", target, cwd=tmp_path)
    assert set(files_below(target / COLLECTION)) == set(files_below(collections / COLLECTION))
    oldest_core.check(tmp_path, ANSIBLE_COLLECTIONS_PATH=str(target))


def test_clone_needs_ansible_core_alone(oldest_core: Environment, tmp_path: Path) -> None:
    """In its ansible/ directory, by way of the links there."""
    clone = copy_tree(tmp_path / "clone")
    oldest_core.check(clone / "ansible")


def test_clone_reads_the_example_inventory(oldest_core: Environment, tmp_path: Path) -> None:
    """A host and a policy that are put where the examples are take effect."""
    inventory = copy_tree(tmp_path / "clone") / "ansible" / "inventory"
    assert oldest_core.must("ansible-inventory", "--list", "-i", inventory / "hosts.yml", cwd=tmp_path)
    (inventory / "hosts.yml").write_text("all: {hosts: {web1: {}}}\n", encoding="utf-8")
    (inventory / "group_vars" / "all.yml").write_text("kdump_reboot: if-needed\n", encoding="utf-8")
    listed = oldest_core.must("ansible-inventory", "--host", "web1", cwd=inventory.parent)
    assert json.loads(listed) == {"kdump_reboot": "if-needed"}


def test_requirements_can_be_installed(oldest_core: Environment, tmp_path: Path) -> None:
    """Nothing is in it now, and ansible-galaxy accepts that."""
    oldest_core.must("ansible-galaxy", "install", "-r", ROOT / "ansible" / "requirements.yml", cwd=tmp_path)


def test_tarball_beside_the_wheel_uses_its_own_library(
    with_wheel: Environment, collections: Path, tmp_path: Path
) -> None:
    """A collections path comes before sys.path, and a collection's library before a package; the command runs its
    own collection. So no version ever carries out what another one decided."""
    shutil.copytree(collections, tmp_path / "other")
    change(tmp_path / "other" / COLLECTION / "src/kdump_enabler/__init__.py", kdump_enabler.__version__, "9.9.9")
    found = {"ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "other")}
    assert with_wheel.check(tmp_path, **found)["tool_version"] == "9.9.9"
    words = ("check", "-i", "localhost,", "--format", "json", "--", "-c", "local")
    told = with_wheel.run("kdump-enabler", *words, cwd=tmp_path, **found)
    assert json.loads(told.stdout)["tool_version"] == kdump_enabler.__version__


def test_two_libraries_in_one_process_are_refused(with_wheel: Environment, collections: Path, tmp_path: Path) -> None:
    """In one sentence that names both, when something imported the wheel's before the tarball's plugins did."""
    (tmp_path / "sitecustomize.py").write_text("import kdump_enabler\n", encoding="utf-8")
    variables = {"PYTHONPATH": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": str(collections)}
    done = with_wheel.run("ansible-playbook", "kdump.enabler.check", *LOCAL, cwd=tmp_path, **variables)
    assert done.returncode != 0
    said = re.findall(r"Two copies of kdump_enabler meet: (\S+) and (\S+); remove one of them", done.stdout)
    [(imported, beside)] = set(said)
    assert Path(imported).is_relative_to(with_wheel.path)
    assert Path(beside) == collections / COLLECTION / "src"
    assert "Traceback" not in done.stdout + done.stderr


def change(path: Path, old: str, new: str) -> None:
    """Replace one piece of a file that has it."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def files_below(top: Path) -> Iterator[str]:
    """The names of what is published, without what a run or the way of installation leaves there."""
    for path in top.rglob("*"):
        if path.is_file() and path.suffix != ".pyc" and path.name not in ("FILES.json", "MANIFEST.json"):
            yield str(path.relative_to(top))
