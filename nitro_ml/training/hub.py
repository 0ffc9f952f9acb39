"""Checkpoints by address: a folder as it is, or `hf://owner/name`, fetched into the hub's own cache."""

import re
from pathlib import Path
from typing import Any

from nitro_ml.training.checkpoint import FILES, CheckpointError

ADDRESS = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")


def folder(where: str | Path) -> Path:
    """The folder of a checkpoint. `hf://owner/name@revision` names a branch, tag or commit of the hub's repository.

    What was fetched before is used again without a network. Raises `CheckpointError` for an address that isn't one, a
    folder that isn't there, and what the hub can't give.
    """
    if "://" not in str(where):
        path = Path(where).expanduser()
        if not path.is_dir():
            raise CheckpointError(f"{where}: there is no such folder; a checkpoint is a folder or hf://owner/name.")
        return path.resolve()
    match = ADDRESS.fullmatch(str(where))
    if match is None:
        raise CheckpointError(
            f"{where}: no address of a checkpoint; allowed are a folder and hf://owner/name@revision."
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import tqdm

    class InTerminals(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{"disable": None, **kwargs})

    try:
        return Path(snapshot_download(match[1], revision=match[2], allow_patterns=list(FILES), tqdm_class=InTerminals))
    except Exception as error:  # the hub's client and those below it raise errors of their own
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise CheckpointError(f"{where}: can't be fetched ({why}); check the name and the network.") from error
