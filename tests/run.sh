#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, builds with sanitizers and runs every test. L2TPHA_BUILD names the build
# folder (build-test in the checkout). Exit status 0 only when nothing failed.
set -eu
cd "$(dirname "$0")/.."

for what in '' cross package; do
    # shellcheck disable=SC2086 # none is no word
    sh tests/install-deps.sh $what
done

build=${L2TPHA_BUILD:-build-test}
jobs=$(nproc)
cmake -S . -B "$build" -DL2TPHA_SANITIZE=ON -DL2TPHA_MBEDTLS=ON
cmake --build "$build" --parallel "$jobs"

status=0
ctest --test-dir "$build" --parallel "$jobs" --output-on-failure --no-tests=error \
    --output-junit tests.xml || status=$?
python3 tests/summary.py "$build/tests.xml"
exit "$status"
