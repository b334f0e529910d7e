"""The same way in containers: packages by the real apt, units by the real systemd, grub.cfg by the real grub-mkconfig.

The kernel is pretended (`tests.container`), so nothing here proves a dump; the virtual machines do. Bookworm is played
by `make test-system`, the others by `make test-long`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from kdump_enabler.facts.settings import PANIC_DROPIN
from tests.container.container import Container, unused_name
from tests.container.kernel import INSIDE, settings_of_this_machine
from tests.container.root import SUITES

from .contained import Contained, authored, predicted, steps
from .driving import CONFIG, GRUB_CFG, difference, ids

pytestmark = pytest.mark.system
MIB = 1024 * 1024
UNIT = "kdump-tools.service"
LOADS = f"""mkdir -p /etc/systemd/system/{UNIT}.d
printf '[Service]\\nExecStart=\\nExecStart=sh -c "echo 1 > {INSIDE}/sys/kexec_crash_loaded"\\n' \\
    > /etc/systemd/system/{UNIT}.d/pretend.conf
systemctl daemon-reload"""
DROPIN = "/etc/default/grub.d/zz-kdump-enabler.cfg"
NEEDS_MAKEDUMPFILE = """
mkdir -p /tmp/needs/DEBIAN
cat > /tmp/needs/DEBIAN/control <<END
Package: needs
Version: 1
Architecture: all
Maintainer: me <me@example.org>
Depends: makedumpfile
Description: somebody else's
END
dpkg-deb -b /tmp/needs /tmp/needs.deb > /dev/null
dpkg -i /tmp/needs.deb > /dev/null
"""
OF_SUITES = [pytest.param(suite, marks=[pytest.mark.long] if suite != "bookworm" else []) for suite in SUITES]
failed: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def this_machine() -> Iterator[None]:
    """Nothing that happens in a container reaches the kernel settings of the machine that runs it."""
    before = settings_of_this_machine()
    yield
    assert settings_of_this_machine() == before


@pytest.fixture(scope="module")
def plain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contained]:
    """A container as its distribution ships it, for all steps of a story."""
    with Container(unused_name(f"plain-{request.param}"), request.param) as container:
        yield Contained(container, tmp_path_factory.mktemp("plain"))


@pytest.fixture
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contained]:
    """A container with the packages of kdump, which somebody switched off, and with nothing else configured."""
    with Container(unused_name(f"installed-{request.param}"), request.param) as container:
        container.ssh(
            "export DEBIAN_FRONTEND=noninteractive; apt-get update -qq;"
            " apt-get install -qq --no-install-recommends kdump-tools makedumpfile > /dev/null 2>&1;"
            f" sed -i 's/^USE_KDUMP=.*/USE_KDUMP=0/' /etc/default/kdump-tools; systemctl disable -q {UNIT}",
            timeout=120,
        )
        container.kernel.set(kexec_crash_size=256 * MIB)
        yield Contained(container, tmp_path_factory.mktemp("installed"))


def look(host: Contained) -> None:
    """Looking finds what is missing and changes nothing"""
    before = host.digest()
    record = host.check(expect=1)
    assert (record["verdict"], record["captures_now"]) == ("drift", False)
    assert {"KD001", "KD010", "KD020", "KD021", "KD030", "KD060", "KD070"} <= ids(record)
    assert host.digest() == before


def enable(host: Contained) -> None:
    """Enabling does what the dry run said, and the rest after the installation"""
    files, packages = host.files(), host.packages()
    promised = host.play("--check", "--diff")
    assert difference(files, host.files()) == {}
    host.run("enable", "-i", host.inventory, "-y", expect=3)
    after = host.files()
    found = difference(files, after)
    assert predicted(promised.diffs, files).items() <= found.items()
    assert DROPIN in predicted(promised.diffs, files)
    plan = {f"{step['step']} {step['changes']}" for step in promised.record["plan"]}
    asked = sorted(host.packages() - packages)
    assert plan - steps(host, found, {}) == {
        f"install packages {', '.join(asked)}",
        "after installation kdump configuration, service",
    }
    assert_enabled(host)


def assert_enabled(host: Contained) -> None:
    """Other programs see what enabling did."""
    assert host.sourced("GRUB_CMDLINE_LINUX_DEFAULT").count("crashkernel=") == 1
    host.container.ssh(f"grub-script-check {GRUB_CFG}")
    booted = [line for line in host.cat(GRUB_CFG).splitlines() if line.lstrip().startswith("linux")]
    assert {line.count("crashkernel=") for line in booted if " single" not in line} == {1}
    assert host.container.ssh(f"systemctl is-enabled {UNIT}").stdout.strip() == "enabled"
    assert "UMask=0077" in host.container.ssh("systemctl show kdump-tools-dump.service -p UMask").stdout
    assert host.cat("/proc/sys/kernel/panic_on_oops") == "0", "must wait for a capture kernel"
    assert (host.cat("/proc/sys/kernel/panic"), host.cat("/proc/sys/kernel/sysrq")) == ("10", "446")
    manifest = json.loads(host.cat("/var/lib/kdump-enabler/backups/*/manifest.json"))
    assert {entry["path"] for entry in manifest["files"]} == {CONFIG, *host.ours()}


def reserved(host: Contained) -> None:
    """When the kernel says that memory is reserved and a capture kernel loaded, so does the check"""
    record = host.check(expect=3)
    assert record["verdict"] == "reboot-pending"
    wanted = record["facts"]["crashkernel"]["wanted_bytes"]
    host.container.kernel.set(kexec_crash_size=wanted, kexec_crash_loaded=1)
    record = host.check(expect=1)
    assert record["captures_now"] is True
    assert record["facts"]["crashkernel"]["running_bytes"] == wanted
    assert ids(record) == {"KD001", "KD061"}, "only the settings that waited for a capture kernel are missing"


def ready(host: Contained) -> None:
    """With a capture kernel an oops panics at once; then nothing is left to do"""
    host.run("enable", "-i", host.inventory, "-y", expect=0)
    assert [host.cat(f"/proc/sys/kernel/{key}") for key in ("panic_on_oops", "unknown_nmi_panic")] == ["1", "1"]
    host.converged()
    assert ids(host.check(expect=0)) == {"KD001"}


def roll_back(host: Contained) -> None:
    """Rolling back leaves what the packages alone brought"""
    host.run("rollback", "-i", host.inventory, "-y", expect=0)
    files = host.files()
    assert not set(host.ours()) & files.keys()
    assert DROPIN.encode() not in files[GRUB_CFG]
    assert host.sourced("GRUB_CMDLINE_LINUX_DEFAULT") in host.cat(GRUB_CFG)


def disable(host: Contained) -> None:
    """Disabling takes the reservation away, whoever asked for it, and the unit"""
    host.run("disable", "-i", host.inventory, "-y", expect=0)
    assert "crashkernel=" not in host.cat(GRUB_CFG)
    assert "crashkernel" not in host.sourced("GRUB_CMDLINE_LINUX_DEFAULT")
    assert host.unit(UNIT)["UnitFileState"] == "disabled"


def purge(host: Contained) -> None:
    """Purging removes the packages that our run installed, and nothing else"""
    before = host.packages()
    host.container.ssh(NEEDS_MAKEDUMPFILE)
    refused = host.run("disable", "-i", host.inventory, "-y", "--purge", expect=1)
    assert "needed by others, so nothing was changed: needs." in " ".join(refused.split())
    assert host.packages() - before == {"needs"}
    host.container.ssh("dpkg -P needs")
    host.run("disable", "-i", host.inventory, "-y", "--purge", expect=0)
    assert before - host.packages() == {"kdump-tools", "makedumpfile"}
    assert "KD010" in ids(host.check(expect=1))


@pytest.mark.parametrize("plain", OF_SUITES, indirect=True, scope="module")
@pytest.mark.parametrize(
    "step", [look, enable, reserved, ready, roll_back, disable, purge], ids=lambda step: step.__name__
)
def test_step(step: Callable[[Contained], None], plain: Contained) -> None:
    """Each step's own assertions."""
    name = f"{plain.container.suite}: {step.__name__}"
    assert not [one for one in failed if one.startswith(plain.container.suite)], f"not tried, because of {failed}"
    failed.append(name)
    print(f"\n== {name}: {step.__doc__}", flush=True)
    step(plain)
    failed.remove(name)


