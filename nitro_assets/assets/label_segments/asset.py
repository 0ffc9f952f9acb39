"""Segments say which stretches of a pseudo-labelled video are worth training on, and why the others are not.

The table has one row for each segment, which is kept (play) or dropped (idle, menu, loading, cut scene, death, intro,
face, input display, low confidence, implausible). The worker decides from the inferred inputs and the features of the
picture that `pseudo_labels` holds; no video is fetched again. docs/concepts/segments.md says how well this works.
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
