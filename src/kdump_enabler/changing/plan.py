"""The plan: the changes that take a machine from what it is to what the policy wants, for the roles and for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..policy.sysctls import Value
from .changes import FileChange


@dataclass(frozen=True)
class Plan:
    """What each role has to do; an empty field is a role that does not run.

    refusal: why nothing at all may be changed; packages: to install; packages_note: why they may not be found; debconf:
    answers to give before; leftovers, crashkernel, kdump_config, panic_policy, sysrq: files to write;
    regenerate_grub: make grub.cfg anew; grub_config: how that is done, also when files are put back (null where GRUB
    reads them itself); make_boot_files: let the boot loader's own tool make its files anew; boot_files: how that is
    done, also when files are put back (null where it has no such tool), `settings` being the beginnings of the paths
    that the tool reads; sysctls: values to set in the running kernel; enable_unit, restart_unit and disable_unit: unit
    names, empty for none; stop_unit: one of ours that goes away, with what it keeps; reload_units: systemd must read
    its files anew; package_manager: who installs; finish: a noted run that this one ends; remove_packages: those that
    an earlier run of ours installed.
    """

    refusal: str = ""
    packages: tuple[str, ...] = ()
    packages_note: str = ""
    debconf: tuple[Mapping[str, str], ...] = ()
    leftovers: tuple[FileChange, ...] = ()
    crashkernel: tuple[FileChange, ...] = ()
    regenerate_grub: bool = False
    grub_config: Mapping[str, Any] | None = None
    make_boot_files: bool = False
    boot_files: Mapping[str, Any] | None = None
    kdump_config: tuple[FileChange, ...] = ()
    reload_units: bool = False
    panic_policy: tuple[FileChange, ...] = ()
    sysrq: tuple[FileChange, ...] = ()
    sysctls: Mapping[str, Value] | None = None
    enable_unit: str = ""
    restart_unit: str = ""
    disable_unit: str = ""
    stop_unit: str = ""
    package_manager: str = ""
    finish: str = ""
    remove_packages: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing to do."""
        return not self.steps()

    def as_dict(self) -> dict[str, Any]:
        """The plan as the roles take it."""
        return (
            asdict(self)
            # Ansible's templates know lists.
            | {"packages": list(self.packages), "remove_packages": list(self.remove_packages)}
            | {
                name: [change.as_dict() for change in getattr(self, name)]
                for name in ("leftovers", "crashkernel", "kdump_config", "panic_policy", "sysrq")
            }
            | {"units": dict(self._unit_states())}
            | {"journal": [f"{step}: {changes}" for step, changes in _unit_steps(self)]}
        )

    def _unit_states(self) -> Iterator[tuple[str, dict[str, str]]]:
        """The units that are enabled or disabled, with what they are before and after."""
        if self.enable_unit:
            yield self.enable_unit, {"before": "disabled", "after": "enabled"}
        if self.disable_unit:
            yield self.disable_unit, {"before": "enabled", "after": "disabled"}

    def steps(self) -> list[dict[str, str]]:
        """The plan for people: one row for each step."""
        return [{"step": step, "changes": changes} for step, changes in _steps(self)]


def _steps(plan: Plan) -> Iterator[tuple[str, str]]:
    if plan.finish:
        yield "end the killed run", plan.finish
    if plan.packages:
        yield "install packages", ", ".join(plan.packages)
    for change in plan.leftovers:
        yield "remove file" if change.absent else "clean file", change.path
    for change in plan.kdump_config + plan.crashkernel + plan.panic_policy + plan.sysrq:
        yield "remove file" if change.absent else "write file", change.path
    if plan.regenerate_grub:
        yield "regenerate", "grub.cfg"
    if plan.make_boot_files and plan.boot_files:
        yield "make boot files", "; ".join(" ".join(command) for command in plan.boot_files["commands"])
    for key, value in (plan.sysctls or {}).items():
        yield "set now", f"{key} = {value}"
    yield from _unit_steps(plan)
    if plan.remove_packages:
        yield "remove packages", ", ".join(plan.remove_packages)
    if plan.packages:
        yield "after installation", "kdump configuration, service"


def _unit_steps(plan: Plan) -> Iterator[tuple[str, str]]:
    for step, unit in (
        ("enable unit", plan.enable_unit),
        ("restart unit", plan.restart_unit),
        ("disable unit", plan.disable_unit),
        ("stop unit", plan.stop_unit),
    ):
        if unit:
            yield step, unit
