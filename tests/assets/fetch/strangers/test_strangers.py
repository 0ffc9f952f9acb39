"""What strangers send, through the real yt-dlp: any type, any status, any kind of file; each is its own matter."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nitro_assets.assets.pseudo_labels.label_video import EndOfStream, LabelConfig, Opened, VideoTask, decode, fetch
from nitro_assets.assets.video_index import worker as video_index
from nitro_assets.fetch.download import download
from nitro_assets.fetch.guards.refusals import FetchError
from nitro_assets.fetch.listing import Found
from nitro_assets.fetch.sites import remote_header, ytdlp
from nitro_assets.fetch.sites.stated import CHECKED, UNREAD, Entry, Stated
from nitro_assets.fetch.sources import Reject
from nitro_assets.lake.files.cache import clip_cache
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_ml.sandbox.video import Decoder
from tests.assets.corpus import worker
from tests.assets.fetch.strangers.served import Served, listed, playing
from tests.assets.rows import ANNA
from tests.assets.site_for_fetch import Answer, film

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def index(lake: Lake, settings: Settings, *entries: dict[str, Any]) -> pl.DataFrame:
    """The index, as its worker makes it from these sources, all shards of it."""
    file = Path(settings.lake).with_name("sources.yaml")
    file.write_text(yaml.safe_dump({"sources": list(entries)}))
    video_index.listing.cache_clear()
    job = worker(lake, settings.model_copy(update={"sources": file}), "video_index")
    for shard in range(settings.corpus_shards):
        video_index.build(job, f"{shard:04d}")
    return lake.read("video_index").collect()


ODD: list[tuple[dict[str, Any], str | None]] = [
    ({"author": {"@type": "Person", "name": ["Ada", "Bert"]}}, None),
    ({"author": {"@type": "Person", "name": {"first": "Ada"}}}, None),
    ({"author": {"@type": "Person", "name": 7}}, "7"),
    ({"author": {"@type": "Person", "name": "\ud800"}}, "?"),
    ({"uploadDate": {"year": 2024}, "duration": -1, "width": 1e300, "height": "tall"}, "Ada"),
    ({"description": ["a list"]}, "refused"),
    ({"contentUrl": ["/files/pong.mp4"]}, "refused"),
]


def test_no_page_stops_another(lake: Lake, settings: Settings, served: Served) -> None:
    base, server = served
    right: dict[str, str | None] = {f"{base}/watch/pong": "Ada"}
    for number, (odd, uploader) in enumerate(ODD):
        server.pages[f"/odd/{number}"] = playing(**odd)  # type: ignore[attr-defined]
        right[f"{base}/odd/{number}"] = uploader
    rows = index(lake, settings, *({"url": url, "game": "pong"} for url in right))
    found = dict(rows.select("address", "uploader").iter_rows())
    assert {url: found.get(url, "refused") for url in right} == right


@hypothesis_settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(Stated.model_fields)), JSON)
def test_any_type_in_any_field_is_ours_or_refused_by_its_name(field: str, value: Any) -> None:
    key = "extractor_key" if field == "extractor" else field
    for kind in (Stated, Entry):
        try:
            found = kind.read({"id": "pong", "webpage_url": "https://a.example/pong", key: value})
        except FetchError as error:
            said = (error.reason, key in str(error))
        else:
            said = ("unreadable", bool(found.model_dump_json()))
        assert said == ("unreadable", True)


def test_what_nobody_reads_stops_no_video_and_no_list(settings: Settings) -> None:
    ours = {"extractor": "careless", "extractor_key": "Careless", "webpage_url": "http://127.0.0.1:9/l", "id": "a"}

    @hypothesis_settings(deadline=None)
    @given(st.sampled_from([*UNREAD, *(field for field, _ in CHECKED)]), JSON | st.just("http://[::1"))
    def check(field: str, value: Any) -> None:
        video = {"title": "A", "url": "http://127.0.0.1:9/a.mp4", "ext": "mp4", **ours, field: value}
        assert ytdlp.look_up(ydl, video, True)["title"] == "A"
        odd = {"_type": "url", "url": value, "id": value, field: value}
        sound = {"_type": "url", "url": "http://127.0.0.1:9/b", field: value}
        several = {"_type": "playlist", "title": value, "entries": [odd, sound], **ours}
        *_, last = ytdlp.look_up(ydl, several, True)["entries"]
        assert last["url"] == sound["url"]
        if not isinstance(value, str) or value == "http://[::1":
            with pytest.raises(FetchError, match="address"):
                ytdlp.look_up(ydl, odd, True)

    with ytdlp.client(settings, 360, extract_flat="in_playlist") as ydl:
        check()


def test_what_cannot_be_true_is_unknown() -> None:
    numbers = {"fps": 0, "duration": 0.0, "height": 0, "width": True}
    said = Stated.read({**numbers, "timestamp": 1e30, "upload_date": "20241399"})
    assert (said.fps, said.duration, said.height, said.width, said.published) == (None,) * 5


def test_a_limit_counts_what_was_taken(lake: Lake, settings: Settings, served: Served) -> None:
    base, server = served
    server.pages["/watch/pong"] = playing(description="Licence: all rights reserved")  # type: ignore[attr-defined]
    rows = index(lake, settings, {"url": f"{base}/feed.xml", "game": "pong", "limit": 1})
    right = {f"{base}/watch/pong": False, f"{base}/watch/boxing": True}
    assert dict(rows.select("address", "keep").iter_rows()) == right
    first, lost, last = listed(settings, f"{base}/feed.xml", limit=2)
    assert [type(each) for each in (first, lost, last)] == [Found, Reject, Found]


def test_unknown_channels_make_no_duplicates(lake: Lake, settings: Settings, served: Served) -> None:
    base, server = served
    for number, author in enumerate([None, None, "Ada", "Ada"]):
        server.pages[f"/same/{number}"] = playing(author=author)  # type: ignore[attr-defined]
    rows = index(lake, settings, *({"url": f"{base}/same/{n}", "game": "pong"} for n in range(4)))
    assert rows.filter("keep").height == 3
    assert rows.filter(~pl.col("keep"))["reason"].to_list() == [
        "duplicate: same title, channel and length as one published before"
    ]


def seen(settings: Settings, url: str) -> list[Any]:
    """What decoding it for labelling gives: frames, and the verdict."""
    setup = LabelConfig(settings, "a checkpoint", 32, "nowhere")
    with Decoder() as decoder, clip_cache(settings) as clips:
        parts = decode(setup, fetch(setup, VideoTask(ANNA, url)), clips, decoder)
        return [part for part in parts if not isinstance(part, Opened)]


def test_what_is_not_known_before_the_download_is_decided_by_the_file(
    lake: Lake, settings: Settings, served: Served, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As Python's own http.server serves any MP4: no ranges, and the index at the end."""
    base, server = served
    server.ranges = False  # type: ignore[attr-defined]
    monkeypatch.setattr(remote_header, "PIECE", 4096)
    url = f"{base}/watch/pong"
    rows = index(lake, settings, {"url": url, "game": "pong"})
    assert rows.select("keep", "duration", "height").row(0) == (True, None, None)
    assert rows["reason"].to_list() == ["provisional: duration and height unknown until the file is there"]
    assert capfd.readouterr() == ("", "")
    *parts, end = seen(settings, url)
    assert (sum(len(part.frames) for part in parts), end) == (60, EndOfStream())
    for change, found in (
        ({"min_seconds": 2.5}, "duration: 2 s, allowed are 2.5 to"),
        ({"max_seconds": 1.0}, "duration: 2 s"),
        ({"min_height": 360}, "resolution: 240 lines"),
        ({"min_fps": 50.0}, "frame rate: 30 a second"),
    ):
        end = seen(settings.model_copy(update=change), url)[-1]
        assert (end.reason, end.error.startswith(found)) == ("unfit", True), end
    assert not list(settings.cache_folder.rglob("*.mp4"))