@pytest.mark.parametrize("installed", OF_SUITES, indirect=True)
def test_check_mode_is_what_the_run_does(installed: Contained) -> None:
    """With the packages there, check mode's diffs, tasks and plan are what the real run changes; and back."""
    before, unit = installed.files(), installed.unit(UNIT)
    promised = installed.play("--check", "--diff")
    assert difference(before, installed.files()) == {}
    done = installed.play("--diff")
    changes = difference(before, installed.files())
    assert predicted(promised.diffs, before) == authored(changes)
    assert promised.tasks == done.tasks
    plan = {f"{step['step']} {step['changes']}" for step in promised.record["plan"]}
    assert plan == steps(installed, changes, {UNIT: unit})
    installed.run("rollback", "-i", installed.inventory, "-y", expect=0)
    left = authored(difference(before, installed.files()))
    assert {path for path in left if not path.startswith("/proc/")} == set()


@pytest.mark.parametrize("installed", OF_SUITES, indirect=True)
def test_back_to_the_first_state(installed: Contained) -> None:
    """Two runs, and an edit of what the second wrote: going back shows the edit and stops; without it all is undone."""
    host, edited = installed, "/etc/default/grub.d/zz-kdump-enabler.cfg"
    before = host.files()
    host.run("enable", "-i", host.inventory, "-y", expect=1, quiet=True)
    host.run("enable", "-i", host.inventory, "-y", "--crashkernel", "400M", expect=1, quiet=True)
    assert "crashkernel=400M" in host.cat(GRUB_CFG)
    host.container.ssh(f"cp -a {edited} /root/kept; echo '# an edit' >> {edited}")
    stopped = host.digest()
    said = host.run("rollback", "-i", host.inventory, "-y", "--to", "first", expect=1)
    assert "-# an edit" in [line.strip() for line in said.splitlines()]
    assert f"{edited} is not as the backup set" in " ".join(said.split())
    assert host.digest() == stopped
    host.container.ssh(f"cp -a /root/kept {edited}")
    host.run("rollback", "-i", host.inventory, "-y", "--to", "first", expect=0)
    assert authored(difference(before, host.files())) == {}
    assert "crashkernel=400M" not in host.cat(GRUB_CFG)


