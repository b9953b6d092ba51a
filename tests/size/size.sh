#!/bin/sh
# SPDX-License-Identifier: MIT
# size.sh codec|lns|core|memory SOURCE WORK [COMPILER [OPTION...]]
# Builds the static library as firmware does, for size, and says how much of it a program gets that
# uses the codec alone, is an LNS with a standby, or uses all functions: size(1) of what the linker
# keeps of the library. `memory` runs memory.c: what a node takes, empty and with 16 calls. More than
# the limit is a failure. Another compiler, such as arm-linux-gnueabihf-gcc, need not have libtalloc;
# its programs are run by qemu-arm. Options are cmake's, and each set of them has a build of its own.
set -eu

part=$1
source=$2
mkdir -p "$3"
work=$(cd "$3" && pwd)
compiler=${4:-${CC:-cc}}
shift 3
[ $# -eq 0 ] || shift
case $compiler in
*-gcc) tools=${compiler%gcc} ;;
*) tools='' ;;
esac
machine=$("$compiler" -dumpmachine)
[ "$part" != memory ] || set -- "$@" -DL2TPHA_TALLOC=builtin
work=$work/$(echo "$(basename "$compiler")$*" | tr -c 'A-Za-z0-9_\n' -)
flags='-Os -fno-asynchronous-unwind-tables -fno-pie'

# Nothing is linked with libtalloc, so that its header does.
talloc_header()
{
    mkdir -p "$work/talloc"
    cp "$(pkg-config --variable=includedir talloc)/talloc.h" "$work/talloc"
    printf 'Name: talloc\nDescription: header alone\nVersion: %s\nCflags: -I%s\n' \
        "$(pkg-config --modversion talloc)" "$work/talloc" >"$work/talloc/talloc.pc"
    export PKG_CONFIG_LIBDIR="$work/talloc"
}

build()
{
    mkdir -p "$work"
    set -- "$@" -DCMAKE_C_COMPILER="$compiler"
    if [ -n "$tools" ]; then
        talloc_header
        set -- "$@" -DCMAKE_SYSTEM_NAME=Linux
    fi
    cmake -Wno-dev -S "$source" -B "$work" "$@" -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="$flags" \
        -DCMAKE_POSITION_INDEPENDENT_CODE=OFF \
        -DL2TPHA_TESTS=OFF -DL2TPHA_EXAMPLES=OFF -DL2TPHA_NETTLE=OFF -DL2TPHA_JSON=OFF >"$work/log"
    cmake --build "$work" --parallel 2 --target l2tpha_static >>"$work/log" 2>&1 || {
        cat "$work/log" >&2
        exit 1
    }
}

# What an LNS calls that takes over silently and carries its checkpoints by itself.
lns='config_init|node_(new|free)|feed|expire|deadline|poll|counters|tunnel_(close|get|next|set_user)'
lns="$lns|session_(close|get|next|set_user|set_link_info)|data_(send|receive)"
lns="$lns|message_(u16|u32|bytes|result)|checkpoint_(apply|done|bulk)|takeover|redundancy_get"

# Public functions, as words: all that are there, or those of codec's headers without the texts.
functions()
{
    "${tools}nm" -g --defined-only "$work/libl2tpha.a" | sed -n 's/^[^ ]* T \(l2tpha_[a-z].*\)/\1/p' |
        case $part in
        codec) grep -E '^l2tpha_((header|message|avp|builder)_|fault_)' | grep -Ev '_(text|name)$' ;;
        lns) grep -Ex "l2tpha_($lns)" ;;
        *) cat ;;
        esac
}

# Text, constants and, where addresses stand in them, relocated constants: bytes.
measure()
{
    set --
    for function in $(functions); do
        set -- "$@" "-Wl,-u,$function"
    done
    "$compiler" -nostdlib -static -Wl,--gc-sections -Wl,-e,l2tpha_header_decode \
        -Wl,--unresolved-symbols=ignore-all -Wl,-Map,"$work/$part.map" "$@" "$work/libl2tpha.a" \
        -o "$work/$part"
    "${tools}size" "$work/$part" | awk 'NR == 2 { print $1 + $2 }'
}

# KB of an empty node, and of one with 16 calls.
run_memory()
{
    case $machine in
    x86_64-*) limits='72 96' run='' ;;
    arm-*) limits='48 64' run=qemu-arm ;;
    *)
        echo "no limits for $machine"
        exit 77
        ;;
    esac
    [ -z "$run" ] || command -v "$run" >/dev/null || {
        echo "no $run"
        exit 77
    }
    "$compiler" -static -fno-pie -I"$source/include" -I"$source/include/l2tpha/builtin" \
        "$source/tests/size/memory.c" "$work/libl2tpha.a" -o "$work/memory"
    # shellcheck disable=SC2086 # words
    $run "$work/memory" $limits
}

case $part:$machine in
codec:*) limit=12 ;;
lns:*) limit=80 ;;
core:arm-*) limit=137 ;;
core:*) limit=175 ;;
memory:*) ;;
*)
    echo "usage: size.sh codec|lns|core|memory SOURCE WORK [COMPILER [OPTION...]]" >&2
    exit 2
    ;;
esac
build "$@"
if grep -qF "$(cd "$source" && pwd)/" "$work/libl2tpha.a"; then
    echo "the library names the folder that it was built in"
    exit 1
fi
if [ "$part" = memory ]; then
    run_memory
    exit
fi
bytes=$(measure)
echo "$part, $compiler${*:+, $*}: $bytes bytes, limit $limit KB"
[ "$bytes" -le $((limit * 1024)) ]
