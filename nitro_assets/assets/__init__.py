"""The assets, one folder each: `asset.py` declares it (light), `worker.py` is the process that makes it.

Instead of a worker, `step.py` may hold what Dagster's own step does. `schedules.py` and `sensors.py` declare what
belongs to the asset, and are light; what their ticks do is in `ticks.py`. A folder is found by itself; nothing else has
to name it.
"""

from graphlib import TopologicalSorter
from importlib import import_module
from pkgutil import iter_modules

from nitro_assets.assets.declare import Asset

FOLDERS = [module.name for module in iter_modules(__path__) if module.ispkg]


def _found() -> dict[str, Asset]:
    declared = {name: import_module(f"{__name__}.{name}.asset").ASSET for name in FOLDERS}
    sorter = TopologicalSorter({name: [reads.asset for reads in asset.reads] for name, asset in declared.items()})
    sorter.prepare()
    ready, found = [*sorter.get_ready()], {}
    while ready:
        name = min(ready, key=lambda name: (declared[name].turn, name))
        found[name] = declared[name]
        sorter.done(name)
        ready = [n for n in ready if n != name] + [*sorter.get_ready()]
    return found


ASSETS: dict[str, Asset] = _found()
"""By name, each after what it reads; of those that could be next, the one whose turn is first."""
