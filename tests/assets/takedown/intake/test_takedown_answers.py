"""What a request says and what it is answered: every address in it, in any spelling, is understood or asked about."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from nitro_assets.assets.nitrogen_actions import worker as nitrogen_actions
from nitro_assets.assets.video_index import worker as video_index
from nitro_assets.identity import names_by, video_key
from nitro_assets.lake.store import Lake
from nitro_assets.runtime.job import make
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.ask import Answer, Ask
from nitro_assets.takedown.intake.github.issues import poll
from nitro_assets.takedown.intake.inbox import empty_inbox
from nitro_assets.takedown.intake.ownership import vouch
from nitro_assets.takedown.intake.reading import read
from nitro_assets.takedown.intake.take_in import NOT_HELD, ask_for, take_in
from nitro_assets.takedown.intake.targets import count_held, held_as
from nitro_assets.takedown.quarantine import lift
from nitro_assets.takedown.requests import TakedownError, find, requests
from tests.assets.fetch.listed import listing, video
from tests.assets.small_world import LABELLED, job, write_shards
from tests.assets.takedown.intake.github_api import FORM, Hub

PAGE = "https://films.example/watch/one two?v=7&lang=de"
TUBE = [f"https://youtu.be/aaaaaaaaaa{n}" for n in range(6)]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"sources": settings.cache_folder / "sources.yaml", "corpus_shards": 1})


def index(lake: Lake, settings: Settings, *pages: str, site: tuple[str, str] = ("", "")) -> None:
    """The index's own worker, on a source that lists these pages."""
    found = [replace(video(page, site=site), title=page) for page in pages]
    with listing(settings, found):
        make(job(lake, settings, "video_index"), video_index.build, "0000")


def readable(lake: Lake) -> int:
    return int(lake.read("video_index").collect().height)


def ask(lake: Lake, settings: Settings, *texts: str, **more: str) -> Answer:
    return take_in(lake, settings, [Ask("video", texts, **more)])[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written",
    [
        "https://films.example/watch/one%20two?lang=de&v=7",
        "HTTP://FILMS.Example:80/watch/on%65%20two/?v=7&lang=de&utm_source=mail#t=9",
        "m.films.example/watch/one%20two?lang=de&v=7&fbclid=x",
    ],
)
def test_a_page_is_taken_out_in_any_spelling(lake: Lake, settings: Settings, written: str) -> None:
    index(lake, settings, PAGE, "https://films.example/watch/other")
    assert ask_for(lake, settings, [written], "mine").text.endswith("1 video quarantined.")
    assert readable(lake) == 1
    index(lake, settings, PAGE, "https://films.example/watch/other")
    assert readable(lake) == 1, "nor is it taken in again"


def test_a_video_is_found_by_its_sites_page_and_by_the_pages_own_id(lake: Lake, settings: Settings) -> None:
    page, player = "https://rumble.com/vdmum1-moose.html", "https://rumble.com/embed/vb0ofn/"
    index(lake, settings, page, site=("RumbleEmbed", "vb0ofn"))
    assert held_as(lake, settings, page) == held_as(lake, settings, player)
    for asked in (page, player):
        said = ask_for(lake, settings, [asked], "mine")
        assert "1 video quarantined" in said.text
        assert readable(lake) == 0
        lift(lake, settings, said.request)
        assert readable(lake) == 1
    ask_for(lake, settings, [page], "mine")
    lake.drop("video_index", "0000")
    index(lake, settings, page, site=("RumbleEmbed", "vb0ofn"))
    assert lake.stored("video_index").collect().is_empty(), "asked for by one name, it doesn't come again by the other"


def test_the_dataset_is_asked_for_as_the_index_is(lake: Lake, settings: Settings) -> None:
    write_shards(settings)
    make(job(lake, settings, "nitrogen_actions"), nitrogen_actions.build, "SHARD_0000")
    asked = f"https://www.youtube.com/watch?v={LABELLED[0][:11]}&list=PLMYEtVRpaqY00V9W81Cwmzp6N6vZqfUKD4"
    assert "1 video quarantined" in ask_for(lake, settings, [asked], "mine").text
    assert lake.read("nitrogen_frames").collect().is_empty()


def test_every_address_of_every_line_is_understood_or_asked_about(lake: Lake, settings: Settings) -> None:
    index(lake, settings, TUBE[0])
    texts = (
        f"{TUBE[0]}, {TUBE[1]} and youtube.com/watch?v={TUBE[2][-11:]}.",
        "the one with the dog",
        f"- [mine]({TUBE[3]}); <{TUBE[4]}>",
        "https://www.youtube.com/@somebody https://bit.ly/x https://youtu.be/",
    )
    said = ask(lake, settings, *texts)
    assert said.outcome == "quarantined"
    keys = {video_key(settings.secret, names_by(address)[0]) for address in TUBE[:5]}
    assert keys == lake.blocklist().among(keys)
    assert [(each.line, each.name) for each in said.lines if each.state == "taken"] == [
        *((1, f"youtube:aaaaaaaaaa{n}") for n in range(3)),
        *((3, f"youtube:aaaaaaaaaa{n}") for n in (3, 4)),
    ]
    assert [each.line for each in said.unclear] == [2, 4, 4, 4]
    assert all(word in str(said) for word in ("line 2: found no address", "a channel, not one video", "short link"))


