import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the network needs torch")

from sunpy_lasco.network.partial import PartialConv2d, advance_mask  # noqa: E402


def summing(channels=1, **options):
    """A layer that adds up its window, with the bias 10."""
    layer = PartialConv2d(channels, 1, 3, **options)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        layer.bias.fill_(10.0)
    return layer


def test_values_by_hand():
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])[None, None]
    mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])[None, None]
    out, after = summing()(x, mask)
    # In the middle 1 + 2 + 4 of three valid among nine pixels; at the upper left the same
    # three among the four inside of the image; at the lower right none.
    assert out[0, 0, 1, 1].item() == pytest.approx(7 * 9 / 3 + 10)
    assert out[0, 0, 0, 0].item() == pytest.approx(7 * 4 / 3 + 10)
    assert out[0, 0, 2, 2].item() == 0.0
    assert after[0, 0].tolist() == [[1, 1, 1], [1, 1, 1], [1, 1, 0]]


def test_two_channels_with_masks_of_their_own_by_hand():
    x = torch.tensor([2.0, 100.0]).reshape(1, 2, 1, 1).expand(1, 2, 3, 3)
    mask = torch.ones(1, 2, 3, 3)
    mask[:, 1] = 0.0
    out, after = summing(2)(x, mask)
    # Nine pixels of 2 stand for eighteen.
    assert out[0, 0, 1, 1].item() == pytest.approx(9 * 2 * 18 / 9 + 10)
    assert after.shape == (1, 1, 3, 3)
    assert after.all()


@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"dilation": 2}])
def test_full_window_is_a_plain_convolution(options):
    torch.manual_seed(1)
    layer = PartialConv2d(3, 4, 5, **options)
    x = torch.randn(2, 3, 16, 12)
    plain = torch.nn.functional.conv2d(x, layer.weight, layer.bias, padding=layer.padding, **options)
    for channels in (1, 3):
        out, mask = layer(x, torch.ones(2, channels, 16, 12))
        assert torch.allclose(out, plain, atol=1e-5)
        assert mask.all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_empty_windows_are_exactly_zero(dtype):
    torch.manual_seed(2)
    layer = PartialConv2d(8, 4, 9)
    torch.nn.init.normal_(layer.bias, std=100.0)
    x = 100 * torch.randn(1, 8, 40, 40)
    mask = torch.zeros(1, 1, 40, 40)
    mask[..., 0] = 1.0
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
        out, after = layer(x.to(dtype), mask)
    assert torch.isfinite(out).all()
    # One column of nine is valid: at most nine times the sum over it.
    assert out.abs().max() < 1e5
    assert (out[..., 5:] == 0).all()
    assert (after[..., 5:] == 0).all()
    assert after[..., :5].all()


def test_values_under_the_mask_do_not_matter():
    torch.manual_seed(3)
    layer = PartialConv2d(2, 3, 3)
    x, mask = torch.randn(1, 2, 10, 10), (torch.rand(1, 2, 10, 10) > 0.4).float()
    spoilt = torch.where(mask > 0, x, torch.tensor(float("nan")))
    assert torch.equal(layer(x, mask)[0], layer(spoilt, mask)[0])


def test_gradient_reaches_valid_pixels_only():
    torch.manual_seed(4)
    x, mask = torch.randn(1, 1, 8, 8, requires_grad=True), (torch.rand(1, 1, 8, 8) > 0.5).float()
    layer = PartialConv2d(1, 2, 3)
    layer(x, mask)[0].square().sum().backward()
    assert (x.grad[mask == 0] == 0).all()
    assert (x.grad[mask > 0] != 0).all()
    assert layer.weight.grad.abs().sum() > 0


def test_shifted_images_give_shifted_features():
    torch.manual_seed(5)
    layer = PartialConv2d(1, 2, 5)
    x, mask = torch.randn(1, 1, 24, 24), (torch.rand(1, 1, 24, 24) > 0.3).float()
    out, _ = layer(x, mask)
    moved, _ = layer(x.roll((3, 2), (2, 3)), mask.roll((3, 2), (2, 3)))
    assert torch.allclose(moved[..., 6:-3, 6:-3], out.roll((3, 2), (2, 3))[..., 6:-3, 6:-3], atol=1e-5)


def test_a_mask_of_a_device_of_its_own():
    """All of the layer moves to another device, tested with a device without data."""
    layer = PartialConv2d(1, 2, 3).to("meta")
    out, mask = layer(torch.ones(1, 1, 4, 4, device="meta"), torch.ones(1, 1, 4, 4, device="meta"))
    assert out.device.type == mask.device.type == "meta"
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_kernels_have_a_middle():
    with pytest.raises(ValueError, match="middle"):
        PartialConv2d(1, 1, 4)


@pytest.mark.parametrize("pixels", [1, 3])
def test_mask_advances_by_what_is_asked(pixels):
    mask = torch.ones(1, 1, 17, 17)
    mask[..., 4:13, 4:13] = 0
    after = advance_mask(mask, pixels)
    side = int(np.sqrt((after == 0).sum().item()))
    assert side == 9 - 2 * pixels
    assert (after >= mask).all()
