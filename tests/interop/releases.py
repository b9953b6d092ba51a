#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our LNS in two releases at once: this one, and the same tree built as a newer one (L2TPHA_NEXT), each the standby of
the other in turn, while calls come in. What the newer one writes it checks when it reads it again."""
import re
import signal
import struct
import subprocess

import handover
import lab
import ours
import storing

TUNNELS, SESSIONS, RATE = 3, 120, 40
TURNS = 4  # new -> old -> new -> old -> new


class Mixed(ours.Pair):
    """The newer release begins, and is node a for ever; this one is node b."""

    def start(self, name, role):
        own, self.program = self.program, "lns-next" if name == "a" else "lns"
        link, self.link = self.link, lambda at, kind="ha": f"{lab.FILES / own}-{at}.{kind}"
        try:
            return super().start(name, role)
        finally:
            self.program, self.link = own, link


def mixed(case, turn, *options):
    """No call is lost in any turn, nothing is said twice with other words, and both ends agree on all numbers."""
    if not (case.programs / "l2tpha-lns-next").exists():
        lab.skip("no l2tpha-lns-next beside the programs: tests/next/build.sh makes it")
    pair = Mixed(case, "lns", *handover.LNS[1:], *options)
    lac = ours.Node(case, *handover.LAC[:1], "lac", *handover.LAC[1:], "--tunnels", TUNNELS, "--sessions", SESSIONS,
                    "--rate", RATE)
    for count in range(1, TURNS + 1):
        begin = len(case.capture.messages)
        lab.wait_for("calls come in", lambda since=begin: len(case.capture.messages) > since + SESSIONS // 2)
        turn(pair)
        lab.say(f"turn {count}: {pair.active.name} serves")
    lac.await_line("^all up")
    handover.check_replica(pair)
    handover.await_agreement(lac, pair.active, TUNNELS)
    level = {node.name: node.redundancy()["peer_level"] for node in (pair.active, pair.standby)}
    lab.check(level == {"lns-next-a": 1, "lns-b": 2}, f"levels: {level}")
    refused = pair.active.tell("upgrade", "commit")
    lab.check(refused == (1, "l2tphactl: refused: link has level 1, this one has 2"), f"commit: {refused}")
    answer = pair.active.check_upgrade("link")
    lab.check(answer["members"][0]["level"] == 1 and answer["level"] == 2, f"check: {answer}")
    lac.finish()
    handover.check_report(lac.report())
    pair.finish()
    handover.finish(case)


def kill_and_return(pair):
    pair.kill()
    pair.restart()


def killed(case):
    mixed(case, kill_and_return)


def switched(case):
    mixed(case, ours.Pair.switch)


def switched_in_cbor(case):
    mixed(case, ours.Pair.switch, "--serializer", "cbor")


def levels_in(folder):
    """Of the writer and for its readers, in each segment; None while one goes."""
    try:
        return [struct.unpack_from(">HH", segment.read_bytes(), 12) for segment in folder.glob("*.seg")]
    except FileNotFoundError:
        return None


def stored(case):
    """What the newer release has stored this one goes on from, and the other way round, until a level is in force that
    this one does not have: then it is refused by name, and the store is as it was."""
    if not (case.programs / "l2tpha-lns-next").exists():
        lab.skip("no l2tpha-lns-next beside the programs: tests/next/build.sh makes it")
    box = storing.Box(case, "lns-next", "lns", *handover.LNS[1:])
    lac = ours.Node(case, "lac", "lac", *handover.LAC[1:], "--tunnels", TUNNELS, "--sessions", SESSIONS)
    lac.await_line("^all up")

    def run(program, *words):
        return subprocess.run([case.programs / program, *words], check=False, capture_output=True, text=True, timeout=60)

    for box.program, level in (("lns", 1), ("lns-next", 2)):
        box.die()
        handover.await_agreement(lac, box.node, TUNNELS)
        dumped = run("l2tpha-dump", f"file:{storing.STORE}", "--verify")
        lab.check(re.search(rf"exact, level {level}\b", dumped.stdout + dumped.stderr), f"not level {level}: {dumped}")
    status, text = box.node.tell("upgrade", "commit")
    lab.check(status == 0, f"commit: {text}")
    lab.wait_for("another copy", lambda: levels_in(storing.STORE) == [(2, 2)])
    box.node.kill(signal.SIGKILL)
    box.node.ended()
    before = {segment: segment.read_bytes() for segment in storing.STORE.glob("*.seg")}
    for words in (("l2tpha-lns", "--listen", lab.OURS, "--store", f"file:{storing.STORE}"),
                  ("l2tpha-dump", f"file:{storing.STORE}")):
        refused = run(*words)
        lab.check(refused.returncode > 0 and "needs level 2" in refused.stderr, f"not refused: {refused}")
    lab.check(before == {segment: segment.read_bytes() for segment in storing.STORE.glob("*.seg")}, "it has changed")
    box.start()
    handover.await_agreement(lac, box.node, TUNNELS)
    lac.finish()
    handover.check_report(lac.report())
    box.node.finish()
    storing.check_numbers(case)


CASES = {case.__name__: case for case in (killed, switched, switched_in_cbor, stored)}

if __name__ == "__main__":
    lab.run(CASES)
