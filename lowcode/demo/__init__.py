"""Invented data for the health-centre templates: for demonstrations, tests and benchmarks, with nothing real in it."""
