"""Segments: which stretches of a pseudo-labelled video are worth training on, and why the others aren't.

What: one row a segment: keep (play) or drop (idle, menu, loading, cut scene, death, intro, face, input display, low
confidence, implausible), judged by the inferred inputs and the picture's features; nothing is fetched again. How well:
docs/concepts/segments.md.
Source: `pseudo_labels`. Partitions: hash buckets of the video key.
"""

from nitro_assets.assets.declare import Asset, Reads

ASSET = Asset(
    __doc__,
    "label_segments",
    "corpus_shard",
    code="3",
    reads=(Reads("pseudo_labels"),),
    group="labels",
    kinds={"polars", "deltalake"},
    checks={"segments_cover_the_labels": "Every labelled frame lies in exactly one segment."},
    source=lambda state, _: {"risk": state.settings.risk},
)
