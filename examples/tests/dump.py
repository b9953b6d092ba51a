#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dump.py PROGRAM GOLDEN

l2tpha-dump with the checkpoints that are kept in GOLDEN: between all formats and back, as a state, cut, damaged and
incomplete; what it refuses, and how it ends."""
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import tempfile

PROGRAM, GOLDEN = sys.argv[1], pathlib.Path(sys.argv[2])
FORMATS = ("proto", "cbor", "json")
LEVEL = re.findall(rb"L2TPHA_LEVEL (\d+)", (GOLDEN / "../../include/l2tpha/record.h").read_bytes())[-1]  # not the next's
HEADER = b'{"l2tpha":1,"level":' + LEVEL + b'}\n'
SECRET = b"top secret"


def run(*arguments, data=b"", status=0, **more):
    done = subprocess.run([PROGRAM, *arguments], input=data, capture_output=True, check=False, timeout=60, **more)
    said = done.stderr.decode(errors="replace")
    assert done.returncode == status, f"{arguments}: {done.returncode}, not {status}: {said}"
    assert "Sanitizer" not in said, said
    assert status != 2 or said.startswith("l2tpha-dump: "), f"{arguments}: nothing is said: {said}"
    return done.stdout if status != 2 else said


def convert(data, to, *more, status=0):
    return run("-", "--to", to, "--secrets", *more, data=data, status=status)


# --- checkpoints of our own ---


def varint(number):
    octets = b""
    while number >= 0x80:
        octets += bytes([number & 0x7f | 0x80])
        number >>= 7
    return octets + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def checkpoint(kind, number, *records, generation=0, part=0, more=b""):
    octets = field(1, 1) + field(2, 7) + (field(3, number) if number else b"") + (field(4, kind) if kind else b"")
    octets += (field(5, generation) if generation else b"") + (field(9, part) if part else b"") + more
    return octets + b"".join(field(15, record) for record in records)


def stream(*checkpoints):
    return b"".join(varint(len(one)) + one for one in checkpoints)


def tunnel(local, *more, name=b"peer", secret=SECRET, state=3, flags=0, sequence=()):
    octets = field(1, local) + field(2, 100 + local) + field(3, state) + field(4, 255) + field(5, 3)
    octets += (field(6, flags) if flags else b"") + field(7, 4)
    octets += field(8, 4) + b"".join(field(number, value) for number, value in sequence)
    return field(1, octets + field(21, name) + (field(23, secret) if secret else b"") + b"".join(more))


def session(of, local, *more, speed=56000):
    return field(2, field(1, of) + field(2, local) + field(3, 500 + local) + field(4, 5) + field(5, 2) + field(6, 1)
                 + field(11, speed) + b"".join(more))


NODE = field(6, field(1, b"key-key-") + field(2, 2) + field(3, 77))
MESSAGE = bytes.fromhex("c802000c006500000004") + bytes(2)


EMPTY = (checkpoint(1, 0, generation=9), checkpoint(2, 0, generation=9, part=1),
         checkpoint(3, 0, generation=9, part=2))


def example(*more, speed=56000, first=tunnel(1)):
    """An empty copy, and what came then."""
    return stream(*EMPTY, checkpoint(0, 1, NODE, first, tunnel(2, name=b"other", secret=b"")),
                  checkpoint(0, 2, session(1, 4, speed=speed), session(2, 5), session(2, 4)), *more)


def golden(name):
    return b"".join(bytes.fromhex(line) if "json" not in name else line.encode() + b"\n"
                    for line in (GOLDEN / name).read_text().splitlines())


# --- tests ---


def test_formats():
    """Each of the golden files is the other two, and what was hidden before is not there."""
    lines = (GOLDEN / "checkpoints.txt").read_text().splitlines()
    files = {"proto": stream(*map(bytes.fromhex, lines)), "cbor": golden("checkpoints.cbor.txt"),
             "json": HEADER + golden("checkpoints.json.txt")}
    for source, data in files.items():
        for to in FORMATS:
            assert convert(data, to) == files[to], f"{source} to {to}"
            assert convert(data, to, "--from", source) == files[to]
        run("-", "--verify", data=data)
    assert convert(files["json"].removeprefix(HEADER), "proto") == files["proto"], "lines without a header"
    assert convert(files["json"].replace(b"\n", b"\r\n\n"), "cbor") == files["cbor"]


UNKNOWN = {"plain": field(4000, 7) + field(4001, b"\0new"), "raw": b"\xe5\xf9\x01abcd" + field(4000, 7),
           "long": varint(4000 << 3) + b"\x87\0"}


def test_unknown_fields():
    """What this release does not know goes to and fro."""
    for name, octets in UNKNOWN.items():
        data = stream(checkpoint(0, 1, tunnel(1, octets), session(1, 2, octets), field(6, field(1, b"key-key-") + octets)))
        one = convert(data, "cbor")
        other = convert(one, "json")
        assert convert(other, "proto") == data, name
        assert convert(data, "proto") == data
        assert b"hidden" in run("-", data=data) and b"\0new" not in run("-", data=data)
        shown = run("-", "--to", "json", data=data)
        assert b'"#raw":"(hidden)"' in shown and b"6e6577" not in shown


def test_unknown_records():
    """A kind of record that is not known stays in its format, and is missed in another one."""
    data = stream(checkpoint(0, 1, tunnel(1), field(9, field(1, 1)), more=field(40, 5)))
    assert convert(data, "proto") == data
    assert b"tunnel" in convert(data, "json", status=1)
    done = subprocess.run([PROGRAM, "-", "--to", "cbor", "--secrets"], input=data, capture_output=True, check=False)
    assert b"1 records of kinds" in done.stderr, done.stderr


def test_secrets():
    """They are shown when asked for, and what lacks them is refused, the first line with it or without."""
    data = example()
    for to in ("text", *FORMATS):
        shown, hidden = run("-", "--to", to, "--secrets", data=data), run("-", "--to", to, data=data)
        for secret in (SECRET, b"key-key-"):
            assert secret in shown or secret.hex().encode() in shown, to
            assert secret not in hidden and secret.hex().encode() not in hidden, to
        if to == "text":
            continue
        assert "to be read, not to be loaded" in run("-", data=hidden, status=2)
        run("-", "--verify", data=hidden, status=1 if to != "json" else 2)
        assert "to be read, not to be loaded" in run("-", data=hidden.split(b"\n", 1)[1] if to == "json" else hidden,
                                                     status=2)
    lines = run("-", "--to", "json", data=data).splitlines()
    assert lines[0] == HEADER[:-2] + b',"secrets":"hidden"}' and b'"secret":"(hidden)"' in b"".join(lines)
    assert "another release" in run("-", data=b'{"l2tpha":2}\n', status=2)


def waiting(local, ns):
    """A message that is not acknowledged."""
    return field(4, field(1, local) + (field(2, ns) if ns else b"") + field(3, MESSAGE[:8] + ns.to_bytes(2, "big") + MESSAGE[10:]))


def differences(data, other, *options):
    """The lines of --diff."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(other)
        file.flush()
        done = subprocess.run([PROGRAM, "-", "--diff", file.name, *options], input=data, capture_output=True, check=False)
        lines = done.stdout.decode().replace(file.name, "OTHER").splitlines()
    assert done.returncode == (1 if lines else 0), done
    return lines


