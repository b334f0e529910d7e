"""Where a result goes that is asked for by a name of something that is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kdump_enabler.report.writing import write


def test_a_link_goes_on_leading_where_it_did(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "elsewhere" / "target"
    target.parent.mkdir()
    link.symlink_to(target)
    for text in ("one", "two"):
        write(link, [text, "\n"])
        assert target.read_text(encoding="utf-8") == f"{text}\n"
    assert link.is_symlink()
    assert list(target.parent.iterdir()) == [target]


def test_an_open_file_is_written_to_as_it_is(tmp_path: Path) -> None:
    """Through /dev/stdout, which root could replace by a file."""
    program = (
        "from pathlib import Path; from kdump_enabler.report.writing import write; write(Path('/dev/stdout'), 'x')"
    )
    with (tmp_path / "out").open("w", encoding="utf-8") as out:
        subprocess.run([sys.executable, "-c", program], stdout=out, check=True)
    assert (tmp_path / "out").read_text(encoding="utf-8") == "x"
    assert Path("/dev/stdout").is_symlink()
