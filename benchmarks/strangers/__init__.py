"""Other people's videos and pages, made here with what is right for each, and the benchmarks on them."""
