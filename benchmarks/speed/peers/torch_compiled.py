"""PyTorch with `torch.compile`: forward, loss and backward compiled, and Adam's step too."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.speed.peers import base, torch_eager


class Peer(torch_eager.Peer):
    """As eager, with the loss (and, as one candidate, the optimizer's step) compiled by Inductor."""

    adams = ("fused", "compiled")

    def prepare_train(self, job: dict[str, Any]) -> None:
        """Compile the loss of a full batch and of the short last one."""
        _check_compiler()
        super().prepare_train(job)

    def prepare_sequence(self, job: dict[str, Any]) -> None:
        """Compile the loss of a full batch and of the short last one."""
        _check_compiler()
        super().prepare_sequence(job)

    def make_sequence_steps(self) -> dict[str, Callable[[torch.Tensor], None]]:
        """Return the compiled step. It calls the library's LSTM.

        Taken apart (`allow_rnn`) an LSTM does not compile with oneDNN (PyTorch 2.13), and without it not within six
        minutes where this was written.
        """
        return {"": self.make_step()}

    def make_step(self) -> Callable[[torch.Tensor], None]:
        """Return what computes the gradients of a batch."""
        model, mse = self.model, torch.nn.functional.mse_loss
        loss = torch.compile(lambda batch: mse(model(batch), batch), dynamic=False)

        def step(batch: torch.Tensor) -> None:
            loss(batch).backward()

        return step

    def _make_optimizer(self) -> torch.optim.Optimizer:
        if self.adam == "fused":
            return super()._make_optimizer()
        # Compiled once: a fresh optimizer would be compiled afresh, so its state is emptied instead.
        if not hasattr(self, "_compiled_adam"):
            optimizer = torch.optim.Adam(self._trained(), lr=1e-3, eps=1e-7)
            optimizer.step = torch.compile(optimizer.step)  # type: ignore[method-assign]
            self._compiled_adam = optimizer
        for state in self._compiled_adam.state.values():
            for tensor in state.values():
                tensor.zero_()
        return self._compiled_adam

    def prepare_predict(self, rows: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return compiled inference on arrays."""
        _check_compiler()
        self._set_threads()
        self._build()
        return self._in_pieces(torch.compile(self.model.eval(), dynamic=False), rows)


def _check_compiler() -> None:
    if not any(map(shutil.which, ("g++", "c++", "clang++", "cl"))):
        raise base.Unsupported("torch.compile needs a C++ compiler, and there is none")
