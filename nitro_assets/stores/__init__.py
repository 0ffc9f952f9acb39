"""The stores: each place that can hold a trace of a video, one file each, with the value `STORE` (`common/store.py`).

A store knows how to find a video, how to erase it and what to scan for it. It is found by itself: nothing lists the
stores, and tests/assets/takedown/erase/test_takedown_leaks.py fails for a step that no leak shows to be needed.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Store, Target


def stores() -> dict[str, Store]:
    """All stores by name, in the order in which they are erased.

    Raises `ValueError` for two steps of the same name: the journal would take the second for done.
    """
    names = [module.name for module in iter_modules(__path__) if not module.ispkg]
    declared: dict[str, Store] = {name: import_module(f"{__name__}.{name}").STORE for name in names}
    found = dict(sorted(declared.items(), key=lambda item: (item[1].turn, item[0])))
    steps = [step.__name__ for store in found.values() for step in store.erase]
    if twice := {step for step in steps if steps.count(step) > 1}:
        raise ValueError(f"stores: found more than one step named {', '.join(sorted(twice))}; rename one of them.")
    return found


def targets(settings: Settings, instance: Any = None) -> list[Target]:
    """What the scanner has to read, of every store; `instance`: Dagster's, for its database servers."""
    return [target for store in stores().values() for target in store.scan(settings, instance)]
