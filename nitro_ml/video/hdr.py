"""HDR pictures as SDR ones: PQ and HLG (ITU-R BT.2100) to BT.709 primaries and sRGB's curve, as a screen is recorded.

Paper white, 203 cd/m2 (ITU-R BT.2408), becomes SDR's white; what is brighter is rolled off, so that up to nine tenths
of white all is where it is in the SDR version, and the game's sky keeps some of its light.
"""

from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc, Interpolation
from numpy.typing import NDArray

Light = Literal["PQ", "HLG"]
LIGHTS: tuple[Light, ...] = ("PQ", "HLG")
WHITE = 203.0  # cd/m2
HLG_PEAK = 1000.0  # cd/m2, the nominal display
KNEE = 0.9  # of white, in light
STEPS, MOST = 4095, 7.1
"""The root of light in so many steps, up to that of 10,000 cd/m2: finer than 8 bits of gamma."""
BT2020 = 9  # AVColorSpace
ACCURATE = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
LUMA = np.array([0.2627, 0.6780, 0.0593], np.float32)
TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)


def light_of(frame: VideoFrame) -> Light | None:
    """The frame's HDR transfer, None for SDR.

    Ten bits or more with BT.2020's matrix and no transfer named is HDR10 that lost its tag on the way: SDR of that kind
    is hardly ever recorded, and always tagged where it is.
    """
    if frame.color_trc == ColorTrc.ARIB_STD_B67:
        return "HLG"
    deep = frame.format.components[0].bits >= 10
    untagged = frame.color_trc == ColorTrc.UNSPECIFIED and frame.colorspace == BT2020 and deep
    return "PQ" if untagged or frame.color_trc == ColorTrc.SMPTE2084 else None


def to_sdr(frame: VideoFrame, light: Light) -> NDArray[np.uint8]:
    """The picture in SDR, uint8 [H, W, 3] RGB."""
    coded = np.asarray(frame.reformat(format="gbrp16le", interpolation=ACCURATE).to_ndarray(), np.uint16)
    linear = _linear(light)[coded]
    if light == "HLG":
        scene = cv2.transform(linear, LUMA[None])
        linear *= cv2.pow(scene, 0.2)[..., None] * (HLG_PEAK / WHITE)
    if frame.color_primaries != ColorPrimaries.BT709:
        linear = np.asarray(cv2.transform(linear, TO_BT709), np.float32)
    return _sdr()[np.clip(np.sqrt(np.maximum(linear, 0)) * (STEPS / MOST), 0, STEPS).astype(np.uint16)]


@lru_cache
def _linear(light: Light) -> NDArray[np.float32]:
    """Light by code value, float32 [65536], 1 being white; for HLG that of the scene."""
    signal = np.arange(65536) / 65535
    if light == "PQ":
        root = signal ** (1 / 78.84375)
        nits = 10_000 * (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
        return (nits / WHITE).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    return scene.astype(np.float32)


@lru_cache
def _sdr() -> NDArray[np.uint8]:
    light = (np.arange(STEPS + 1) / STEPS * MOST) ** 2
    rolled = np.where(light <= KNEE, light, KNEE + (1 - KNEE) * (1 - np.exp((KNEE - light) / (1 - KNEE))))
    coded = np.where(rolled <= 0.0031308, 12.92 * rolled, 1.055 * rolled ** (1 / 2.4) - 0.055)
    return np.round(255 * coded).astype(np.uint8)
