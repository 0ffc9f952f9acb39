"""The labelled videos whose footage lies beside their labels, in `footage/` under `NITRO_NITROGEN`."""

from pathlib import Path

from nitro_assets.identity import canonical_name, video_key
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_ml.nitrogen.footage import footage


def footage_files(lake: Lake, settings: Settings) -> dict[str, Path]:
    """The files by video key, blocked videos' too. Rows of older lakes don't hold the id that the metadata gave: there
    it has to be one that makes the key."""
    files = footage(settings.nitrogen)
    if not files:
        return {}
    rows = lake.stored("nitrogen_videos").select("video_key", "source", "video_id").unique().collect()
    found: dict[str, Path] = {}
    for source in rows.filter(rows["video_id"].is_null())["source"].unique():
        keys = {video_key(lake.secret, canonical_name(source, name, "")): path for name, path in files.items()}
        found |= {key: keys[key] for key in rows["video_key"] if key in keys}
    return found | {key: files[name] for key, _, name in rows.drop_nulls("video_id").iter_rows() if name in files}
