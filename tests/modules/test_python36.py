"""The modules run on hosts whose Python is 3.6 (EL 8, SLES 15)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


@pytest.mark.parametrize(
    "name",
    ["modules/files", "modules/restore", "modules/grub_config", "modules/boot_files"]
    + [f"module_utils/{path.stem}" for path in sorted((PLUGINS / "module_utils").glob("*.py"))],
)
def test_hosts_with_python_3_6_can_read_it(name: str) -> None:
    """EL 8 and SLES 15 have no newer one by default."""
    source = (PLUGINS / f"{name}.py").read_text()
    ast.parse(source, feature_version=(3, 6))
    assert "from __future__" not in source
