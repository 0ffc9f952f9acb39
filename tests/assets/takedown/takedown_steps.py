"""The people in a takedown, for tests: a maintainer who vouches, and approvers with keys of their own."""

from pathlib import Path

from nitro_assets.lake.ledger.signing import Signer
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.approve import approve, register, registered
from nitro_assets.takedown.intake.ownership import vouch
from nitro_assets.takedown.requests import Request, find
from nitro_assets.takedown.workflow import carry_on


def person(settings: Settings, name: str) -> Settings:
    """The settings of somebody with an own approver's key."""
    return settings.model_copy(update={"approver_key": Path(f"{settings.secret_file}.{name}")})


def agree(lake: Lake, settings: Settings, request: Request, *names: str) -> Request:
    """Registered people approve the plan that stands."""
    for name in names:
        own = person(settings, name)
        public = Signer.of(own.own_approver_key).public
        if public not in registered(lake.ledger.entries()):
            register(lake, public)
        approve(lake, own, request.id, find(lake, request.id).plan_hash or "")
    return find(lake, request.id)


def approved(lake: Lake, settings: Settings, request: Request) -> Request:
    """Vouched for, planned, and approved by two."""
    vouch(lake, request.id)
    carry_on.plan(lake, settings, request.id)
    return agree(lake, settings, request, "anna", "bert")


def erased(lake: Lake, settings: Settings, request: Request) -> Request:
    """Approved, erased and scanned."""
    return carry_on.erase_approved(lake, settings, approved(lake, settings, request).id)