def test_state():
    """The same state whatever it came from, as a whole copy."""
    first = tunnel(1, sequence=((13, 5), (15, 3))), waiting(1, 3), waiting(1, 4)
    data = stream(*EMPTY, checkpoint(0, 1, NODE, *first, tunnel(2)), checkpoint(0, 2, session(1, 4), session(2, 5)),
                  checkpoint(0, 3, field(3, field(1, 1) + field(2, 6) + field(3, 9) + field(4, 4)), waiting(1, 5)),
                  checkpoint(0, 4, field(5, field(1, 2) + field(2, 5)), session(2, 9)))
    states = {}
    for to in FORMATS:
        states[to] = run("-", "--state", "--to", to, "--secrets", data=convert(data, to))
        assert b"sound" in run("-", "--verify", data=states[to])
        assert run("-", "--state", "--to", to, "--secrets", data=states[to]) == states[to]
    for to in FORMATS:
        assert convert(states["json"], to) == states[to], to
        assert differences(data, states[to]) == []
    text = run("-", "--state", data=states["cbor"]).decode().splitlines()
    kinds = ["state", "node", "tunnel", "message", "message", "tunnel", "session", "session"]
    assert [line.split()[0] for line in text] == kinds, text
    assert "number=4 tunnels=2 sessions=2" in text[0]
    assert "ns=6 nr=9 acked=4" in text[2] and "local_id=9" in text[7]
    one = run("-", "--state", "--to", "proto", "--secrets", "--filter", "tunnel=1", data=data)
    assert b"fault" in run("-", "--verify", data=one, status=1), "a part is no whole copy"


