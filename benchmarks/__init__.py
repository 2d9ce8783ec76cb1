"""Benchmarks of speed, detection and documentation; nothing here is part of the packages."""
