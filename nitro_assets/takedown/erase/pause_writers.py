"""Writers kept quiet: an erasure holds every asset's pool, so that no run of Dagster's writes meanwhile.

A run that is under way is waited for; its videos are quarantined all the while. Where the erasure is killed, the slots
are taken over when it is started again, since they are claimed in the name of its request.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from nitro_assets.assets import ASSETS

STEP = "takedown"


@contextmanager
def pause_writers(instance: dg.DagsterInstance, request: str, wait_seconds: float = 6 * 3600) -> Iterator[None]:
    """Hold the pools of all assets that write videos. Raises `TimeoutError` that names the one that stays busy."""
    storage, name = instance.event_log_storage, f"takedown-{request}"
    until = time.monotonic() + wait_seconds
    storage.free_concurrency_slots_for_run(name)
    try:
        for pool in (a for a in ASSETS if not a.startswith("takedown")):
            if instance.global_op_concurrency_default_limit is not None:
                storage.initialize_concurrency_limit_to_default(pool)
            elif pool not in storage.get_concurrency_keys():
                storage.set_concurrency_slots(pool, 1)  # of a pool without a limit nothing could be held
            for slot in range(storage.get_concurrency_info(pool).slot_count):
                while not storage.claim_concurrency_slot(pool, name, f"{STEP}-{slot}").is_claimed:
                    if time.monotonic() > until:
                        raise TimeoutError(f"pool {pool} stays busy: a run holds it; end that run and start again.")
                    time.sleep(1)
        yield
    finally:
        storage.free_concurrency_slots_for_run(name)
