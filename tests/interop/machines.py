# SPDX-License-Identifier: MIT
"""Machines on one Ethernet, each a network namespace, whose cables can be pulled."""
import os
import subprocess

import lab

NETWORK = "10.98.0."
SWITCH = "switch"


def ip(*words, inside=None):
    command = ("ip", *(("-n", inside) if inside else ()), *words)
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    lab.check(done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}")


def address(place):
    return f"{NETWORK}{place}"


def cable(name):
    return f"to-{name}"


class Machines:
    """names: {name: last number of its address}."""

    def __init__(self, names):
        self.names = names
        for name in (SWITCH, *names):
            made = subprocess.run(("ip", "netns", "add", name), check=False, capture_output=True, text=True)
            if made.returncode != 0:
                lab.skip(f"no network namespaces here: {made.stderr.strip()}")
            ip("link", "set", "lo", "up", inside=name)
        ip("link", "add", "bridge", "type", "bridge", "forward_delay", "0", inside=SWITCH)
        ip("link", "set", "bridge", "up", inside=SWITCH)
        for name, place in names.items():
            ip("link", "add", "name", cable(name), "type", "veth", "peer", "name", "eth0", "netns", name, inside=SWITCH)
            self.plug(name)
            ip("link", "set", cable(name), "up", inside=SWITCH)
            ip("address", "add", f"{address(place)}/24", "dev", "eth0", inside=name)
            ip("link", "set", "eth0", "up", inside=name)

    def join_here(self, place):
        """This test's own namespace is a machine too, at this address."""
        ip("link", "add", "name", cable("here"), "type", "veth", "peer", "name", "eth0", "netns", str(os.getpid()),
           inside=SWITCH)
        self.plug("here")
        ip("link", "set", cable("here"), "up", inside=SWITCH)
        ip("address", "add", f"{address(place)}/24", "dev", "eth0")
        ip("link", "set", "eth0", "up")

    def at(self, name):
        """Words before a command that is to run there."""
        return "nsenter", f"--net=/run/netns/{name}"

    def pull(self, name):
        """Whoever is there sees a link, and nobody else."""
        ip("link", "set", cable(name), "nomaster", inside=SWITCH)

    def plug(self, name):
        ip("link", "set", cable(name), "master", "bridge", inside=SWITCH)

    def cut(self, name, *places):
        """What is said there to these addresses goes nowhere, so nothing comes of what they say."""
        for place in places:
            ip("route", "add", "blackhole", f"{address(place)}/32", inside=name)

    def heal(self, name, *places):
        for place in places:
            ip("route", "del", "blackhole", f"{address(place)}/32", inside=name)

    def part(self, *names):
        """They reach all others, and not one another."""
        self.isolate(names, "on")

    def join(self, *names):
        self.isolate(names, "off")

    def isolate(self, names, how):
        for name in names:
            done = subprocess.run(("bridge", "-n", SWITCH, "link", "set", "dev", cable(name), "isolated", how),
                                  check=False, capture_output=True, text=True)
            lab.check(done.returncode == 0, f"isolated {how}: {done.stderr.strip()}")

    def down(self, name):
        """Whoever is there sees that the link is gone."""
        ip("link", "set", cable(name), "down", inside=SWITCH)

    def up(self, name):
        ip("link", "set", cable(name), "up", inside=SWITCH)

    def has(self, name, wanted):
        """Whether an address is there."""
        shown = subprocess.run(("ip", "-n", name, "-4", "-o", "address"), check=True, capture_output=True,
                               text=True).stdout
        return f" {wanted}/" in shown
