#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh SOURCE WORK BUILTIN
# The two files made of the core, as a tree that vendors them has them: with nothing but a compiler
# beside them each mode compiles without a warning, no internal name is visible, and the program
# examples/pair.c goes through a takeover. Then the unit suites of BUILTIN, a build with the allocator
# of our own, run on the same file with its internal names.
set -eu

source=$1
work=$2
builtin=$3
vendored=$work/l2tpha

rm -rf "$work"
python3 -B "$source/lib/cmake/amalgamate.py" "$source" "$vendored"

compilers=''
for compiler in gcc clang; do
    if command -v "$compiler" >/dev/null; then
        compilers="$compilers $compiler"
    else
        echo "without $compiler: it is not there"
    fi
done
for compiler in ${compilers:-cc}; do
    for mode in '' -DL2TPHA_CHECKED -DL2TPHA_UNCHECKED -DL2TPHA_INTERNALS; do
        # shellcheck disable=SC2086 # no mode is no word
        "$compiler" -std=c11 -pedantic -Wall -Wextra -Wshadow -Werror $mode -O -c "$vendored/l2tpha.c" -o "$work/l2tpha$mode.o"
    done
    if nm -g --defined-only "$work/l2tpha.o" | grep -v ' T l2tpha_[a-z]'; then
        echo "these names are no public functions" >&2
        exit 1
    fi
    "$compiler" -std=c11 -Wall -Wextra -Werror -I"$work" "$source/examples/pair.c" "$work/l2tpha.o" -o "$work/pair"
    "$work/pair"
done

cmake --build "$builtin" --target runner_amalgamated
CK_DEFAULT_TIMEOUT=120 "$builtin/tests/runner_amalgamated"
