"""Boot entries in files of their own: their order, their command lines, and which of them GRUB boots by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdump_enabler import evidence
from kdump_enabler.facts import bls, grub
from tests.hosts import machines
from tests.unit.building import raw

ID = "e986846f63134c7295458cf36300ba5b"
# As grub2-mkconfig of EL 9 writes it: 00_header, 08_fallback_counting, 10_linux.
CFG = """### BEGIN /etc/grub.d/00_header ###
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="${saved_entry}"
fi
### END /etc/grub.d/00_header ###

### BEGIN /etc/grub.d/08_fallback_counting ###
if [ -n "${boot_counter}" -a "${boot_success}" = "0" ]; then
  if  [ "${boot_counter}" = "0" -o "${boot_counter}" = "-1" ]; then
    set default=1
    set boot_counter=-1
  fi
fi
### END /etc/grub.d/08_fallback_counting ###

### BEGIN /etc/grub.d/10_linux ###
insmod blscfg
blscfg
### END /etc/grub.d/10_linux ###

### BEGIN /etc/grub.d/40_custom ###
menuentry 'Mine' {
\tlinux /vmlinuz-mine root=/dev/sda1
}
### END /etc/grub.d/40_custom ###
"""
# From the newest to the oldest, as the menu has them.
NAMES = [
    f"{ID}-6.12.0-55.18.2.el10_0.x86_64",
    f"{ID}-6.12.0-55.9.1.el10_0.x86_64",
    f"{ID}-5.14.0-570.el9.x86_64+debug",
    f"{ID}-5.14.0-570.el9.x86_64",
    f"{ID}-5.14.0-570.el9.x86_64~custom",
    f"{ID}-5.9.0-1.el9.x86_64",
    f"{ID}-0-rescue",
]


def entry(version: str, options: str = "root=/dev/sda1 ro", title: str = "") -> str:
    title = title or f"Red Hat Enterprise Linux ({version}) 9"
    return (
        f"title {title}\nversion {version}\nlinux /vmlinuz-{version}\n# options none\noptions {options}\ngrub_arg --x\n"
    )


def machine(entries: dict[str, str], env: str = "", config: str = CFG) -> machines.Raw:
    made = raw()
    for path in [path for path in made["files"] if path.startswith("/boot/grub/")]:
        machines.remove(made, path)
    machines.write(made, grub.GRUB2_CFG, config)
    machines.write(made, "/boot/grub2/grubenv", f"# GRUB Environment Block\n{env}".ljust(1024, "#"))
    for name, text in entries.items():
        machines.write(made, f"/boot/loader/entries/{name}.conf", text)
    return made


def menu(entries: dict[str, str], env: str = "", config: str = CFG) -> grub.Menu:
    return grub.read(evidence.from_raw(machine(entries, env, config)))


@given(st.permutations(NAMES))
def test_the_order_is_that_of_rpm_versions(shuffled: list[str]) -> None:
    assert sorted(shuffled, key=bls.order, reverse=True) == NAMES


@pytest.mark.parametrize(
    ("env", "kernel"),
    [
        ("", "/vmlinuz-6.12"),
        (f"saved_entry={ID}-5.14-1\n", "/vmlinuz-5.14"),
        ("saved_entry=1\n", "/vmlinuz-5.14"),
        ("saved_entry=Old\n", "/vmlinuz-5.14"),
        ("saved_entry=2\n", "/vmlinuz-mine"),
        ("saved_entry=Mine\n", "/vmlinuz-mine"),
        ("saved_entry=gone\n", "/vmlinuz-6.12"),
        (f"saved_entry=0\nnext_entry={ID}-5.14-1\n", "/vmlinuz-5.14"),
        ("boot_counter=-1\nboot_success=0\nsaved_entry=0\n", "/vmlinuz-6.12"),
    ],
)
def test_what_boots_by_itself(env: str, kernel: str) -> None:
    found = menu({f"{ID}-5.14-1": entry("5.14", title="Old"), f"{ID}-6.12-1": entry("6.12")}, env)
    assert found.next_entry is not None
    assert found.next_entry.kernel == kernel
    assert [one.by_bls for one in found.entries] == [True, True, False]


def test_a_default_that_names_a_position() -> None:
    config = CFG.replace('set default="${saved_entry}"', 'set default="1"')
    found = menu({f"{ID}-5.14-1": entry("5.14"), f"{ID}-6.12-1": entry("6.12")}, f"saved_entry={ID}-6.12-1\n", config)
    assert found.next_entry is not None
    assert found.next_entry.kernel == "/vmlinuz-5.14"


def test_variables_come_from_the_environment_block() -> None:
    text = entry("4.18", "$kernelopts $tuned_params", "A")
    found = menu({f"{ID}-4.18-1": text}, "kernelopts=root=/dev/sda1 ro crashkernel=auto \n")
    assert found.next_entry is not None
    assert found.next_entry.command_line.split() == ["root=/dev/sda1", "ro", "crashkernel=auto"]
    assert (found.next_entry.file, found.next_entry.line) == (f"/boot/loader/entries/{ID}-4.18-1.conf", 5)


def test_without_blscfg_the_entries_count_for_nothing() -> None:
    found = menu({f"{ID}-5.14-1": entry("5.14")}, "", CFG.replace("\nblscfg\n", "\n"))
    assert [one.kernel for one in found.entries] == ["/vmlinuz-mine"]


def test_a_file_without_a_kernel_makes_no_entry() -> None:
    found = menu({f"{ID}-7-1": "title only\n", f"{ID}-5.14-1": entry("5.14")})
    assert [one.kernel for one in found.entries] == ["/vmlinuz-5.14", "/vmlinuz-mine"]


@pytest.mark.parametrize(("by_uefi", "config"), [(True, "/boot/efi/EFI/rocky/grub.cfg"), (False, grub.GRUB2_CFG)])
def test_a_whole_menu_beside_grub_counts_with_uefi(by_uefi: bool, config: str) -> None:
    made = machine({f"{ID}-5.14-1": entry("5.14")})
    machines.write(made, "/boot/efi/EFI/rocky/grub.cfg", CFG)
    if by_uefi:
        machines.write(made, grub.EFI_MARK, "\x06\0\0\0\0")
    assert grub.read(evidence.from_raw(made)).config == config


def test_a_stub_beside_grub_leads_to_the_one_in_boot() -> None:
    made = machine({f"{ID}-5.14-1": entry("5.14")})
    machines.write(made, grub.EFI_MARK, "\x06\0\0\0\0")
    stub = "search --no-floppy --fs-uuid --set=dev 1-2\nset prefix=($dev)/grub2\nconfigfile $prefix/grub.cfg\n"
    machines.write(made, "/boot/efi/EFI/rocky/grub.cfg", stub)
    assert grub.read(evidence.from_raw(made)).config == grub.GRUB2_CFG
