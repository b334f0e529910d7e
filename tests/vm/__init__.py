"""Virtual machines for the system tests: a real Debian 12 disk, its own GRUB, real crashes; no KVM needed.

Everything is kept below `vm` in `$KDUMP_ENABLER_CACHE`, by default `<repository>/.cache`:

    ssh-key, ssh-key.pub         the key that opens every machine (containers too), made once
    disks/<hash>/base.qcow2      the disk as built, never written again; the hash covers the recipe
    disks/<hash>/booted-*.qcow2  a thin layer over it with the internal snapshot `booted`, for this QEMU
    machines/<name>/             one running machine: disk.qcow2, serial.log, state.json, inventory.yml

Deleting the directory is always safe when no machine runs. As commands: `python3 -m tests.vm --help`.
"""