@pytest.mark.parametrize("installed", ["bookworm"], indirect=True)
def test_a_run_that_loads_the_capture_kernel_is_enough(installed: Contained) -> None:
    """What makes an event panic waits for a capture kernel; where the run itself loads one, it is set by that run."""
    installed.container.ssh(LOADS)
    installed.run("enable", "-i", installed.inventory, "-y", expect=0)
    assert [installed.cat(f"/proc/sys/kernel/{key}") for key in ("panic_on_oops", "unknown_nmi_panic")] == ["1", "1"]
    assert "restart unit: kdump-tools.service" in installed.container.ssh("journalctl -t kdump-enabler").stdout
    installed.run("rollback", "-i", installed.inventory, "-y", expect=0)
    assert installed.cat("/proc/sys/kernel/panic_on_oops") == "0"


def values(host: Contained, *names: str) -> list[str]:
    """What the kernel has now."""
    return [host.cat(f"/proc/sys/kernel/{name}") for name in names]


@pytest.mark.parametrize("installed", ["bookworm"], indirect=True)
def test_another_profile_takes_the_former_one_away(installed: Contained) -> None:
    """Files and live values follow the profile, a plain run keeps it, and all of it can be undone."""
    host, of_vm = installed, ("panic_on_rcu_stall", "max_rcu_stall_to_panic", "watchdog_thresh")
    before = host.files()
    host.container.ssh(LOADS)
    host.run("enable", "-i", host.inventory, "-y", "--profile", "vm", "--no-sysrq", expect=0)
    assert values(host, *of_vm, "softlockup_panic", "sysrq") == ["1", "3", "30", "0", "438"]
    host.converged()  # neither --profile nor --no-sysrq is said again
    host.run("enable", "-i", host.inventory, "-y", "--profile", "bare-metal", expect=0, quiet=True)
    assert values(host, *of_vm, "softlockup_panic", "hardlockup_panic", "sysrq") == ["0", "1", "10", "1", "1", "438"]
    assert "rcu_stall" not in host.cat(PANIC_DROPIN)
    host.run("rollback", "-i", host.inventory, "-y", "--to", "first", expect=0)
    assert values(host, *of_vm, "softlockup_panic") == ["0", "0", "10", "0"]
    left = authored(difference(before, host.files()))
    assert {path for path in left if "pretend.conf" not in path} == set()


@pytest.mark.parametrize("installed", ["bookworm"], indirect=True)
def test_panics_are_armed_after_kdump(installed: Contained) -> None:
    """systemd sets what makes events panic only after a capture kernel was loaded, also by a later start."""
    host, keys, unit = installed, ("panic_on_oops", "unknown_nmi_panic"), "kdump-enabler-late-arming.service"
    host.container.ssh(LOADS)
    host.run("enable", "-i", host.inventory, "-y", "--", "-e", "kdump_late_arming=true", expect=0)
    assert "panic_on_oops" not in host.cat(PANIC_DROPIN)
    host.container.ssh(f"systemd-analyze verify /etc/systemd/system/{unit}")
    # The run loaded a capture kernel, which started the unit; now as after a boot in which nothing was loaded.
    host.container.ssh(f"systemctl is-active {unit} && systemctl stop {unit}")
    host.container.kernel.set(kexec_crash_loaded=0, **dict.fromkeys(keys, "0"))
    assert host.container.ssh(f"systemctl start {unit}; systemctl is-active {unit}", check=False).stdout == "inactive\n"
    assert values(host, *keys) == ["0", "0"]
    host.container.ssh(f"systemctl restart {UNIT}; sleep 1; systemctl is-active {unit}")
    assert values(host, *keys) == ["1", "1"]
    host.converged()
    host.run("enable", "-i", host.inventory, "-y", "--", "-e", "kdump_late_arming=false", expect=0, quiet=True)
    assert "panic_on_oops = 1" in host.cat(PANIC_DROPIN)
    assert host.container.ssh(f"systemctl show {unit} -p LoadState").stdout == "LoadState=not-found\n"
