"""One page has one name, in whatever spelling its address comes: for the index, the dataset and whoever asks."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from yt_dlp.extractor import get_info_extractor

from nitro_assets.address import normal
from nitro_assets.identity import canonical_name, name_of, names_by, names_of, understood

ID = "dQw4w9WgXcQ"
PLAYLIST = "PLMYEtVRpaqY00V9W81Cwmzp6N6vZqfUKD4"
WORD = st.text("abcxyz0123456789-_~", min_size=1, max_size=6)
TRACKING = ("utm_source=news", "fbclid=Iw", "gclid=1", "UTM_campaign=x", "igsh=a", "_gl=1", "spm=1.2", "t=1m30s")
SITES = (
    *(
        "Youtube",
        "YoutubeYtBe",
        "YoutubeClip",
        "TwitchVod",
        "TwitchClips",
        "Vimeo",
        "Dailymotion",
        "Niconico",
        "TikTok",
    ),
    *(
        "Facebook",
        "Rumble",
        "RumbleEmbed",
        "PeerTube",
        "KickVOD",
        "KickClip",
        "MedalTV",
        "Streamable",
        "LBRY",
        "Reddit",
    ),
)


@st.composite
def pages(draw: st.DrawFn) -> tuple[str, tuple[str, ...], dict[str, str]]:
    host = draw(st.sampled_from(["video.example", "sub.video.example", "bücher.example", "127.0.0.1:8800"]))
    path = draw(st.lists(WORD, min_size=1, max_size=3))
    return host, tuple(path), draw(st.dictionaries(WORD, WORD, max_size=2))


def address(page: tuple[str, tuple[str, ...], dict[str, str]]) -> str:
    host, path, query = page
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"https://{host}/{'/'.join(path)}" + (f"?{asked}" if asked else "")


@st.composite
def spelled(draw: st.DrawFn, page: tuple[str, tuple[str, ...], dict[str, str]]) -> str:
    """The same address as somebody else may write it."""

    def escaped(text: str) -> str:
        found = [quote(c) if not draw(st.booleans()) else f"%{ord(c):02x}" for c in text]
        return "".join(f"%{part[1:].upper()}" if part[0] == "%" and draw(st.booleans()) else part for part in found)

    host, path, query = page
    if draw(st.booleans()):
        host = host.encode("idna").decode()
    host = draw(st.sampled_from([host, host.upper()])) if host.isascii() else host
    host = draw(st.sampled_from([host, f"www.{host}", f"m.{host}"])) if host[0] not in "1" else host
    scheme, port = draw(st.sampled_from([("https", ""), ("HTTPS", ":443"), ("http", ""), ("http", ":80")]))
    parts = [f"{escaped(name)}={escaped(value)}" for name, value in query.items()]
    parts = draw(st.permutations([*parts, *draw(st.lists(st.sampled_from(TRACKING), max_size=2))]))
    where = (
        draw(st.sampled_from(["/", "/./", "/x/../"])) + "/".join(map(escaped, path)) + draw(st.sampled_from(["", "/"]))
    )
    port = port if ":" not in host else ""
    end = draw(st.sampled_from(["", "#t=30", "#top"]))
    return f"{scheme}://{host}{port}{where}{'?' + '&'.join(parts) if parts else ''}{end}"


QUICK = hypothesis_settings(deadline=None, max_examples=60)


@QUICK
@given(st.data())
def test_every_spelling_of_a_page_is_one_page(data: st.DataObject) -> None:
    page = data.draw(pages())
    written = data.draw(spelled(page))
    assert normal(written).page == normal(address(page)).page, written
    assert normal(normal(written).url) == normal(written) or ":80" in written, "its normal form is its own"


@QUICK
@given(pages(), pages())
def test_different_pages_stay_different(one: Any, other: Any) -> None:
    tracked = [
        any(normal("https://a.b/?" + f"{n}={v}").query == () for n, v in page[2].items()) for page in (one, other)
    ]
    if not any(tracked):
        same = (one[0], one[1], sorted(one[2].items())) == (other[0], other[1], sorted(other[2].items()))
        assert (normal(address(one)).page == normal(address(other)).page) == same


@QUICK
@given(st.text(max_size=40))
def test_no_text_breaks_a_name(text: str) -> None:
    for each in (text, f"https://{text}", f"https://a.example/{text}"):
        assert names_by(each)
        assert canonical_name("generic", "x", each).startswith("page:")


@pytest.mark.parametrize(
    "url",
    [
        f"https://www.youtube.com/watch?v={ID}&list={PLAYLIST}&index=3",
        f"https://www.youtube.com/watch?app=desktop&list=RD{ID}&start_radio=1&v={ID}",
        f"https://youtu.be/{ID}?list={PLAYLIST}&si=x",
        f"https://www.youtube.com/embed/{ID}?list={PLAYLIST}",
        f"https://www.youtube-nocookie.com/embed/{ID}",
        "HTTPS://M.YouTube.com:443/watch?v=%64Qw4w9WgXcQ&feature=share#t=1",
        f"https://www.youtube.com/live/{ID}?feature=share",
        f"https://www.youtube.com/attribution_link?a=x&u=%2Fwatch%3Fv%3D{ID}",
        f"https://consent.youtube.com/m?continue=https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3D{ID}&gl=NL",
        f"https://www.youtube.com/watch?v={ID}&amp;t=10",
    ],
)
def test_what_holds_a_videos_id_is_that_video(url: str) -> None:
    assert understood(url).name == f"youtube:{ID}"
    assert not understood(url).is_list


@pytest.mark.parametrize(
    "url",
    [
        f"https://www.youtube.com/playlist?list={PLAYLIST}",
        "https://www.youtube.com/@somebody",
        f"https://www.youtube.com/embed/videoseries?list={PLAYLIST}",
        "https://www.twitch.tv/somebody",
    ],
)
def test_a_list_is_no_video(url: str) -> None:
    assert understood(url).is_list


@pytest.mark.parametrize("key", SITES)
def test_all_that_an_extractor_documents_of_one_video_is_one_name(key: str) -> None:
    """Its own tests say which addresses are one video's; in other spellings they are still."""
    by_id: dict[str, set[str]] = {}
    for test in get_info_extractor(key).get_testcases(include_onlymatching=False):
        video = test.get("info_dict", {}).get("id")
        if video and "playlist" not in test and test["url"].startswith(("http", "//")):
            by_id.setdefault(video, set()).add(name_of(test["url"]))
            parts = test["url"].split("#")[0].partition("?")
            tracked = f"{parts[0]}?utm_source=x{'&' * bool(parts[2])}{parts[2]}#t=1"
            assert name_of(tracked.replace("https://", "HTTPS://")) == name_of(test["url"])
    assert by_id
    assert {video: names for video, names in by_id.items() if len(names) > 1} == {}


@hypothesis_settings(deadline=None, max_examples=20)
@given(st.sampled_from(["m.", "www.", ""]), st.sampled_from(["", "?utm_source=x", f"?list={PLAYLIST}"]))
def test_index_and_dataset_and_request_agree(host: str, more: str) -> None:
    asked = f"https://{host}youtube.com/watch?v={ID}{more.replace('?', '&')}"
    indexed = names_of("Youtube", ID, f"https://www.youtube.com/watch?v={ID}")
    dataset = names_of("youtube", ID, f"https://youtu.be/{ID}")
    assert names_by(asked)[0] == indexed[0] == dataset[0] == f"youtube:{ID}"


def test_where_the_address_lacks_the_pages_id_it_is_a_further_name() -> None:
    page = "https://rumble.com/vdmum1-moose-the-dog.html"
    assert names_by(page)[0] in names_of("RumbleEmbed", "vb0ofn", page)
    assert names_of("RumbleEmbed", "vb0ofn", page)[0] == "rumbleembed:vb0ofn"
