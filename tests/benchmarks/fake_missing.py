"""A contestant whose library is not installed."""

from benchmarks.speed.peers import base


class Peer(base.Peer):
    def prepare_train(self, _):
        import a_library_that_nobody_has  # noqa: F401
