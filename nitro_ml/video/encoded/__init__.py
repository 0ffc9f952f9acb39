"""Footage for training, compressed: short groups of H.264 in RGB, one file a clip, of which any window is decoded."""
