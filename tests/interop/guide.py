# SPDX-License-Identifier: MIT
"""A page of docs whose numbered steps change the source of a daemon, as it is followed literally.

    **7.** `network.c`, in `network_thread()`, after `buf->len = recvsize;`:

A block of code follows each. "In" is optional and names a function, or a table by its name with []: from the
line that opens its body to the next one that closes a body in the first column. The line to be found
must be there once, but for the white space around it. "A new file `ha.c`:" makes one of the block, and
"`ha.c`, at its end:" adds to it.
"""
import dataclasses
import re

HEAD = re.compile(r"^\*\*(\d+)\.\*\*\s+(.*)$")
CHANGE = re.compile(r"`([^`]+)`,(?: in `(\w+)(?:\(\)|\[\])`,)? (after|before|in place of) `(.+)`:")
FILE = re.compile(r"A new file `([^`]+)`:")
MORE = re.compile(r"`([^`]+)`, at its end:")


class Wrong(Exception):
    """A step that cannot be done as it is written."""


@dataclasses.dataclass
class Step:
    number: int
    file: str
    function: str | None
    place: str  # "after", "before", "in place of", "new", "end"
    anchor: str
    lines: list


def block_behind(lines, at):
    """The lines of the code block that follows line `at` after an empty one."""
    if lines[at + 1:at + 2] != [""] or not lines[at + 2].startswith("```"):
        raise Wrong(f"no block of code behind: {lines[at]}")
    end = lines.index("```", at + 3)
    return lines[at + 3:end]


def read_step(lines, at):
    number, rest = HEAD.match(lines[at]).groups()
    block = block_behind(lines, at)
    if found := CHANGE.fullmatch(rest):
        file, function, place, anchor = found.groups()
        return Step(int(number), file, function, place, anchor, block)
    for pattern, place in ((FILE, "new"), (MORE, "end")):
        if found := pattern.fullmatch(rest):
            return Step(int(number), found.group(1), None, place, "", block)
    raise Wrong(f"not understood: {lines[at]}")


def steps(page):
    """All steps of a page, in their order, which their numbers say once more."""
    lines = page.read_text(encoding="utf-8").splitlines()
    found = [read_step(lines, at) for at, line in enumerate(lines) if HEAD.match(line)]
    if [step.number for step in found] != list(range(1, len(found) + 1)):
        raise Wrong("the steps are not numbered one after the other")
    return found


def body(step, source):
    """First and last line of the function or table of a step."""
    if step.function is None:
        return 0, len(source)
    opens = re.compile(rf"^[A-Za-z].*\b{step.function}\s*(?:\(|\[)[^;]*$")
    starts = [at for at, line in enumerate(source) if opens.match(line)]
    if len(starts) != 1:
        raise Wrong(f"step {step.number}: {len(starts)} functions {step.function} in {step.file}")
    end = next(at for at in range(starts[0], len(source)) if source[at].startswith("}"))
    return starts[0], end


def changed(step, source):
    if step.place in ("new", "end"):
        return source + step.lines
    start, end = body(step, source)
    places = [at for at in range(start, end) if source[at].strip() == step.anchor]
    if len(places) != 1:
        raise Wrong(f"step {step.number}: {len(places)} lines `{step.anchor}` in {step.file}")
    at = places[0]
    keeps = {"after": (at + 1, at + 1), "before": (at, at), "in place of": (at, at + 1)}
    begin, end = keeps[step.place]
    return source[:begin] + step.lines + source[end:]


def follow(page, folder):
    """Do all steps in a folder of source. How many lines were added, as diff counts them."""
    added = 0
    for step in steps(page):
        file = folder / step.file
        if (step.place == "new") == file.exists():
            raise Wrong(f"step {step.number}: {step.file} is {'' if file.exists() else 'not '}there")
        source = file.read_text(encoding="latin-1").splitlines() if file.exists() else []
        file.write_text("\n".join(changed(step, source)) + "\n", encoding="latin-1")
        added += len(step.lines)
    return added
