#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh SOURCE WORK MUTANT    builds the library with one rule broken and demands that the
#                              simulator notices.
# MUTANT.sed beside this script breaks the rule; its first line names the file: "# lib/...", and a
# second line may name the simulator's world, and whose machines: "# world NAME [MACHINES]". Exit
# status 0: the mutant was found; 1: it was not, or could not be made.
set -eu

source=$1
work=$2
mutant=$3
seeds=2000 # at a time, so often at most:
rounds=5

script=$source/tests/mutants/$mutant.sed
file=$(sed -n '1s/^# //p' "$script")
world=$(sed -n '2s/^# world \([a-z]*\).*/\1/p' "$script")
machines=$(sed -n '2s/^# world [a-z]* \([a-z-]*\)$/\1/p' "$script")
tree=$work/$mutant/source
build=$work/$mutant/build

rm -rf "$tree"
mkdir -p "$tree"
for part in CMakeLists.txt docs include lib tests; do
    cp -Rp "$source/$part" "$tree/"
done
sed -f "$script" "$source/$file" >"$tree/$file"
if cmp -s "$source/$file" "$tree/$file"; then
    echo "$mutant: $script changes nothing in $file"
    exit 1
fi
diff -u "$source/$file" "$tree/$file" || true

# shellcheck disable=SC2086 # options are words
cmake -S "$tree" -B "$build" -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS=-O1 -DL2TPHA_EXAMPLES=OFF ${L2TPHA_OPTIONS:-}
cmake --build "$build" --target simulate
round=0
status=0
while [ "$status" -eq 0 ] && [ "$round" -lt "$rounds" ]; do
    "$build/tests/simulate" --world "${world:-failover}" --machines "${machines:-builtin}" \
        --first $((round * seeds + 1)) --seeds "$seeds" >"$work/$mutant/found" || status=$?
    round=$((round + 1))
done
tail -n 20 "$work/$mutant/found"
if [ "$status" -ne 1 ] || ! grep -q ' failed: ' "$work/$mutant/found"; then
    echo "$mutant: not found by $((round * seeds)) seeds (exit status $status)"
    exit 1
fi
echo "$mutant: found"
