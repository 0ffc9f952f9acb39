"""What the takedown and lake benchmarks share."""
