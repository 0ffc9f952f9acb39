"""Takedown: a video, and all that came from it, is taken out on request, and that is proven."""
