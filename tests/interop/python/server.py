"""An echo server with the Python package `websockets` (10 or later). Writes its port, then serves until its input ends."""

import asyncio
import contextlib
import sys

import websockets


async def serve(ws, _path=None):
    # A test may end without a Close frame.
    with contextlib.suppress(websockets.ConnectionClosedError):
        await echo(ws)


async def echo(ws):
    async for message in ws:
        if message == "close":
            await ws.close(4321, "schön war es")
        elif message == "ping":
            await (await ws.ping(b"asked for"))
            await ws.send("ponged")
        elif message == "fragments":
            await ws.send(["a", "é", "", "€", "😀"])
        else:
            await ws.send(message)


async def main():
    options = {"subprotocols": ["chat.v1"], "max_size": None, "ping_interval": 0.2, "ping_timeout": 2}
    async with websockets.serve(serve, "127.0.0.1", 0, **options) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
