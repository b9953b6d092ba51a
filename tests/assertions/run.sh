#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh ABORT|COUNT|OFF SOURCE WORK
# Builds the library and the unit suites as a release, where an assertion that does not hold ends the
# program, is counted, or is not looked at, and runs them. Where nobody looks it is made for size:
# records are then written and read by tables.
set -eu

mode=$1
source=$2
work=$3/$mode
case $mode in
OFF) type=MinSizeRel ;;
*) type=Release ;;
esac

# shellcheck disable=SC2086 # options are words
cmake -S "$source" -B "$work" -DCMAKE_BUILD_TYPE="$type" -DL2TPHA_ASSERT="$mode" \
    -DL2TPHA_SUITES=unit -DL2TPHA_EXAMPLES=OFF ${L2TPHA_OPTIONS:-}
cmake --build "$work" --parallel 2 --target runner
CK_DEFAULT_TIMEOUT=120 "$work/tests/runner"
