"""Who takes part."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contestant:
    """One program that does the jobs.

    Attributes
    ----------
    name : str
        What ``--peers`` calls it.
    title : str
        What the report calls it.
    module : str
        Where its class `Peer` is.
    ours : bool
        Whether it runs in this Python; else in that of ``--peers-python``.
    tensorflow : bool
        Whether it runs in that of ``--tensorflow-python`` instead.
    threads : tuple of str
        With how many threads it may run: "one", "all".
    """

    name: str
    title: str
    module: str
    ours: bool = False
    tensorflow: bool = False
    threads: tuple[str, ...] = ("one", "all")


_HERE = "benchmarks.speed.peers"
OURS = Contestant("nnlite", "nnlite", f"{_HERE}.ours", ours=True)
BLAS = Contestant("blas", "NumPy's BLAS", f"{_HERE}.blas", ours=True)
OUR_NEIGHBORS = Contestant("nnlite", "nnlite", f"{_HERE}.our_neighbors", ours=True)
PEERS = (
    Contestant("torch", "PyTorch eager", f"{_HERE}.torch_eager"),
    Contestant("torch-compile", "PyTorch compiled", f"{_HERE}.torch_compiled"),
    Contestant("keras", "Keras on JAX", f"{_HERE}.keras_jax"),
    Contestant("keras-tensorflow", "Keras on TensorFlow", f"{_HERE}.keras_tensorflow", tensorflow=True),
    Contestant("jax", "JAX program", f"{_HERE}.jax_scan"),
    Contestant("sklearn", "scikit-learn", f"{_HERE}.sklearn_mlp"),
    Contestant("sklearn-brute", "scikit-learn brute force", f"{_HERE}.sklearn_brute"),
    Contestant("sklearn-tree", "scikit-learn ball tree", f"{_HERE}.sklearn_tree"),
    Contestant("faiss", "FAISS IndexFlatL2", f"{_HERE}.faiss_flat"),
    Contestant("onnxruntime", "ONNX Runtime", f"{_HERE}.onnx_runtime"),
    Contestant("c", "C program", f"{_HERE}.c_program", ours=True, threads=("one",)),
    BLAS,
)
