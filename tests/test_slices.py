"""A fleet in slices, as AWX runs it: each job has a part of the inventory, and its result is handed on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from kdump_enabler.cli import cli
from kdump_enabler.fleet.playbook import hosts_of
from kdump_enabler.report import document
from tests.result_schema import keeps_to_the_schema
from tests.test_result_schema import answering, play

ROOT = Path(__file__).resolve().parents[1]
HOSTS = [f"web{number}" for number in range(7)]
COUNT = 3


def inventory(path: Path, hosts: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with hosts.json, and what three jobs wrote about its slices: AWX gives job `n` of `count` the hosts
    [n - 1::count] of the inventory, in the order of their names (get_sliced_hosts of awx/main/models/inventory.py)."""
    here = tmp_path_factory.mktemp("slices")
    own = {"ansible_connection": "local", "ansible_python_interpreter": answering(here, "debian12-pending")}
    inventory(here / "hosts.json", dict.fromkeys(HOSTS, own))
    for number in range(COUNT):
        found = play("check", here / "slice.yml", dict.fromkeys(HOSTS[number::COUNT], own))
        (here / f"slice-{number}.json").write_text(json.dumps(document.document(found.values())))
    return here


def report(*words: object) -> dict[str, Any]:
    """What `report` makes of these words."""
    ended = CliRunner().invoke(cli, ["report", *map(str, words), "--format", "json"], standalone_mode=False)
    assert ended.exception is None
    result: dict[str, Any] = json.loads(ended.stdout)
    keeps_to_the_schema(result)
    return result


def test_all_slices_are_the_whole_fleet(slices: Path) -> None:
    result = report(*sorted(slices.glob("slice-*.json")), "-i", slices / "hosts.json")
    assert sorted(host["host"] for host in result["hosts"]) == HOSTS
    assert result["summary"]["reboot-pending"] == len(HOSTS)
    assert result["joined"] == {"results": COUNT, "repeated": [], "missing": []}


def test_the_hosts_of_a_slice_that_is_missing_are_unknown(slices: Path) -> None:
    result = report(slices / "slice-0.json", slices / "slice-2.json", "-i", slices / "hosts.json")
    assert result["joined"]["missing"] == HOSTS[1::COUNT]
    gone = [host for host in result["hosts"] if host["host"] in HOSTS[1::COUNT]]
    assert {(host["verdict"], host["exit_code"]) for host in gone} == {("unknown", 2)}
    assert all("no result has it" in host["reason"] for host in gone)
    assert document.exit_code(result) == 2


def test_a_host_in_two_results_is_told(slices: Path) -> None:
    shown = CliRunner().invoke(cli, ["report", *map(str, [slices / "slice-0.json"] * 2)], standalone_mode=False).stdout
    assert f"{len(HOSTS[0::COUNT])} of the hosts are in several results" in shown
    assert "in no result" not in shown


def test_one_result_alone_says_nothing_of_joining(slices: Path) -> None:
    assert "joined" not in report(slices / "slice-0.json")


def test_an_inventory_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="Ansible cannot read the inventory"):
        hosts_of(str(tmp_path / "none.yml"))


@pytest.mark.parametrize("fails", [[], ["reboot-pending"]])
def test_a_job_hands_its_result_on_as_an_artifact(fails: list[str], tmp_path: Path) -> None:
    """AWX keeps what set_stats says as the job's artifacts (artifact_data in awx/main/tasks/callback.py), also of a job
    that fails for its verdicts."""
    own = {"ansible_connection": "local", "ansible_python_interpreter": answering(tmp_path, "debian12-pending")}
    hosts = inventory(tmp_path / "hosts.json", {"web1": own})
    words = {"awx_job_id": 41, "kdump_result_artifact": "kdump_{{ awx_job_id }}", "kdump_fail_on": fails}
    playbook = str(Path(sys.executable).with_name("ansible-playbook"))
    ended = subprocess.run(
        [playbook, "kdump.enabler.check", "-i", str(hosts), "-e", json.dumps(words)],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "ansible/collections"),
            "ANSIBLE_SHOW_CUSTOM_STATS": "1",
            "ANSIBLE_NOCOLOR": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert bool(ended.returncode) == bool(fails)
    told = json.loads(ended.stdout.partition("CUSTOM STATS")[2].partition("RUN:")[2])
    assert [host["host"] for host in told["kdump_41"]["hosts"]] == ["web1"]


def test_the_image_takes_the_collection_that_is_built() -> None:
    """ansible-builder itself is not among the tools of the tests; `ansible-builder create` took this file."""
    definition = yaml.safe_load((ROOT / "ansible/execution-environment.yml").read_text(encoding="utf-8"))
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    (given,) = definition["additional_build_files"]
    assert definition["version"] == 3
    assert given["src"] == f"../dist/{galaxy['namespace']}-{galaxy['name']}-*.tar.gz"
    copy, install = definition["additional_build_steps"]["append_final"]
    assert copy.startswith(f"COPY _build/{given['dest']} /tmp/")
    assert install.endswith(f"{copy.split()[-1]}/*.tar.gz")
