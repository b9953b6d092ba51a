# SPDX-License-Identifier: MIT
"""What several machines say under one address: who speaks when."""
import ctypes
import os
import socket
import struct
import threading

CLONE_NEWNET = 0x40000000
SO_TIMESTAMPNS = 35
PACKET_OUTGOING = 4
ETH_P_ALL = 3
LIBC = ctypes.CDLL(None, use_errno=True)


def socket_in(name):
    """A socket for all frames of eth0 in the network namespace of a machine."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{name}", os.O_RDONLY)
    try:
        if LIBC.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        made.bind(("eth0", 0))
    finally:
        LIBC.setns(here, CLONE_NEWNET)
        os.close(here)
        os.close(there)
    made.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    made.settimeout(0.1)
    return made


class Air:
    """Each L2TP datagram that a machine sends from the service's address, whether or not anybody gets it."""

    def __init__(self, names, service):
        self.service, self.closing = socket.inet_aton(service), False
        self.said = []  # (time, name)
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.read, args=(name, socket_in(name)), daemon=True) for name in names]
        for thread in self.threads:
            thread.start()

    def read(self, name, source):
        while not self.closing:
            try:
                frame, parts, _, address = source.recvmsg(65535, 128)
            except TimeoutError:
                continue
            is_ours = address[2] == PACKET_OUTGOING and frame[12:14] == b"\x08\x00" and frame[26:30] == self.service
            if not is_ours or frame[23] != socket.IPPROTO_UDP:
                continue
            seconds, nanoseconds = struct.unpack("qq", parts[0][2])
            with self.lock:
                self.said.append((seconds + nanoseconds / 1e9, name))
        source.close()

    def speakers(self, since=0.0):
        """Who has spoken, in turn: "aba" if a did, then b, then a again."""
        with self.lock:
            said = sorted(entry for entry in self.said if entry[0] >= since)
        turns = ""
        for _, name in said:
            if not turns.endswith(name):
                turns += name
        return turns

    def last(self, name):
        """When it has spoken last."""
        with self.lock:
            return max((when for when, who in self.said if who == name), default=0.0)

    def close(self):
        self.closing = True
        for thread in self.threads:
            thread.join()
