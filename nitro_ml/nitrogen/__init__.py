"""NitroGen's own layout, read as it is published: shards of 20 s chunks, as folders or `.tar.gz`, local or remote.

Source: NitroGen dataset card (nvidia/NitroGen) and paper (arXiv 2601.02427). Labels only, CC-BY-NC-4.0.
"""

from nitro_ml.nitrogen.chunk import Area, Chunk, Reject
from nitro_ml.nitrogen.reader import read_shard
from nitro_ml.nitrogen.shards import NitrogenError, Shard, find, fingerprint, listing, pick, shards

__all__ = [
    "Area",
    "Chunk",
    "NitrogenError",
    "Reject",
    "Shard",
    "find",
    "fingerprint",
    "listing",
    "pick",
    "read_shard",
    "shards",
]
