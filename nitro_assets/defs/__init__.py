"""What exists, from what, when. Thin: nothing here imports torch, and workers are started by name, never imported."""

from nitro_assets.defs.compaction import compact_nightly
from nitro_assets.defs.nightly import index_nightly, relabel_nightly
from nitro_assets.defs.shards import nitrogen_shards
from nitro_assets.defs.takedown import audit_nightly
from nitro_assets.defs.takedown_sensors import takedown_clock, takedown_inbox, takedown_issues

SENSORS = (nitrogen_shards, takedown_inbox, takedown_issues, takedown_clock)
SCHEDULES = (audit_nightly, compact_nightly, index_nightly, relabel_nightly)
