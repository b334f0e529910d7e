"""The main path on a real kernel, step by step; a step after a failed one fails, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.vm.machine import Machine

from .story import Story, timed, title

pytestmark = pytest.mark.system
failed: list[str] = []


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """One machine for all steps; its serial log stays when one fails."""
    with Machine("story") as machine:
        yield Story(machine, tmp_path_factory.mktemp("story"))


@pytest.mark.parametrize("step", Story.STEPS, ids=lambda step: step.__name__)
def test_step(step: Callable[[Story], None], story: Story) -> None:
    """Each step's own assertions."""
    assert not failed, f"not tried, because {failed[0]} failed"
    failed.append(step.__name__)
    print(f"\n== {title(step)}")
    print(f"== {step.__name__}: {timed(step, story):.0f} s", flush=True)
    failed.clear()
