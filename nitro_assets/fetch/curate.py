"""Which found videos are worth labelling: a verdict with its reason, from the metadata alone.

What the metadata doesn't say of the file is left open, and decided when the file is there (`unfit`).
"""

import re
from dataclasses import dataclass, field

from nitro_assets.fetch.guards.refusals import Again
from nitro_assets.settings import Settings

OVERLAY = re.compile(
    r"\b(input|button|key|controller|gamepad|joystick|pad)[- ]?(display|overlay|viewer|history|cam)\b|\bhand ?cam\b",
    re.IGNORECASE,
)
OWN = "own"
NO_DERIVATIVES = {"nd", "noderivs", "noderivatives"}


@dataclass(frozen=True)
class Facts:
    """What the index knows of a video; None where the page does not say. duration in seconds, height in pixels.

    own: a recording from a `folder:` of the operator's, who may call its licence `own`; unreadable: what is wrong with
    its file.
    """

    title: str | None
    description: str | None
    game: str | None
    licence: str | None
    duration: float | None
    height: int | None
    fps: float | None
    live: bool
    age_limit: int | None
    own: bool = field(default=False, kw_only=True)
    unreadable: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Rules:
    """What is kept; all but the age limit are settings.

    Durations in seconds. `licences` are beginnings of allowed ones, compared in lower case with "-" for everything
    between words, none of them with "no derivatives". A video whose page states no licence is kept unless
    `licence_needed`: hardly any page states one, and nothing of it is ever distributed.
    """

    min_duration: float = 30.0
    max_duration: float = 12 * 3600.0
    min_height: int = 200
    min_fps: float = 20.0
    max_age_limit: int = 17
    licences: tuple[str, ...] = ("cc0", "cc-by", "creative-commons", "public-domain", "with-permission")
    licence_needed: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "Rules":
        """Those that the settings say."""
        return cls(
            settings.min_seconds,
            settings.max_seconds,
            settings.min_height,
            settings.min_fps,
            licences=tuple(plain for each in settings.licences.split(",") if (plain := _plain(each))),
            licence_needed=settings.licence_needed,
        )


@dataclass(frozen=True)
class Verdict:
    """Whether a video is kept, why not, and when it is looked at again."""

    keep: bool
    reason: str
    again: Again = "changed"


def verdict(facts: Facts, rules: Rules | None = None) -> Verdict:
    """The first rule that the video breaks, or "kept"; "provisional" where the file has to decide.

    The reason holds no text from the page but numbers.
    """
    if facts.live:
        return Verdict(False, "live: it is no finished recording; it is looked at again once it has ended", "later")
    if problem := _problem(facts, rules or Rules()):
        return Verdict(False, problem)
    open_ones = [name for name in ("duration", "height") if getattr(facts, name) is None]
    if open_ones:
        return Verdict(True, f"provisional: {' and '.join(open_ones)} unknown until the file is there", "later")
    return Verdict(True, "kept")


def unfit(duration: float | None, height: int | None, fps: float | None, rules: Rules) -> str | None:
    """What is wrong with a file by its own measures, as far as they are known; None for one that may be kept."""
    if duration is not None and not rules.min_duration <= duration <= rules.max_duration:
        limits = f"{rules.min_duration:g} to {rules.max_duration:g} s (NITRO_MIN_SECONDS, NITRO_MAX_SECONDS)"
        return f"duration: {duration:g} s, allowed are {limits}"
    if height is not None and height < rules.min_height:
        return f"resolution: {height} lines, needed are {rules.min_height} (NITRO_MIN_HEIGHT)"
    if fps is not None and fps < rules.min_fps:
        return f"frame rate: {fps:g} a second, needed are {rules.min_fps:g} (NITRO_MIN_FPS)"
    return None


def measures(facts: Facts, rules: Rules) -> str | None:
    """What is wrong with the measures that a page states."""
    return unfit(facts.duration, facts.height, facts.fps, rules)


def _problem(facts: Facts, rules: Rules) -> str | None:
    if facts.unreadable:
        return f"unreadable: {facts.unreadable}"
    if (facts.age_limit or 0) > rules.max_age_limit:
        return f"age limit: {facts.age_limit}, allowed is up to {rules.max_age_limit}"
    if not facts.game:
        return "game: unknown; say it with `game:` in the sources"
    return measures(facts, rules) or _licence(facts, rules) or _overlay(facts)


def _licence(facts: Facts, rules: Rules) -> str | None:
    plain = _plain(facts.licence or "")
    if facts.own and plain == OWN:
        return None
    if not plain:
        return "licence: none stated; say it with `licence:` in the sources" if rules.licence_needed else None
    if not plain.startswith(rules.licences) or NO_DERIVATIVES & set(plain.split("-")):
        allowed = ", ".join(rules.licences)
        return f"licence: not on the list; allowed are {allowed} (NITRO_LICENCES), without 'no derivatives'"
    return None


def _plain(licence: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", licence.lower()).strip("-")


def _overlay(facts: Facts) -> str | None:
    """A drawn controller gives the answer away, and nobody says where in the frame it is."""
    if OVERLAY.search(f"{facts.title or ''}\n{facts.description or ''}"):
        return "overlay: title or description speak of an input display, which would be read instead of the game"
    return None
