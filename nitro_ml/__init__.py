"""nitro_ml: pixels in, actions out. Knows no Dagster, no lake, no takedown; usable alone."""

import os

# Huge pages for large tensors, read as torch is imported: a training on a CPU else spends an eighth of its time on page
# faults.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
