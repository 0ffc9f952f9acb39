"""Takedowns: the benchmarks, and what those of the lake share with them."""
