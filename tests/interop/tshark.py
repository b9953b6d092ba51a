#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tshark as the judge of what we put on the wire: every message that the library can send is there
and is decoded without a complaint."""
import re
import subprocess

import lab
import ours
import wire

SECRET = "a shared secret"
WANTED = {name for name in wire.TYPES.values() if name != "ZLB"}
COMPLAINT = "_ws.malformed || _ws.expert.severity >= warning || l2tp.avp_length.bad"
CALLING_NUMBER = 22
NUMBER = b"5559876"


def tshark(file, *options):
    result = subprocess.run(["tshark", "-n", "-r", file, *options], check=False,
                            capture_output=True, text=True)
    # A file that is cut off is said on stderr; that tshark runs as root is not of interest.
    notes = [line for line in result.stderr.splitlines() if "Running as user" not in line]
    lab.check(result.returncode == 0 and not notes, f"tshark: {notes}")
    return result.stdout


def complaints(file):
    return tshark(file, "-Y", COMPLAINT)


def message_types(file):
    """Names of the control messages in the file; "ZLB" and "data" for what has no type."""
    fields = tshark(file, "-Y", "l2tp", "-T", "fields", "-e", "l2tp.type",
                    "-e", "l2tp.avp.message_type")
    names = set()
    for line in fields.splitlines():
        control, _, kind = line.partition("\t")
        if control.strip() in ("0", "False"):
            names.add("data")
        else:
            names.add(wire.TYPES.get(int(kind or 0), f"type {kind}"))
    return names


def emit(case, secret=""):
    file = lab.FILES / "every.pcapng"
    subprocess.run([case.programs / "every_message", file, *([secret] if secret else [])],
                   check=True)
    return file


def everything(case, secret=""):
    file = emit(case, secret)
    found = complaints(file)
    lab.check(not found, f"tshark complains:\n{found}")
    names = message_types(file)
    lab.check(names == WANTED | {"ZLB", "data"}, f"messages: {sorted(names)}")
    return file


def clear(case):
    file = everything(case)
    text = tshark(file, "-V")
    lab.check("Hidden: True" not in text, "an AVP is hidden")
    for name in ("Calling Number", "Called Number", "Sub-Address", "Proxy Authen Name"):
        lab.check(name in text, f"no {name} AVP")


def hidden(case):
    """What is hidden cannot be read but with the secret; tshark cannot, so this is done here."""
    file = everything(case, SECRET)
    count = len(tshark(file, "-Y", "l2tp.avp.hidden == 1").splitlines())
    lab.check(count >= 10, f"hidden AVPs in {count} messages only")
    lab.check(NUMBER not in file.read_bytes(), "a number can be read")
    numbers = set()
    for line in tshark(file, "-T", "fields", "-e", "udp.payload").split():
        message = wire.decode(0, "", 0, "", bytes.fromhex(line))
        if message is not None:
            numbers.add(wire.revealed(message.avps, SECRET).get(CALLING_NUMBER))
    lab.check(NUMBER in numbers, "the number cannot be deciphered")


def broken(case):
    """The judge can say no: a length within a message is made wrong, in the one and in the other
    direction."""
    file = emit(case)
    whole = file.read_bytes()
    name = whole.index(b"\x00\x00\x00\x07lac")  # vendor 0, Host Name
    for change in (-1, 1, 200):
        bad = bytearray(whole)
        bad[name - 1] = (bad[name - 1] + change) & 0xff
        file.write_bytes(bad)
        lab.check(complaints(file), f"no complaint about an AVP length changed by {change}")


def programs(case):
    """What the programs capture of themselves, a takeover included, is as good."""
    lac_file, lns_file = lab.FILES / "lac.pcapng", lab.FILES / "lns.pcapng"
    pair = ours.Pair(case, "lns", "--listen", lab.OURS, "--echo", "--secret", SECRET,
                     "--failover-resync", "silent-failover")
    pair.standby.finish()
    pair.standby = None
    pair.options += ("--pcapng", lns_file, "--hide-avps")
    pair.restart()
    lac = ours.Node(case, "lac", "lac", "--listen", lab.PEER, "--connect", lab.OURS, "--pcapng",
                    lac_file, "--secret", SECRET, "--hide-avps", "--sessions", 5, "--data-rate", 20)
    lac.await_line("^all up")
    pair.kill()
    pair.active.await_resynced()
    lac.finish()
    pair.finish()
    for file in (lac_file, lns_file):
        found = complaints(file)
        lab.check(not found, f"tshark complains about {file.name}:\n{found}")
    names = message_types(lac_file)
    wanted = {"SCCRQ", "SCCRP", "SCCCN", "ICRQ", "ICRP", "ICCN", "HELLO", "StopCCN", "data"}
    lab.check(wanted <= names, f"messages: {sorted(names)}")
    lab.check(re.search(r"192\.|10\.99", tshark(lac_file)), "the addresses are not shown")


CASES = {case.__name__: case for case in (clear, hidden, broken, programs)}

if __name__ == "__main__":
    lab.run(CASES, tools=("tshark",))
