"""Labelling, on this machine and on Ray: the benchmarks, what they share, and two parts of them."""
