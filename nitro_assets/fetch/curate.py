"""Which found videos are worth labelling: a verdict with its reason, from the metadata alone."""

import re
from dataclasses import dataclass

OVERLAY = re.compile(
    r"\b(input|button|key|controller|gamepad|joystick|pad)[- ]?(display|overlay|viewer|history|cam)\b|\bhand ?cam\b",
    re.IGNORECASE,
)
NO_DERIVATIVES = {"nd", "noderivs", "noderivatives"}


@dataclass(frozen=True)
class Facts:
    """What the index knows of a video; None where the page does not say. duration in seconds, height in pixels."""

    title: str | None
    description: str | None
    game: str | None
    licence: str | None
    duration: float | None
    height: int | None
    fps: float | None
    live: bool
    age_limit: int | None


@dataclass(frozen=True)
class Rules:
    """What is kept.

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


@dataclass(frozen=True)
class Verdict:
    """Whether a video is kept, and why not."""

    keep: bool
    reason: str


def verdict(facts: Facts, rules: Rules | None = None) -> Verdict:
    """The first rule that the video breaks, or "kept". The reason holds no text from the page but numbers."""
    problem = _problem(facts, rules or Rules())
    return Verdict(problem is None, problem or "kept")


def _problem(facts: Facts, rules: Rules) -> str | None:
    if facts.live:
        return "live: it is no finished recording; it is looked at again once it has ended"
    if (facts.age_limit or 0) > rules.max_age_limit:
        return f"age limit: {facts.age_limit}, allowed is up to {rules.max_age_limit}"
    if not facts.game:
        return "game: unknown; say it with `game:` in the sources"
    return _measures(facts, rules) or _licence(facts.licence, rules) or _overlay(facts)


def _measures(facts: Facts, rules: Rules) -> str | None:
    if facts.duration is None:
        return "duration: unknown; the page doesn't say and the file's header can't be read"
    if not rules.min_duration <= facts.duration <= rules.max_duration:
        limits = f"{rules.min_duration:g} to {rules.max_duration:g} s"
        return f"duration: {facts.duration:g} s, allowed are {limits}"
    if facts.height is None:
        return "resolution: unknown; the page doesn't say and the file's header can't be read"
    if facts.height < rules.min_height:
        return f"resolution: {facts.height} lines, needed are {rules.min_height}"
    if facts.fps is not None and facts.fps < rules.min_fps:
        return f"frame rate: {facts.fps:g} a second, needed are {rules.min_fps:g}"
    return None


def _licence(licence: str | None, rules: Rules) -> str | None:
    plain = re.sub(r"[^a-z0-9]+", "-", (licence or "").lower()).strip("-")
    if not plain:
        return "licence: none stated; say it with `licence:` in the sources" if rules.licence_needed else None
    if not plain.startswith(rules.licences) or NO_DERIVATIVES & set(plain.split("-")):
        return f"licence: not on the list; allowed are {', '.join(rules.licences)}, without 'no derivatives'"
    return None


def _overlay(facts: Facts) -> str | None:
    """A drawn controller gives the answer away, and nobody says where in the frame it is."""
    if OVERLAY.search(f"{facts.title or ''}\n{facts.description or ''}"):
        return "overlay: title or description speak of an input display, which would be read instead of the game"
    return None
