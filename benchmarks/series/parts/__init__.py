"""The parts of the benchmark: series to run detectors on, and what is measured there."""
