"""NitroGen's released weights: read without running anything in them, played, fine-tuned and written back."""
