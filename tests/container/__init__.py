"""Containers for the system tests: real Debian roots with systemd, sshd, apt and grub-mkconfig, up in seconds.

What a container lacks is a kernel of its own: the files by which processes see one (/sys/kernel, /proc/sys/kernel,
/proc/cmdline, /proc/iomem, /proc/meminfo) are plain files of the harness, so a test says what the kernel says, and
nothing inside can reach the real ones. What a kernel does is for the virtual machines of `tests.vm`, whose apt
access, key, patience and login are used here too.

Everything is kept below `container` in `$KDUMP_ENABLER_CACHE`, by default `<repository>/.cache`:

    <suite>/<hash>/        root.img, a file system as built, never written again, and kernel, the release in its /boot
    machines/<name>/       one running container: root.img (its own copy), console.log, state.json, inventory.yml,
                           kernel/ (the files above)

As commands: `python3 -m tests.container --help`. About 20 run at once with the usual fs.inotify.max_user_instances.
"""
