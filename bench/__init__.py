"""Benchmarks: each is a command that prints what it measured, as ratios within one run where speed is the question."""
