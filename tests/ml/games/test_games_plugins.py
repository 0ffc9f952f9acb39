"""Games of other packages: the page's example, an engine of one's own, and what is wrong with a file."""

import os
import re
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from nitro_ml.core.actions import Actions
from nitro_ml.games import GameError, Pad, environment, make
from nitro_ml.games import catalogue as catalogues
from nitro_ml.games.catalogue import Catalogue, found
from nitro_ml.games.env import Game, Step
from nitro_ml.games.players.registry import player
from nitro_ml.games.recorder import counterfactual
from nitro_ml.games.recorder.scenario import play
from nitro_ml.games.registry import CATALOGUE

ROOT = Path(__file__).parents[3]


def test_the_pages_game_is_played_from_a_package_of_its_own(tmp_path: Path) -> None:
    page = (ROOT / "docs/tutorials/add-a-game.md").read_text()
    entry, project, script = (re.search(rf"```{kind}\n(.*?)```", page, re.S)[1] for kind in ("yaml", "toml", "python"))  # type: ignore[index]
    assert "assault" not in CATALOGUE.games
    files = {
        "my_games/__init__.py": "",
        "my_games/assault.yaml": entry,
        "my_games-0.1.dist-info/METADATA": "Metadata-Version: 2.1\nName: my_games\nVersion: 0.1\n",
        "my_games-0.1.dist-info/entry_points.txt": re.sub(r'project\.entry-points\."(.*)"', r"\1", project).replace(
            '"', ""
        ),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    said = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    promised = re.search(r"This prints `(.*?)`", page)
    assert promised
    assert said.stdout.strip() == promised[1]


class Square(Game):
    """A square that the stick moves; an engine without saved states."""

    def _load(self, seed: int) -> None:
        self._x = 0

    def _begin(self) -> None:
        self._x = int(self.np_random.integers(100))

    @property
    def frame(self) -> NDArray[np.uint8]:
        image = np.zeros((240, 320, 3), np.uint8)
        image[100:120, self._x : self._x + 20] = 255
        return image

    def advance(self, pad: Pad) -> Step:
        self._x += round(pad.stick("j_left_x") * self.game_spec.controls["j_left_x"].gain)
        return Step(float(self._x > 200), not 0 <= self._x <= 300, False)


SQUARE = """
engine: squares
adapter: tests.ml.games.test_games_plugins:Square
defaults: {rates: [30], seconds: 5, controls: {j_left_x: {action: MOVE, gain: 9}}}
games:
  square: {title: Square, sticks: [j_left_x]}
"""


def test_an_engine_of_ones_own_is_played_and_recorded_but_not_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "square.yaml").write_text(SQUARE)
    catalogue = Catalogue()
    catalogue.add(tmp_path)
    spec = catalogue.games["square"]
    game = make(spec, seed=3)
    moments = list(play(game, player("wanderer", game, np.random.default_rng(3)), 60))
    assert len(np.unique(np.stack([m.image for m in moments]).sum(axis=(1, 3)).argmax(axis=1))) > 5
    monkeypatch.setattr(counterfactual, "make", lambda name, seed, fps: make(spec, seed, fps))
    held = Actions(np.ones((9, 17), np.bool_), np.zeros((9, 4), np.float32))
    with pytest.raises(GameError, match="square: its engine, squares, keeps no states to go back to"):
        counterfactual.visible("square", 3, held, 30)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("engine: [", "a.yaml: not valid YAML"),
        ("- pong", "a.yaml: found a list; a file of games is a mapping"),
        ("engine: amiga\ngames: {x: {}}", "engine 'amiga' is unknown; there are: atari, vizdoom"),
        ("engine: atari\ngames: {pong: {}}", "game 'pong' is there already; give this one another name"),
        ("engine: atari\ngames: {assault: {buttons: [south]}}", "game assault: title: Field required"),
        ("engine: atari\ngames: {assault: {title: A}}", "neither buttons nor sticks are used"),
        ("engine: atari\ngames: {assault: {title: A, buttons: [a]}}", r"\['a'\] are not on the pad; allowed are back"),
        ("engine: atari\ngames: {assault: {title: A, buttons: [west]}}", r"\['west'\] are used, but controls doesn't"),
        (
            "engine: atari\ngames: {assault: {title: A, buttons: [south], serves: east}}",
            r"serves is 'east'; it is one of the game's buttons: \['south'\]",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_named_and_nothing_of_it_is_added(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    catalogue = found()
    before = dict(catalogue.games)
    with pytest.raises(GameError, match=message):
        catalogue.add(tmp_path)
    assert catalogue.games == before


@pytest.mark.parametrize(
    ("engine", "name", "entry", "message"),
    [
        ("atari", "asault", {}, "asault: ale-py has no cartridge of this name; it has adventure, "),
        ("vizdoom", "cellar", {}, "cellar: ViZDoom has no scenario of this name; it has basic, "),
        ("atari", "assault", {"controls": {"south": "JUMP"}}, "controls say 'JUMP'; a cartridge knows NOOP, FIRE"),
        ("vizdoom", "take_cover", {"controls": {"south": "FIRE"}}, "south does 'FIRE'; ViZDoom knows ATTACK, "),
        ("atari", "assault", {"options": {"skill": 1}}, r"atari has no options \['skill'\]; it has \['ball_height'\]"),
        ("atari", "assault", {"expert": "nitro_ml:Nobody"}, "its expert 'nitro_ml:Nobody' cannot be loaded"),
    ],
)
def test_what_an_engine_does_not_have_is_named(engine: str, name: str, entry: dict[str, object], message: str) -> None:
    if engine == "vizdoom":
        entry = {"controls": {"south": "ATTACK"}} | entry
    spec = CATALOGUE.spec(engine, name, **{"title": "A game", "buttons": ["south"]} | entry)
    with pytest.raises(GameError, match=message):
        player("expert", environment(spec), np.random.default_rng(0))


def test_a_package_whose_files_are_wrong_is_left_out_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    group = catalogues.GROUP
    broken = [EntryPoint("a", "nobody_has_this_package", group), EntryPoint("b", catalogues.PACKAGED, group)]
    monkeypatch.setattr(catalogues, "entry_points", lambda group: broken)
    with pytest.warns(UserWarning, match=r"are left out") as warned:
        assert found().games == CATALOGUE.games
    assert ["nobody_has_this_package" in str(w.message) for w in warned] == [True, False]
    assert "game 'pong' is there already" in str(warned[1].message)
