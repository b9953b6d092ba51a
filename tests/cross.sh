#!/bin/sh
# SPDX-License-Identifier: MIT
# cross.sh armhf|s390x|mipsel|today SOURCE WORK [unit|all]
# Builds the test runner for another machine and runs it under qemu: armhf has 32 bits, s390x has its
# bytes the other way round, mipsel has 32 bits and aligns more strictly. It has the allocator of our
# own, and is linked with Debian's libcheck and nettle for that machine, which are fetched into WORK and
# nowhere else. Exit status 77, with the reason, where tools are missing: install-deps.sh cross.
# today: s390x or armhf, by the day, since each finds what the other one cannot and both would be long
# for one run of the tests; L2TPHA_CROSS names another one.
# unit: the suites of tests/unit and a few others; all takes much longer.
set -eu

arch=${1:-}
if [ "$arch" = today ]; then
    arch=s390x
    [ $(($(date +%s) / 86400 % 2)) = 0 ] || arch=armhf
    arch=${L2TPHA_CROSS:-$arch}
    echo "on $arch"
fi
case $arch in
armhf) triplet=arm-linux-gnueabihf qemu=qemu-arm processor=arm ;;
s390x) triplet=s390x-linux-gnu qemu=qemu-s390x processor=s390x ;;
mipsel) triplet=mipsel-linux-gnu qemu=qemu-mipsel processor=mips ;;
*)
    echo "usage: cross.sh armhf|s390x|mipsel|today SOURCE WORK [unit|all]" >&2
    exit 2
    ;;
esac
source=$2
work=$3/$arch
suites=${4:-unit}

skip()
{
    echo "skipped: $1"
    exit 77
}

for tool in "$triplet-gcc" "$qemu" apt-get dpkg-deb; do
    command -v "$tool" >/dev/null || skip "no $tool"
done

# apt for the other machine, with lists and a cache of its own: this system's stay as they are.
get()
{
    apt-get -q -o Dir::State="$work/apt" -o Dir::State::status="$work/apt/status" -o Dir::Cache="$work/apt/cache" \
        -o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User=root \
        -o Acquire::Retries=3 "$@"
}

fetch_libraries()
{
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -r "$keyring" ] || skip "no $keyring"
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    rm -rf "$work/apt" "$work/debs"
    mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/debs"
    : >"$work/apt/status"
    echo "deb [signed-by=$keyring] ${DEBIAN_MIRROR:-http://deb.debian.org/debian} $release main" >"$work/apt/sources.list"
    if ! get update >"$work/log" 2>&1 ||
        ! (cd "$work/debs" && get download check libgmp-dev libsubunit-dev nettle-dev) >>"$work/log" 2>&1; then
        tail -n 5 "$work/log"
        skip "no libcheck, nettle and GMP for $arch: the archive is out of reach"
    fi
    mkdir -p "$work/root.new"
    for package in "$work"/debs/*.deb; do
        dpkg-deb -x "$package" "$work/root.new"
    done
    rm -rf "$work/root"
    mv "$work/root.new" "$work/root"
}

build()
{
    PKG_CONFIG_LIBDIR=$work/root/usr/lib/$triplet/pkgconfig
    PKG_CONFIG_SYSROOT_DIR=$work/root
    export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
    cmake -S "$source" -B "$work/$suites" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=$processor \
        -DCMAKE_C_COMPILER=$triplet-gcc -DCMAKE_CROSSCOMPILING_EMULATOR="$(command -v $qemu)" \
        -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1 \
        -DCMAKE_C_STANDARD_LIBRARIES="$gmp" \
        -DL2TPHA_TALLOC=builtin -DL2TPHA_EXAMPLES=OFF -DL2TPHA_JSON=OFF -DL2TPHA_ASSERT=ABORT -DL2TPHA_SUITES="$suites"
    cmake --build "$work/$suites" --parallel 2 --target runner seal_runner serializer_runner
}

gmp=$work/root/usr/lib/$triplet/libgmp.a # which libhogweed.a needs
[ -f "$gmp" ] || fetch_libraries
build
# shellcheck disable=SC3045 # where it is not known there are core files
ulimit -c 0 # some tests end by an abort
CK_DEFAULT_TIMEOUT=300 "$qemu" -L "/usr/$triplet" "$work/$suites/tests/runner"
CK_DEFAULT_TIMEOUT=300 "$qemu" -L "/usr/$triplet" "$work/$suites/tests/seal/seal_runner"
CK_DEFAULT_TIMEOUT=300 "$qemu" -L "/usr/$triplet" "$work/$suites/tests/serializers/serializer_runner"
