"""Asking: videos, playlists and channels by the page's own lists; limits, answers, proof of ownership, lapsing."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from nitro_assets.identity import channel_key, video_key
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.inbox import empty_inbox
from nitro_assets.takedown.intake.ownership import lapse_overdue, look_for_tokens, token_of, verify, vouch
from nitro_assets.takedown.intake.removed_upstream import quarantine_gone
from nitro_assets.takedown.intake.take_in import Answer, Ask, request, take_in
from nitro_assets.takedown.quarantine import lift
from nitro_assets.takedown.requests import TakedownError, advance, find, requests
from tests.assets import site_for_fetch
from tests.assets.rows import fit
from tests.assets.site_for_fetch import page, site

QUICK = hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with site() as (address, _):
        yield address


def key(settings: Settings, base: str, name: str) -> str:
    return video_key(settings.secret, f"page:{base.removeprefix('http://')}/watch/{name}")


def ask(lake: Lake, settings: Settings, text: str, **more: str) -> Answer:
    return take_in(lake, settings, [Ask(more.pop("named", "video"), (text,), **more)])[0]  # type: ignore[arg-type]


def index(lake: Lake, settings: Settings, base: str, *names: str) -> None:
    """Rows of the index, as listing the site gives them: all are Ada's."""
    ada = channel_key(settings.secret, f"page:{base.removeprefix('http://')}/Ada")
    rows: list[dict[str, object]] = [
        {"video_key": key(settings, base, n), "channel_key": ada, "address": f"{base}/watch/{n}", "keep": True}
        for n in names
    ]
    lake.write("video_index", "0000", fit("video_index", rows))


def indexed(lake: Lake) -> int:
    return int(lake.read("video_index").collect().height)


def test_a_playlist_is_its_videos_and_no_more(lake: Lake, settings: Settings, base: str) -> None:
    index(lake, settings, base, "pong", "boxing", "tennis")
    found = request(lake, settings, [f"{base}/feed.xml"], "mine", "playlist")
    assert set(found.video_keys) == {key(settings, base, n) for n in ("pong", "lost", "boxing")}
    assert indexed(lake) == 1
    index(lake, settings, base, "tennis", "golf")
    assert indexed(lake) == 2, "its channel's other videos are not touched"


def test_a_channel_is_all_its_videos_of_now_and_of_later(lake: Lake, settings: Settings, base: str) -> None:
    index(lake, settings, base, "pong", "tennis")
    found = request(lake, settings, [f"{base}/feed.xml"], "mine", "channel")
    assert set(found.video_keys) == {key(settings, base, n) for n in ("pong", "lost", "boxing", "tennis")}
    assert indexed(lake) == 0
    index(lake, settings, base, "golf")
    assert lake.stored("video_index").filter(video_key=key(settings, base, "golf")).collect().is_empty()
    lift(lake, settings, found.id)
    index(lake, settings, base, "golf")
    assert indexed(lake) == 1


def test_each_kind_of_request_gets_its_answer(lake: Lake, settings: Settings, base: str) -> None:
    pong = f"{base}/watch/pong"
    assert ask(lake, settings, pong).outcome == "quarantined"
    again = ask(lake, settings, f"{pong}/")
    assert (again.outcome, again.request) == ("known", requests(lake)[0].id)
    assert "not taken" in ask(lake, settings, "pong, please").text
    denied = ask(lake, settings, f"{base}/private", named="playlist")
    assert (denied.outcome, "denies it" in denied.text) == ("waiting", True)
    gone = ask(lake, settings, f"{base}/nowhere", named="channel")
    assert (gone.outcome, "is gone" in gone.text) == ("malformed", True)
    down = ask(lake, settings, "http://127.0.0.1:9/channel", named="channel")
    assert (down.outcome, "tried again" in down.text) == ("waiting", True)
    vouch(lake, again.request)
    advance(lake, again.request, "planned", {"plan_hash": "0" * 64, "approvers": 1})
    assert "which is planned" in ask(lake, settings, pong).text


def test_strangers_are_limited_and_hold_no_place_for_the_owner(lake: Lake, settings: Settings, base: str) -> None:
    settings = settings.model_copy(update={"unverified_requests": 2, "unverified_videos": 4})
    asks = [Ask("video", (f"{base}/watch/{i}",), origin="inbox", by="Mallory") for i in range(3)]
    assert [a.outcome for a in take_in(lake, settings, asks)] == ["quarantined", "quarantined", "waiting"]
    assert ask(lake, settings, f"{base}/watch/0", by="Ada").outcome == "quarantined", "the owner, after the impostor"
    assert ask(lake, settings, f"{base}/watch/0", by="Mallory").outcome == "known"
    assert "4 videos" in take_in(lake, settings, [Ask("video", ("a" * 32, "b" * 32), by="Eve")])[0].text
    assert ask(lake, settings, "c" * 32).outcome == "quarantined", "this machine's own user is not limited"
    assert "Mallory" not in "".join(p.read_text() for p in Path(settings.lake, "ledger").iterdir())