def test_a_page_says_less_than_its_file(settings: Settings, served: Served) -> None:
    base, server = served
    strict = settings.model_copy(update={"min_seconds": 1.0, "max_seconds": 5.0, "min_height": 200})
    server.said = {"duration": "PT9H", "width": 64, "height": 32}  # type: ignore[attr-defined]
    (found,) = listed(strict, f"{base}/watch/pong")
    assert isinstance(found, Found)
    assert (found.duration, found.width, found.height) == (2.0, 320, 240)
    assert seen(strict, f"{base}/watch/pong")[-1] == EndOfStream()


@pytest.mark.parametrize("kind", ["mp4", "mov", "matroska", "mpegts", "flv", "avi"])
def test_what_the_index_keeps_the_decoder_reads(
    lake: Lake, settings: Settings, served: Served, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("tests.assets.site_for_fetch.FILM", film(kind))
    url = f"{served[0]}/watch/pong"
    rows = index(lake, settings, {"url": url, "game": "pong"})
    assert rows.select("keep", "height", "reason").row(0) == (True, 240, "kept")
    *parts, end = seen(settings, url)
    assert (sum(len(part.frames) for part in parts), end) == (60, EndOfStream())


def test_what_the_decoder_does_not_read_the_index_does_not_keep(
    settings: Settings, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in (b"no video at all " * 1000, b"#EXTM3U\n#EXTINF:1,\nhttp://10.0.0.1/x.ts\n" * 100):
        monkeypatch.setattr("tests.assets.site_for_fetch.FILM", other)
        (reject,) = listed(settings, f"{served[0]}/watch/pong")
        assert isinstance(reject, Reject)
        assert "no video of a kind that is read: mov,mp4" in reject.message


def test_a_stream_in_pieces_is_taken_whatever_its_size_is_guessed_at(
    lake: Lake, settings: Settings, served: Served, tmp_path: Path
) -> None:
    """HLS: MPEG-TS in pieces, the first much larger than the others."""
    base, server = served
    whole = film("mpegts")
    cuts = [0, *(188 * n for n in (90, 92, 94, 96, 98, 100)), len(whole)]
    names = [f"/files/{number}.ts" for number in range(len(cuts) - 1)]
    for name, first, end in zip(names, cuts, cuts[1:], strict=False):
        piece = whole[first:end].decode("latin-1")
        server.pages[name] = Answer(piece, headers={"Content-Type": "video/mp2t"}, coding="latin-1")  # type: ignore[attr-defined]
    lines = "".join(f"#EXTINF:0.3,\n{name}\n" for name in names)
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n"
    server.pages["/live.m3u8"] = Answer(  # type: ignore[attr-defined]
        f"{head}{lines}#EXT-X-ENDLIST\n", headers={"Content-Type": "application/vnd.apple.mpegurl"}
    )
    rows = index(lake, settings, {"url": f"{base}/live.m3u8", "game": "pong"})
    assert rows["reason"].to_list() == ["provisional: height unknown until the file is there"]
    file = download(f"{base}/live.m3u8", tmp_path, "key", settings, max_bytes=len(whole) + 100)
    assert file.read_bytes() == whole
    *parts, end = seen(settings, f"{base}/live.m3u8")
    assert (sum(len(part.frames) for part in parts), end) == (60, EndOfStream())
