"""``python -m benchmarks``: list the benchmarks, or run one of them."""

from __future__ import annotations

import sys
from importlib import import_module

COMMANDS = {
    "speed": "training, matrix products, inference and start-up against PyTorch, Keras, JAX, ONNX Runtime and C",
    "quality": "detection in tables of many kinds, real and made up, against PyOD and scikit-learn",
    "series": "detection in series of many families, real and made up, against TSB-AD, stumpy and scikit-learn",
    "promises": "simulations of the numbers in docstrings, help texts and the README",
    "fuzz": "random models: backends, gradients, batches, files, configurations and evaluations against each other",
    "house": "the structure of the packages: imports, lengths, and the files a run enters",
    "keras-suite": "Keras's own unit tests, run on nnlite in a Python with Keras",
    "deploy": "start, memory, size and throughput of each way to run a detector: Python, service, ONNX, C",
    "c": "size and time of a dense network in C, beside emlearn and m2cgen",
    "waiting": "the cost of progress, and how late the score of a live row is",
    "golden": "scores of many settings, bit for bit against another version",
}
_MODULES = {
    "golden": "benchmarks.golden",
    "waiting": "benchmarks.waiting",
    "keras-suite": "benchmarks.keras_suite.command",
}


def main(arguments: list[str]) -> int:
    """Run the benchmark that the first argument names."""
    if arguments and arguments[0] in COMMANDS:
        module = _MODULES.get(arguments[0], f"benchmarks.{arguments[0]}.command")
        try:
            command = import_module(module).main
        except ModuleNotFoundError as error:
            print(f"{arguments[0]} needs {error.name}, which is not installed: pip install '.[test]'", file=sys.stderr)
            return 2
        return command(arguments[1:]) or 0
    print("usage: python -m benchmarks NAME [options]     (NAME --help lists the options)\n\nbenchmarks:")
    for name, text in COMMANDS.items():
        print(f"  {name:12} {text}")
    if not arguments or arguments[0] in ("-h", "--help"):
        return 0
    print(f"\nthere is no benchmark {arguments[0]!r}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
