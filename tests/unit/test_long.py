"""The long tier's cases: what has to be played together is one case."""

from __future__ import annotations

from tests.long import cases


def test_the_steps_of_a_story_are_one_case_in_their_order() -> None:
    step = "tests/system/test_x.py::test_step[{}]"
    alone = "tests/system/test_x.py::test_alone"
    ids = [step.format(name) for name in ("look-trixie", "enable-trixie", "look-testing", "enable-testing")]
    assert cases([*ids, alone]) == {
        "test_x.py::test_alone": [alone],
        "test_x.py::test_step testing": ids[2:],
        "test_x.py::test_step trixie": ids[:2],
    }
