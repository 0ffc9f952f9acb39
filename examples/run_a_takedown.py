"""A whole takedown on a small lake of its own: two videos, one of which its creator asks to remove.

Example: python examples/run_a_takedown.py
"""

import tempfile
from pathlib import Path

import polars as pl

from nitro_assets.identity import name_of, shard_of, video_key
from nitro_assets.lake.ledger.signing import Signer
from nitro_assets.lake.schemas import TABLES
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.approve import approve, register
from nitro_assets.takedown.intake.ownership import vouch
from nitro_assets.takedown.intake.take_in import request
from nitro_assets.takedown.requests import find
from nitro_assets.takedown.scan.ledger_check import verify
from nitro_assets.takedown.workflow import carry_on

MINE, THEIRS = "https://www.youtube.com/watch?v=AAAAAAAAAAA", "https://www.youtube.com/watch?v=BBBBBBBBBBB"


def main(home: Path) -> None:
    settings = Settings(
        lake=str(home / "lake"),
        nitrogen=str(home / "nitrogen"),
        cache=str(home / "cache"),
        secret_file=home / "secret",
        inbox=home / "inbox",
        exports=home / "exports",
    )
    lake = Lake(settings)
    keys = [video_key(settings.secret, name_of(address)) for address in (MINE, THEIRS)]
    for shard in {shard_of(key, lake.corpus_shards) for key in keys}:
        lake.write("label_segments", shard, segments([k for k in keys if shard_of(k, lake.corpus_shards) == shard]))
    print("videos before:", videos(lake))

    asked = request(lake, settings, [MINE], reason="asked by its creator")
    print(f"1. {asked.state}; readers see", videos(lake), "video")

    print("2.", vouch(lake, asked.id).state)  # or the creator puts the token into the video's description

    plan = carry_on.plan(lake, settings, asked.id)
    print("3. planned:", ", ".join(f"{held.rows} rows of {held.table}" for held in plan.holdings))

    for person in ("anna", "bert"):  # two different people, each with a key file of their own
        own = settings.model_copy(update={"approver_key": home / f"{person}.key"})
        register(lake, Signer.of(own.own_approver_key).public)
        approve(lake, own, asked.id, plan.hash)
    print("4.", find(lake, asked.id).state)

    print("5. erased and", carry_on.erase_approved(lake, settings, asked.id).state)

    carry_on.carry_on(lake, settings)  # nothing has to be made again here, so that the report is written
    print("6.", find(lake, asked.id).state)

    proof = verify(Path(lake.root))
    print(f"7. the ledger and {proof.reports} report hold; videos after:", videos(lake))


def segments(keys: list[str]) -> pl.DataFrame:
    """Three segments of each video."""
    given = [{"video_key": key, "segment": n, "keep": True, "reason": "play"} for key in keys for n in range(3)]
    columns = {name: kind for name, kind in TABLES["label_segments"].columns.items() if name != "corpus_shard"}
    return pl.DataFrame([dict.fromkeys(columns) | row for row in given], schema=columns)


def videos(lake: Lake) -> int:
    return int(lake.read("label_segments").select(pl.n_unique("video_key")).collect().item())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="nitro-takedown-") as folder:
        main(Path(folder))
