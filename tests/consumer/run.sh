#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh install|pkgconfig|cmake SOURCE WORK
# Installs the library as a user would, without sanitizers, into WORK/prefix, which is said only when
# installing; then builds and runs the program next to this script against what was installed, in one
# of the two ways.
set -eu

step=$1
source=$2
work=$3
prefix=$work/prefix
here=$source/tests/consumer

install_library()
{
    rm -rf "$prefix"
    # shellcheck disable=SC2086 # options are words
    cmake -S "$source" -B "$work/library" -DCMAKE_INSTALL_PREFIX=/nowhere \
        -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Release \
        -DL2TPHA_TESTS=OFF -DL2TPHA_EXAMPLES=OFF -DL2TPHA_MBEDTLS=ON ${L2TPHA_OPTIONS:-}
    cmake --build "$work/library"
    cmake --install "$work/library" --prefix "$prefix"
    check_names
}

# A program that has several of the static libraries gets each one's own functions.
check_names()
{
    for archive in "$prefix"/lib/libl2tpha*.a; do
        nm -P -g --defined-only "$archive" | awk '$2 ~ /[BDRT]/ { print $1 }' | sort -u
    done | sort | uniq -d >"$work/twice"
    [ ! -s "$work/twice" ] || {
        echo "in two static libraries: $(tr '\n' ' ' <"$work/twice")" >&2
        exit 1
    }
}

# -Wl,-Bstatic would ask for a static libtalloc too, which Debian does not have: name our archives.
use_pkgconfig()
{
    rm -rf "$work/pkgconfig"
    mkdir -p "$work/pkgconfig"
    PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    export PKG_CONFIG_PATH
    adapters="l2tpha-nettle l2tpha-mbedtls l2tpha-pair l2tpha-store l2tpha-redis l2tpha-etcd l2tpha-seal \
        l2tpha-authority l2tpha-cbor l2tpha-json"
    # shellcheck disable=SC2046 # the flags are words
    "${CC:-cc}" $(pkg-config --cflags "$adapters") "$here/main.c" "$here/mark.c" \
        $(pkg-config --libs "$adapters") -o "$work/pkgconfig/consumer"
    # shellcheck disable=SC2046
    "${CC:-cc}" $(pkg-config --cflags "$adapters") "$here/main.c" "$here/mark.c" \
        "$prefix/lib/libl2tpha-nettle.a" "$prefix/lib/libl2tpha-mbedtls.a" "$prefix/lib/libl2tpha-pair.a" \
        "$prefix/lib/libl2tpha-store.a" "$prefix/lib/libl2tpha-redis.a" "$prefix/lib/libl2tpha-seal.a" \
        "$prefix/lib/libl2tpha-authority.a" "$prefix/lib/libl2tpha-cbor.a" "$prefix/lib/libl2tpha-json.a" \
        "$prefix/lib/libl2tpha-etcd.a" \
        "$prefix/lib/libl2tpha.a" \
        $(pkg-config --static --libs "$adapters" | sed 's/-ll2tpha[^ ]*//g') \
        -o "$work/pkgconfig/consumer_static"
    run_both "$work/pkgconfig"
}

use_cmake()
{
    rm -rf "$work/cmake"
    cmake -S "$here" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix"
    cmake --build "$work/cmake"
    run_both "$work/cmake"
}

run_both()
{
    LD_LIBRARY_PATH=$prefix/lib "$1/consumer"
    "$1/consumer_static"
}

case $step in
install) install_library ;;
pkgconfig) use_pkgconfig ;;
cmake) use_cmake ;;
*)
    echo "usage: run.sh install|pkgconfig|cmake SOURCE WORK" >&2
    exit 2
    ;;
esac
