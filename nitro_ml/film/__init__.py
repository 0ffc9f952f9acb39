"""A video file as its container describes it: which stream is the film, when each frame is shown and how, and whether
all of it is there."""
