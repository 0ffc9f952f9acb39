"""The blocklist: which videos no reader returns and no writer accepts.

It knows a video by a second keyed hash of its key, so that the key itself can be gone from the lake altogether and the
video is still refused for ever.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from nitro_assets.identity import block_key


@dataclass(frozen=True)
class Blocklist:
    """`block_keys` and `channels` are `identity.block_key` of video and channel keys; asked with those keys.

    A whole channel is blocked with all its videos, of now and of later, where a table says whose a video is.
    """

    secret: bytes
    block_keys: frozenset[str]
    channels: frozenset[str] = frozenset()

    def __contains__(self, video_key: object) -> bool:
        return isinstance(video_key, str) and block_key(self.secret, video_key) in self.block_keys

    def __len__(self) -> int:
        return len(self.block_keys)

    def among(self, video_keys: Iterable[str | None]) -> frozenset[str]:
        """Those of the video keys that are blocked."""
        return (
            frozenset(key for key in set(video_keys) if key is not None and key in self)
            if self.block_keys
            else frozenset()
        )

    def of_channels(self, rows: pl.DataFrame) -> frozenset[str]:
        """The video keys among the rows whose channel is blocked."""
        if not self.channels or "channel_key" not in rows.columns:
            return frozenset()
        return frozenset(rows.filter(~self.allows_channel())["video_key"])

    def allows_channel(self) -> pl.Expr:
        """A filter on the column `channel_key`; a video of no known channel is allowed."""

        def allowed(keys: pl.Series) -> pl.Series:
            blocked = [k for k in keys.unique().drop_nulls() if block_key(self.secret, k) in self.channels]
            return ~keys.is_in(blocked).fill_null(False)

        return pl.col("channel_key").map_batches(allowed, return_dtype=pl.Boolean, is_elementwise=True)

    def allows(self) -> pl.Expr:
        """A filter on the column `video_key`; rows of no single video (null) are allowed."""

        def allowed(keys: pl.Series) -> pl.Series:
            return ~keys.is_in(list(self.among(keys.unique()))).fill_null(False)

        return pl.col("video_key").map_batches(allowed, return_dtype=pl.Boolean, is_elementwise=True)
