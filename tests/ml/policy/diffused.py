"""The released policy put together from other people's blocks: transformers' SigLIP tower, diffusers' attention,
feed-forward, adaptive norm and time embedding. Everything is computed anew in each step, nothing is shared with ours.
"""

import math

import torch
from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from diffusers.models.normalization import AdaLayerNorm
from torch import Tensor, nn
from transformers import SiglipVisionConfig, SiglipVisionModel

from nitro_ml.models.policy.released.sizes import Sizes


class Diffused:
    """Weights by their released names, at some sizes."""

    def __init__(self, state: dict[str, Tensor], sizes: Sizes) -> None:
        self.state, self.sizes = state, sizes
        config = SiglipVisionConfig(
            hidden_size=sizes.width,
            intermediate_size=4 * sizes.width,
            num_hidden_layers=sizes.vision_layers,
            num_attention_heads=sizes.heads,
            image_size=sizes.image,
            patch_size=sizes.patch,
        )
        self.tower = self.filled(SiglipVisionModel(config), "vision_encoder")

    def filled(self, module: nn.Module, prefix: str) -> nn.Module:
        cut = len(prefix) + 1
        module.load_state_dict({k[cut:]: v for k, v in self.state.items() if k.startswith(f"{prefix}.")})
        return module.eval()

    def attention(self, prefix: str, cross: bool) -> nn.Module:
        w, heads = self.sizes.width, self.sizes.heads
        made = Attention(w, w if cross else None, heads=heads, dim_head=w // heads, bias=True)
        return self.filled(made, prefix)

    def feed_forward(self, prefix: str) -> nn.Module:
        return self.filled(FeedForward(self.sizes.width, activation_fn="gelu-approximate"), prefix)

    def norm(self, prefix: str) -> nn.Module:
        return self.filled(nn.LayerNorm(self.sizes.width), prefix)

    def seen(self, pixels: Tensor) -> Tensor:
        x = self.tower(pixel_values=pixels).last_hidden_state
        for i in range(self.sizes.mixer_layers):
            block = f"vl_self_attention_model.transformer_blocks.{i}"
            x = x + self.attention(f"{block}.attn1", False)(self.norm(f"{block}.norm1")(x))
            x = x + self.feed_forward(f"{block}.ff")(self.norm(f"{block}.norm3")(x))
        return x

    def tokens(self, a: Tensor, bucket: int) -> Tensor:
        half = self.sizes.width // 2
        angles = [bucket * 10000 ** (-i / half) for i in range(half)]
        when = torch.tensor([*map(math.sin, angles), *map(math.cos, angles)], dtype=torch.float32)
        s = self.state
        x = torch.matmul(a, s["action_encoder.W1.W"]) + s["action_encoder.W1.b"]
        x = torch.cat([x, when.expand_as(x)], dim=-1)
        x = nn.functional.silu(torch.matmul(x, s["action_encoder.W2.W"]) + s["action_encoder.W2.b"])
        x = torch.matmul(x, s["action_encoder.W3.W"]) + s["action_encoder.W3.b"]
        return x + s["position_embedding.weight"][: a.shape[1]]

    def velocity(self, pixels: Tensor, a: Tensor, bucket: int) -> Tensor:
        w, vision, x = self.sizes.width, self.seen(pixels), self.tokens(a, bucket)
        clock = Timesteps(256, flip_sin_to_cos=True, downscale_freq_shift=1)(torch.tensor([bucket]))
        embedding = TimestepEmbedding(256, w)
        when = self.filled(embedding, "model.timestep_encoder.timestep_embedder")(clock)[0]
        for i in range(self.sizes.dit_layers):
            block = f"model.transformer_blocks.{i}"
            y = self.filled(AdaLayerNorm(w), f"{block}.norm1")(x, temb=when)  # scale, then shift
            cross = i % 2 == 0
            x = x + self.attention(f"{block}.attn1", cross)(y, encoder_hidden_states=vision if cross else None)
            x = x + self.feed_forward(f"{block}.ff")(nn.LayerNorm(w, elementwise_affine=False)(x))
        last = AdaLayerNorm(w, norm_eps=1e-6, chunk_dim=1)  # shift, then scale
        ends = {f"linear.{kind}": self.state[f"model.proj_out_1.{kind}"] for kind in ("weight", "bias")}
        last.load_state_dict(ends)
        x = self.filled(nn.Linear(w, w), "model.proj_out_2")(last(x, temb=when[None]))
        s = self.state
        x = torch.relu(torch.matmul(x, s["action_decoder.layer1.W"]) + s["action_decoder.layer1.b"])
        return torch.matmul(x, s["action_decoder.layer2.W"]) + s["action_decoder.layer2.b"]

    @torch.inference_mode()
    def sampled(self, pixels: Tensor, eps: Tensor) -> Tensor:
        a = eps
        for i in range(16):
            a = a + self.velocity(pixels, a, int(i / 16 * 1000)) / 16
        return a
