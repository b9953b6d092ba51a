#!/bin/sh
# SPDX-License-Identifier: MIT
# build.sh SOURCE WORK PROGRAMS
# Builds l2tpha-lns as of a newer release (L2TPHA_NEXT), and puts it beside the programs of this one
# as l2tpha-lns-next, for tests/interop/releases.py.
set -eu

mkdir -p "$2"
cmake -S "$1" -B "$2" -DL2TPHA_NEXT=ON -DL2TPHA_ASSERT=ABORT -DL2TPHA_TESTS=OFF -DL2TPHA_REDIS=OFF -DL2TPHA_ETCD=OFF \
    -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS=-O1 >"$2/log"
cmake --build "$2" --parallel 2 --target l2tpha-lns >>"$2/log" 2>&1 || {
    cat "$2/log"
    exit 1
}
cp "$2/examples/l2tpha-lns" "$3/l2tpha-lns-next"
