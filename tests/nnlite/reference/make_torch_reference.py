"""Compute the outputs of PyTorch modules, and write them with their weights to ``torch_weights.safetensors``.

Run from the root of the repository, in an environment that holds PyTorch and safetensors::

    python -m tests.nnlite.reference.make_torch_reference

Inputs and outputs stand in the same file, under the names ``x.KIND`` and ``y.KIND``; channels are first, as there.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

FILE = Path(__file__).with_name("torch_weights.safetensors")

# The module and the shape of its input, channels first; series of recurrent layers are (rows, steps, features).
CASES = {
    "linear": (lambda: nn.Linear(4, 3), (4,)),
    "embedding": (lambda: nn.Embedding(5, 3), None),
    "conv1d": (lambda: nn.Conv1d(4, 6, 3, stride=2, groups=2), (4, 9)),
    "conv2d": (lambda: nn.Conv2d(2, 3, (2, 3)), (2, 6, 5)),
    "conv1d_transpose": (lambda: nn.ConvTranspose1d(4, 3, 3, stride=2), (4, 5)),
    "conv2d_transpose": (lambda: nn.ConvTranspose2d(2, 3, (2, 3), stride=2), (2, 3, 4)),
    "batch_norm": (lambda: nn.BatchNorm1d(4), (4,)),
    "layer_norm": (lambda: nn.LayerNorm(4), (4,)),
    "rnn": (lambda: nn.RNN(3, 4, batch_first=True), (5, 3)),
    "lstm": (lambda: nn.LSTM(3, 4, batch_first=True), (5, 3)),
    "gru": (lambda: nn.GRU(3, 4, batch_first=True), (5, 3)),
    "gru_both": (lambda: nn.GRU(3, 4, batch_first=True, bidirectional=True), (5, 3)),
    "lstm_both": (lambda: nn.LSTM(3, 4, batch_first=True, bidirectional=True, bias=False), (5, 3)),
}


def main():
    """Write the file."""
    torch.manual_seed(0)
    tensors = {}
    for name, (make, shape) in CASES.items():
        module = make()
        # Running averages and scales begin as zeros and ones, which would hide errors.
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor += 0.1 * torch.rand(tensor.shape)
        x = torch.randn(3, *shape) if shape else torch.tensor([[0, 4], [3, 1]])
        module.eval()
        with torch.no_grad():
            y = module(x)
        tensors |= {f"{name}.{key}": value for key, value in module.state_dict().items()}
        tensors |= {f"x.{name}": x, f"y.{name}": y[0] if isinstance(y, tuple) else y}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, FILE, {"torch": torch.__version__})


if __name__ == "__main__":
    main()
