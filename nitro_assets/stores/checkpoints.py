"""The bytes of models, in the lake and in copies on this machine.

Which models saw a video follows from the lineage. Their states and cards' facts stay in the table `checkpoints`.
"""

import shutil
from typing import Any

from nitro_assets.lake.files.checkpoints import local_copies
from nitro_assets.settings import Settings
from nitro_assets.stores.common.store import Counts, Store, Subject, Target, nothing


def destroy_checkpoints(subject: Subject) -> Counts:
    """The folder of every model that saw the videos, and its copies, whole or not."""
    count, fs = 0, subject.lake.fs
    for name in subject.checkpoints:
        path = f"{subject.lake.root}/checkpoints/{name}"
        if fs.exists(path):
            fs.rm(path, recursive=True)
            count += 1
        for copy in local_copies().glob(f"{name}*"):
            shutil.rmtree(copy, ignore_errors=True)
    return {"checkpoints": count}


def scan(settings: Settings, instance: Any) -> list[Target]:
    return [Target(f"{settings.lake}/checkpoints", "checkpoint")]


STORE = Store(turn=10, find=nothing, erase=(destroy_checkpoints,), scan=scan)