def test_an_unverified_quarantine_lapses_by_itself(lake: Lake, settings: Settings, base: str) -> None:
    index(lake, settings, base, "pong", "boxing")
    for by in ("Mallory", "Ada"):
        ask(lake, settings, f"{base}/watch/pong", by=by)
    vouch(lake, requests(lake)[1].id)
    ask(lake, settings, f"{base}/watch/boxing", by="Mallory")
    assert lapse_overdue(lake, settings) == []
    soon = settings.model_copy(update={"verify_days": 1e-9})
    assert {r.state for r in lapse_overdue(lake, soon)} == {"lapsed"}
    assert [r.state for r in requests(lake)] == ["lapsed", "verified", "lapsed"]
    assert lake.read("video_index").collect()["video_key"].to_list() == [key(settings, base, "boxing")]


def test_the_owner_proves_it_with_a_token_that_fits_nothing_else(
    lake: Lake, settings: Settings, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pong, boxing = (find(lake, ask(lake, settings, f"{base}/watch/{n}", by="x").request) for n in ("pong", "boxing"))
    with pytest.raises(TakedownError, match="not on 1 of 1"):
        verify(lake, settings, pong)
    said = f"Plain play. {token_of(lake, pong)}"
    monkeypatch.setattr(site_for_fetch, "page", lambda name: page(name, description=said))
    with pytest.raises(TakedownError, match="expired"):
        verify(lake, settings.model_copy(update={"verify_days": 1e-9}), pong)
    assert [r.id for r in look_for_tokens(lake, settings, [pong, boxing])] == [pong.id]
    assert find(lake, boxing.id).state == "quarantined", "another request's token"
    with pytest.raises(TakedownError, match="only a quarantined one"):
        verify(lake, settings, find(lake, pong.id))


def test_a_playlists_own_page_proves_nothing(lake: Lake, settings: Settings, base: str) -> None:
    found = request(lake, settings, [f"{base}/feed.xml"], "mine", "playlist")
    with pytest.raises(TakedownError, match="names no page"):
        verify(lake, settings, found)
    assert vouch(lake, found.id).state == "verified"


def test_a_video_gone_upstream_is_quarantined_by_a_setting(lake: Lake, settings: Settings, base: str) -> None:
    index(lake, settings, base, "pong", "boxing")
    rows = lake.stored("video_index").collect().drop("corpus_shard")
    lake.write("video_index", "0000", rows.with_columns(alive=pl.Series(["private", "alive"])))
    assert quarantine_gone(lake, settings) == []
    settings = settings.model_copy(update={"upstream": True})
    assert [a.outcome for a in quarantine_gone(lake, settings)] == ["quarantined"]
    assert quarantine_gone(lake, settings) == []
    assert indexed(lake) == 1
    assert lapse_overdue(lake, settings.model_copy(update={"verify_days": 1e-9})) == []
    lift(lake, settings, requests(lake)[0].id)
    assert quarantine_gone(lake, settings) == [], "a maintainer has decided"


@QUICK
@given(
    st.text(max_size=60)
    | st.from_regex(r"https?://[^ ]{1,30}", fullmatch=True)
    | st.sampled_from(
        ["';drop table x--", "../../x", "$(reboot)", "[x](javascript:1)", "\x1b[31m", "%s%n", "https://a/\n#b"]
    ),
    st.sampled_from(["video", "playlist", "channel", "reason", "from"]),
)
def test_no_text_gets_further_than_its_own_seal(settings: Settings, text: str, where: str) -> None:
    """Whatever a file says, it is answered; its words stand in no answer, ledger entry, path or lake file."""
    lake = Lake(settings.model_copy(update={"allow_loopback": False}))
    settings.inbox.mkdir(parents=True, exist_ok=True)
    (settings.inbox / "a.json").write_text(json.dumps({"video": "https://youtu.be/pong0000000", where: text}))
    answers = empty_inbox(lake, settings)
    assert len(answers) == 1
    assert not list(settings.inbox.glob("*.json"))
    said = (settings.inbox / "a.json.answer").read_text()
    kept = said + "".join(f"{p}{p.read_bytes()!r}" for p in Path(settings.lake).rglob("*") if p.is_file())
    if len(text.strip()) > 8:
        assert text.strip() not in kept
