"""Benchmarks: this product beside a hand-written application on the same data, in the same run."""
