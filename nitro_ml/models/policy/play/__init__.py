"""A policy at play: whole episodes, live or paused, scored and filmed."""
