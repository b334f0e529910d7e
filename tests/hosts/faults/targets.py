"""Where a dump would go, and what keeps it from getting there."""

from __future__ import annotations

from collections.abc import Callable

from ..bases import CONFIG, FILE, OWNED, UMASK_DROPIN, Change, ready
from ..machines import Raw, remove, replace, write
from .loading import present

CRASH = "/var/crash"
ROOT_LINE = "UUID=6b64756d-7000-4000-8000-000000000001 / ext4 errors=remount-ro 0 1\n"
LINK = {**OWNED, "mode": 0o777, "type": 0o120000, "exists": True}
LVM = "LVM-" + 63 * "a"
DISK = 4919300096  # bytes


def mounted(
    raw: Raw, point: str, source: str, kind: str, *, options: str = "rw,relatime", free: int | None = DISK
) -> None:
    """Something mounted at a point, as /proc/mounts shows it."""
    room = {} if free is None else {"free": free, "total": DISK}
    raw["mounts"][point] = {"source": source, "type": kind, "options": options, **room}


def fstab(raw: Raw, *lines: str) -> None:
    """/etc/fstab with the root and these lines."""
    write(raw, "/etc/fstab", ROOT_LINE + "".join(f"{line}\n" for line in lines))


def mapped(raw: Raw, device: str, name: str, uuid: str, *slaves: str) -> None:
    """A device of device-mapper, as /sys/block shows it."""
    write(raw, f"/sys/block/{device}/dm/name", name + "\n")
    write(raw, f"/sys/block/{device}/dm/uuid", uuid + "\n")
    raw["files"] |= {f"/sys/block/{device}/slaves/{slave}": {**LINK, "link": f"../{slave}"} for slave in slaves}


def configure(raw: Raw, *lines: str) -> None:
    """Lines added to /etc/default/kdump-tools."""
    replace(raw, CONFIG, "USE_KDUMP=1\n", "".join(f"{line}\n" for line in ("USE_KDUMP=1", *lines)))


def crash_full(raw: Raw) -> None:
    """20 MiB left."""
    raw["mounts"]["/"]["free"] = 20 << 20


def crash_read_only(raw: Raw) -> None:
    """A file system of its own that went read-only after an error."""
    fstab(raw, "/dev/vdb1 /var/crash ext4 errors=remount-ro 0 2")
    mounted(raw, CRASH, "/dev/vdb1", "ext4", options="ro,relatime,errors=remount-ro")


def crash_own_disk(raw: Raw, options: str = "defaults") -> None:
    """A file system of its own, mounted at boot."""
    fstab(raw, f"/dev/vdb1 /var/crash ext4 {options} 0 2")
    mounted(raw, CRASH, "/dev/vdb1", "ext4")


def crash_by_hand(raw: Raw) -> None:
    """A file system of its own, mounted by hand."""
    crash_own_disk(raw)
    fstab(raw)


def crash_nfs(raw: Raw) -> None:
    """The administrator mounts the share of a server on /var/crash."""
    fstab(raw, "nas:/export/crash /var/crash nfs4 defaults,_netdev 0 0")
    mounted(raw, CRASH, "nas:/export/crash", "nfs4", options="rw,relatime,vers=4.2,hard,proto=tcp,sec=sys", free=None)
    raw["directories"][CRASH] = {"error": "NOT_LOCAL", "real": CRASH, "dumps": {}}


def crash_tmpfs(raw: Raw) -> None:
    """Somebody wanted the disk spared."""
    fstab(raw, "tmpfs /var/crash tmpfs size=1g,mode=0700 0 0")
    mounted(raw, CRASH, "tmpfs", "tmpfs", options="rw,relatime,size=1048576k,mode=700")


