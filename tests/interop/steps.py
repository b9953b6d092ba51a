#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our LNS dies after each single message of a peer's life: of a LAC of ours, of xl2tpd, and of one driven by hand. The
peer begins, has calls, ends them and leaves, and notices nothing."""
import signal

import hand
import lab
import ours
from handover import BEHIND, LAC, LNS, check_report
from xl2tpd import Xl2tpd

LONGEST_LIFE = 60  # messages
HELLO = r"message type is Hello\(6\)"  # of xl2tpd's log
SLOW = 30.0  # seconds; what was lost with the active is said again


class Life:
    """One of a peer; each condition is followed by what the peer does when it has come."""

    def __init__(self, *steps):
        self.steps = list(steps)

    def go_on(self, active):
        """Whether it is over. The active may die while it is asked."""
        try:
            while self.steps and self.steps[0][0]():
                self.steps.pop(0)[1]()
        except lab.Failure:
            if active.alive():
                raise
        return not self.steps


def kill_after(case, pair, count, new_life):
    """Kill the active upon so many messages of a new life. False: it is over before."""
    active = pair.active
    last = len(case.capture.messages) + count
    case.capture.alarm = (last, active.kill)
    life = new_life()
    lab.wait_for(f"{count} messages", lambda: len(case.capture.messages) >= last or life.go_on(active), SLOW)
    if active.alive() and len(case.capture.messages) < last:
        return False
    pair.kill()
    lab.wait_for("the rest of the life", lambda: life.go_on(pair.active), SLOW)
    return True


def each_step(case, pair, new_life, check=lambda: None):
    """Lives, one after the other, until one is over before the active dies."""
    for count in range(1, LONGEST_LIFE):
        lab.say(f"killed after message {count}")
        if not kill_after(case, pair, count, new_life):
            lab.check(count > 8, f"a life of {count} messages is none")
            return
        check()
        lab.wait_for("no tunnel is left", lambda: not pair.active.tunnels())
        pair.restart()
    raise lab.Failure("a life that does not end")


def finish(case, pair):
    pair.finish()
    ours.check_wire(case)
    ours.check_programs(case)


def lac(case):
    """Ours: a tunnel, three calls, the end."""
    pair = ours.Pair(case, *LNS)
    lacs = []

    def new_life():
        node = ours.Node(case, *LAC[:1], f"lac-{len(lacs)}", *LAC[1:], "--sessions", 3, "--rate", 50)
        lacs.append(node)
        return Life((lambda: node.count("^all up"), lambda: node.kill(signal.SIGTERM)),
                    (lambda: not node.alive(), lambda: None))

    def check():
        lab.check(lacs[-1].child.returncode == 0, f"the LAC has ended with {lacs[-1].child.returncode}")
        check_report(lacs[-1].report())
        lab.check(lacs[-1].report()["calls_up"] == 3, "calls are missing")
    each_step(case, pair, new_life, check)
    finish(case, pair)


def lac_behind(case):
    """The same with a standby that is behind, and recovery by RFC 4951: what was half set up may be placed again, and
    then both ends have the same."""
    pair = ours.Pair(case, *LNS, *BEHIND)
    lacs = []

    def agreed():
        at_lac = [(tunnel["ns"], tunnel["nr"], tunnel["sessions"]) for tunnel in lacs[-1].tunnels()]
        at_lns = [(tunnel["nr"], tunnel["ns"], tunnel["sessions"]) for tunnel in pair.active.tunnels()]
        return at_lac == at_lns and [calls for _, _, calls in at_lac] == [2] and len(pair.active.sessions()) == 2

    def new_life():
        node = ours.Node(case, *LAC[:1], f"lac-{len(lacs)}", *LAC[1:], "--sessions", 2, "--rate", 50, "--redial", 1)
        lacs.append(node)
        return Life((agreed, lambda: node.kill(signal.SIGTERM)), (lambda: not node.alive(), lambda: None))
    each_step(case, pair, new_life)
    pair.finish()
    ours.check_programs(case)


def xl2tpd(case):
    """It places a call, ends it, and closes the tunnel, which it has for as long as its StopCCN is not acknowledged.
    Before that a HELLO of ours: it counts the acknowledgement of a StopCCN as a message when the one before has come
    twice."""
    pair = ours.Pair(case, *LNS, "--hello-interval", 1)
    peer = Xl2tpd(case, "lac")
    done = {"calls": 0, "tunnels": 0, "hellos": 0}

    def called():
        return peer.count("Call established with") > done["calls"] and len(pair.active.sessions()) == 1

    def hang_up():
        done["calls"] += 1
        peer.hang_up()

    def ended():
        return not pair.active.sessions()

    def count_hellos():
        done["hellos"] = peer.count(HELLO)

    def close():
        done["tunnels"] += 1
        peer.close()

    def new_life():
        peer.call()
        return Life((called, hang_up), (ended, count_hellos),
                    (lambda: peer.count(HELLO) > done["hellos"], close),
                    (lambda: peer.count("closing down tunnel") == done["tunnels"], lambda: None))
    each_step(case, pair, new_life)
    finish(case, pair)
    peer.check_content(True, False)
    peer.finish()


def by_hand(case):
    """After each answer: the next thing is said to the one that has taken over."""
    pair = ours.Pair(case, *LNS)
    client = hand.Server(lab.PEER)
    steps = 1
    while True:
        took = life_by_hand(pair, client, steps)
        if took < steps:
            break
        lab.wait_for("no tunnel is left", lambda: not pair.active.tunnels())
        pair.restart()
        steps += 1
    lab.say(f"killed after each of {took} answers")
    client.socket.close()
    pair.finish()
    ours.check_programs(case)


def check_calls(node, up, all_calls):
    """What is shown, and what there is a record of."""
    lab.wait_for(f"{node.name} has {up} of {all_calls} calls",
                 lambda: (len(node.sessions()), node.redundancy().get("sessions")) == (up, all_calls), 5)


def life_by_hand(pair, client, last):
    """Kill the active after this step of a life; how many steps there were."""
    tunnel = client.dial((lab.OURS, hand.PORT))
    reply = tunnel.await_message("SCCRP")
    tunnel.peer_id = hand.value(reply, hand.ASSIGNED_TUNNEL)
    steps = (  # what is done, calls that are up then, and all calls
        (lambda: None, 0, 0),
        (lambda: tunnel.say(hand.message("SCCCN")), 0, 0),
        (lambda: tunnel.place_call(1, complete=False), 0, 1),
        (lambda: tunnel.say(hand.connected(), tunnel.calls[1]), 1, 1),
        (lambda: tunnel.place_call(2), 2, 2),
        (lambda: tunnel.end_call(1, 1), 1, 1),
        (lambda: tunnel.place_call(3), 2, 2),
        (lambda: tunnel.close(1), 0, 0),
    )
    for count, (step, up, all_calls) in enumerate(steps, 1):
        step()
        tunnel.await_acknowledged()
        if count == last:
            pair.kill()
        check_calls(pair.active, up, all_calls)
    return len(steps)


CASES = {"lac": lac, "lac_behind": lac_behind, "xl2tpd": xl2tpd, "by_hand": by_hand}

if __name__ == "__main__":
    lab.run(CASES, tools=("xl2tpd",))