def test_what_matches_nothing_says_so_and_strangers_are_not_told(lake: Lake, settings: Settings) -> None:
    index(lake, settings, TUBE[0])
    assert NOT_HELD in ask_for(lake, settings, [TUBE[1]], "mine").text
    both = ask_for(lake, settings, TUBE[:3], "mine")
    assert [each.what for each in both.lines] == [
        "quarantined",
        f"already under request {requests(lake)[0].id}",
        NOT_HELD,
    ]
    strangers = [ask(lake, settings, TUBE[n], by=f"Eve {n}") for n in (3, 4)]
    assert {said.text.split(": ")[1] for said in strangers} == {"1 video quarantined."}
    assert {each.what for said in strangers for each in said.lines} == {"quarantined"}
    held = count_held(lake, requests(lake))
    assert [held[r.id] for r in requests(lake)] == [0, 1, 0, 0], "this machine's own user is"


@given(st.lists(st.sampled_from([*TUBE, "no address here", "", "https://", "x" * 3000]), max_size=6), st.data())
def test_no_line_stands_in_anothers_way(lines: list[str], data: st.DataObject) -> None:
    joints = [data.draw(st.sampled_from(["\n", "\r\n", "\n- "])) for _ in lines]
    text = "".join(f"{line}{joint}" for line, joint in zip(lines, joints, strict=True))
    found = read([text], "video")
    assert {item.text for item in found if not item.problem} == {line for line in lines if line in TUBE}
    assert all(item.name.startswith("youtube:") for item in found if not item.problem)


def test_a_request_without_any_address_is_a_sentence(lake: Lake, settings: Settings) -> None:
    with pytest.raises(TakedownError, match=r"^not taken: found no address in it; needed is .*\.\n- line 1: found no"):
        ask_for(lake, settings, ["my video, please"], "mine")
    settings.inbox.mkdir(parents=True)
    (settings.inbox / "a.json").write_text('{"video": ["https://youtu.be/aaaaaaaaaa1", "and the other one"]}')
    assert [a.outcome for a in empty_inbox(lake, settings)] == ["quarantined"]
    said = (settings.inbox / "a.json.answer").read_text()
    assert "line 1, youtube:aaaaaaaaaa1: " in said
    assert "line 2: found no address in it" in said


@pytest.fixture
def watched(settings: Settings, hub: Hub) -> Settings:
    more = {"github_repo": "o/n", "github_token": SecretStr("secret"), "github_api": hub.base}
    return settings.model_copy(update=more)


def test_an_odd_line_in_an_issue_is_asked_about_and_the_others_are_taken(
    lake: Lake, watched: Settings, hub: Hub
) -> None:
    number = hub.open(FORM.format(kind="A video", addresses=f"{TUBE[0]} {TUBE[1]}\n`@team` my dog"))
    polled = poll(lake, watched, None)
    first, second = hub.comments[number]
    assert len(requests(lake)[0].block_keys) == 2
    assert "- `youtube:aaaaaaaaaa0`\n- `youtube:aaaaaaaaaa1`" in first, "as it was understood"
    assert "line 2: found no address in it" in second
    assert "@team" not in first + second
    assert poll(lake, watched, polled.cursor).answered == 0


def test_edits_of_an_issue_are_read(lake: Lake, watched: Settings, hub: Hub) -> None:
    number = hub.open(FORM.format(kind="A video", addresses=TUBE[0]))
    cursor = poll(lake, watched, None).cursor
    vouch(lake, requests(lake)[0].id)
    hub.edit(number, body=FORM.format(kind="A video", addresses=f"{TUBE[0]}\n{TUBE[1]}"))
    polled = poll(lake, watched, cursor)
    assert polled.quarantined == 1
    first, second = requests(lake)
    assert (first.state, second.state) == ("verified", "quarantined"), "what is added is proven by itself"
    assert len(second.block_keys) == 1
    hub.edit(number, body=FORM.format(kind="A video", addresses=f"{TUBE[0]}\n{TUBE[2]}"))
    cursor = poll(lake, watched, polled.cursor).cursor
    states = [(r.state, len(r.block_keys)) for r in requests(lake)]
    assert states == [("verified", 1), ("lapsed", 1), ("quarantined", 1)], "a mistake is taken back at once"
    hub.edit(number, body=FORM.format(kind="A video", addresses=f"{TUBE[0]} oops"))
    assert poll(lake, watched, cursor).quarantined == 0
    assert hub.issues[number]["state"] == "open"


def test_addresses_leave_our_own_comments_when_the_request_ends(lake: Lake, watched: Settings, hub: Hub) -> None:
    number = hub.open(f"Hello, please take out {TUBE[0]}, thank you.")  # without the form
    poll(lake, watched, None)
    assert "youtube:aaaaaaaaaa0" in hub.comments[number][0]
    hub.comments[number].append("<!-- named -->somebody's own youtube:aaaaaaaaaa0<!-- end -->")
    lift(lake, watched, find(lake, requests(lake)[0].id).id)
    poll(lake, watched, None)
    assert hub.issues[number]["state"] == "closed"
    assert "youtube:" not in hub.comments[number][0]
    assert "youtube:" in hub.comments[number][1], "not ours to edit"
