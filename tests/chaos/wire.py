"""A wire to one executor that can be cut, slowed and made silent: a TCP relay in a process of its own.

    python -m tests.chaos.wire LISTEN_PORT TARGET_PORT

Commands come as lines on standard input: `cut` (every connection is reset), `slow SECONDS DELAY` (for so long, each
piece is held back for so long), `silent SECONDS` (nothing passes). The first line of its output says that it listens.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

_PIECE = 64 * 1024


class Relay:
    def __init__(self, target: int) -> None:
        self._target = target
        self._connections: set[asyncio.StreamWriter] = set()
        self._slow_until = self._silent_until = self._delay = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            _reset(writer)
            return
        self._connections |= {writer, back[1]}
        try:
            await asyncio.gather(self._pass(reader, back[1]), self._pass(back[0], writer))
        finally:
            for end in (writer, back[1]):
                self._connections.discard(end)
                end.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(_PIECE):
                now = time.monotonic()
                if now < self._silent_until:
                    await asyncio.sleep(self._silent_until - now)
                elif now < self._slow_until:
                    await asyncio.sleep(self._delay)
                writer.write(piece)
                await writer.drain()
        with contextlib.suppress(OSError):
            if writer.can_write_eof():
                writer.write_eof()

    def command(self, words: list[str]) -> None:
        now = time.monotonic()
        if words[0] == "cut":
            for writer in list(self._connections):
                _reset(writer)
        elif words[0] == "slow":
            self._slow_until, self._delay = now + float(words[1]), float(words[2])
        elif words[0] == "silent":
            self._silent_until = now + float(words[1])


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _main(listen: int, target: int) -> None:
    relay = Relay(target)
    await asyncio.start_server(relay.serve, "127.0.0.1", listen)
    print("listening", flush=True)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        relay.command(line.decode().split())


class Wire:
    """The relay's process, seen from the harness."""

    def __init__(self, listen: int, target: int) -> None:
        self.port = listen
        command = [sys.executable, "-m", "tests.chaos.wire", str(listen), str(target)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "listening\n"

    def cut(self) -> None:
        self._say("cut")

    def slow(self, seconds: float, delay: float) -> None:
        self._say(f"slow {seconds} {delay}")

    def silent(self, seconds: float) -> None:
        self._say(f"silent {seconds}")

    def _say(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
