"""Issues as requests, over a real HTTP API: taken in within a poll, answered once, closed at the end."""

import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.github.issues import poll, read_form
from nitro_assets.takedown.intake.ownership import token_of, vouch
from nitro_assets.takedown.quarantine import lift
from nitro_assets.takedown.requests import requests
from tests.assets.takedown.intake.github_api import FORM, Hub

PONG = "https://youtu.be/pong0000000"


@pytest.fixture
def settings(settings: Settings, hub: Hub) -> Settings:
    more = {"github_repo": "o/n", "github_token": SecretStr("secret"), "github_api": hub.base}
    return settings.model_copy(update=more)


def test_an_issue_is_quarantined_answered_and_closed(lake: Lake, settings: Settings, hub: Hub) -> None:
    number = hub.open(FORM.format(kind="A video", addresses=f"{PONG}?t=3"))
    polled = poll(lake, settings, None)
    assert (polled.quarantined, polled.answered) == (1, 1)
    request = requests(lake)[0]
    assert request.origin == "issue"
    assert request.id in hub.comments[number][0]
    assert token_of(lake, request) in hub.comments[number][0]
    again = poll(lake, settings, polled.cursor)
    assert (again.quarantined, again.answered) == (0, 0)
    assert poll(lake, settings, None).answered == 0, "without its cursor, too"
    vouch(lake, request.id)
    assert poll(lake, settings, again.cursor).answered == 1
    assert "verified" in hub.comments[number][1]
    lift(lake, settings, request.id)
    poll(lake, settings, None)
    assert hub.issues[number]["state"] == "closed"
    assert len(hub.comments[number]) == 3
    assert PONG not in "".join(hub.comments[number])


def test_what_is_malformed_or_known_is_answered_too(lake: Lake, settings: Settings, hub: Hub) -> None:
    hub.open(FORM.format(kind="A video", addresses=PONG))
    cursor = poll(lake, settings, None).cursor
    vouch(lake, requests(lake)[0].id)
    twice = hub.open(FORM.format(kind="A video", addresses=PONG), user=8)
    bad = hub.open("please take out my video <script>alert(1)</script>", user=9)
    cursor = poll(lake, settings, cursor).cursor
    assert "already under request" in hub.comments[twice][0]
    assert hub.issues[twice]["state"] == "closed"
    assert "names nothing" in hub.comments[bad][0]
    assert "script" not in hub.comments[bad][0]
    assert poll(lake, settings, cursor).answered == 0
    hub.edit(bad, body=FORM.format(kind="A video", addresses="https://youtu.be/other000000"))
    assert poll(lake, settings, cursor).quarantined == 1, "corrected in place"


def test_an_api_that_fails_loses_nothing(lake: Lake, settings: Settings, hub: Hub) -> None:
    number = hub.open(FORM.format(kind="A video", addresses=PONG))
    hub.broken = True
    failed = poll(lake, settings, None)
    assert (failed.quarantined, failed.trouble) == (0, ("the list of issues: GitHub refuses it (status 422).",))
    hub.broken = False
    assert poll(lake, settings, failed.cursor).quarantined == 1
    assert len(hub.comments[number]) == 1


def test_the_form_is_read_as_its_template_asks() -> None:
    form = FORM.format(kind="A whole channel", addresses="- <https://a.example/x>\r\n\r\nhttps://b.example/y")
    found = read_form(form)
    assert found["kind"] == "A whole channel"
    assert found["addresses"] == ["https://a.example/x", "https://b.example/y"]
    assert found["reason"] == found["contact"] == ""


@hypothesis_settings(max_examples=80, deadline=None)
@given(st.text(max_size=200), st.lists(st.sampled_from(["### Addresses", "### ", "\r\n", "_No response_", "- "])))
def test_no_text_breaks_the_form(text: str, parts: list[str]) -> None:
    found = read_form(text.join(["", *parts, ""]))
    assert set(found) == {"kind", "addresses", "reason", "contact"}
    assert all(line.strip() and not re.search(r"\n", line) for line in found["addresses"])
