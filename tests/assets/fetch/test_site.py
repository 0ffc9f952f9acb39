"""The demonstration's site, as yt-dlp and as a plain client see it."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from yt_dlp import YoutubeDL
from yt_dlp.utils import DownloadError

from demo.site import serve
from nitro_ml.games.recorder.record import record

QUIET = {"quiet": True, "no_warnings": True, "noprogress": True, "cachedir": False}


def _entry(name: str, file: str) -> dict[str, str]:
    return {
        "id": name,
        "title": f"Pong & </script> {name}",
        "channel": "two players",
        "licence": "CC-BY-4.0",
        "date": "2026-01-02",
        "description": "A match.\nLicence: CC-BY-4.0",
        "file": file,
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("site")
    record("pong", 90, 1, root / "videos" / "first.mp4")
    entries = [_entry("first", "first.mp4"), _entry("second", "first.mp4")]
    (root / "videos" / "broken.mp4").write_bytes(b"no video")
    others = [_entry(name, file) | {"channel": "others"} for name, file in (("words", ""), ("broken", "broken.mp4"))]
    (root / "site.json").write_text(json.dumps([*entries, *others]))
    return root


@pytest.fixture(scope="module")
def site(root: Path) -> Iterator[str]:
    with serve(root) as address:
        yield address


def _info(address: str) -> dict[str, Any]:
    with YoutubeDL(QUIET) as ydl:
        return dict(ydl.extract_info(address, download=False))


def _get(address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("GET", parts.path, headers=headers)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def test_yt_dlp_reads_what_a_page_says(site: str) -> None:
    info = _info(f"{site}/watch/first")
    expected = {
        "id": "first",
        "title": "Pong & </script> first",
        "uploader": "two players",
        "upload_date": "20260102",
        "description": "A match.\nLicence: CC-BY-4.0",
        "duration": 3,
        "width": 320,
        "height": 240,
        "webpage_url": f"{site}/watch/first",
    }
    assert {key: info[key] for key in expected} == expected


def test_a_damaged_upload_has_a_page_without_a_length(site: str) -> None:
    info = _info(f"{site}/watch/broken")
    assert (info["id"], info.get("duration")) == ("broken", None)


def test_a_feed_leads_to_the_pages_of_its_channel(site: str) -> None:
    info = _info(f"{site}/channel/two%20players/feed.xml")
    assert [(e["id"], e["uploader"], e["webpage_url"]) for e in info["entries"]] == [
        (name, "two players", f"{site}/watch/{name}") for name in ("first", "second")
    ]


def test_yt_dlp_downloads_the_very_file(site: str, root: Path, tmp_path: Path) -> None:
    with YoutubeDL({**QUIET, "outtmpl": str(tmp_path / "got.%(ext)s")}) as ydl:
        ydl.download([f"{site}/watch/first"])
    assert (tmp_path / "got.mp4").read_bytes() == (root / "videos" / "first.mp4").read_bytes()


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/watch/words", "Unsupported URL"),
        ("/watch/nothing", "404"),
        ("/files/../site.json", "404"),
        ("/channel/nobody/feed.xml", "404"),
    ],
)
def test_what_is_no_video_is_an_error_of_yt_dlps(site: str, path: str, says: str) -> None:
    with pytest.raises(DownloadError, match=says):
        _info(site + path)


@pytest.mark.parametrize(
    ("wanted", "first", "last"), [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None)]
)
def test_a_range_is_that_part_of_the_file(site: str, root: Path, wanted: str, first: int, last: int | None) -> None:
    whole = (root / "videos" / "first.mp4").read_bytes()
    status, headers, data = _get(f"{site}/files/first.mp4", Range=wanted)
    assert status == 206
    assert data == whole[first:last]
    assert headers["Content-Range"].endswith(f"/{len(whole)}")


def test_a_range_behind_the_end_is_refused(site: str) -> None:
    assert _get(f"{site}/files/first.mp4", Range="bytes=99999999-")[0] == 416


def test_without_a_list_every_video_of_the_folder_is_shown(tmp_path: Path) -> None:
    record("freeway", 30, 1, tmp_path / "videos" / "freeway_0000.mp4")
    with serve(tmp_path) as address:
        assert _info(f"{address}/watch/freeway_0000")["duration"] == 1
