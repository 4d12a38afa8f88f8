"""Shuts down one direction of the socket, then the other.

tries: leave the executor with half a connection
layers: executor
observed: killed protocol | timed_out
runs: once
host: endures
"""

import socket
import time

channel = socket.socket(fileno=3)
channel.shutdown(socket.SHUT_RD)
time.sleep(0.2)
channel.shutdown(socket.SHUT_WR)
time.sleep(60)
