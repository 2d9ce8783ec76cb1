"""Contestants that behave and misbehave as told, for tests of what goes on around them."""

import time

from benchmarks.speed import sequences
from benchmarks.speed.peers import base


class Peer(base.Peer):
    """Takes ten milliseconds, and gives back the weights it was given."""

    note = "fake"

    def prepare_train(self, _):
        print("libraries that print must not garble the answers")

    def prepare_sequence(self, _):
        print("libraries that print must not garble the answers")

    def reconstruct(self, x):
        return sequences.forward(self.job, self.job.initial_weights(), x)

    def prepare_product(self, job):
        self.parts = {part: base.Part(lambda: time.sleep(0.02), times=10) for part in job["parts"]}

    def prepare_pair(self, _):
        raise base.Unsupported("is alone")

    def run(self):
        time.sleep(0.01)

    def weights(self):
        return self.job.initial_weights()