def test_long_lives():
    """Numbers of messages come again; those of long ago do not."""
    def turn(number):
        ns = range(1000 * number, 1000 * (number + 1))
        numbers = field(1, 1) + field(2, ns[-1] + 1) + (field(4, ns[0]) if number else b"")
        return checkpoint(0, 2 + number, field(3, numbers), *(waiting(1, one) for one in ns))
    data = stream(*EMPTY, checkpoint(0, 1, tunnel(1)), *map(turn, range(40)))
    assert run("-", "--state", data=data).count(b"  message ") == 1000


def test_differences():
    """By object and field, without secrets unless asked for."""
    data = example()
    assert differences(data, data) == []
    assert differences(example(speed=64000), data) == ["tunnel 1 session 4: tx_speed: 64000 / 56000"]
    assert differences(example(first=tunnel(1, secret=b"another")), data) == ["tunnel 1: secret: (hidden) / (hidden)"]
    shown = differences(example(first=tunnel(1, secret=b"another")), data, "--secrets")
    assert shown == [f"tunnel 1: secret: {b'another'.hex()} / {SECRET.hex()}"], shown
    assert differences(example(first=tunnel(1, field(4000, 7))), data) == [
        "tunnel 1: fields that this release does not know differ"]
    more = example(checkpoint(0, 3, tunnel(3, state=2), session(2, 9)))
    assert differences(more, data) == ["tunnel 3: only in -", "tunnel 2 session 9: only in -"]
    assert differences(data, more) == ["tunnel 3: only in OTHER", "tunnel 2 session 9: only in OTHER"]
    assert differences(more, data, "--filter", "tunnel=3") == ["tunnel 3: only in -"]
    assert differences(more, data, "--filter", "session=9") == ["tunnel 2 session 9: only in -"]
    assert differences(more, data, "--filter", "tunnel=1") == []
    later = checkpoint(0, 3, session(1, 4, field(14, 99)), field(3, field(1, 2) + field(3, 1)))
    assert differences(example(later), data) == ["tunnel 2: nr: 1 / 0"], "data_nr may lag"
    assert "one standard input" in run("-", "--diff", "-", data=data, status=2)
    assert "No such file" in run("-", "--diff", "/nowhere/there", data=data, status=2)
    assert "no whole copy" in run("-", "--state", data=stream(checkpoint(1, 0, generation=9)), status=2)


