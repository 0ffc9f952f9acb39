"""Polls go on, whatever one issue, one page or the service itself does: every status, type and delay at every call."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake import polls
from nitro_assets.takedown.intake.github import api
from nitro_assets.takedown.intake.github.cursor import Cursor
from nitro_assets.takedown.intake.github.issues import Polled, poll
from nitro_assets.takedown.intake.inbox import empty_inbox
from nitro_assets.takedown.requests import requests
from tests.assets.site_for_fetch import Answer, feed, site
from tests.assets.takedown.intake.github_api import FORM, Fault, Hub

LIST, COMMENTS = "GET .*/issues", ".*/comments"


@pytest.fixture
def settings(settings: Settings, hub: Hub) -> Settings:
    more = {"github_repo": "o/n", "github_token": SecretStr("secret"), "github_api": hub.base}
    return settings.model_copy(update=more)


def asked(hub: Hub, name: str = "pong", **more: Any) -> int:
    return hub.open(FORM.format(kind="A video", addresses=f"https://youtu.be/{name:0<11}"), **more)


def later(polled: Polled) -> str:
    """The cursor once GitHub allows calls again."""
    return Cursor.read(polled.cursor).model_copy(update={"not_before": datetime.now(UTC)}).model_dump_json()


@pytest.mark.parametrize(
    "more",
    [
        {"user": None},
        {"user": 0},
        {"body": ["a list"]},
        {"body": {}},
        {"body": 7},
        {"body": None},
        {"body": "\ud800\0"},
        {"number": "1"},
        {"number": None},
        {"created_at": "soon"},
        {"updated_at": 1e300},
        {"html_url": []},
        {"html_url": "https://github.com/o/n/pull/1"},
        {"title": [[]], "labels": "x", "state_reason": 3},
    ],
    ids=str,
)
def test_one_odd_issue_is_its_own_matter(lake: Lake, settings: Settings, hub: Hub, more: dict[str, Any]) -> None:
    odd = hub.open(FORM.format(kind="A video", addresses="https://youtu.be/odd00000000"))
    hub.issues[odd] |= more
    good = asked(hub)
    polled = poll(lake, settings, None)
    assert polled.quarantined >= 1
    assert "quarantine" in hub.comments[good][0]
    is_odd = "number" in more or isinstance(more.get("body"), list | dict | int)
    assert bool(polled.trouble) == is_odd
    assert poll(lake, settings, polled.cursor).quarantined == 0


def test_an_item_that_is_no_issue_stops_none(lake: Lake, settings: Settings, hub: Hub) -> None:
    good = asked(hub)
    hub.faults = [Fault(LIST, body=[None, 3, "x", [], {}, hub.issues[good], {"number": 2}])]
    polled = poll(lake, settings, None)
    assert (polled.quarantined, polled.trouble) == (1, ("6 issues can't be read.",))


@pytest.mark.parametrize("status", [202, 204, 301, 400, 401, 403, 404, 410, 422, 451, 500, 502, 503])
@pytest.mark.parametrize("call", [LIST, f"GET {COMMENTS}", f"POST {COMMENTS}"])
def test_whatever_is_refused_the_next_poll_makes_up_for_it(
    lake: Lake, settings: Settings, hub: Hub, call: str, status: int
) -> None:
    number = asked(hub)
    hub.faults = [Fault(call, status, ["unexpected"])]
    failed = poll(lake, settings, None)
    assert failed.trouble
    assert failed.quarantined == (call != LIST)
    hub.faults = []
    hub.edit(number)  # what was refused for good is tried when the issue, or the ledger, has changed
    done = poll(lake, settings, later(failed))
    assert failed.quarantined + done.quarantined == 1
    assert (len(hub.comments[number]), done.trouble) == (1, ())


@pytest.mark.parametrize("body", [None, {}, {"message": "x"}, "text", 3, True])
def test_a_list_that_is_none_is_read_again(lake: Lake, settings: Settings, hub: Hub, body: Any) -> None:
    asked(hub)
    hub.faults = [Fault(LIST, body=body)]
    failed = poll(lake, settings, None)
    assert (failed.quarantined, len(failed.trouble)) == (0, 1)
    hub.faults = []
    assert poll(lake, settings, failed.cursor).quarantined == 1


def test_a_locked_issue_keeps_nobody_from_an_answer(lake: Lake, settings: Settings, hub: Hub) -> None:
    locked, other = (asked(hub, name, updated_at="2026-01-01T00:00:00Z") for name in ("pong", "other"))
    hub.faults = [
        Fault(f"POST .*/{locked}/comments", 403, {"message": "Unable to create comment because it is locked."})
    ]
    polled = poll(lake, settings, None)
    assert (polled.quarantined, polled.answered) == (2, 1)
    assert (len(hub.comments[locked]), len(hub.comments[other])) == (0, 1)
    calls = len(hub.requests)
    assert poll(lake, settings, polled.cursor).trouble == (), "it isn't tried every minute"
    assert len(hub.requests) == calls + 1


@pytest.mark.parametrize(
    ("status", "headers", "body", "minutes"),
    [
        (
            403,
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "{reset}"},
            {"message": "exceeded"},
            50,
        ),
        (403, {}, {"message": "You have exceeded a secondary rate limit."}, 1),
        (403, {"Retry-After": "120"}, {}, 2),
        (429, {"Retry-After": "999999999"}, {}, 60),
        (429, {"Retry-After": "soon"}, [], 1),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "-7"}, None, 1),
    ],
)
@pytest.mark.parametrize("call", [LIST, f"POST {COMMENTS}"])
def test_a_rate_limit_is_given_up_at_once_and_kept_to(
    lake: Lake,
    settings: Settings,
    hub: Hub,
    call: str,
    status: int,
    headers: dict[str, str],
    body: Any,
    minutes: int,
) -> None:
    asked(hub)
    asked(hub, "other")
    reset = str(int(datetime.now(UTC).timestamp()) + 3000)
    hub.faults = [Fault(call, status, body, {k: v.format(reset=reset) for k, v in headers.items()})]
    polled = poll(lake, settings, None)
    until = Cursor.read(polled.cursor).not_before - datetime.now(UTC)
    assert timedelta(minutes=minutes - 1) < until <= timedelta(minutes=minutes, seconds=1)
    calls = len(hub.requests)
    waits = poll(lake, settings, polled.cursor)
    assert (len(hub.requests), waits.cursor) == (calls, polled.cursor), "nothing is asked until then"
    hub.faults = []
    done = poll(lake, settings, later(waits))
    assert polled.quarantined + done.quarantined == 2
    assert [len(texts) for texts in hub.comments.values()] == [1, 1]


def test_a_service_that_hangs_is_given_up_in_seconds(
    lake: Lake, settings: Settings, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "CALL", 0.2)
    monkeypatch.setattr(api, "POLL", 0.3)
    for name in ("one", "two", "three", "four"):
        asked(hub, name)
    hub.faults = [Fault(f"POST {COMMENTS}", seconds=1.0)]
    polled = poll(lake, settings, None)
    assert (polled.quarantined, polled.answered) == (4, 0)
    assert len(hub.requests) < 8, "the others wait for the next poll"
    monkeypatch.setattr(api, "CALL", 5.0)
    monkeypatch.setattr(api, "POLL", 10.0)
    hub.faults = []
    poll(lake, settings, polled.cursor)
    assert all(hub.comments.values())


def test_an_answer_that_is_too_long_is_cut(lake: Lake, settings: Settings, hub: Hub) -> None:
    number = asked(hub)
    repository = api.Repository(settings)
    (issue,) = repository.issues("takedown", datetime.fromtimestamp(0, UTC))
    issue.create_comment("ä" * 70_000 + "\n\n<!-- nitro 0123 -->")
    (text,) = hub.comments[number]
    assert len(text.encode()) <= 65_536
    assert text.endswith("<!-- nitro 0123 -->")
    assert api.CUT in text


@pytest.mark.parametrize("cursor", ["", "[]", "{", '{"since": 3}', '{"given": {"x": 1}}', '{"since": "soon"}'])
def test_a_cursor_that_is_none_is_a_first_one(lake: Lake, settings: Settings, hub: Hub, cursor: str) -> None:
    asked(hub)
    assert poll(lake, settings, cursor).quarantined == 1


@pytest.mark.parametrize(
    "answer", [Answer(seconds=1.5), Answer(status=503), Answer(status=429)], ids=["hangs", "503", "429"]
)
def test_the_inbox_waits_for_no_page(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    """A playlist at a host that doesn't answer, and a video: the video's quarantine is there in the same tick."""
    monkeypatch.setattr(polls, "PATIENCE", 0.3)
    settings.inbox.mkdir(parents=True)
    with site() as (base, server):
        server.pages["/feed.xml"] = replace(answer, body=feed(base))  # type: ignore[attr-defined]
        (settings.inbox / "a.json").write_text(f'{{"playlist": "{base}/feed.xml"}}')
        (settings.inbox / "b.json").write_text('{"video": "https://youtu.be/pong0000000"}')
        (settings.inbox / "c.json").mkdir()
        waiting, taken, odd = empty_inbox(lake, settings)
        assert (waiting.outcome, taken.outcome, odd.outcome) == ("waiting", "quarantined", "malformed")
        assert "answered yet" in waiting.text
        assert [path.name for path in settings.inbox.glob("*.json")] == ["a.json"]
        if answer.seconds:
            until = time.monotonic() + 300
            while list(settings.inbox.glob("*.json")):
                assert time.monotonic() < until
                empty_inbox(lake, settings)
            assert [len(request.video_keys) for request in requests(lake)] == [1, 3]


def test_a_request_that_nobody_foresaw_waits_alone(
    lake: Lake, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from nitro_assets.takedown.intake import ask

    real: Callable[..., Any] = ask.targets
    monkeypatch.setenv("NITRO_EXPORTS", str(settings.exports))
    monkeypatch.setattr(ask, "targets", lambda *given: 1 / 0 if "bad" in given[-1].text else real(*given))
    settings.inbox.mkdir(parents=True)
    for name in ("bad", "good"):
        (settings.inbox / f"{name}.json").write_text(f'{{"video": "https://youtu.be/{name:0<11}"}}')
    bad, good = empty_inbox(lake, settings)
    assert (bad.outcome, good.outcome) == ("waiting", "quarantined")
    assert "ZeroDivisionError" in bad.text
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert "Traceback" in settings.log.read_text()
