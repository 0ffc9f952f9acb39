"""nitro_ml: pixels in, actions out. Knows no Dagster, no lake, no takedown; usable alone."""