def test_filters():
    """Records of tunnels, sessions and peers; checkpoints without any are left out."""
    data = example(checkpoint(0, 3, field(5, field(1, 1))))

    def lines(text, *more):
        shown = run("-", "--filter", text, *more, data=data).decode().splitlines()
        return [" ".join(line.split()[:3]) for line in shown if line.startswith("  ")]
    assert lines("tunnel=1") == ["tunnel local_id=1 remote_id=101", "session tunnel_id=1 local_id=4",
                                 "gone tunnel_id=1"]
    assert lines("session=4") == ["session tunnel_id=1 local_id=4", "session tunnel_id=2 local_id=4", "gone tunnel_id=1"]
    assert lines("session=4,tunnel=2") == ["session tunnel_id=2 local_id=4"]
    assert lines("peer=other") == ["tunnel local_id=2 remote_id=102", "session tunnel_id=2 local_id=5",
                                   "session tunnel_id=2 local_id=4"]
    assert lines("peer=nobody") == [] == lines("tunnel=99")
    assert run("-", "--to", "json", "--filter", "tunnel=2", data=data).count(b"tunnel_id") == 2
    for wrong in ("tunnel=0", "tunnel=x", "tunnel", "host=1", "tunnel=1,,", "tunnel=4294967296", "peer=" + 300 * "x"):
        assert "--filter" in run("-", "--filter", wrong, data=data, status=2), wrong


def test_verify():
    """The first fault is told, with its place; what is before it too."""
    data = example()
    assert b"epoch 7, number 2, standby-hot, 2 tunnels, 3 sessions\nsound\n" in run("-", "--verify", data=data)
    gap = run("-", "--verify", data=example(checkpoint(0, 4, session(1, 8))), status=1).decode()
    assert "fault: checkpoint 6 at octet " in gap and "(GAP)" in gap and "2 tunnels, 3 sessions" in gap, gap
    assert b"no whole copy" in run("-", "--verify", data=stream(checkpoint(1, 0, generation=9)), status=1)
    whole = run("-", "--state", "--to", "proto", "--secrets", data=data)
    wrong = whole.replace(b"other", b"otheR")
    for to in FORMATS:
        assert b"(DIGEST)" in run("-", "--verify", data=convert(wrong, to), status=1), "a digest that was wrong stays so"
    assert convert(convert(wrong, "json"), "proto") == wrong
    assert "middle of a checkpoint" in run("-", "--verify", data=data[:-1], status=1).decode()
    daemon = stream(*EMPTY, checkpoint(0, 1, tunnel(1, flags=16384)), checkpoint(0, 2, tunnel(2, flags=16384)))
    assert b"2 tunnels" in run("-", "--verify", data=daemon), "tunnels of a daemon's"
    several = field(6, field(1, b"key-key-") + field(4, 2000) + field(5, 4000))
    ranged = stream(*EMPTY, checkpoint(0, 1, several, tunnel(2001)))
    assert b"1 tunnels" in run("-", "--verify", data=ranged), "one of several nodes behind a port"
    run("/nowhere/there", "--verify", status=2)
    run("file:/nowhere/there", "--verify", status=2)


def frame(kind, body):
    octets = bytes([kind]) + (7).to_bytes(8, "big") + body
    return len(octets).to_bytes(4, "big") + octets


def hello(side):
    return frame(1, b"L2HA" + bytes([0, 3, 0, 3, 0, 0, 0, 0, side]) + bytes(32))


def test_links():
    """What an active has said on a stream; whatever it was written in."""
    lines = (GOLDEN / "checkpoints.txt").read_text().splitlines()
    data = stream(*map(bytes.fromhex, lines))
    for name in ("checkpoints.txt", "checkpoints.cbor.txt", "checkpoints.json.txt"):
        said = hello(1) + frame(4, bytes(8)) + frame(0x90, b"what is to come")
        for line in (GOLDEN / name).read_text().splitlines():
            said += frame(2, line.encode() + b"\n" if "json" in name else bytes.fromhex(line)) + frame(4, bytes(8))
        assert convert(said, "proto") == data, name
        assert convert(said, "proto", "--from", "link") == data, name
        assert b"sound" in run("-", "--verify", data=said)
        assert "middle of a checkpoint" in run("-", data=said[:-3], status=2)
    assert "what a standby has said" in run("-", data=hello(2) + frame(3, bytes(8)), status=2)
    assert "no frame" in run("-", data=hello(1) + frame(0x50, b""), status=2)
    assert "no frame" in run("-", data=hello(1) + b"\xff" * 20, status=2)
    assert "sealed link" in run("-", data=b"L2HA\2\1" + bytes(50), status=2)
    assert "capture file" in run("-", data=bytes.fromhex("0a0d0d0a") + bytes(50), status=2)
    assert "no HELLO" in run("-", "--from", "link", data=data, status=2)


