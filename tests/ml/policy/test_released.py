"""NitroGen's released layout: the same numbers as other people's blocks, the same bits after a round trip, and play."""

import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from benchmarks.playing import released as benchmark
from nitro_assets.cli import app
from nitro_ml.core.actions import BUTTONS, STICKS, Actions
from nitro_ml.games.registry import make
from nitro_ml.models.policy import chunk, flow
from nitro_ml.models.policy.model import to_pixels
from nitro_ml.models.policy.play.agent import Policy
from nitro_ml.models.policy.play.episodes import PolicyPlayer, play
from nitro_ml.models.policy.released import folder
from nitro_ml.models.policy.released.archive import WeightsError
from nitro_ml.models.policy.released.folder import export_file, import_file
from nitro_ml.models.policy.released.net import ReleasedNet
from nitro_ml.models.policy.released.sizes import Sizes, table
from nitro_ml.models.policy.released.weights import read_weights
from nitro_ml.training.device import seeded
from nitro_ml.video.resize import resize
from tests.ml.policy.diffused import Diffused
from tests.ml.policy.released_files import SMALL, released, weights


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("released")
    return import_file(released(where / "ng.pt"), where / "checkpoints", SMALL).path


def test_the_table_has_the_published_counts() -> None:
    shapes = table(Sizes())
    count = {name: math.prod(shape) for name, shape in shapes.items()}
    assert len(shapes) == 595
    assert sum(count.values()) == 493_631_513
    assert sum(n for name, n in count.items() if not name.startswith("vision_encoder.")) == 177_675_289


def test_the_network_has_exactly_the_tables_tensors() -> None:
    with torch.device("meta"):
        net = ReleasedNet(Sizes())
    assert {name: tuple(value.shape) for name, value in net.state_dict().items()} == table(Sizes())


@pytest.mark.parametrize("sizes", [SMALL, Sizes(64, 4, 64, 16, 1, 1, 2)], ids=["small", "wider"])
def test_a_chunk_equals_that_of_an_independent_assembly(sizes: Sizes) -> None:
    state = weights(1, sizes)
    with seeded(2):
        pixels, eps = torch.rand(2, 3, sizes.image, sizes.image) * 2 - 1, torch.randn(2, 18, 25)
    reference = Diffused(state, sizes).sampled(pixels, eps)

    def ours(state: dict[str, torch.Tensor]) -> torch.Tensor:
        net = ReleasedNet.of(sizes, state).eval()
        with torch.inference_mode():
            context = net.encode(pixels)
            return flow.integrate(lambda a, t: net(context, a, t), eps, 16)

    assert (ours(state) - reference).abs().max() < 1e-4
    assert (reference - eps).abs().mean() > 0.1
    for name in ("model.proj_out_1.bias", "model.transformer_blocks.1.norm1.linear.bias"):  # the order of the halves
        assert (ours({**state, name: state[name].roll(sizes.width)}) - reference).abs().max() > 1e-2