def luks_root(raw: Raw) -> None:
    """The installer's guided encrypted LVM: everything in one LUKS2 container with a passphrase."""
    mounted(raw, "/", "/dev/mapper/debian--vg-root", "ext4", options="rw,relatime,errors=remount-ro")
    mapped(raw, "dm-0", "vda3_crypt", "CRYPT-LUKS2-1f2e3d4c5b6a79880123456789abcdef-vda3_crypt", "vda3")
    mapped(raw, "dm-1", "debian--vg-root", LVM + "1", "dm-0")
    mapped(raw, "dm-2", "debian--vg-swap_1", LVM + "2", "dm-0")
    write(raw, "/etc/crypttab", "vda3_crypt UUID=1f2e3d4c-5b6a-7988-0123-456789abcdef none luks,discard\n")
    write(raw, "/etc/fstab", "/dev/mapper/debian--vg-root / ext4 errors=remount-ro 0 1\n")


def luks_clevis(raw: Raw) -> None:
    """The same with clevis-initramfs, which fetches the key by itself."""
    luks_root(raw)
    present(raw, "/usr/share/initramfs-tools/hooks/clevis")


def luks_var(raw: Raw) -> None:
    """/var in a LUKS1 container whose key is a file of the root."""
    fstab(raw, "/dev/mapper/var_crypt /var ext4 defaults 0 2")
    mounted(raw, "/var", "/dev/mapper/var_crypt", "ext4")
    mapped(raw, "dm-0", "var_crypt", "CRYPT-LUKS1-00112233445566778899aabbccddeeff-var_crypt", "vdb1")
    write(raw, "/etc/crypttab", "# name source key options\nvar_crypt /dev/vdb1 /etc/keys/var.key luks\n")


def luks_home(raw: Raw, options: str = "luks", mount_options: str = "defaults") -> None:
    """/home in a LUKS2 container with a passphrase: the dump directory is not in it, yet the boot waits for it."""
    fstab(raw, f"/dev/mapper/home_crypt /home ext4 {mount_options} 0 2")
    mounted(raw, "/home", "/dev/mapper/home_crypt", "ext4")
    mapped(raw, "dm-0", "home_crypt", "CRYPT-LUKS2-00112233445566778899aabbccddeeff-home_crypt", "vdb1")
    write(raw, "/etc/crypttab", f"home_crypt /dev/vdb1 none {options}\n")


def root_zfs(raw: Raw) -> None:
    """A root on ZFS, with an initrd that somebody got made all the same."""
    mounted(raw, "/", "rpool/ROOT/debian", "zfs", options="rw,relatime,xattr,posixacl,casesensitive")


def root_btrfs(raw: Raw) -> None:
    """A root on btrfs, in a subvolume."""
    mounted(raw, "/", "/dev/vda1", "btrfs", options="rw,relatime,space_cache=v2,subvolid=256,subvol=/@rootfs")


def coredir_relative(raw: Raw) -> None:
    """A slash was forgotten."""
    replace(raw, CONFIG, 'KDUMP_COREDIR="/var/crash"', 'KDUMP_COREDIR="crash"')
    raw["directories"]["/crash"] = {**raw["directories"][CRASH], "real": "/crash"}


def coredir_missing(raw: Raw) -> None:
    """A directory on a disk that is not mounted."""
    replace(raw, CONFIG, 'KDUMP_COREDIR="/var/crash"', 'KDUMP_COREDIR="/srv/dumps/web1"')
    raw["directories"]["/srv/dumps/web1"] = {"error": "ENOENT", "real": "/srv/dumps/web1", "dumps": {}}


def apport(raw: Raw) -> None:
    """Another package's reports in a sticky directory that is open to all."""
    crash = raw["directories"][CRASH]
    crash.update(mode=0o3777, gid=117)
    crash["names"] = sorted([*crash["names"], "_usr_bin_gedit.1000.crash", "linux-image-6.1.0-202611201130.crash"])


def apport_open(raw: Raw) -> None:
    """The same before our drop-in was there."""
    apport(raw)
    remove(raw, UMASK_DROPIN)
    run = next(run for run in raw["commands"] if run["argv"][:2] == ["systemctl", "show"])
    run["out"] = run["out"].replace("UMask=0077", "UMask=0022")


def ssh(raw: Raw, *keys: str) -> None:
    """Dumps go to another machine by SSH, with these keys in root's directory."""
    configure(raw, 'SSH="kdump@vault"')
    present(raw, "/usr/bin/ssh")
    remove(raw, "/root/.ssh/kdump_id_rsa")
    raw["files"] |= {f"/root/.ssh/{key}": {**OWNED, **FILE, "mode": 0o600} for key in keys}


