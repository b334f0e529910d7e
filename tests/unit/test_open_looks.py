"""When a look says that another one must follow: a host whose last one is open was lost on the way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.kdump.enabler.plugins.action.audit import ActionModule


def is_open(empty: bool, check_mode: bool = False, **arguments: Any) -> bool:
    """What the look of a task with these arguments says, of a host with an empty plan or another one."""
    action = object.__new__(ActionModule)
    action._task = SimpleNamespace(args=arguments, check_mode=check_mode)
    return bool(action._is_open(SimpleNamespace(plan=SimpleNamespace(empty=empty))))


@pytest.mark.parametrize(
    ("expected", "empty", "arguments"),
    [
        (False, False, {}),
        (False, True, {"for_change": True}),
        (True, False, {"for_change": True}),
        (True, True, {"for_change": True, "goal": "rollback"}),  # what it does is in the backup set, not in the plan
        (False, True, {"goal": "rollback"}),
        (True, True, {"for_reboot": True}),
        (True, True, {"for_proof": True}),
    ],
)
def test_what_is_about_to_begin(expected: bool, empty: bool, arguments: dict[str, Any]) -> None:
    assert is_open(empty, **arguments) is expected
    assert is_open(empty, check_mode=True, **arguments) is False
