"""The result in the forms that other programs read: by name, given the result and how the user calls `enable`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import html, junit, prometheus

FORMS: Mapping[str, Callable[[Mapping[str, Any], str], str]] = {
    "html": html.render,
    "junit": junit.render,
    "prometheus": lambda result, _: prometheus.render(result),
}
