"""Which stretches of a labelled video are worth training on, and why the others are not."""
