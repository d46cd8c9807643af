"""Scan, key names and shapes of the encoders."""

import pytest
import torch

from sightline_training.encoders import ARMS, convnext, make_encoder
from sightline_training.norm import LayerNorm
from sightline_training.scan import direction_order, scan_reference


def scan_loop(u, dt, bc, a_logs, ds, dt_bias, height, width):
    """The recurrence as VMamba's paper writes it, one step at a time."""
    out = torch.zeros_like(u)
    for k in range(4):
        state = torch.zeros(u.shape[0], u.shape[2], dtype=u.dtype)
        for t in direction_order(height, width, k).tolist():
            delta = torch.nn.functional.softplus(dt[:, t, k] + dt_bias[k])
            state = torch.exp(-delta * a_logs[k].exp()) * state + delta * bc[:, t, k, :1] * u[:, t]
            out[:, t] += bc[:, t, k, 1:] * state + ds[k] * u[:, t]
    return out


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 5), (4, 8)])
def test_scan_equals_the_recurrence(height, width):
    torch.manual_seed(0)
    n, c = height * width, 8
    g = lambda *s: torch.randn(*s, dtype=torch.float64)  # noqa: E731
    inputs = (g(2, n, c), g(2, n, 4, c), g(2, n, 4, 2), g(4, c) * 0.3, g(4, c), g(4, c) - 1, height, width)
    torch.testing.assert_close(scan_reference(*inputs), scan_loop(*inputs))


def test_directions_visit_every_place_once():
    for k in range(4):
        assert sorted(direction_order(3, 5, k).tolist()) == list(range(15))
    assert direction_order(2, 3, 1).tolist() == [0, 3, 1, 4, 2, 5]


def test_published_key_names():
    vmamba = make_encoder("vmamba").state_dict()
    for key in ("patch_embed.0.weight", "patch_embed.7.bias", "layers.0.downsample.1.weight", "outnorm2.weight"):
        assert key in vmamba
    assert vmamba["layers.2.blocks.7.op.x_proj_weight"].shape == (4, 26, 384)
    assert vmamba["layers.2.blocks.0.op.A_logs"].shape == (4 * 384, 1)
    vit = make_encoder("vit").state_dict()
    assert vit["patch_embed.proj.weight"].shape == (384, 3, 16, 16)
    assert "blocks.7.attn.qkv.weight" in vit and vit["pos_embed"].shape == (1, 196, 384)


def test_parameter_counts_are_matched():
    sizes = [sum(p.numel() for p in make_encoder(arm).parameters()) for arm in ("vmamba", "vit")]
    assert sizes == [14_375_040, 14_567_040]
    assert abs(sizes[1] / sizes[0] - 1) < 0.03


def test_vit_equals_timm():
    timm = pytest.importorskip("timm")
    ours = make_encoder("vit", toy=True)
    theirs = timm.models.vision_transformer.VisionTransformer(
        embed_dim=384, depth=1, num_heads=6, num_classes=0, class_token=False, global_pool=""
    )
    missing = theirs.load_state_dict(ours.state_dict(), strict=False)
    assert not missing.unexpected_keys
    pixels = torch.randn(1, 224, 224, 3)
    with torch.no_grad():
        expected = theirs.norm(theirs.forward_features(pixels.permute(0, 3, 1, 2)))
        torch.testing.assert_close(theirs.norm(ours(pixels)), expected, atol=1e-4, rtol=1e-4)


def test_norm_falls_back_to_torch():
    norm = LayerNorm(96)
    x = torch.randn(3, 96)
    torch.testing.assert_close(norm(x), torch.nn.functional.layer_norm(x, (96,)))


def test_convnext_is_timms():
    from timm.models.convnext import ConvNeXt

    build = dict(dims=(32, 64, 96, 96), depths=(1, 2, 1, 1), ls_init_value=None, head_norm_first=True, num_classes=0)
    theirs = ConvNeXt(**build)
    theirs.stages = theirs.stages[:3]
    ours = convnext.build(dims=(32, 64, 96), depths=(1, 2, 1))
    ours.load_state_dict(theirs.state_dict())
    pixels = torch.randn(2, 64, 96, 3)
    with torch.no_grad():
        expected = theirs.eval().forward_features(pixels.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)
        assert torch.allclose(ours(pixels), expected, atol=1e-5)


@pytest.mark.parametrize("arm", sorted(ARMS))
def test_every_arm_has_one_shape_of_tokens(arm):
    with torch.no_grad():
        assert make_encoder(arm, toy=True)(torch.randn(1, 224, 224, 3)).shape == (1, 196, 384)
