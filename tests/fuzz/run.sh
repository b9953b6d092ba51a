#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh build SOURCE WORK          builds the fuzz targets with clang
# run.sh fuzz SOURCE WORK TARGET    runs the corpus of one target, then L2TPHA_FUZZ_SECONDS (5) more
# The corpus of fuzz_NAME is tests/fuzz/corpus/fuzz_NAME; a dictionary may lie beside it as
# fuzz_NAME.dict. What is found stays in WORK. Exit status 77: there is no clang with libFuzzer.
set -eu

step=$1
source=$2
work=$3

has_libfuzzer()
{
    command -v clang >/dev/null || return 1
    mkdir -p "$work"
    echo 'int LLVMFuzzerTestOneInput(const char *d, long n) { return d && n < 0; }' |
        clang -fsanitize=fuzzer -xc - -o "$work/probe" 2>/dev/null
}

build()
{
    # shellcheck disable=SC2086 # options are words
    cmake -S "$source" -B "$work" -DCMAKE_C_COMPILER=clang -DL2TPHA_FUZZ=ON -DL2TPHA_SANITIZE=ON \
        -DL2TPHA_TESTS=OFF -DL2TPHA_EXAMPLES=OFF ${L2TPHA_OPTIONS:-}
    cmake --build "$work" --target fuzz_targets
}

fuzz()
{
    target=$1
    corpus=$source/tests/fuzz/corpus/$target
    dictionary=$source/tests/fuzz/corpus/$target.dict
    found=$work/found/$target
    mkdir -p "$found"
    set -- -seed=1 -max_total_time="${L2TPHA_FUZZ_SECONDS:-5}" -timeout=10 -error_exitcode=1 -print_final_stats=1 \
        -artifact_prefix="$found/"
    [ ! -f "$dictionary" ] || set -- "$@" -dict="$dictionary"
    mkdir -p "$found/corpus"
    set -- "$@" "$found/corpus" # new inputs go into the first folder
    [ ! -d "$corpus" ] || set -- "$@" "$corpus"
    "$work/tests/fuzz/$target" "$@"
}

if ! has_libfuzzer; then
    echo "skipped: no clang with libFuzzer"
    exit 77
fi
case $step in
build) build ;;
fuzz) fuzz "$4" ;;
*)
    echo "usage: run.sh build|fuzz SOURCE WORK [TARGET]" >&2
    exit 2
    ;;
esac
