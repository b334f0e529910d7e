"""Every way to get the tool gives one that works, from a directory that has nothing to do with it."""

from __future__ import annotations

import json
import sys
import sysconfig
from pathlib import Path

import pytest

import kdump_enabler
from tests.packaging.installed import ROOT, VERDICTS, Environment, copy_tree

MODULES = sorted(f"kdump.enabler.{path.stem}" for path in (ROOT / "plugins" / "modules").glob("*.py"))


@pytest.fixture(scope="session")
def editable() -> Environment:
    """The environment that runs the tests, with the clone installed in place."""
    return Environment(Path(sys.prefix), Path(sys.prefix))


def test_wheel_gives_the_command(with_wheel: Environment, tmp_path: Path) -> None:
    """Its version and a verdict on this machine."""
    assert kdump_enabler.__version__ in with_wheel.must("kdump-enabler", "--version", cwd=tmp_path)
    done = with_wheel.run("kdump-enabler", "check", "--format", "json", cwd=tmp_path)
    [record] = json.loads(done.stdout)["hosts"]
    assert record["verdict"] in VERDICTS
    assert done.returncode == record["exit_code"]


def test_wheel_gives_the_playbooks(with_wheel: Environment, tmp_path: Path) -> None:
    """Ansible finds them on sys.path."""
    with_wheel.check(tmp_path, tmp_path / "result.json")


def test_wheel_gives_the_documentation(with_wheel: Environment, tmp_path: Path) -> None:
    """Every module has its page, and so has the role that people use."""
    pages = json.loads(with_wheel.must("ansible-doc", "--json", "-t", "module", *MODULES, cwd=tmp_path))
    assert sorted(pages) == MODULES
    assert all(page["doc"]["description"] and page["examples"] for page in pages.values())
    role = json.loads(with_wheel.must("ansible-doc", "--json", "-t", "role", "kdump.enabler.kdump", cwd=tmp_path))
    assert "kdump_crashkernel" in role["kdump.enabler.kdump"]["entry_points"]["main"]["options"]


def test_tarball_needs_ansible_core_alone(core_alone: Environment, tarball: Path, tmp_path: Path) -> None:
    """No kdump_enabler, click, rich or distro is installed: the collection brings its library."""
    assert core_alone.run("python", "-c", "import kdump_enabler", cwd=tmp_path).returncode != 0
    collections = tmp_path / "collections"
    core_alone.must("ansible-galaxy", "collection", "install", "--offline", tarball, "-p", collections, cwd=tmp_path)
    core_alone.check(tmp_path, tmp_path / "result.json", ANSIBLE_COLLECTIONS_PATH=str(collections))


def test_clone_needs_ansible_core_alone(core_alone: Environment, tmp_path: Path) -> None:
    """In its ansible/ directory, by way of the links there."""
    clone = copy_tree(tmp_path / "clone")
    core_alone.check(clone / "ansible", tmp_path / "result.json")


def test_clone_reads_the_example_inventory(core_alone: Environment, tmp_path: Path) -> None:
    """A host and a policy that are put where the examples are take effect."""
    inventory = copy_tree(tmp_path / "clone") / "ansible" / "inventory"
    assert core_alone.must("ansible-inventory", "--list", "-i", inventory / "hosts.yml", cwd=tmp_path)
    (inventory / "hosts.yml").write_text("all: {hosts: {web1: {}}}\n", encoding="utf-8")
    (inventory / "group_vars" / "all.yml").write_text("kdump_reboot: if-needed\n", encoding="utf-8")
    listed = core_alone.must("ansible-inventory", "--host", "web1", cwd=inventory.parent)
    assert json.loads(listed) == {"kdump_reboot": "if-needed"}


def test_requirements_can_be_installed(core_alone: Environment, tmp_path: Path) -> None:
    """Nothing is in it now, and ansible-galaxy accepts that."""
    core_alone.must("ansible-galaxy", "install", "-r", ROOT / "ansible" / "requirements.yml", cwd=tmp_path)


def test_editable_install_copies_nothing(editable: Environment, tmp_path: Path) -> None:
    """A change of the clone takes effect at once, in the command and in the collection."""
    assert not Path(sysconfig.get_path("purelib"), "ansible_collections", "kdump").exists()
    found = editable.must("python", "-c", "import kdump_enabler as k; print(k.__file__)", cwd=tmp_path)
    assert Path(found.strip()).parent == ROOT / "src" / "kdump_enabler"
    editable.check(tmp_path, tmp_path / "result.json", ANSIBLE_HOME=str(tmp_path / "ansible-home"))
