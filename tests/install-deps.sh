#!/bin/sh
# SPDX-License-Identifier: MIT
# install-deps.sh [build|cross|package]
# Installs the Debian packages that the build, the examples and the tests need, or only the first two
# for build; for cross what the tests on other machines need besides (tests/cross.sh), for package what
# builds packages. Does nothing when all are there. Only the installation itself needs root.
set -eu

packages="
    cmake make gcc libc6-dev pkg-config
    libtalloc-dev libtevent-dev libjansson-dev libcurl4-openssl-dev nettle-dev libhiredis-dev"
case ${1:-} in
build) ;;
cross)
    packages="$packages
    qemu-user gcc-arm-linux-gnueabihf gcc-s390x-linux-gnu gcc-mipsel-linux-gnu
    libc6-dev-armhf-cross libc6-dev-s390x-cross libc6-dev-mipsel-cross"
    ;;
package)
    packages="$packages
    build-essential dpkg-dev debhelper lintian python3"
    ;;
'')
    packages="$packages
    g++ git check libmbedtls-dev libcbor-dev
    protobuf-compiler python3-protobuf python3-cbor2 python3-jsonschema
    doxygen python3 shellcheck mandoc groff-base clang clang-format libclang-rt-14-dev
    gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user
    dpkg-dev tshark xl2tpd l2tpns keepalived redis-server etcd-server openssl nftables iproute2 iputils-ping procps"
    ;;
*)
    echo "usage: install-deps.sh [build|cross|package]" >&2
    exit 2
    ;;
esac

missing=""
for package in $packages; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=""
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
    echo "install-deps.sh: not installed, and installing needs root:$missing" >&2
    exit 1
fi

# The real peers are programs to test against here, not services: keep them from being started.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
DEBIAN_FRONTEND=noninteractive
export DEBIAN_FRONTEND
apt-get -q -o Acquire::Retries=3 update
# shellcheck disable=SC2086 # a list of words
apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends $missing
