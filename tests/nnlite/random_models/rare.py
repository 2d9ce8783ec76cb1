"""Random layers that have no compiled form: the checks of what NumPy computes are theirs, too."""

from __future__ import annotations

from tests.nnlite.random_models.layers import ACTIVATIONS, LayerSpec, Rng, Settings, Shape, chance, pick, some

PENALTY = {"class_name": "L1L2", "config": {"l1": 0.01, "l2": 0.1}}


def draw_rare(rng: Rng, shape: Shape, noise: float) -> LayerSpec:
    """Draw a layer without a compiled form, for records of a shape.

    Parameters
    ----------
    rng : Generator
        What to draw with.
    shape : tuple of int
        Of one record: features, (steps, features) or (height, width, channels).
    noise : float
        How often the layer is to be one that draws numbers itself.
    """
    if chance(rng, noise):
        kinds = ["AlphaDropout", "GaussianDropout", *["SpatialDropout2D"] * (len(shape) == 3)]
        return LayerSpec(pick(rng, kinds), {"rate": 0.3})
    if len(shape) > 1 and chance(rng, 0.6):
        return _of_windows(rng, shape)
    return pick(
        rng,
        (
            lambda: LayerSpec("GroupNormalization", _groups(rng, shape)),
            lambda: LayerSpec("PReLU", {"alpha_initializer": "glorot_uniform"}),
            lambda: LayerSpec("UnitNormalization"),
            lambda: LayerSpec("Rescaling", {"scale": 0.5, "offset": 0.1}),
            lambda: LayerSpec("Identity"),
        ),
    )()


def _groups(rng: Rng, shape: Shape) -> Settings:
    divisors = [n for n in range(1, shape[-1] + 1) if shape[-1] % n == 0]
    own = some(rng, center=(0.2, lambda: False), scale=(0.2, lambda: False))
    # As large as the variances: a group of few values may have hardly any.
    return {"groups": pick(rng, divisors), "epsilon": 0.1, **own}


def _of_windows(rng: Rng, shape: Shape) -> LayerSpec:
    axes = len(shape) - 1
    window = tuple(int(rng.integers(1, min(3, size) + 1)) for size in shape[:-1])
    own = {"kernel_size": window, "padding": pick(rng, ("valid", "same"))}
    own |= some(
        rng,
        depth_multiplier=(0.4, lambda: 2),
        activation=(0.5, lambda: pick(rng, ACTIVATIONS)),
        strides=(0.2, lambda: 2),
        use_bias=(0.2, lambda: False),
        depthwise_regularizer=(0.15, lambda: PENALTY),
        activity_regularizer=(0.1, lambda: PENALTY),
    )
    if chance(rng, 0.5):
        return LayerSpec(f"DepthwiseConv{axes}D", own)
    own |= some(rng, pointwise_regularizer=(0.15, lambda: PENALTY))
    return LayerSpec(f"SeparableConv{axes}D", {"filters": int(rng.integers(1, 4)), **own})
