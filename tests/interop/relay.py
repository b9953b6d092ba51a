# SPDX-License-Identifier: MIT
"""Between an active and its standby: passes on what they say, descriptors included, until it is told
to keep it to itself. What the standby has not got when the active dies is what it lags behind."""
import select
import socket
import threading

CHUNK = 1 << 16
DESCRIPTORS = 4


class Relay(threading.Thread):
    """Listens at `here` for the standby and connects to the active at `there`."""

    def __init__(self, here, there):
        super().__init__(daemon=True)
        self.there = str(there)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(here))
        self.listener.listen()
        self.held = threading.Event()
        self.kept = 0  # bytes
        self.start()

    def run(self):
        while True:
            standby, _ = self.listener.accept()
            active = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                active.connect(self.there)
                self.pass_on(active, standby)
            except OSError:
                pass  # one of them is gone
            active.close()
            standby.close()

    def pass_on(self, active, standby):
        other = {active: standby, standby: active}
        while True:
            for source in select.select([active, standby], [], [])[0]:
                data, descriptors, _, _ = socket.recv_fds(source, CHUNK, DESCRIPTORS)
                if not data:
                    return
                if self.held.is_set():
                    self.kept += len(data)
                    continue
                if descriptors:
                    sent = socket.send_fds(other[source], [data], descriptors)
                    data = data[sent:]
                    for descriptor in descriptors:
                        socket.close(descriptor)
                other[source].sendall(data)

    def hold(self):
        """From now on nothing gets through."""
        self.held.set()

    def release(self):
        self.held.clear()
