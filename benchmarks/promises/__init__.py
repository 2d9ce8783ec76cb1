"""What the documentation promises, simulated: ``python -m benchmarks promises``."""
