#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tshark as the judge of what we put on the wire: every message that the library can send is there
and is decoded without a complaint."""
import difflib
import pathlib
import re
import subprocess

import lab
import ours
import wire

SECRET = "a shared secret"
WANTED = {name for name in wire.TYPES.values() if name != "ZLB"}
COMPLAINT = "_ws.malformed || _ws.expert.severity >= warning || l2tp.avp_length.bad"
# tshark knows the names of RFC 4951's AVPs and shows their values as octets, with this warning.
UNDECODED = "Vendor-Specific AVP data"
FAILOVER = range(76, 80)
GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "recovery.txt"
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
    """One line for each packet that something is wrong with."""
    found = []
    for line in tshark(file, "-Y", COMPLAINT, "-T", "fields", "-E", "aggregator=|", "-e",
                       "frame.number", "-e", "_ws.expert.message", "-e", "l2tp.avp.type"
                       ).splitlines():
        number, messages, types = line.split("\t")
        known = any(int(kind) in FAILOVER for kind in types.split("|") if kind)
        if not known or set(messages.split("|")) != {UNDECODED}:
            found.append(f"packet {number}: {messages}")
    return "\n".join(found)


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
    lac = ours.Node(case, "lac", "lac", "--listen", f"{lab.PEER}:1701", "--connect", lab.OURS, "--pcapng",
                    lac_file, "--secret", SECRET, "--hide-avps", "--sessions", 5, "--data-rate", 20)
    lac.await_line("^all up")
    pair.kill()
    pair.active.await_resynced()
    lab.wait_for("data", lambda: lac.counters()["data_in"] > 0)
    lac.finish()
    pair.finish()
    for file in (lac_file, lns_file):
        found = complaints(file)
        lab.check(not found, f"tshark complains about {file.name}:\n{found}")
    names = message_types(lac_file)
    wanted = {"SCCRQ", "SCCRP", "SCCCN", "ICRQ", "ICRP", "ICCN", "HELLO", "StopCCN", "data"}
    lab.check(wanted <= names, f"messages: {sorted(names)}")
    lab.check(re.search(r"192\.|10\.99", tshark(lac_file)), "the addresses are not shown")


def values(avps):
    """Octets of RFC 4951's AVPs in a message, by the number that tshark gives with their names."""
    found = {}
    for _, vendor, kind, value in wire.avps(avps):
        if vendor == 0 and kind in FAILOVER:
            found.setdefault(kind, []).append(value.hex(" "))
    return found


def transcript(file):
    """The messages that carry RFC 4951, and what tshark calls what is in them."""
    lines = []
    wanted = " || ".join(f"l2tp.avp.type == {kind}" for kind in FAILOVER)
    packets = tshark(file, "-Y", wanted, "-T", "fields", "-e", "frame.number", "-e", "udp.payload")
    for number, payload in (line.split("\t") for line in packets.splitlines()):
        message = wire.decode(0, "", 0, "", bytes.fromhex(payload))
        text = tshark(file, "-Y", f"frame.number == {number}", "-V", "-O", "l2tp")
        head = re.search(r"Message Type: (.*)", text).group(1)
        lines.append(f"{head}, Ns {message.ns}, Nr {message.nr}")
        octets = values(message.avps)
        for kind in re.findall(r"AVP Type: (.*)", text):
            code = int(kind.rsplit("(", 1)[1][:-1])
            lines.append(f"    {kind}" + (f": {octets[code].pop(0)}" if code in FAILOVER else ""))
    return "".join(f"{line}\n" for line in lines)


def recovery(case):
    """A recovery by RFC 4951 as tshark understands it, against the transcript that is kept."""
    file = emit(case)
    said, kept = transcript(file), GOLDEN.read_text()
    (lab.FILES / "recovery.txt").write_text(said)
    differences = difflib.unified_diff(kept.splitlines(), said.splitlines(), "kept", "said", "", "",
                                       lineterm="")
    lab.check(said == kept, "another transcript:\n" + "\n".join(differences))
    for name in ("Failover Capability (76)", "Tunnel Recovery (77)",
                 "Suggested Control Sequence (78)", "Failover Session State (79)", "(21)", "(22)"):
        lab.check(name in said, f"no {name}")


CASES = {case.__name__: case for case in (clear, hidden, broken, programs, recovery)}

if __name__ == "__main__":
    lab.run(CASES, tools=("tshark",))
