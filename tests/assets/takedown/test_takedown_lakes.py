"""Any video of any lake can be taken down, in any order, beside relabelling and rebuilding: nothing of it is left, and
nothing of another is lost. The lakes have re-uploads, shared channels, addresses that hold others, repaired labels."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from nitro_assets.assets.video_index import worker as video_index
from nitro_assets.fetch.listing import Found
from nitro_assets.identity import names_by, video_key
from nitro_assets.lake.files.cache import ClipCache
from nitro_assets.lake.row_locations import video_tables
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.ownership import vouch
from nitro_assets.takedown.intake.take_in import request
from nitro_assets.takedown.requests import find
from nitro_assets.takedown.workflow import carry_on
from tests.assets import small_world
from tests.assets.fetch.listed import listing, video
from tests.assets.lake.test_cache import FRAMES, TIMES
from tests.assets.small_world import BUILDS, LABELLED
from tests.assets.takedown.takedown_steps import agree

WORDS = st.sampled_from(["1", "10", "1/2", "a", "a-b", "pong"])
TITLES = st.sampled_from(["A long walk", "A long walk, again", "pong session 1", "pong session 10", "pong"])
CHANNELS = st.sampled_from(["ada", "bert"])
SPELLINGS = st.sampled_from(["{}", "{}/", "{}?utm_source=x", "{}#t=3"])
TABLES = [table.name for table in video_tables()]


class Lakes(RuleBasedStateMachine):
    """One lake; `site` is what its source lists, `gone` the keys that were erased."""

    @initialize()
    def make(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="lakes-"))
        self.settings = Settings(
            lake=str(self.home / "lake"),
            nitrogen=str(self.home / "nitrogen"),
            sources=self.home / "sources.yaml",
            cache=str(self.home / "cache"),
            secret_file=self.home / "secret",
            inbox=self.home / "inbox",
            exports=self.home / "exports",
            corpus_shards=2,
            approvers=1,
        )
        self.site: dict[str, Found] = {}
        self.gone: set[str] = set()
        self.asked: dict[str, str] = {}
        self.upload("1", "A long walk", "ada")
        self.upload("10", "A long walk", "ada")
        self.lake = small_world.kept(self.settings, "lakes", self.first)
        self.cache_clips()

    def first(self, lake: Lake, settings: Settings) -> None:
        small_world.write_shards(settings)
        self.bring_up(lake, settings)

    def teardown(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)

    @rule(place=WORDS, title=TITLES, channel=CHANNELS)
    def upload(self, place: str, title: str, channel: str) -> None:
        """Often the same title on the same channel: a re-upload."""
        url = f"https://site.example/watch/{place}"
        self.site.setdefault(url, video(url, title=title, channel=channel, day=1 + len(self.site)))

    @rule()
    def rebuild(self) -> None:
        """All that is stale is made again, by the index's own worker and by NitroGen's."""
        self.lake.drop("materialisations", "video_index:0000")
        self.lake.drop("materialisations", "video_index:0001")
        self.bring_up(self.lake, self.settings)
        self.cache_clips()

    def bring_up(self, lake: Lake, settings: Settings) -> None:
        with listing(settings, list(self.site.values())):
            small_world.bring_up(lake, settings, BUILDS | {"video_index": video_index.build})

    def cache_clips(self) -> None:
        for key in self.rows().keys() - self.gone:
            ClipCache(self.settings.cache).put(8, key, "x", FRAMES, TIMES)

    @precondition(lambda self: len(self.left()) > 1)
    @rule(data=st.data(), spelling=SPELLINGS)
    def ask(self, data: st.DataObject, spelling: str) -> None:
        """From the request on no reader returns it."""
        address = data.draw(st.sampled_from(self.left()))
        found = request(self.lake, self.settings, [spelling.format(address)], "mine")
        self.asked[found.id] = video_key(self.lake.secret, names_by(address)[0])
        assert self.asked[found.id] not in self.rows(readable=True)

    @precondition(lambda self: self.asked)
    @rule()
    def carry_out(self) -> None:
        """One after the other: each is erased and looked for."""
        while self.asked:
            name, key = self.asked.popitem()
            before = {other: counts for other, counts in self.rows().items() if other != key}
            vouch(self.lake, name)
            carry_on.plan(self.lake, self.settings, name)
            agree(self.lake, self.settings, find(self.lake, name), "anna")
            done = carry_on.erase_approved(self.lake, self.settings, name)
            assert done.state == "scanned", carry_on.found_in(self.lake, self.settings, done)
            self.gone.add(key)
            assert self.rows() == before, "nothing of it is left, and nothing else is lost"
            assert all(ClipCache(self.settings.cache).holds(k) for k in before if k not in self.gone)

    @invariant()
    def nothing_comes_back(self) -> None:
        if hasattr(self, "gone"):
            assert not self.gone & self.rows().keys()

    def left(self) -> list[str]:
        """Addresses that may still be asked for."""
        labelled = [small_world.address(name) for name in LABELLED]
        taken = self.gone | set(self.asked.values())
        found = [*self.site, *labelled]
        return [a for a in found if video_key(self.lake.secret, names_by(a)[0]) not in taken]

    def rows(self, readable: bool = False) -> dict[str, dict[str, int]]:
        """Rows by video and table."""
        found: dict[str, dict[str, int]] = {}
        for table in TABLES:
            rows = self.lake.read(table) if readable else self.lake.stored(table)
            for key, count in rows.drop_nulls("video_key").group_by("video_key").len().collect().iter_rows():
                found.setdefault(key, {})[table] = count
        return found


TestLakes = Lakes.TestCase
TestLakes.settings = hypothesis_settings(max_examples=4, stateful_step_count=7, deadline=None, derandomize=True)
