"""The inbox: a folder whose `*.json` files are takedown requests, each answered by a file beside it.

`{"video": "https://...", "reason": "..."}`, or `playlist` or `channel`, each one address or a list; `contact`, and
`from` where the file passes on somebody else's request, who is then limited like any stranger. `NAME.json.answer` says
what became of it, line by line; a file that was taken is removed, since it holds the address; a refused one is renamed;
one that has to wait stays.
"""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nitro_assets.lake.store import Lake
from nitro_assets.settings import Settings
from nitro_assets.takedown.intake.ask import Answer, Ask
from nitro_assets.takedown.intake.polls import receive
from nitro_assets.takedown.requests import TakedownError

NAMES = ("video", "playlist", "channel")
TEXTS = ("reason", "contact", "from")
MOST_BYTES = 1 << 20
ALLOWED = 'allowed is {"video" (or "playlist", "channel"): an address or a list of them, "reason": text}'


def empty_inbox(lake: Lake, settings: Settings) -> list[Answer]:
    """Take every request file in, oldest name first. A bad one is answered and set aside; the others go on."""
    paths = sorted(settings.inbox.glob("*.json"))
    read = [_read(path) for path in paths]
    taken = iter(receive(lake, settings, [ask for ask in read if isinstance(ask, Ask)]))
    answers = [next(taken) if isinstance(each, Ask) else each for each in read]
    for path, answer in zip(paths, answers, strict=True):
        with suppress(OSError):  # a folder or file that can't be written to; it is known already when it is seen again
            _set_aside(path, answer)
    return answers


def _set_aside(path: Path, answer: Answer) -> None:
    path.with_name(path.name + ".answer").write_text(f"{answer}\n")
    if answer.outcome in ("quarantined", "known") and answer.is_whole:
        path.unlink()
    elif answer.outcome == "malformed":
        path.rename(path.with_name(path.name + ".refused"))


def _read(path: Path) -> Ask | Answer:
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise TakedownError(f"{ALLOWED}; found something else than a file of up to {MOST_BYTES} bytes.")
        return _ask(json.loads(path.read_text()), datetime.fromtimestamp(path.stat().st_mtime, UTC))
    except TakedownError as error:
        return Answer("malformed", f"not taken: {error}")
    except (ValueError, OSError, RecursionError) as error:
        return Answer("malformed", f"not taken: not readable as JSON ({type(error).__name__}); {ALLOWED}.")


def _ask(found: Any, asked: datetime) -> Ask:
    named = [name for name in NAMES if isinstance(found, dict) and name in found]
    if len(named) != 1 or set(found) - {*NAMES, *TEXTS} or not all(isinstance(found.get(t, ""), str) for t in TEXTS):
        raise TakedownError(f"{ALLOWED}; found something else.")
    texts = found[named[0]] if isinstance(found[named[0]], list) else [found[named[0]]]
    if not all(isinstance(text, str) for text in texts):
        raise TakedownError(f"{ALLOWED}; found an address that is no text.")
    reason, contact, by = (found.get(name, "") for name in TEXTS)
    return Ask(named[0], tuple(texts), reason, contact, "inbox", by, asked=asked)  # type: ignore[arg-type]
