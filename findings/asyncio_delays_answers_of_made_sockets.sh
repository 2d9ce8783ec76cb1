#!/usr/bin/env bash
# asyncio of Python 3.11.7, Linux: a server on a socket of `socket.create_server` answers 40 ms late.
#
# Expected: no delay of small packets, as the documentation says: "TCP_NODELAY is set on sockets by default".
# Seen: only where the socket names its protocol. `_set_nodelay` of asyncio/base_events.py asks for
# `sock.proto == IPPROTO_TCP`, which is 0 for sockets of `socket.create_server` and `socket.socket()`, and for the
# connections that they accept. A server on such a socket (`uvicorn.Server.run(sockets=[...])`,
# `asyncio.start_server(sock=...)`) that writes headers and body one after the other keeps the body back until the
# client acknowledges the headers, which Linux does after 40 ms. uvloop has no such delay.
#
# anomaly.serve.server names the protocol of its listening socket.
set -euo pipefail
python3 - <<'PYTHON'
import asyncio
import socket
import statistics
import sys
import threading
import time

async def answer(reader, writer):
    while await reader.read(1):
        writer.write(b"head")
        await asyncio.sleep(0)
        writer.write(b"body")

def median_ms(listener):
    async def serve():
        await asyncio.start_server(answer, sock=listener)
        await asyncio.sleep(5)
    threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
    with socket.create_connection(listener.getsockname()) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        seconds = []
        for _ in range(40):
            start = time.perf_counter()
            client.sendall(b"?")
            got = b""
            while len(got) < 8:
                got += client.recv(8)
            seconds.append(time.perf_counter() - start)
    return 1e3 * statistics.median(seconds)

plain = socket.create_server(("127.0.0.1", 0))
made = socket.create_server(("127.0.0.1", 0))
named = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=made.detach())
late, soon = median_ms(plain), median_ms(named)
print(f"Python {sys.version.split()[0]}: protocol {plain.proto}, median of an answer {late:.1f} ms")
print(f"the same socket with its protocol named ({named.proto}): {soon:.1f} ms")
assert late > 30 > 10 * soon, "the behaviour has changed"
print("as described")
PYTHON
