"""The jobs, one idea a file. Each is a function of the settings that returns a `JobResult`."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.speed.figures import JobResult
from benchmarks.speed.jobs.growth import growth
from benchmarks.speed.jobs.inference import predict_many, predict_one
from benchmarks.speed.jobs.live import live
from benchmarks.speed.jobs.memory import memory
from benchmarks.speed.jobs.neighbors import neighbors
from benchmarks.speed.jobs.pair import two_fits
from benchmarks.speed.jobs.products import products
from benchmarks.speed.jobs.series import train_conv, train_lstm
from benchmarks.speed.jobs.start import first_fit, import_time, small_processes
from benchmarks.speed.jobs.training import train_large, train_middle, train_small
from benchmarks.speed.jobs.whole import fit_large, score_csv
from benchmarks.speed.rounds import Settings

JOBS: dict[str, Callable[[Settings], JobResult]] = {
    "train-small": train_small,
    "train-middle": train_middle,
    "train-large": train_large,
    "train-lstm": train_lstm,
    "train-conv": train_conv,
    "gemm": products,
    "predict-one": predict_one,
    "predict-many": predict_many,
    "neighbors": neighbors,
    "two-fits": two_fits,
    "import": import_time,
    "first-fit": first_fit,
    "start": small_processes,
    "score-csv": score_csv,
    "fit-large": fit_large,
    "live": live,
    "growth": growth,
    "memory": memory,
}
