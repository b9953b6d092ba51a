#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""run.py build SOURCE WORK PROGRAM...   builds the programs once, for all mutants
run.py mutant SOURCE WORK MUTANT      breaks one rule, and demands that a program notices

MUTANT.sed beside this script breaks the rule. Its first line names the file: "# lib/...". Then lines may say:
    # world NAME [MACHINES]     the simulator's world, and whose machines (default: failover builtin)
    # faults                    with records that differ in silence
    # program NAME SUITE...     suites of another program are to notice, and no seeds
    # seed N                    tried first, as it has found the mutant before
What is compiled anew is that file and what includes it; the rest is of the one build. Exit status 0: the mutant was
found, and what found it passes with nothing broken; 1: it was not, or could not be made."""
import difflib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

SEEDS = 10000
CHUNK = 50
PARTS = ("include", "lib", "tests")


def run(command, **more):
    return subprocess.run(command, check=True, **more)


def build(source, work, programs):
    shared = work / "shared"
    options = shlex.split(os.environ.get("L2TPHA_OPTIONS", ""))
    run(["cmake", "-G", "Unix Makefiles", "-S", source, "-B", shared, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
         "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_C_FLAGS=-O2", "-DL2TPHA_EXAMPLES=OFF", "-DL2TPHA_SUITES=unit", *options])
    run(["cmake", "--build", shared, "--parallel", "2", "--target", *programs])


class Mutant:
    def __init__(self, source, work, name):
        self.source, self.shared, self.work = source, work / "shared", work / name
        self.script = source / f"tests/mutants/{name}.sed"
        lines = self.script.read_text(encoding="utf-8").splitlines()
        self.file = lines[0].removeprefix("# ")
        heads = dict(re.findall(r"^# (world|faults|program|seed)\b *(.*)$", "\n".join(lines[1:]), re.MULTILINE))
        self.program, *self.suites = heads.get("program", "simulate").split()
        world, machines = (heads.get("world", "failover").split() + ["builtin"])[:2]
        self.world = ["--world", world, "--machines", machines] + ["--faults"] * ("faults" in heads)
        self.seed = int(heads.get("seed", 0))
        self.tree = self.work / "tree"

    def broken(self):
        """A tree in which the file is broken. False: nothing is."""
        shutil.rmtree(self.work, ignore_errors=True)
        for part in PARTS:
            shutil.copytree(self.source / part, self.tree / part, copy_function=os.symlink)
        whole = (self.source / self.file).read_text(encoding="utf-8")
        text = run(["sed", "-f", self.script, self.source / self.file], capture_output=True, text=True).stdout
        (self.tree / self.file).unlink()
        (self.tree / self.file).write_text(text, encoding="utf-8")
        sys.stdout.writelines(difflib.unified_diff(whole.splitlines(True), text.splitlines(True), self.file, self.file))
        return text != whole

    def compiled(self, entry, number):
        """The object of an entry of the compilation database, from the tree."""
        replaced = self.work / f"{number}.o"
        command = [re.sub(rf"^(-I|-isystem)?{re.escape(str(self.source))}/({'|'.join(PARTS)})(?=/|$)",
                          rf"\1{self.tree}/\2", word) for word in shlex.split(entry["command"])]
        command[command.index("-o") + 1] = str(replaced)
        run(command, cwd=entry["directory"])
        return str(replaced)

    def linked(self):
        """The program, with other objects where the file is in."""
        objects = {}
        for number, entry in enumerate(json.loads((self.shared / "compile_commands.json").read_text(encoding="utf-8"))):
            there = shlex.split(entry["command"])
            made = pathlib.Path(entry["directory"], there[there.index("-o") + 1])
            depends = made.with_name(made.name + ".d")
            if depends.is_file() and str(self.source / self.file) in depends.read_text(encoding="utf-8").split():
                objects[os.path.realpath(made)] = (entry, number)
        place = self.shared / "tests"
        command = shlex.split((place / f"CMakeFiles/{self.program}.dir/link.txt").read_text(encoding="utf-8"))
        anew = 0
        for i, word in enumerate(command):
            found = objects.get(os.path.realpath(place / word)) if word.endswith(".o") else None
            if found:
                command[i] = self.compiled(*found)
                anew += 1
        program = self.work / self.program
        command[command.index("-o") + 1] = str(program)
        run(command, cwd=place)
        print(f"{anew} objects compiled anew")
        return program

    def notices(self, program, *arguments):
        """What the program says of it; None: all is well."""
        done = subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", check=False, env={**os.environ, "CK_DEFAULT_TIMEOUT": "60"})
        return None if done.returncode == 0 else done.stdout

    def seeds(self):
        """Pairs of a first seed and how many."""
        if self.seed:
            yield self.seed, 1
        for first in range(1, SEEDS + 1, CHUNK):
            yield first, CHUNK

    def found_by_seed(self, program):
        for first, count in self.seeds():
            said = self.notices(program, *self.world, "--first", str(first), "--seeds", str(count))
            if said is not None:
                seed = re.search(r"^seed (\d+) failed: .*", said, re.MULTILINE)
                print(seed.group() if seed else said[-2000:])
                return ["--seed", seed.group(1), *self.world] if seed else None
            if first == self.seed:
                print(f"seed {first} does not find it any more: {self.script} is to name another")
        return None

    def found_by_suite(self, program):
        said = self.notices(program, *self.suites)
        print((said or "")[-2000:])
        return self.suites if said and re.search(r":[FE]:", said) else None


def try_mutant(source, work, name):
    mutant = Mutant(source, work, name)
    if not mutant.broken():
        print(f"{name}: {mutant.script} changes nothing in {mutant.file}")
        return False
    program = mutant.linked()
    found = mutant.found_by_suite(program) if mutant.suites else mutant.found_by_seed(program)
    if not found:
        print(f"{name}: not found")
        return False
    said = mutant.notices(mutant.shared / "tests" / mutant.program, *found)
    if said is not None:
        print(f"{said[-2000:]}\n{name}: with nothing broken it fails as well")
        return False
    print(f"{name}: found")
    return True


if __name__ == "__main__":
    source_dir, work_dir = pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(sys.argv[3]).resolve()
    if sys.argv[1] == "build":
        build(source_dir, work_dir, sys.argv[4:])
    elif not try_mutant(source_dir, work_dir, sys.argv[4]):
        sys.exit(1)
