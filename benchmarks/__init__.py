"""Measurements beside named peers, each repeated by one command: ``python -m benchmarks``."""
