#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A long way for tcp: whoever connects to the first address reaches the second one, each octet later by so many ms.

    delay.py ADDR:PORT ADDR:PORT MS
"""
import collections
import contextlib
import select
import socket
import sys
import time

READ = 1 << 16
MARK = 1  # of its own connections, for rules that send others here


def endpoint(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


class Way:
    """One direction of one connection."""

    def __init__(self, source, to):
        self.source, self.to = source, to
        self.pieces = collections.deque()
        self.open = True

    def take(self, delay):
        try:
            piece = self.source.recv(READ)
        except OSError:
            piece = b""
        self.open = piece != b""
        self.pieces.append((time.monotonic() + delay, piece))

    def give(self):
        """False: it has ended. What nobody takes any more is lost; the other direction goes on."""
        while self.pieces and self.pieces[0][0] <= time.monotonic():
            piece = self.pieces.popleft()[1]
            with contextlib.suppress(OSError):
                self.to.sendall(piece)
            if piece == b"":
                return False
        return True


def main(at, to, delay):
    ways = []
    with socket.create_server(at) as server:
        while True:
            due = min((way.pieces[0][0] for way in ways if way.pieces), default=time.monotonic() + 60)
            readers = {way.source: way for way in ways if way.open}
            ready = select.select([server, *readers], [], [], max(0, due - time.monotonic()))[0]
            for way in (readers[one] for one in ready if one is not server):
                way.take(delay)
            for way in [way for way in ways if not way.give()]:
                for end in (way.source, way.to):
                    end.close()
                ways = [other for other in ways if other.source.fileno() >= 0 and other.to.fileno() >= 0]
            if server not in ready:
                continue
            near = server.accept()[0]
            far = socket.socket()
            far.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
            try:
                far.connect(to)
            except OSError:
                near.close()
                far.close()
                continue
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ways += [Way(near, far), Way(far, near)]


if __name__ == "__main__":
    main(endpoint(sys.argv[1]), endpoint(sys.argv[2]), float(sys.argv[3]) / 1000)
