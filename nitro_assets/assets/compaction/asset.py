"""Compaction merges small files of the tables, and removes files that were replaced more than a week ago.

Rows and versions stay the same, so that nothing becomes stale. A partition that a worker holds is left for another
time.
"""

from nitro_assets.assets.declare import Asset

ASSET = Asset(
    __doc__,
    "compaction",
    "none",
    code="1",
    turn=2,
    group="lake",
    kinds={"deltalake"},
    checks={"nothing_crowded": "No partition has many small files."},
)