def ssh_own_key(raw: Raw) -> None:
    """A key in a place of one's own, which is gone, and no other."""
    ssh(raw)
    configure(raw, 'SSH_KEY="/etc/kdump/key"')
    remove(raw, "/etc/kdump/key")


def nfs(raw: Raw, value: str, client: bool = True) -> None:
    """Dumps go to a share of another machine."""
    configure(raw, f'NFS="{value}"')
    if client:
        present(raw, "/sbin/mount.nfs")
    else:
        remove(raw, "/sbin/mount.nfs")


def nfs_and_ssh(raw: Raw) -> None:
    """Two targets: kdump-config sends to each."""
    nfs(raw, "nas:/export/crash")
    ssh(raw, "kdump_id_rsa")


def ftp(raw: Raw) -> None:
    """A password in the configuration, which the probe cut out."""
    configure(raw, 'FTP="ftp.example.org:/in"', "FTP_USER=kdump", "FTP_PASSWORD=[cut out by kdump-enabler]")


def markup(raw: Raw) -> None:
    """Names that try to write on the terminal of whoever reads the report."""
    write(raw, "/proc/sys/kernel/hostname", "[red]evil[/red]\n")
    text = 'PRETTY_NAME="Debian [blink]12[/blink] \x1b[31m:skull:"\nID=debian\nVERSION_ID="12"\n'
    write(raw, "/etc/os-release", text)
    configure(raw, 'SSH="[/]\x1b[2J\x1b]0;owned\x07\u202e[link=file:///etc/shadow]x[/link]\\\\"')


def _with(function: Callable[..., None], *words: str, **names: bool) -> Change:
    return lambda raw: function(raw, *words, **names)


MACHINES: dict[str, tuple[Callable[[], Raw], Change | None]] = {
    "debian12-crash-full": (ready, crash_full),
    "debian12-crash-read-only": (ready, crash_read_only),
    "debian12-crash-own-disk": (ready, crash_own_disk),
    "debian12-crash-nofail": (ready, _with(crash_own_disk, "defaults,nofail")),
    "debian12-crash-noauto": (ready, _with(crash_own_disk, "noauto")),
    "debian12-crash-automount": (ready, _with(crash_own_disk, "noauto,x-systemd.automount")),
    "debian12-crash-iscsi": (ready, _with(crash_own_disk, "_netdev")),
    "debian12-crash-by-hand": (ready, crash_by_hand),
    "debian12-crash-nfs": (ready, crash_nfs),
    "debian12-crash-tmpfs": (ready, crash_tmpfs),
    "debian12-luks-root": (ready, luks_root),
    "debian12-luks-clevis": (ready, luks_clevis),
    "debian12-luks-var": (ready, luks_var),
    "debian12-luks-home": (ready, luks_home),
    "debian12-luks-home-nofail": (ready, _with(luks_home, "luks,nofail", "nofail")),
    "debian12-luks-home-waits": (ready, _with(luks_home, "luks", "nofail")),
    "debian12-root-zfs": (ready, root_zfs),
    "debian12-root-btrfs": (ready, root_btrfs),
    "debian12-coredir-relative": (ready, coredir_relative),
    "debian12-coredir-missing": (ready, coredir_missing),
    "debian12-apport": (ready, apport),
    "debian12-apport-open": (ready, apport_open),
    "debian12-ssh": (ready, _with(ssh, "kdump_id_rsa")),
    "debian12-ssh-root-key": (ready, _with(ssh, "id_ed25519")),
    "debian12-ssh-no-key": (ready, ssh),
    "debian12-ssh-own-key-gone": (ready, ssh_own_key),
    "debian12-nfs-no-client": (ready, _with(nfs, "nas:/export/crash", client=False)),
    "debian12-nfs-no-path": (ready, _with(nfs, "nas")),
    "debian12-nfs-and-ssh": (ready, nfs_and_ssh),
    "debian12-ftp": (ready, ftp),
    "debian12-markup": (ready, markup),
}
