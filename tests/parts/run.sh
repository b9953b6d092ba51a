#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh SOURCE WORK
# Builds the library without some of its parts, in combinations in which each is left out once, and
# runs parts.c with it, and the example pair where both sides are there. Whatever is left out, the
# library exports the same functions. The log is no part, and is left out once as well. What cannot
# be left out together is refused.
set -eu

source=$1
work=$2
exports=$source/tests/rules/exports.txt

# without PART...
without()
{
    build=$work/$(echo "$*" | tr ' ' -)
    options=''
    for part in "$@"; do
        options="$options -DL2TPHA_$part=OFF"
        echo "$part" >>"$work/tried"
    done
    # shellcheck disable=SC2086 # options are words
    cmake -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=None -DL2TPHA_ASSERT=ABORT -DL2TPHA_TESTS=OFF \
        -DL2TPHA_EXAMPLES=OFF -DL2TPHA_NETTLE=OFF -DL2TPHA_JSON=OFF $options >/dev/null
    cmake --build "$build" --parallel 2 >"$build/log" 2>&1 || {
        cat "$build/log"
        exit 1
    }
    nm -D --defined-only "$build/libl2tpha.so" | sed 's/.* //' | LC_ALL=C sort >"$build/exports"
    LC_ALL=C sort "$exports" | diff "$build/exports" - || {
        echo "without $*: other exports"
        exit 1
    }
    run "$source/tests/parts/parts.c" "$@"
    case " $* " in
    *' LAC '* | *' LNS '* | *' ENGINE '*) ;;
    *) run "$source/examples/pair.c" >/dev/null ;;
    esac
}

# refused PART...
refused()
{
    options=''
    for part in "$@"; do
        options="$options -DL2TPHA_$part=OFF"
    done
    # shellcheck disable=SC2086 # options are words
    if cmake -S "$source" -B "$work/refused" -DL2TPHA_TESTS=OFF -DL2TPHA_EXAMPLES=OFF -DL2TPHA_NETTLE=OFF -DL2TPHA_JSON=OFF \
        $options >"$work/refused.log" 2>&1 || ! grep -q 'CMake Error at lib/cmake/parts' "$work/refused.log"; then
        echo "not refused without $*"
        exit 1
    fi
    rm -rf "$work/refused"
}

# run SOURCE ARGUMENT...: with the static library of the build
run()
{
    program=$1
    shift
    # shellcheck disable=SC2046 # the flags are words
    "${CC:-cc}" -I"$source/include" "$program" "$build/libl2tpha.a" $(pkg-config --cflags --libs talloc) \
        -o "$build/program"
    "$build/program" "$@"
}

mkdir -p "$work"
: >"$work/tried"
without FAILOVER_PROTOCOL
without OBSERVE REDUNDANCY
without LNS LOG DIGESTS
without LAC FAILOVER_PROTOCOL OBSERVE REDUNDANCY ATTACH
without ENGINE FAILOVER_PROTOCOL
refused ENGINE
refused ENGINE FAILOVER_PROTOCOL ATTACH
refused LAC LNS
sed -n 's/^l2tpha_part(\([A-Z_]*\) .*/\1/p' "$source/lib/cmake/parts.cmake" | while read -r part; do
    grep -qx "$part" "$work/tried" || {
        echo "$part is never left out"
        exit 1
    }
done
