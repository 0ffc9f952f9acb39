"""What the polls of inbox and issues share: requests are taken in within seconds, whatever one of them leads to."""

import sys
from collections.abc import Sequence

from nitro_assets.lake.store import Lake
from nitro_assets.log import in_a_line
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.ask import Answer, Ask
from nitro_assets.takedown.intake.lookups import patience
from nitro_assets.takedown.intake.take_in import take_in

PATIENCE = 10.0
"""Seconds that one tick waits for pages that requests name; what isn't there by then is read on, for the next tick."""


def receive(lake: Lake, settings: Settings, asks: Sequence[Ask]) -> list[Answer]:
    """As `take_in`: first what names videos, for which no page is read, then playlists and channels.

    A request over which we fail ourselves waits, and stops no other.
    """
    answers: dict[int, Answer] = {}
    for is_list in (False, True):
        some = [number for number, ask in enumerate(asks) if (ask.named != "video") == is_list]
        with patience(PATIENCE):
            answers |= dict(zip(some, _taken(lake, settings, [asks[number] for number in some]), strict=True))
    return [answers[number] for number in range(len(asks))]


def _taken(lake: Lake, settings: Settings, asks: Sequence[Ask]) -> list[Answer]:
    try:
        return take_in(lake, settings, asks) if asks else []
    except Exception as error:  # that of one request, or of all: which one shows when they are taken one by one
        if len(asks) > 1:
            return [answer for ask in asks for answer in _taken(lake, settings, [ask])]
        print(in_a_line(error), file=sys.stderr)
        return [Answer("waiting", f"it can't be taken in now ({type(error).__name__}). It is tried again.")]
