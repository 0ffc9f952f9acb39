"""The released checkpoint's layout: the name and shape of every tensor, at its own sizes or at smaller ones."""

from dataclasses import dataclass

Shapes = dict[str, tuple[int, ...]]

DIMENSIONS = 25  # numbers of one action
HORIZON = 18  # actions in a chunk
POSITIONS = 1024  # rows of learned positions, of which a chunk uses the first
TIME = 256  # width of the flow time's embedding


@dataclass(frozen=True)
class Sizes:
    """The sizes that a test makes smaller; the defaults are the released checkpoint's."""

    width: int = 1024
    heads: int = 16
    image: int = 256
    patch: int = 16
    vision_layers: int = 24
    mixer_layers: int = 4
    dit_layers: int = 8


def table(sizes: Sizes) -> Shapes:
    """Name and shape of each tensor, in the order of the modules. At the released sizes they are 595."""
    w = sizes.width
    return {
        **_vision(sizes),
        **_under("vl_self_attention_model.transformer_blocks", sizes.mixer_layers, _mixer_block(w)),
        **_linear("model.timestep_encoder.timestep_embedder.linear_1", TIME, w),
        **_linear("model.timestep_encoder.timestep_embedder.linear_2", w, w),
        **_under("model.transformer_blocks", sizes.dit_layers, _dit_block(w)),
        **_linear("model.proj_out_1", w, 2 * w),
        **_linear("model.proj_out_2", w, w),
        **_dense("action_encoder.W1", DIMENSIONS, w),
        **_dense("action_encoder.W2", 2 * w, w),
        **_dense("action_encoder.W3", w, w),
        **_dense("action_decoder.layer1", w, w),
        **_dense("action_decoder.layer2", w, DIMENSIONS),
        "position_embedding.weight": (POSITIONS, w),
    }


def _vision(sizes: Sizes) -> Shapes:
    w, tower = sizes.width, "vision_encoder"
    layer = {
        **_norm("layer_norm1", w),
        **_linear("self_attn.q_proj", w, w),
        **_linear("self_attn.k_proj", w, w),
        **_linear("self_attn.v_proj", w, w),
        **_linear("self_attn.out_proj", w, w),
        **_norm("layer_norm2", w),
        **_linear("mlp.fc1", w, 4 * w),
        **_linear("mlp.fc2", 4 * w, w),
    }
    return {
        f"{tower}.embeddings.patch_embedding.weight": (w, 3, sizes.patch, sizes.patch),
        f"{tower}.embeddings.patch_embedding.bias": (w,),
        f"{tower}.embeddings.position_embedding.weight": ((sizes.image // sizes.patch) ** 2, w),
        **_under(f"{tower}.encoder.layers", sizes.vision_layers, layer),
        **_norm(f"{tower}.post_layernorm", w),
        f"{tower}.head.probe": (1, 1, w),
        f"{tower}.head.attention.in_proj_weight": (3 * w, w),
        f"{tower}.head.attention.in_proj_bias": (3 * w,),
        **_linear(f"{tower}.head.attention.out_proj", w, w),
        **_norm(f"{tower}.head.layernorm", w),
        **_linear(f"{tower}.head.mlp.fc1", w, 4 * w),
        **_linear(f"{tower}.head.mlp.fc2", 4 * w, w),
    }


def _mixer_block(w: int) -> Shapes:
    return {**_norm("norm1", w), **_attention(w), **_norm("norm3", w), **_feed_forward(w)}


def _dit_block(w: int) -> Shapes:
    return {**_linear("norm1.linear", w, 2 * w), **_attention(w), **_feed_forward(w)}


def _attention(w: int) -> Shapes:
    parts = [_linear(f"attn1.{part}", w, w) for part in ("to_q", "to_k", "to_v", "to_out.0")]
    return {name: shape for part in parts for name, shape in part.items()}


def _feed_forward(w: int) -> Shapes:
    return {**_linear("ff.net.0.proj", w, 4 * w), **_linear("ff.net.2", 4 * w, w)}


def _under(prefix: str, count: int, one: Shapes) -> Shapes:
    return {f"{prefix}.{i}.{name}": shape for i in range(count) for name, shape in one.items()}


def _linear(name: str, inside: int, out: int) -> Shapes:
    return {f"{name}.weight": (out, inside), f"{name}.bias": (out,)}


def _norm(name: str, w: int) -> Shapes:
    return {f"{name}.weight": (w,), f"{name}.bias": (w,)}


def _dense(name: str, inside: int, out: int) -> Shapes:
    """A layer for one of several embodiments, of which the checkpoint has one."""
    return {f"{name}.W": (1, inside, out), f"{name}.b": (1, out)}
