"""The diffs of kdump.enabler.files: no line that does not change, because it may be a password."""

from __future__ import annotations

import pytest

from tests.modules.module_runner import Host


@pytest.mark.parametrize("repeat", [3, 400])
@pytest.mark.parametrize("end", ["", "\n"])
def test_the_diff_shows_no_neighbour(host: Host, repeat: int, end: str) -> None:
    """With lines that repeat, difflib alone shows hundreds; and the arguments do not come back either."""
    lines = [f"password-{number % repeat}" for number in range(400)]
    host.write("a", ("\n".join(lines) + end).encode())
    result = host.run(host.change("a", lines={"100": "new", "200": "newer"}))
    assert result["diff"][0]["prepared"].split("\n")[2:] == [
        *("@@ -100 +100 @@", f"-{lines[99]}", "+new"),
        *("@@ -200 +200 @@", f"-{lines[199]}", "+newer", ""),
    ]
    assert "password-0" not in result["stdout"].replace(lines[99], "").replace(lines[199], "")
    assert "changes" not in result["invocation"]["module_args"]


def test_the_diff_of_three_lines_among_equal_ones(host: Host) -> None:
    """The long stretch before the last one fits at many places, and only one is right."""
    host.write("a", b"1\n2\n3\n" * 133)
    result = host.run(host.change("a", lines={"100": "x", "150": "y", "300": "z"}))
    shown = result["diff"][0]["prepared"].split("\n")[2:]
    assert [line for line in shown if line.startswith("+")] == ["+x", "+y", "+z"]
    assert len(shown) == 3 * 3 + 1


@pytest.mark.parametrize("repeat", [3, 400])
def test_the_diff_of_an_inserted_and_of_a_removed_line(host: Host, repeat: int) -> None:
    """One line each."""
    lines = [f"password-{number % repeat}\n" for number in range(400)]
    host.write("a", "".join(lines).encode())
    host.write("b", "".join([*lines[:50], "old\n", *lines[50:]]).encode())
    more = "".join([*lines[:50], "new\n", *lines[50:]])
    result = host.run(host.change("a", text=more), host.change("b", text="".join(lines)))
    shown = [diff["prepared"].split("\n", 2)[2] for diff in result["diff"]]
    assert shown == ["@@ -50,0 +51 @@\n+new\n", "@@ -51 +50,0 @@\n-old\n"]


def test_the_diff_of_a_whole_file(host: Host) -> None:
    """What is new or gone has no neighbours."""
    host.write("gone", b"1\n2\n")
    result = host.run(host.change("b", text="x\nwhole"), host.change("gone", absent=True))
    assert result["diff"][0]["prepared"] == (
        f"--- /dev/null\n+++ {host.etc / 'b'}\n@@ -0,0 +1,2 @@\n+x\n+whole\n\\ No newline at end of file\n"
    )
    assert result["diff"][1]["prepared"] == f"--- {host.etc / 'gone'}\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-1\n-2\n"
