"""One video, one key, whatever it is called; and no key without the secret."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nitro_assets.identity import SecretError, canonical_name, name_of, read_secret, shard_names, shard_of, video_key

WATCH = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"


@pytest.mark.parametrize(
    "url", [WATCH, f"{WATCH}&t=10", "https://youtu.be/dQw4w9WgXcQ", "https://www.youtube.com/shorts/dQw4w9WgXcQ"]
)
def test_a_video_has_one_name_by_any_link_and_in_nitrogen(url: str) -> None:
    assert name_of(url) == canonical_name("youtube", "dQw4w9WgXcQ", "") == "youtube:dQw4w9WgXcQ"


def test_twitch_and_plain_pages() -> None:
    assert name_of("https://www.twitch.tv/videos/12345") == canonical_name("twitch", "12345", "")
    page = "http://127.0.0.1:8800/watch/a"
    assert name_of(page) == canonical_name("generic", "a", page) == canonical_name("html5", "x", page + "/")


@given(st.text(), st.text(), st.integers(1, 10_000))
def test_keys_are_hex_and_fall_into_known_shards(one: str, other: str, shards: int) -> None:
    secret = bytes(32)
    key = video_key(secret, one)
    assert len(key) == 32 == len(key.strip("0123456789abcdef")) + 32
    assert (key == video_key(secret, other)) == (one == other)
    assert key != video_key(b"1" * 32, one)
    assert shard_of(key, shards) in shard_names(shards)


def test_the_secret_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    assert read_secret(path) == read_secret(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("abc!")
    with pytest.raises(SecretError, match="64 hex digits"):
        read_secret(path)
