"""Clears the retry back-off of videos that could not be fetched, as after renewing cookies."""

from dataclasses import replace
from datetime import UTC, datetime

from nitro_assets.lineage.backoff import BACKOFF, TABLE
from nitro_assets.lineage.state import State


def clear_backoff(state: State) -> int:
    """Let no video wait any longer, so that whatever runs next tries it again; how many there were."""
    now = datetime.now(UTC).replace(microsecond=0)
    rows = state.lake.read(TABLE).with_columns(until=now).collect()
    for (name,), part in rows.partition_by("scope", as_dict=True).items():
        state.lake.write(TABLE, str(name), part)
    for record in state.records.values():
        if known := record.components.get(BACKOFF):
            at_once = {**known, "until": now.isoformat()}
            state.record(replace(record, components={**record.components, BACKOFF: at_once}))
    return rows.height
