"""The inverse dynamics model: which inputs led from one frame to the next."""
