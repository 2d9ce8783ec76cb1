"""The process of one contestant: gets a job, warms up, and runs it whenever it is told to.

``python -m benchmarks.speed.worker MODULE`` imports MODULE's class `Peer` and reads commands from standard input, one
JSON object a line, and answers in the same way. What libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
import traceback
from importlib import import_module
from typing import Any

from benchmarks.speed.peers.base import Peer, Unsupported

TURN = 0.1
"""Seconds for which a job is run again and again in a turn: caches are warm by then, and short jobs are averaged."""

FIRSTS = 7


def main(module: str) -> None:
    """Answer commands until there are no more."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # so that a library that prints does not garble the answers
    peer: Peer | None = None
    for line in sys.stdin:
        command = json.loads(line)
        try:
            if command["do"] == "prepare":
                peer = import_module(module).Peer()
                peer.prepare(command["kind"], command["job"])
                answer = {"note": peer.note, "versions": peer.versions()}
            elif peer is None:
                answer = {"error": "nothing was prepared"}
            else:
                if command["part"]:
                    peer.select(command["part"])
                answer = _turn(peer)
        except ImportError as error:
            answer = {"skipped": f"not installed: {error}"}
        except Unsupported as reason:
            answer = {"skipped": str(reason)}
        except Exception as error:
            traceback.print_exc()
            answer = {"skipped": f"failed: {type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}"}
        print(json.dumps(answer), file=answers)


def _turn(peer: Peer) -> dict[str, Any]:
    """Run the job until the turn is over, and say what a run took."""
    runs: list[float] = []
    processor = 0.0
    while sum(runs) < TURN:
        peer.reset()
        busy, start = time.process_time(), time.perf_counter()
        reported = peer.run()
        runs.append(time.perf_counter() - start)
        processor += time.process_time() - busy
        if reported is not None:
            # The program measured itself, and the best of several runs is all it tells.
            return {"seconds": reported, "first": reported, "loss": peer.loss(), "processor": None}
    return {
        "seconds": statistics.median(runs) / peer.times,
        "first": min(runs[:FIRSTS]) / peer.times,
        "loss": peer.loss(),
        "processor": processor / len(runs) / peer.times,
    }


if __name__ == "__main__":
    main(sys.argv[1])
