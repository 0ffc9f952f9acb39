"""Lakes that were made before a video could have several names, brought up to date by whoever takes requests in.

The index's videos keep their keys. What their addresses are called now is written beside them, so that a request in any
spelling finds them; requests that were not carried out yet are read again, since under the old names some of them took
nothing out; and video keys go out of sentences, where an erasure would leave them.
"""

import logging

import polars as pl
from deltalake import CommitProperties

from nitro_assets.identity import names_by, video_key
from nitro_assets.lake.delta import delta
from nitro_assets.lake.delta.table_lock import table_lock
from nitro_assets.lake.known import TABLE, known
from nitro_assets.lake.schemas import SENTENCES, TABLES
from nitro_assets.lake.store import NAMES, Lake
from nitro_assets.lineage.state import scope
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.ask import Ask, read_ask
from nitro_assets.takedown.quarantine import extend
from nitro_assets.takedown.requests import OPEN, Request, requests

LIKE_A_KEY = "[0-9a-f]{32}"
log = logging.getLogger(__name__)


def migrate(lake: Lake, settings: Settings) -> None:
    """Do nothing to a lake that is up to date. May be killed and repeated."""
    if lake.names == NAMES:
        return
    with table_lock(lake.url, "names", alone=True):
        if lake.names == NAMES:
            return
        names = sum(_name(lake, table) for table in ("nitrogen_videos", "video_index"))
        rows = sum(_clean(lake, name) for name in TABLES)
        again = sum(_read_again(lake, settings, request) for request in requests(lake) if request.state in OPEN)
        lake.set_names()
    log.warning(
        "%s: made when videos had one name; brought up to date: %d further names written, %d sentences that named a "
        "video put right, %d requests found to name more than they had blocked.",
        *(lake.url, names, rows, again),
    )


def _name(lake: Lake, table: str) -> int:
    """Write down what the addresses of the index are called now, where that isn't the videos' own name."""
    rows = lake.stored(table).select(TABLES[table].partition, "video_key", "address").unique().collect()
    count = 0
    for (partition,), part in rows.partition_by(TABLES[table].partition, as_dict=True).items():
        found = {
            (own, key)
            for own, address in part.select("video_key", "address").drop_nulls().iter_rows()
            for key in _others(lake.secret, own, address)
        }
        schema = {"video_key": pl.String, "name_key": pl.String}
        where = scope(TABLES[table].asset, str(partition))
        lake.write_unless_empty(TABLE, where, pl.DataFrame(sorted(found), schema=schema, orient="row"))
        count += len(found)
    return count


def _others(secret: bytes, own: str, address: str) -> set[str]:
    """Keys of the names that the address has beside the one that gave the video its key."""
    keys = {name: video_key(secret, name) for name in names_by(address)}
    is_page = own in {key for name, key in keys.items() if name.startswith("page:")}
    return {key for name, key in keys.items() if key != own and (is_page or not name.startswith("page:"))}


def _clean(lake: Lake, name: str) -> int:
    """Say "the video" where a sentence names one by its key; how many rows did."""
    count = 0
    for column in SENTENCES & set(TABLES[name].columns) if delta.exists(lake.uri(name)) else ():
        with table_lock(lake.url, name):
            done = delta.table(lake.uri(name)).update(
                updates={column: f"regexp_replace({column}, '{LIKE_A_KEY}', 'the video', 'g')"},
                predicate=f"regexp_like({column}, '{LIKE_A_KEY}')",
                commit_properties=CommitProperties(max_commit_retries=30),
            )
        count += int(done["num_updated_rows"])
    return count


def _read_again(lake: Lake, settings: Settings, request: Request) -> bool:
    """Whether a request's addresses of videos mean more than it has blocked; then it blocks that too."""
    if request.entries[0].body.get("named", "video") != "video":
        return False
    targets = read_ask(lake, settings, Ask("video", request.encrypted_record.addresses)).targets
    videos, names = targets.blocked(lake.secret, known(lake, targets.keys(lake.secret)))
    if set(lake.block_keys(videos | names)) <= set(request.keys):
        return False
    extend(lake, request.id, videos, names)
    return True
