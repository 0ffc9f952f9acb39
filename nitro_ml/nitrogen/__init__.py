"""NitroGen's own layout, read as it is published: shards of 20 s chunks, as folders or `.tar.gz`, local or remote.

Source: NitroGen dataset card (nvidia/NitroGen) and paper (arXiv 2601.02427). Labels only, CC-BY-NC-4.0.

Here: which shards there are, and what they are; light. Their chunks are read by `reader.read_shard`.
"""

from nitro_ml.nitrogen.shards import NitrogenError, Shard, find, fingerprint, listing, pick, shards

__all__ = ["NitrogenError", "Shard", "find", "fingerprint", "listing", "pick", "shards"]
