"""A contestant whose process ends in the middle of its first turn."""

import os
import sys

from benchmarks.speed.peers import base


class Peer(base.Peer):
    def prepare_train(self, _):
        pass

    def run(self):
        print("out of luck", file=sys.stderr, flush=True)
        os._exit(3)
