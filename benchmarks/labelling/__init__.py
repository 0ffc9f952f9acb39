"""What the labelling benchmarks share, and two parts of them."""
