"""Start, memory, size and throughput of each way to run a fitted detector."""
