"""Clips for workers: loaded or fetched again, those of a mixture, and trainings on them."""
