#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two machines with keepalived, as examples/keepalived has it, and a lease of etcd: the address is where the endpoint
serves, and a machine that is cut off stops by itself."""
import subprocess
import time

import boxes
import lab
import machines
from authority import Cluster

ETCD = 20
FOUND = 9.0  # the lease, and half a second of etcd's; the address moves meanwhile, or after a failed check


class Box(boxes.Box):
    @staticmethod
    def roles():
        place = ",".join(f"{machines.address(ETCD)}:{Cluster.port(at)}" for at in range(3))
        return "--role", "auto", "--authority", f"etcd://{place}/lns-1"

    def lease(self):
        return self.node.redundancy()["authority"]

    def serves(self):
        return super().serves() and self.lease()["state"] == "held"


class Boxes(boxes.Boxes):
    kind = Box

    def prepare(self):
        self.net.join_here(ETCD)
        self.cluster = Cluster(self.case, host=machines.address(ETCD))

    def await_serving(self, name, seconds=FOUND):
        begin = time.monotonic()
        other = self.boxes[self.boxes[name].other]

        def there():
            lab.check(not (self.boxes[name].serves() and other.node.alive() and other.serves()), "two serve")
            return self.boxes[name].serves()
        lab.wait_for(f"{name} serves", there, seconds)
        lab.say(f"{name} serves after {time.monotonic() - begin:.1f} s")


def pulled(case):
    """The cable of the one that serves is pulled, and plugged in again: as examples/keepalived/demo.sh has it."""
    done = subprocess.run(("sh", boxes.SHIPPED / "demo.sh", case.programs), check=False, capture_output=True, text=True,
                          timeout=120)
    for line in done.stdout.splitlines():
        lab.say(line)
    lab.check(done.returncode == 0, f"the script ends with {done.returncode}: {done.stderr[-500:]}")
    lab.check(done.stdout.count("all 10 calls are there, and data flows") == 2, "not twice")


def parted(case):
    """The machines do not reach one another: both have the address, and one of them serves, with all its calls."""
    pair = Boxes(case)
    a, b = pair.boxes["a"], pair.boxes["b"]
    pair.net.part("a", "b")
    lab.wait_for("both have the address", lambda: a.has_address() and b.has_address(), 8)
    lab.stays("b does not serve", lambda: not b.serves(), 3)
    lab.check(a.serves(), "nobody serves")
    pair.net.join("a", "b")
    pair.await_pair("a", 15)
    pair.check_calls("a")
    pair.finish()


def cut_from_etcd(case):
    """The one that serves does not reach etcd: its lease ends, it gives the address up, and the other one serves."""
    pair = Boxes(case)
    a = pair.boxes["a"]
    pair.net.cut("a", ETCD)
    pair.await_serving("b", 12)
    lab.check(not a.has_address(), "the address is there still")
    pair.check_calls("b")
    pair.net.heal("a", ETCD)
    pair.await_pair("b", 15)
    pair.check_calls("b")
    pair.finish()


if __name__ == "__main__":
    lab.run({case.__name__: case for case in (pulled, parted, cut_from_etcd)},
            tools=("keepalived", "etcd", "nsenter", "bridge", "ping"))
