"""Files of games: YAML with an entry a game, in this package and in those that an entry point `nitro.games` names."""

import warnings
from collections.abc import Mapping
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from nitro_ml.games.spec import GameError, GameSpec

GROUP = "nitro.games"
PACKAGED = "nitro_ml.games.adapters"


class GameFile(BaseModel):
    """One file: games of one engine. Where it names an `adapter` it brings the engine, and `defaults` for its games."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str
    adapter: str | None = None
    defaults: dict[str, Any] = {}
    games: dict[str, dict[str, Any]] = {}


class Catalogue:
    """The engines and games found so far, by name."""

    def __init__(self) -> None:
        self.engines: dict[str, GameFile] = {}
        self.games: dict[str, GameSpec] = {}

    def add(self, folder: Traversable) -> None:
        """Add the games of a folder's `*.yaml`: all of them, or none where one is wrong.

        Raises `GameError` naming the file, the entry, what was found and what is allowed.
        """
        read = {f.name: _read(f) for f in sorted(folder.iterdir(), key=lambda f: f.name) if f.name.endswith(".yaml")}
        engines = {**self.engines, **{file.engine: file for file in read.values() if file.adapter}}
        games: dict[str, GameSpec] = {}
        for where, file in read.items():
            if file.engine not in engines:
                raise GameError(f"{where}: engine {file.engine!r} is unknown; there are: {', '.join(engines)}.")
            for name, entry in file.games.items():
                if name in games or name in self.games:
                    raise GameError(f"{where}: game {name!r} is there already; give this one another name.")
                games[name] = _spec(where, engines[file.engine], name, {**file.defaults, **entry})
        self.engines, self.games = engines, self.games | games

    def spec(self, engine: str, name: str, **entry: Any) -> GameSpec:
        """A game of a known engine that is in no file. Raises as `add`."""
        return _spec(name, self.engines[engine], name, entry)


def found() -> Catalogue:
    """The games of this package, and those of every installed package with an entry point in the group `nitro.games`.

    An entry point names a package that has files of games in it. One whose files are wrong is left out with a warning.
    """
    catalogue = Catalogue()
    catalogue.add(files(PACKAGED))
    for entry in entry_points(group=GROUP):
        try:
            catalogue.add(files(entry.value))
        except Exception as error:  # of somebody else's package, whatever it is
            warnings.warn(f"the games of {entry.value} ({GROUP}) are left out: {error}", stacklevel=2)
    return catalogue


def _read(file: Traversable) -> GameFile:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise GameError(f"{file.name}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise GameError(f"{file.name}: found a {type(content).__name__}; a file of games is a mapping.")
    try:
        return GameFile.model_validate(content)
    except ValidationError as error:
        raise GameError(f"{file.name}: {_wrong(error)}") from error


def _spec(where: str, engine: GameFile, name: str, entry: Mapping[str, Any]) -> GameSpec:
    whole = {**engine.defaults, **entry, "name": name, "engine": engine.engine, "adapter": engine.adapter}
    try:
        return GameSpec.model_validate(whole)
    except ValidationError as error:
        raise GameError(f"{where}: game {name}: {_wrong(error)}") from error


def _wrong(error: ValidationError) -> str:
    lines = [
        f"{'.'.join(map(str, e['loc'])) or 'it'}: {e['msg'].removeprefix('Value error, ')} (found {e['input']!r:.80})"
        if e["loc"]
        else e["msg"].removeprefix("Value error, ")
        for e in error.errors()
    ]
    return "; ".join(lines) + "."