def test_sixteen_steps_ask_for_the_published_buckets() -> None:
    asked: list[int] = []

    def ask(a: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        asked.append(int(flow.bucket(t)))
        return a

    flow.integrate(ask, torch.zeros(1, 18, 25), 16)
    assert asked == [int(i / 16 * 1000) for i in range(16)]
    assert asked[:4] == [0, 62, 125, 187]


def test_the_columns_are_where_upstream_has_them_both_ways() -> None:
    at = dict(zip(BUTTONS + STICKS, chunk.RELEASED.columns, strict=True))
    assert (at["south"], at["dpad_down"], at["j_left_x"], at["j_left_y"]) == (18, 1, 21, 22)
    rng = np.random.default_rng(0)
    actions = Actions(rng.random((18, 17)) < 0.5, rng.uniform(-1, 1, (18, 4)).astype(np.float32))
    values = chunk.encode(actions, chunk.RELEASED)
    assert values.shape == (18, 25)
    assert not values[:, [11, 12, 13, 17]].any()
    back = chunk.decode(values, chunk.RELEASED)
    np.testing.assert_array_equal(back.buttons, actions.buttons)
    np.testing.assert_allclose(back.sticks, actions.sticks, atol=1e-6)


def test_import_and_export_keep_every_bit_and_what_else_the_file_held(imported: Path, tmp_path: Path) -> None:
    state, config = weights(), {"model_cfg": {"hidden": 32}}
    card = Policy.load(imported).card
    assert (card["layout"], card["beside"]) == ("nitrogen", {"ckpt_config": config})
    assert "non-commercial" in card["terms"]
    exported = torch.load(export_file(imported, tmp_path / "again.pt"), weights_only=True)
    assert exported["ckpt_config"] == config
    assert list(exported["model"]) == list(state)
    assert all(torch.equal(exported["model"][name], value) for name, value in state.items())
    again = read_weights(tmp_path / "again.pt", SMALL)
    assert all(torch.equal(again.state[name], value) for name, value in state.items())
    with pytest.raises(FileExistsError, match="nothing is replaced"):
        export_file(imported, tmp_path / "again.pt")


def test_what_is_in_memory_otherwise_is_read_all_the_same(tmp_path: Path) -> None:
    """Transposed tensors, and several in one storage, as other trainers save them."""
    state = weights()
    name, one, two = "model.proj_out_2.weight", "model.proj_out_1.bias", "model.proj_out_2.bias"
    both = torch.cat([state[one], state[two]])
    odd = {**state, name: state[name].t().contiguous().t(), one: both[:64], two: both[64:]}
    read = read_weights(released(tmp_path / "odd.pt", odd, pickle_protocol=4), SMALL)
    assert all(torch.equal(read.state[key], value) for key, value in state.items())


def test_it_plays_every_second_action_of_a_chunk_at_30_hz(imported: Path) -> None:
    policy = Policy.load(imported)
    assert (policy.resolution, policy.rate, policy.horizon, policy.execute) == (32, 60, 18, 9)
    game = make("freeway", 0)
    player = PolicyPlayer(policy, game, np.random.default_rng(0))
    pads = np.array([player.act().buttons for _ in range(10)])
    rng, seen = np.random.default_rng(0), resize(game.frame, 32)[None, None]
    for now in (slice(0, 9), slice(9, 10)):
        eps = policy.noise(rng)
        with torch.inference_mode():
            context = policy.net.encode(to_pixels(torch.from_numpy(seen)))
            whole = flow.integrate(partial(policy.net, context), torch.from_numpy(eps)[None], 16)
        played = chunk.decode(whole[0].numpy(), chunk.RELEASED).buttons[::2]
        np.testing.assert_array_equal(played[: len(pads[now])], pads[now])
    assert len(play(policy, "breakout", 2, seed=0, max_frames=12)) == 2


def test_the_benchmark_measures_files_chunk_and_resize() -> None:
    found = {figure.name: figure for figure in benchmark.run(quick=True)}
    assert found["tensors that import and export changed"].met
    assert found["resize of basic, 320 x 240: mean difference"].value < 1
    assert {figure.goal for figure in found.values()} == {None, 0, 5.0}


def test_the_commands(imported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*arguments: object) -> str:
        found = CliRunner().invoke(app, [*map(str, arguments)], catch_exceptions=False)
        assert found.exit_code == 0, found.output
        return found.stdout

    run("policy", "export", imported, "--out", tmp_path / "mine.pt")
    with pytest.raises(WeightsError, match=r"mine.pt: 440 of its tensors missing: .*the layout has 595"):
        run("policy", "import", tmp_path / "mine.pt", "--out", tmp_path)
    monkeypatch.setattr(folder, "import_file", partial(import_file, sizes=SMALL))
    assert imported.name not in run("policy", "import", tmp_path / "mine.pt", "--out", tmp_path)  # another file's hash
    made = next(path for path in tmp_path.iterdir() if path.is_dir())
    assert all(
        torch.equal(a, b) for a, b in zip(*(Policy.load(p).net.parameters() for p in (imported, made)), strict=True)
    )
    assert "basic" in run("play", "--checkpoint", made, "--game", "basic", "--episodes", 1, "--json")
