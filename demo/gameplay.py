"""What the demonstration plays and publishes: wanderers' labelled recordings of three games, walkthroughs of four.

As in the mission: the play that comes with labels is anyone's, and the walkthroughs of those who play well have none.
"""

import hashlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from nitro_ml.games.recorder.dataset import save_truth
from nitro_ml.games.recorder.record import Recording, record
from nitro_ml.games.recorder.shard import Published, write_shard

TRAINED = ("breakout", "freeway", "basic")
UNSEEN = "space_invaders"
LABELLED_VIDEOS, LABELLED_SECONDS = 7, 40
PLAIN_VIDEOS, PLAIN_SECONDS = 3, 100
SHARDS = 2


@dataclass(frozen=True)
class Video:
    """One recording to be made: its id says nothing of what it shows."""

    game: str
    seed: int
    labelled: bool

    @property
    def id(self) -> str:
        return hashlib.sha256(repr(self).encode()).hexdigest()[:11]

    @property
    def fps(self) -> int:
        return 60 if self.game == "freeway" and self.labelled and self.seed < 2 else 30

    @property
    def frames(self) -> int:
        return self.fps * (LABELLED_SECONDS if self.labelled else PLAIN_SECONDS)


def plan() -> list[Video]:
    """Every recording of the demonstration."""
    labelled = [Video(game, seed, True) for game in TRAINED for seed in range(LABELLED_VIDEOS)]
    return labelled + [Video(g, 100 + seed, False) for g in (*TRAINED, UNSEEN) for seed in range(PLAIN_VIDEOS)]


def play(video: Video, videos: Path) -> Recording:
    """Record one video: a wanderer, or an expert who blunders now and then, as people do."""
    who = "wanderer" if video.labelled else "disturbed"
    path = videos / f"{video.id}.mp4"
    return record(video.game, video.frames, video.seed, path, labelled=video.labelled, fps=video.fps, who=who)


def prepare(root: Path, address: str) -> None:
    """Record everything under `root` unless it is there: `videos/`, `actions/` (NitroGen's layout), `truth/`,
    `site.json` (what the site shows) and `sources.yaml` (what is indexed)."""
    done = root / "recorded.json"
    wanted = json.dumps([[asdict(v) | {"frames": v.frames} for v in plan()], address])
    if done.exists() and done.read_text() == wanted:
        return
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        recordings = list(pool.map(play, plan(), [root / "videos"] * len(plan()), chunksize=1))
    published = []
    for video, recording in zip(plan(), recordings, strict=True):
        if video.labelled:
            published.append(Published(recording, "generic", video.id, f"{address}/watch/{video.id}"))
        else:
            save_truth(recording, root / "truth")
    for number in range(SHARDS):
        write_shard(root, number, published[number::SHARDS])
    (root / "site.json").write_text(json.dumps(site(plan()), indent=1))
    (root / "sources.yaml").write_text(sources(address))
    done.write_text(wanted)


def site(videos: list[Video]) -> list[dict[str, str]]:
    """The site's pages: one a video, and some that a curator has to turn away."""
    pages = [_page(v) for v in videos]
    plain = next(p for p in pages if p["channel"] != "overlay-players")
    pages.append(plain | {"id": "reupload001", "date": "2026-03-01", "description": "Again.\nLicence: CC-BY-4.0"})
    pages.append(plain | {"id": "inputshown1", "title": "Any% with input display", "date": "2026-02-01"})
    pages.append(plain | {"id": "noderivativ", "title": "Longplay", "description": "Licence: CC-BY-ND-4.0"})
    pages.append(plain | {"id": "novideohere", "title": "Only words", "file": ""})
    return pages


def _page(video: Video) -> dict[str, str]:
    channel = "overlay-players" if video.labelled else f"{video.game.replace('_', '-')}-walkthroughs"
    title = f"{video.game.replace('_', ' ')} session {video.seed}"
    return {
        "id": video.id,
        "title": title,
        "channel": channel,
        "licence": "CC-BY-4.0",
        "date": f"2026-01-{1 + video.seed % 28:02d}",
        "description": f"{title}, recorded in the arcade.\nLicence: CC-BY-4.0",
        "file": f"{video.id}.mp4",
    }


def sources(address: str) -> str:
    """A sources file: one feed a channel, a page without a video, and an entry with a typo."""
    lines = ["sources:"]
    for game in (*TRAINED, UNSEEN):
        lines += [f"  - url: {address}/channel/{game.replace('_', '-')}-walkthroughs/feed.xml", f"    game: {game}"]
    lines += [f"  - url: {address}/watch/novideohere", "    game: breakout"]
    lines += [f"  - urls: {address}/watch/typo"]
    return "\n".join(lines) + "\n"
