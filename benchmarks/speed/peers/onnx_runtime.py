"""ONNX Runtime: inference with a graph of Gemm and Relu."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.speed.networks import TrainingJob
from benchmarks.speed.peers import base


class Peer(base.Peer):
    """All graph optimizations on; `run`, or bound inputs and outputs, whichever is faster."""

    packages = ("onnxruntime",)

    def prepare_predict(self, rows: int) -> Callable[[np.ndarray], np.ndarray]:
        """Make a session and return what runs it."""
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.intra_op_num_threads = 1 if base.one_thread() else 0
        session = onnxruntime.InferenceSession(_graph(self.job), options, providers=["CPUExecutionProvider"])
        names, run = ["y"], session.run

        def plain(x: np.ndarray) -> np.ndarray:
            return run(names, {"x": x})[0]

        bound_in = np.zeros((rows, self.job.sizes[0]), np.float32)
        bound_out = np.zeros((rows, self.job.sizes[-1]), np.float32)
        binding = session.io_binding()
        binding.bind_cpu_input("x", bound_in)
        shape, pointer = bound_out.shape, bound_out.ctypes.data
        binding.bind_output("y", "cpu", 0, np.float32, shape, pointer)

        def bound(x: np.ndarray) -> np.ndarray:
            bound_in[...] = x
            session.run_with_iobinding(binding)
            return bound_out.copy()

        ways = {"run": plain, "bound buffers": bound}
        repeats = 200 if rows == 1 else 1
        self.note = self.fastest(
            {name: lambda f=way: [f(self.x) for _ in range(repeats)] for name, way in ways.items()}
        )
        return ways[self.note]


def _graph(job: TrainingJob) -> bytes:
    """Return the network of a job as an ONNX model."""
    nodes, constants, last = [], [], "x"
    weights = job.initial_weights()
    for number, (kernel, bias) in enumerate(weights):
        names = f"W{number}", f"b{number}"
        constants += [numpy_helper.from_array(array, name) for array, name in zip((kernel, bias), names, strict=True)]
        final = number == len(weights) - 1
        nodes.append(helper.make_node("Gemm", [last, *names], ["y" if final else f"z{number}"]))
        last = f"h{number}"
        if not final:
            nodes.append(helper.make_node("Relu", [f"z{number}"], [last]))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, job.sizes[0]])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, job.sizes[-1]])
    model = helper.make_model(
        helper.make_graph(nodes, "network", [x], [y], constants), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model.SerializeToString()
