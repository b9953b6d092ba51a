#!/bin/sh
# SPDX-License-Identifier: MIT
# debian.sh SOURCE WORK
# Builds the Debian packages from a copy of the source with debian/ beside it, as dpkg wants it, asks
# lintian, and looks what is in them. Exit status 77, with the reason, where tools are missing.
set -eu

source=$1
work=$2
packaging=$source/examples/packaging

skip()
{
    echo "skipped: $1"
    exit 77
}

for tool in dpkg-buildpackage dh lintian; do
    command -v "$tool" >/dev/null || skip "no $tool"
done
version=$(sed -n 's/^#define L2TPHA_VERSION "\(.*\)"/\1/p' "$source/include/l2tpha/version.h")
tree=$work/l2tpha-$version

rm -rf "$work"
mkdir -p "$tree"
for entry in CMakeLists.txt README.md LICENSE lib include examples docs; do
    cp -R "$source/$entry" "$tree"
done
cp -R "$packaging/debian" "$tree"
cd "$tree"
[ "$(dpkg-parsechangelog -S Version)" = "$version" ] || {
    echo "debian/changelog is not of release $version" >&2
    exit 1
}
dpkg-checkbuilddeps 2>"$work/missing" || skip "$(cat "$work/missing")"
dpkg-buildpackage --no-sign --build=binary -j2 >"$work/log" 2>&1 || {
    tail -n 40 "$work/log"
    exit 1
}
cd "$work"
lintian --allow-root --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs ./*.changes

# Whether a package has a file: has PACKAGE PATTERN
has()
{
    dpkg-deb --fsys-tarfile "$1"_"$version"_*.deb | tar -t | grep -q "^\./$2$" || {
        echo "$1 has no $2" >&2
        exit 1
    }
}
has libl2tpha0 'usr/lib/[^/]*/libl2tpha\.so\.0'
has libl2tpha0 'usr/lib/[^/]*/libl2tpha-nettle\.so\.0'
has libl2tpha-etcd0 'usr/lib/[^/]*/libl2tpha-etcd\.so\.0'
has libl2tpha-dev 'usr/include/l2tpha/l2tpha\.h'
has libl2tpha-dev 'usr/lib/[^/]*/libl2tpha\.so'
has libl2tpha-dev 'usr/lib/[^/]*/libl2tpha\.a'
has libl2tpha-dev 'usr/lib/[^/]*/pkgconfig/l2tpha\.pc'
for program in l2tpha-lac l2tpha-lns l2tpha-lns-threads l2tpha-keeper l2tpha-dump l2tphactl; do
    has l2tpha-tools "usr/bin/$program"
    has l2tpha-tools "usr/share/man/man8/$program\\.8\\.gz"
done
for unit in "$packaging"/systemd/*; do
    has l2tpha-tools "lib/systemd/system/$(basename "$unit")"
done
for default in l2tpha-lac l2tpha-lns; do
    has l2tpha-tools "etc/default/$default"
done

# The units, where systemd is there to read them, with the programs of the package.
if command -v systemd-analyze >/dev/null; then
    dpkg-deb -x l2tpha-tools_"$version"_*.deb "$work/root"
    for node in lac lns; do
        for unit in "l2tpha-$node@.service" "l2tpha-$node-alone.service"; do
            sed "s,/usr/bin/,$work/root/usr/bin/," "$packaging/systemd/$unit" >"$work/$unit"
        done
        cp "$packaging/systemd/l2tpha-$node.target" "$work"
        SYSTEMD_UNIT_PATH="$work:" systemd-analyze verify --man=no "$work/l2tpha-$node@a.service" \
            "$work/l2tpha-$node-alone.service" "$work/l2tpha-$node.target"
    done
fi
echo "$(find . -maxdepth 1 -name '*.deb' | wc -l) packages of release $version"
