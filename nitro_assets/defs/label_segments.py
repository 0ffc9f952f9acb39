"""Segments: which stretches of a pseudo-labelled video are worth training on, and why the others aren't.

What: one row a segment: keep (play) or drop (idle, menu, loading, cut scene, death, intro, face, input display, low
confidence, implausible), judged by the inferred inputs and the picture's features; nothing is fetched again. How well:
docs/segments.md.
Source: `pseudo_labels`. Partitions: hash buckets of the video key.
"""

from nitro_assets.defs.worker_asset import worker_asset

label_segments = worker_asset(
    __doc__,
    "label_segments",
    kinds={"polars", "deltalake"},
    group="labels",
    checks={"segments_cover_the_labels": "Every labelled frame lies in exactly one segment."},
)
