"""What the policy benchmarks share: recordings, trainings that are kept, labels, peers, scores."""
