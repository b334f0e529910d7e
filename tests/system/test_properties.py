"""The properties of parsers and editors with examples that nobody has tried yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.system, pytest.mark.long]
UNIT = Path(__file__).parents[1] / "unit"


def test_properties_hold_for_other_examples() -> None:
    """One that fails is kept in .hypothesis and tried first the next time; it becomes an example in the test's text."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "hypothesis", "--hypothesis-profile=searching", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    print(done.stdout.splitlines()[-1])
