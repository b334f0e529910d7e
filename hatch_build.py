"""Build hook: the wheel carries the Ansible collection: one `pip install` gives the command and the playbooks."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PARTS = ("README.md", "galaxy.yml", "meta", "playbooks", "plugins", "roles")


class CollectionInWheel(BuildHookInterface):
    """Puts the collection under ansible_collections/kdump/enabler, where ansible-core finds it on sys.path."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Include the parts, except in an editable install, which would copy them and shadow the clone."""
        if version != "editable":
            for part in PARTS:
                build_data["force_include"][part] = f"ansible_collections/kdump/enabler/{part}"
