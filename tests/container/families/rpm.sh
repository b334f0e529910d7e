# Sourced by the families with rpm. Debian's rpm keeps its database in the home directory unless told otherwise.
install -d "$root/etc/rpm"
echo '%_dbpath /var/lib/rpm' > "$root/etc/rpm/macros"
in_root rpm --initdb
cp "$RECIPE/rpm/"*.spec "$root/opt/build"
in_root sh -c 'cd /opt/build && for spec in *.spec; do
    rpmbuild --quiet -bb --define "_topdir /opt/build" --define "_sourcedir /opt/build" \
        --define "_rpmdir /opt/repository" "$spec"; done'
mv "$root"/opt/repository/noarch/needs-*.rpm "$root/opt/needs.rpm"
in_root createrepo_c --quiet /opt/repository
