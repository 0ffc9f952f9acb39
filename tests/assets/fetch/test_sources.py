"""`NITRO_SOURCES`: what is read, and what is refused by name and line."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nitro_assets.fetch.sources import Reject, Source, SourcesError, load

GOOD = """\
sources:
  - url: https://example.org/channel   # a comment
    game: pong
    licence: CC-BY-4.0
    limit: 100
  - search: "ytsearch50: hollow knight walkthrough no commentary"
    game: hollow knight
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "sources.yaml"
    path.write_text(text)
    return path


def test_addresses_and_searches_are_read_in_order(tmp_path: Path) -> None:
    channel, search, folder = load(written(tmp_path, f"{GOOD}  - folder: ~/recordings\n    licence: own\n"))
    assert channel == Source(
        "sources.yaml line 2", url="https://example.org/channel", game="pong", licence="CC-BY-4.0", limit=100
    )
    assert isinstance(search, Source)
    assert search.ytdlp_url == "ytsearch50: hollow knight walkthrough no commentary"
    home = str(Path("~/recordings").expanduser())
    assert folder == Source("sources.yaml line 8", folder=home, licence="own"), "read where it lies"


@pytest.mark.parametrize(
    ("entry", "line", "found"),
    [
        ("- url: https://a.org\n    gmae: pong", 9, "found the key 'gmae'; allowed are url, search, folder, game"),
        ("- url: file:///etc/passwd", 8, "url: found file://"),
        ("- url: a.org/video", 8, "url: found no scheme"),
        ("- url: 'http://[::1'", 8, "url: found a malformed address"),
        ("- game: pong", 8, "found neither url nor search"),
        ("- url: https://a.org\n    search: 'ytsearch: x'", 8, "found both url and search"),
        ("- folder: /data\n    url: https://a.org", 8, "found both url and folder"),
        ("- folder: recordings", 8, "found something else than an absolute path"),
        ("- folder: file:///data", 8, "found something else than an absolute path"),
        ("- search: hollow knight", 8, "search: allowed is a yt-dlp search"),
        ("- url: https://a.org\n    game: 2048", 9, "game: found a value of type int"),
        ("- url: https://a.org\n    game: [pong]", 9, "game: found a value of type seq"),
        ("- url: https://a.org\n    limit: -1", 9, "limit: found '-1'"),
        ("- url: https://a.org\n    limit: 0x10", 9, "limit: found '0x10'"),
        ("- url: https://a.org\n    url: https://b.org", 9, "found url a second time"),
        ("- https://a.org", 8, "found no mapping"),
        ("- [https://a.org]", 8, "found no mapping"),
    ],
)
def test_a_bad_entry_is_refused_by_line_and_the_rest_stands(tmp_path: Path, entry: str, line: int, found: str) -> None:
    first, second, bad = load(written(tmp_path, f"{GOOD}  {entry}\n"))
    assert isinstance(first, Source)
    assert isinstance(second, Source)
    assert isinstance(bad, Reject)
    assert bad.item == f"sources.yaml line {line}"
    assert found in bad.message
    assert ".org" not in bad.message


def test_an_unknown_key_at_the_top_is_refused_by_line(tmp_path: Path) -> None:
    bad, *rest = load(written(tmp_path, f"soruces: []\n{GOOD}"))
    assert bad == Reject("sources.yaml line 1", "found 'soruces'; allowed at the top is one `sources`. Remove it.")
    assert len(rest) == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sources:\n  - url: [", "sources.yaml line 2: not valid YAML"),
        ("source:\n  - url: https://a.org\n", "found 'source' in line 1; needed is `sources:`"),
        ("sources: https://a.org\n", "needed is `sources:` and a list"),
        ("- url: https://a.org\n", "found no mapping"),
        ("", "found no mapping"),
    ],
)
def test_an_unusable_file_is_an_error_that_names_it(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(SourcesError) as caught:
        load(written(tmp_path, text))
    assert found in str(caught.value)
    assert "sources.yaml" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourcesError, match=r"sources\.yaml: can't be read"):
        load(tmp_path / "sources.yaml")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, len(GOOD)), patch=st.text(alphabet=st.sampled_from("abc:-[]{}&*!|>'\"\n\t #%@\x00é"), max_size=8)
)
def test_no_typo_breaks_the_reader(tmp_path: Path, at: int, patch: str) -> None:
    try:
        found = load(written(tmp_path, GOOD[:at] + patch + GOOD[at + len(patch) :]))
    except SourcesError:
        return
    assert all(isinstance(f, Source) or f.item.startswith("sources.yaml line ") for f in found)
