"""Why something from outside is not taken, and when it is looked at again: one row for each class of trouble.

`never`: a person has decided. `changed`: it is a fact, and stays one until the page, the file, the sources or the
settings change. `later`: it may pass by itself, and is tried again, each time after a longer pause. What can only be
guessed is `later`.
"""

from dataclasses import dataclass
from typing import Literal

Again = Literal["never", "changed", "later"]
Reason = Literal[
    "blocked",
    "gone",
    "private",
    "refused",
    "unsupported",
    "unreadable",
    "too big",
    "unfit",
    "denied",
    "missing",
    "live",
    "network",
    "busy",
    "damaged",
    "unknown",
]


@dataclass(frozen=True)
class Refusal:
    """When it is looked at again, and what people are told; no address, id or title in it."""

    again: Again
    message: str


REFUSALS: dict[Reason, Refusal] = {
    "blocked": Refusal("never", "under a takedown request; not taken in"),
    "gone": Refusal("changed", "the video is gone, by its own page's word; remove it from the sources"),
    "private": Refusal("changed", "the video is private, by its own page's word; only public videos are taken"),
    "refused": Refusal(
        "changed",
        "found a redirect to something that isn't http or https, or in a circle; allowed is a plain address",
    ),
    "unsupported": Refusal(
        "changed", "found no video at the address; allowed is what yt-dlp takes: a video, playlist, channel or feed"
    ),
    "unreadable": Refusal("changed", "its page states something that can't be read"),
    "too big": Refusal("changed", "the file is larger than allowed; lower its resolution or raise NITRO_DOWNLOAD_GB"),
    "unfit": Refusal("changed", "the file is not what the settings allow"),
    "denied": Refusal("later", "the site denies it, or asks for an account; run it again later"),
    "missing": Refusal("later", "the page is there, but what it leads to is missing; run it again later"),
    "live": Refusal("later", "found a live stream; needed is a finished recording"),
    "network": Refusal("later", "the site can't be reached, is too slow or broke off; run it again later"),
    "busy": Refusal("later", "the site asks for fewer requests; run it again later"),
    "damaged": Refusal("later", "the file can't be decoded to its end; it is tried again later"),
    "unknown": Refusal("later", "yt-dlp can't read the address; a newer yt-dlp may"),
}


class FetchError(RuntimeError):
    """A fetch that failed. `reason` is its class; the message holds no address, id or title."""

    def __init__(self, reason: Reason, message: str | None = None) -> None:
        super().__init__(message or f"{REFUSALS[reason].message}.")
        self.reason = reason

    @property
    def again(self) -> Again:
        """When it is worth another try."""
        return REFUSALS[self.reason].again
