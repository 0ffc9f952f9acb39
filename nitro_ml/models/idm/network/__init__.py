"""The parts of the inverse dynamics model: what sees a frame, and what looks along the frames."""
