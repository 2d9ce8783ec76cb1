"""The networks on series as PyTorch has them."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from benchmarks.speed.sequences import DROPOUT, KERNEL_SIZE, SequenceJob


def build(job: SequenceJob) -> Recurrent | Convolutional:
    """Return the network of a job, with any weights."""
    return Recurrent(job) if job.kind == "lstm" else Convolutional(job)


class Recurrent(nn.Module):
    """Two `nn.LSTM`s and a `nn.Linear`. Of an LSTM's two biases one stays zero: Keras's has one."""

    def __init__(self, job: SequenceJob) -> None:
        super().__init__()
        first, second = job.units
        self.steps = job.steps
        self.encoder = nn.LSTM(job.features, first, batch_first=True)
        self.decoder = nn.LSTM(first, second, batch_first=True)
        self.output = nn.Linear(second, job.features)
        for lstm in (self.encoder, self.decoder):
            lstm.bias_hh_l0.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the reconstruction of windows, shape (batch, steps, features)."""
        _, (state, _) = self.encoder(x)
        code = state[-1].unsqueeze(1).expand(-1, self.steps, -1)
        return self.output(self.decoder(code)[0])

    def set_weights(self, arrays: list[np.ndarray]) -> None:
        """Take Keras's weights; the gates have the same order."""
        for lstm, (kernel, recurrent, bias) in ((self.encoder, arrays[:3]), (self.decoder, arrays[3:6])):
            lstm.weight_ih_l0.copy_(torch.from_numpy(kernel.T))
            lstm.weight_hh_l0.copy_(torch.from_numpy(recurrent.T))
            lstm.bias_ih_l0.copy_(torch.from_numpy(bias))
            lstm.bias_hh_l0.zero_()
        self.output.weight.copy_(torch.from_numpy(arrays[6].T))
        self.output.bias.copy_(torch.from_numpy(arrays[7]))

    def tensor(self, x: np.ndarray) -> torch.Tensor:
        """Return windows as the network takes them."""
        return torch.from_numpy(x)

    def array(self, y: torch.Tensor) -> np.ndarray:
        """Return reconstructions as everyone has them."""
        return y.numpy()


class Convolutional(nn.Module):
    """`nn.Conv1d` and `nn.ConvTranspose1d` with the padding of half a kernel, channels before steps.

    With stride 2 Keras pads one zero more after a series than before it, and PyTorch one more before it than is used
    after it. So the series runs backwards here, and so do the kernels: the same network, and no copy to pad anything.
    """

    def __init__(self, job: SequenceJob) -> None:
        super().__init__()
        a, b, c, d = job.units
        half = KERNEL_SIZE // 2
        narrow = {"stride": 2, "padding": half}
        widen = {**narrow, "output_padding": 1}
        self.network = nn.Sequential(
            nn.Conv1d(job.features, a, KERNEL_SIZE, **narrow), nn.ReLU(), nn.Dropout(DROPOUT),
            nn.Conv1d(a, b, KERNEL_SIZE, **narrow), nn.ReLU(),
            nn.ConvTranspose1d(b, c, KERNEL_SIZE, **widen), nn.ReLU(), nn.Dropout(DROPOUT),
            nn.ConvTranspose1d(c, d, KERNEL_SIZE, **widen), nn.ReLU(),
            nn.ConvTranspose1d(d, job.features, KERNEL_SIZE, padding=half),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the reconstruction of windows, shape (batch, features, steps)."""
        return self.network(x)

    def set_weights(self, arrays: list[np.ndarray]) -> None:
        """Take Keras's weights: (kernel, in, out), or (kernel, out, in) where it is transposed."""
        layers = [layer for layer in self.network if isinstance(layer, (nn.Conv1d, nn.ConvTranspose1d))]
        for layer, kernel, bias in zip(layers, arrays[::2], arrays[1::2], strict=True):
            layer.weight.copy_(torch.from_numpy(kernel[::-1].transpose(2, 1, 0).copy()))
            layer.bias.copy_(torch.from_numpy(bias))

    def tensor(self, x: np.ndarray) -> torch.Tensor:
        """Return windows as the network takes them."""
        return torch.from_numpy(x[:, ::-1].transpose(0, 2, 1).copy())

    def array(self, y: torch.Tensor) -> np.ndarray:
        """Return reconstructions as everyone has them."""
        return y.numpy().transpose(0, 2, 1)[:, ::-1]
