"""What the sensors do. Each quarantines by itself, before any run."""

from collections.abc import Sequence

import dagster as dg

from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake import inbox
from nitro_assets.takedown.intake.github.issues import poll
from nitro_assets.takedown.intake.lookups import patience
from nitro_assets.takedown.intake.ownership import lapse_overdue, look_for_tokens
from nitro_assets.takedown.intake.polls import PATIENCE
from nitro_assets.takedown.intake.removed_upstream import quarantine_gone
from nitro_assets.takedown.requests import requests
from nitro_assets.takedown.workflow import carry_on


def _go_on(lake: Lake, cursor: str | None = None) -> dg.SensorResult:
    """A run of `takedown_requests`, once for each state of the ledger."""
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=lake.ledger.entries()[-1].hash)], cursor=cursor)


def take_in_files() -> dg.SensorResult | dg.SkipReason:
    """The request files of the inbox."""
    settings = Settings()
    if not any(settings.inbox.glob("*.json")):
        return dg.SkipReason(f"no *.json in {settings.inbox}")
    lake = Lake(settings)
    answers = inbox.empty_inbox(lake, settings)
    if not any(answer.outcome == "quarantined" for answer in answers):
        return dg.SkipReason(f"{len(answers)} not taken; the answers are beside the files")
    return _go_on(lake)


def take_in_issues(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """The issues of NITRO_GITHUB_REPO, which are answered and closed."""
    settings = Settings()
    if not settings.github_repo or not settings.github_token.get_secret_value():
        return dg.SkipReason("NITRO_GITHUB_REPO and NITRO_GITHUB_TOKEN are not set")
    lake = Lake(settings)
    polled = poll(lake, settings, context.cursor)
    for trouble in polled.trouble:
        context.log.warning(trouble)
    if polled.quarantined:
        return _go_on(lake, polled.cursor)
    context.update_cursor(polled.cursor)
    return dg.SkipReason(" ".join([f"no new request; {polled.answered} issues answered.", *polled.trouble]))


def pass_time() -> dg.SensorResult | dg.SkipReason:
    """What lapses, whose owner has answered, what is gone upstream, and which request can go on."""
    settings = Settings()
    lake = Lake(settings)
    waiting = [request for request in requests(lake) if request.state == "quarantined"]
    changed: list[Sequence[object]] = [lapse_overdue(lake, settings), quarantine_gone(lake, settings)]
    with patience(PATIENCE):
        changed.append(look_for_tokens(lake, settings, waiting))
    changed.append([r for r in requests(lake) if carry_on.is_due(lake, settings, r)])
    if not any(changed):
        return dg.SkipReason("nothing has changed")
    return _go_on(lake)
