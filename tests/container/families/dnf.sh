# Sourced by customize.sh. Debian's rpm keeps its database in the home directory unless told otherwise.
kernel=6.19.8-300.fc44.x86_64
install -d "$root/etc/rpm" "$root/etc/yum.repos.d"
echo '%_dbpath /var/lib/rpm' > "$root/etc/rpm/macros"
in_root rpm --initdb
in_root sh -c 'cd /opt/build && for spec in *.spec; do
    rpmbuild --quiet -bb --define "_topdir /opt/build" --define "_sourcedir /opt/build" \
        --define "_rpmdir /opt/repository" "$spec"; done'
mv "$root"/opt/repository/noarch/needs-*.rpm "$root/opt/needs.rpm"
in_root createrepo_c --quiet /opt/repository
printf '[test]\nname=test\nbaseurl=file:///opt/repository\ngpgcheck=0\n' > "$root/etc/yum.repos.d/test.repo"
