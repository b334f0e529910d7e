# Sourced by customize.sh: Arch Linux's. The kernel comes as a package, so that it is upgraded as there.
kernel=6.17.8-arch1-1
printf '[options]\nArchitecture = x86_64\nSigLevel = Never\n\n[test]\nServer = file:///opt/repository\n' \
    > "$root/etc/pacman.conf"
install -m 0755 "$RECIPE/../recipe/grub-probe" "$root/usr/sbin/grub-probe"
in_root pacman -Q || : # makes its database, which is empty
in_root chown -R nobody /opt/build # makepkg refuses to be root
in_root setpriv --reuid nobody --clear-groups env PKGEXT=.pkg.tar.gz sh -euc 'cd /opt/build
    makepkg --nodeps -p tools.PKGBUILD
    point=8 built="Fri, 14 Nov 2025 06:54:20" makepkg --nodeps -p linux.PKGBUILD
    point=9 built="Mon, 24 Nov 2025 15:21:09" makepkg --nodeps -p linux.PKGBUILD'
install -d "$root/opt/later"
mv "$root"/opt/build/linux-6.17.9*.pkg.tar.gz "$root/opt/later"
mv "$root"/opt/build/needs-*.pkg.tar.gz "$root/opt/needs.pkg.tar.gz"
mv "$root"/opt/build/*.pkg.tar.gz "$root/opt/repository"
in_root sh -c 'repo-add --quiet /opt/repository/test.db.tar.gz /opt/repository/*.pkg.tar.gz'
# What a running Arch says of itself, where the container's kernel says what the machine below it is.
install -m 0755 "$root/opt/build/uname" "$root/usr/local/bin/uname"
in_root pacman --noconfirm -Sy linux mkinitcpio
