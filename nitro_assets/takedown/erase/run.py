"""Carry a plan out: erase, look whether anything is left, and forget what had to be known for it.

What is executed is the plan that was approved. It may be killed anywhere and started again.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from nitro_assets.lake.delta.purge import purge_versions
from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.stores import stores
from nitro_assets.stores.common.others import others
from nitro_assets.takedown.encrypted_record import forget, record_path
from nitro_assets.takedown.erase.journal import Counts, Journal
from nitro_assets.takedown.erase.steps import OWN, Erasure, step_names
from nitro_assets.takedown.plan.plan import Plan, closure
from nitro_assets.takedown.requests import Request, TakedownError, find
from nitro_assets.takedown.scan.identifier_patterns import IdentifierPatterns
from nitro_assets.takedown.scan.scan import Found
from nitro_assets.takedown.scan.targets import Tell, scan_everything

ERASING = 0.3
"""The part of a takedown's time that the erasure may take; the rest is the scan's."""


class PlanOutgrownError(TakedownError):
    """The lake moved on and the closure grew: the plan must be made and approved again."""


@dataclass(frozen=True)
class Erased:
    """What was done, step by step, and what the scanner found afterwards (nothing, or the takedown has failed)."""

    steps: dict[str, dict[str, Any]]
    found: Sequence[Found]
    files_scanned: int
    bytes_scanned: int
    not_looked_for: int

    @property
    def clean(self) -> bool:
        return not self.found

    @property
    def rows(self) -> int:
        return int(self.steps["delete_rows"]["counts"]["rows"])

    @property
    def seconds(self) -> float:
        return round(sum(step["seconds"] for step in self.steps.values()), 3)


def execute(
    lake: Lake,
    settings: Settings,
    request: Request,
    plan: Plan,
    instance: Any = None,
    tell: Tell = lambda fraction, message: None,
) -> Erased:
    """Erase by the plan, scan, and forget the identifiers where the scan is clean.

    instance: Dagster's, where there is one; its pools are held meanwhile and its records erased. tell(fraction,
    message) is told how far it is. Raises `TakedownError` for a request that is not live, `PlanOutgrownError` before
    anything is touched.
    """
    if not request.is_live:
        raise TakedownError(f"request {request.id} is {request.state}; there is nothing to erase.")
    with ExitStack() as stack:
        if instance is not None:
            from nitro_assets.takedown.erase.pause_writers import pause_writers  # Dagster takes a second to load

            stack.enter_context(pause_writers(instance, request.id))
        done = carry_out(lake, settings, request, plan, instance, lambda part, said: tell(part * ERASING, said))
        wanted = identifier_patterns(find(lake, request.id))  # with what the first step has found out
        scan = scan_everything(
            settings,
            wanted,
            [record_path(lake, request.id)],
            instance,
            lambda part, said: tell(ERASING + part * (1 - ERASING), f"looking for traces: {said}"),
        )
        if scan.clean:
            forget(lake, request.id)
            purge_versions(lake.fs, f"{lake.root}/requests")
    return Erased(done, scan.found, scan.files, scan.size, wanted.too_short)


def carry_out(
    lake: Lake,
    settings: Settings,
    request: Request,
    plan: Plan,
    instance: Any = None,
    tell: Tell = lambda fraction, message: None,
) -> dict[str, Any]:
    """The steps that are not done yet, in order; all of them with what they counted.

    After a scan that found something they are all done again.
    """
    scans = sum(entry.kind == "scanned" for entry in request.entries)
    job, journal = Erasure(lake, settings, request, plan, instance), Journal(lake, request.id, plan.hash, scans)
    done = journal.done()
    if not done and (grown := plan.grown(closure(lake, settings, request))):
        raise PlanOutgrownError(
            f"request {request.id}: since it was planned, {len(grown)} things came to it ({', '.join(grown[:3])}); "
            f"plan and approve it again: `nitro takedown plan {request.id}`."
        )
    names = step_names()

    def do(name: str, work: Callable[[], Counts]) -> None:
        number = names.index(name) + 1
        tell(number / len(names), f"step {number} of {len(names)}: {name.replace('_', ' ')}")
        done[name] = journal.step(number, name, work)

    for own in OWN:
        if own.__name__ not in done:
            do(own.__name__, partial(own, job))
    for store in stores().values():
        left = [step for step in store.erase if step.__name__ not in done]
        if left and (instance is not None or not store.in_dagster):
            with store.hold(job.subject):
                for step in left:
                    do(step.__name__, partial(step, job.subject))
    return done


def identifier_patterns(request: Request) -> IdentifierPatterns:
    """All that the scanner has to look for."""
    record = request.encrypted_record
    texts = {*record.addresses, *record.needles}
    theirs = others(request.lake, record.video_keys, texts) - texts if request.lake else ()
    return IdentifierPatterns(
        {"video key": record.video_keys, "address": record.addresses, "identifier": record.needles}, theirs
    )
