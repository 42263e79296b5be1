"""Talks to an echo server with the Python package `websockets` (10 or later): client.py URL CHECK.

Ends with exit code 0 where the check holds, with a traceback where it does not.
"""

import asyncio
import sys

import websockets

SIZES = [0, 1, 125, 126, 127, 65535, 65536, 65537, 2**20]


def text_of(size):
    return "aé€😀" * (size // 10) + "x" * (size % 10)


def bytes_of(size):
    return bytes((index * 31 + (index >> 8)) & 255 for index in range(size))


def connect(url, **options):
    return websockets.connect(url, max_size=None, **options)


async def echo(url):
    async with connect(url) as ws:
        for size in SIZES:
            for message in (text_of(size), bytes_of(size)):
                await ws.send(message)
                assert await ws.recv() == message, size


async def fragments(url):
    """An iterable is sent as a fragmented message."""
    async with connect(url) as ws:
        for message in (["", "aé", "", "€😀", ""], [b"\x00", bytes_of(65536), b"", b"\xff"]):
            await ws.send(message)
            assert await ws.recv() == type(message[0])().join(message)


async def pings(url):
    async with connect(url) as ws:
        await (await ws.ping(b"sign of life"))
        await (await ws.ping())


async def client_closes(url):
    async with connect(url) as ws:
        await ws.close(3001, "später")
        assert ws.close_code == 3001, ws.close_code


async def server_closes(url):
    """The server closes whoever says "close"."""
    async with connect(url) as ws:
        await ws.send("close")
        await ws.wait_closed()
        assert (ws.close_code, ws.close_reason) == (4321, "schön war es"), (ws.close_code, ws.close_reason)


async def subprotocol(url):
    async with connect(url, subprotocols=["unknown", "chat.v1", "chat.v2"]) as ws:
        assert ws.subprotocol == "chat.v2", ws.subprotocol


async def compression(url):
    """It is offered and not accepted."""
    async with connect(url, compression="deflate") as ws:
        headers = ws.response_headers if hasattr(ws, "response_headers") else ws.response.headers
        assert "Sec-WebSocket-Extensions" not in headers
        await ws.send(text_of(5000))
        assert await ws.recv() == text_of(5000)


CHECKS = [echo, fragments, pings, client_closes, server_closes, subprotocol, compression]

if __name__ == "__main__":
    url, name = sys.argv[1:]
    (check,) = [check for check in CHECKS if check.__name__ == name]
    asyncio.run(asyncio.wait_for(check(url), 20))
