"""PyTorch as it is usually written: a module, autograd, `torch.optim.Adam`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.speed.networks import Weights
from benchmarks.speed.peers import base, torch_sequences


class Peer(base.Peer):
    """The records are one tensor, put in a new order once an epoch: a DataLoader would cost more than training."""

    packages = ("torch",)
    adams = ("fused", "foreach", "single tensor")

    def prepare_train(self, _: dict[str, Any]) -> None:
        """Try the three forms of Adam, and keep the fastest."""
        self._set_threads()
        self.tensor = torch.from_numpy(self.x)
        self._build()
        self.step = self.make_step()
        self._choose_adam()

    def prepare_sequence(self, _: dict[str, Any]) -> None:
        """Try the steps there are and the three forms of Adam, and keep the fastest."""
        self._set_threads()
        torch.manual_seed(0)
        self.model = torch_sequences.build(self.job)
        self.tensor = self.model.tensor(self.x)
        self.adam, self.epochs = self.adams[0], 1
        steps = self.make_sequence_steps()

        def candidate(step: Callable[[torch.Tensor], None]) -> Callable[[], None]:
            def go() -> None:
                self.step = step
                self.reset()
                self.run()

            return go

        chosen = self.fastest({name: candidate(step) for name, step in steps.items()})
        self.step = steps[chosen]
        self._choose_adam()
        self.note = f"{self.note}{', ' * bool(chosen)}{chosen}"

    def make_sequence_steps(self) -> dict[str, Callable[[torch.Tensor], None]]:
        """Return the ways to compute the gradients of a batch of windows: with oneDNN, and without."""
        step = self.make_step()

        def without(batch: torch.Tensor) -> None:
            with torch.backends.mkldnn.flags(enabled=False):
                step(batch)

        return {"oneDNN": step, "no oneDNN": without}

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """Return what the network makes of windows."""
        self.model.eval()
        with torch.inference_mode():
            found = self.model.array(self.model(self.model.tensor(x)))
        self.model.train()
        return found

    def _choose_adam(self) -> None:
        self.epochs = max(1, self.job.epochs // 10)

        def candidate(adam: str) -> Callable[[], None]:
            def go() -> None:
                self.adam = adam
                self.reset()
                self.run()

            return go

        self.adam = self.fastest({adam: candidate(adam) for adam in self.adams})
        self.epochs = self.job.epochs
        self.note = f"{self.adam} Adam"

    def _set_threads(self) -> None:
        if base.one_thread():
            torch.set_num_threads(1)

    def _build(self) -> None:
        torch.manual_seed(0)
        layers: list[torch.nn.Module] = []
        for number, (kernel, _) in enumerate(self.job.initial_weights()):
            layers += [torch.nn.ReLU()] if number else []
            layers.append(torch.nn.Linear(*kernel.shape))
        if self.job.output == "sigmoid":
            layers.append(torch.nn.Sigmoid())
        self.model = torch.nn.Sequential(*layers)
        self.linear = [layer for layer in layers if isinstance(layer, torch.nn.Linear)]
        self._set_weights()

    def _set_weights(self) -> None:
        with torch.no_grad():
            if self.kind == "sequence":
                self.model.set_weights(self.job.initial_weights())
                return
            for layer, (kernel, bias) in zip(self.linear, self.job.initial_weights(), strict=True):
                layer.weight.copy_(torch.from_numpy(kernel.T))
                layer.bias.copy_(torch.from_numpy(bias))

    def _make_optimizer(self) -> torch.optim.Optimizer:
        forms = {"fused": {"fused": True}, "foreach": {"foreach": True}, "single tensor": {"foreach": False}}
        return torch.optim.Adam(self._trained(), lr=1e-3, eps=1e-7, **forms[self.adam])

    def _trained(self) -> list[torch.nn.Parameter]:
        return [one for one in self.model.parameters() if one.requires_grad]

    def make_step(self) -> Callable[[torch.Tensor], None]:
        """Return what computes the gradients of a batch."""
        model, mse = self.model, torch.nn.functional.mse_loss

        def step(batch: torch.Tensor) -> None:
            mse(model(batch), batch).backward()

        return step

    def reset(self) -> None:
        """Go back to the first weights and a fresh optimizer."""
        self._set_weights()
        self.optimizer = self._make_optimizer()

    def run(self) -> None:
        """Train."""
        step, optimizer = self.step, self.optimizer
        for _ in range(self.epochs):
            shuffled = self.tensor[torch.randperm(self.job.rows)]
            for batch in shuffled.split(self.job.batch):
                optimizer.zero_grad()
                step(batch)
                optimizer.step()

    def weights(self) -> Weights | None:
        """Return kernels and biases."""
        return [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in self.linear]

    def prepare_predict(self, rows: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return inference on arrays, without recording anything for gradients."""
        self._set_threads()
        self._build()
        model = self.model.eval()
        # Pieces that stay in the cache are faster than all rows at once: the best size is tried out.
        return self._in_pieces(model, rows)

    def _in_pieces(
        self, model: Callable[[torch.Tensor], torch.Tensor], rows: int
    ) -> Callable[[np.ndarray], np.ndarray]:
        def with_size(size: int) -> Callable[[np.ndarray], np.ndarray]:
            @torch.inference_mode()
            def predict(x: np.ndarray) -> np.ndarray:
                tensor = torch.from_numpy(x)
                if size >= len(tensor):
                    return model(tensor).numpy()
                return torch.cat([model(piece) for piece in tensor.split(size)]).numpy()

            return predict

        sizes = {f"{size} rows a call": with_size(size) for size in ({1} if rows == 1 else {rows, 8192, 1024})}
        self.note = self.fastest({name: lambda f=predict: f(self.x) for name, predict in sizes.items()})
        return sizes[self.note]
