"""Prometheus' own tool reads our metrics and our alerts. It comes from Debian's package, which is not installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from kdump_enabler.report import prometheus
from tests.unit.fleets import fleet

pytestmark = pytest.mark.system
MONITORING = Path(__file__).parents[2] / "monitoring"


@pytest.fixture(scope="module")
def promtool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prometheus")
    folder.chmod(0o755)  # apt fetches as its own user
    subprocess.run(["apt-get", "download", "-qq", "prometheus"], cwd=folder, check=True)
    (package,) = folder.glob("*.deb")
    subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    return folder / "usr/bin/promtool"


def test_metrics_of_a_fleet(promtool: Path) -> None:
    text = prometheus.render(fleet(1000)) + "\n"
    checked = subprocess.run([promtool, "check", "metrics"], input=text, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_alerts_fire_when_they_should_and_only_then(promtool: Path, tmp_path: Path) -> None:
    shutil.copy(MONITORING / "alerts.yml", tmp_path)
    rules = shutil.copy(Path(__file__).with_name("alerts_test.yml"), tmp_path)
    ran = subprocess.run([promtool, "test", "rules", rules], text=True, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("name", ["alerts.yml", "dashboard.json"])
def test_they_ask_for_metrics_that_there_are(name: str) -> None:
    text = (MONITORING / name).read_text(encoding="utf-8")
    assert json.loads(text) if name.endswith("json") else yaml.safe_load(text)
    assert set(re.findall(r"\bkdump_\w+", text)) <= set(prometheus.METRICS)
