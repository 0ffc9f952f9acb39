"""Policies at play: the benchmarks, and their recordings, trainings that are kept, labels, peers, scores."""