def test_cuts():
    """A file that ends anywhere ends well between checkpoints, and is told to end too early elsewhere."""
    checkpoints = [checkpoint(0, 1, tunnel(1), session(1, 2)), checkpoint(0, 2, session(1, 3))]
    for to in FORMATS:
        data = convert(stream(*checkpoints), to)
        ends = {len(convert(stream(*checkpoints[:count]), to)) for count in (1, 2)}
        ends |= {end - 1 for end in ends} | {len(HEADER), len(HEADER) - 1} if to == "json" else set()
        for cut in sorted({*range(1, 24), *range(24, len(data), 23), *ends, *(end - 1 for end in ends)}):
            said = run("-", "--from", to, "--to", "json", data=data[:cut], status=0 if cut in ends else 2)
            assert cut in ends or "octet" in said, f"{to} {cut}: {said}"


def test_nonsense():
    """What is none of it is refused by name, and takes no memory because it says so."""
    def limit():
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    for data in (b"\xff" * 100, b"hello, world", b"{", b"{}", b"[]", b"{\"version\":1", b"\0" * 64, b"\xbb" + b"\xff" * 8,
                 b"\xa2\1\1\x0f\x9b" + b"\xff" * 8, b"\xa1\1\x5b" + b"\xff" * 8, b"\xa1" * 99, b"\xff\xff\xff\x7f\x08\1",
                 b"\x80\x80\x40\x08" + bytes(99), b"{" * 4000, b"\x05\x08\1\x10\1\xff", b"L2TPHASG" + bytes(99), b""):
        for source in ("any", "proto", "cbor", "json", "link"):
            said = run("-", "--from", source, data=data, status=2, preexec_fn=limit)
            assert "octet" in said or "checkpoint" in said, said
    assert "there is nothing in it" in run("-", status=2)
    assert "directory" in run("/tmp", status=2)


def test_output():
    """A disk that is full, and a reader that has gone."""
    data = example()
    with open("/dev/full", "wb") as full:
        for options in ((), ("--to", "json"), ("--state",), ("--verify",)):
            done = subprocess.run([PROGRAM, "-", *options], input=data, stdout=full, stderr=subprocess.PIPE, check=False)
            assert done.returncode == 2 and b"standard output" in done.stderr, done
    many = stream(*(checkpoint(0, number, session(1, 4)) for number in range(1, 40000)))
    with tempfile.TemporaryFile() as file:
        file.write(many)
        file.seek(0)
        with subprocess.Popen([PROGRAM, "-", "--to", "json"], stdin=file, stdout=subprocess.PIPE) as program:
            program.stdout.readline()
            program.stdout.close()
            assert program.wait(60) == -signal.SIGPIPE, program.returncode


def test_options():
    """What makes no sense, in one sentence."""
    for options in ((), ("a", "b"), ("-", "--to", "xml"), ("-", "--diff", "x", "--verify"), ("-", "--verify", "--secrets"),
                    ("-", "--diff", "x", "--to", "cbor"), ("-", "--verify", "--state"), ("-", "--listen", "x")):
        assert "Try --help." in run(*options, status=2), options
    assert b"usage: l2tpha-dump SOURCE" in run("--help") == run("-h")
    assert run("--version").startswith(b"l2tpha-dump ") and run("-V") == run("--version")
    with tempfile.TemporaryDirectory() as folder:
        assert "No such file" in run(f"file:{folder}/store", status=2)
        assert not os.listdir(folder), "something was made"
        os.mkdir(f"{folder}/store", 0o700)
        assert "no whole copy" in run(f"file:{folder}/store", status=2)
        assert not os.listdir(f"{folder}/store")


def main():
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            print(name, flush=True)
            test()


if __name__ == "__main__":
    main()
