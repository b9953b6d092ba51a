#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh SOURCE WORK
# Builds the library with an allocator of its own, runs the unit suites on it, installs it into
# WORK/prefix, and has a program that has libtalloc as well use it.
set -eu

source=$1
build=$2/build
prefix=$2/prefix
here=$source/tests/talloc

cmake -S "$source" -B "$build" -DL2TPHA_TALLOC=builtin -DCMAKE_INSTALL_PREFIX=/nowhere \
    -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Debug -DL2TPHA_SUITES=unit -DL2TPHA_EXAMPLES=OFF -DL2TPHA_MBEDTLS=ON
cmake --build "$build" --parallel 2 \
    --target runner l2tpha_shared l2tpha_static l2tpha-nettle_shared l2tpha-nettle_static \
    l2tpha-mbedtls_shared l2tpha-mbedtls_static l2tpha-store_shared l2tpha-store_static l2tpha-pair_shared l2tpha-pair_static \
    l2tpha-seal_shared l2tpha-seal_static l2tpha-redis_shared l2tpha-redis_static l2tpha-cbor_shared l2tpha-cbor_static \
    l2tpha-json_shared l2tpha-json_static l2tpha-authority_shared l2tpha-authority_static l2tpha-etcd_shared l2tpha-etcd_static
CK_DEFAULT_TIMEOUT=120 "$build/tests/runner"

rm -rf "$prefix"
cmake --install "$build" --prefix "$prefix"

# One file of the program has our talloc.h, another libtalloc's and leaves our folder out.
PKG_CONFIG_PATH=$prefix/lib/pkgconfig
export PKG_CONFIG_PATH
cc=${CC:-cc}
# shellcheck disable=SC2046 # the flags are words
"$cc" $(pkg-config --cflags l2tpha) -c "$here/builtin.c" -o "$2/builtin.o"
# shellcheck disable=SC2046
"$cc" -I"$(pkg-config --variable=includedir l2tpha)" $(pkg-config --cflags talloc) -c "$here/system.c" -o "$2/system.o"
# shellcheck disable=SC2046
"$cc" "$2/builtin.o" "$2/system.o" $(pkg-config --libs l2tpha talloc) -o "$2/both"
# shellcheck disable=SC2046
"$cc" "$2/builtin.o" "$2/system.o" "$prefix/lib/libl2tpha.a" $(pkg-config --libs talloc) -o "$2/both_static"
LD_LIBRARY_PATH=$prefix/lib "$2/both"
"$2/both_static"

sh "$source/tests/consumer/run.sh" cmake "$source" "$2"
