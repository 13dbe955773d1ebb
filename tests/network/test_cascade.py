import dataclasses

import pytest

torch = pytest.importorskip("torch", reason="the network needs torch")

from sunpy_lasco.network.architecture import PUBLISHED, RECOMMENDED, Architecture  # noqa: E402
from sunpy_lasco.network.cascade import Cascade  # noqa: E402
from sunpy_lasco.network.partial import advance_mask  # noqa: E402
from sunpy_lasco.network.unet import PartialUNet  # noqa: E402

SMALL = Architecture(channels=(4, 6, 8), kernels=(3, 3, 3), decoder_kernels=(3, 3, 3), size=32)
PAPER = dataclasses.replace(
    PUBLISHED, channels=(4, 6, 8), kernels=(9, 7, 5), decoder_kernels=(5, 3, 3), heads=2, size=32, advance=(4,)
)


def hole(size=32):
    """A block of 16 pixels is lost."""
    mask = torch.ones(2, 1, size, size)
    mask[..., 8:24, 8:24] = 0
    return mask


def test_the_published_network_has_the_published_size():
    with torch.device("meta"):
        network = Cascade(PUBLISHED)
    assert sum(part.numel() for part in network.parameters()) == 2 * 60_507_777


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"skip": "add", "pool": "max", "norm": "batch", "heads": 2},
        {"residual_encoder": True},
        {"residual_decoder": True},
    ],
)
def test_every_parameter_learns(changes):
    torch.manual_seed(1)
    network = PartialUNet(dataclasses.replace(SMALL, output="unit", **changes), 2, 1, condition=3)
    x = torch.randn(2, 2, 32, 32)
    out, mask = network(x, hole().expand(-1, 2, -1, -1), torch.randn(2, 3, 32, 32))
    assert out.shape == (2, 1, 32, 32)
    assert mask.all()
    out.square().sum().backward()
    still = [name for name, part in network.named_parameters() if part.grad is None or not part.grad.any()]
    # Before batch normalisation, and behind softmax, biases cannot matter.
    assert not [name for name in still if "bias" not in name]


def test_residual_network_begins_with_its_base():
    torch.manual_seed(2)
    network = Cascade(dataclasses.replace(SMALL, advance=(4,)))
    base = torch.randn(2, 1, 32, 32)
    for stage in network(torch.randn(2, 1, 32, 32), hole(), base=base):
        assert torch.equal(stage.output, base)
        assert (stage.log_ratio == 0).all()


@pytest.mark.parametrize("architecture", [dataclasses.replace(SMALL, advance=(3, 2)), PAPER])
def test_rings_are_not_void_and_cover_the_hole(architecture):
    stages = Cascade(architecture)(torch.rand(2, 1, 32, 32), hole())
    assert len(stages) == architecture.layers
    assert all(stage.ring.any() for stage in stages)
    assert torch.equal(sum(stage.ring.int() for stage in stages), 1 - hole().int())
    # A block of 16 pixels advanced by 3 and 2.
    if len(stages) == 3:
        assert [int(stage.ring[0].sum()) for stage in stages] == [16**2 - 10**2, 10**2 - 6**2, 6**2]


def test_published_cascade_has_work_for_both_networks_in_one_block():
    size = PUBLISHED.size // 8
    mask = torch.ones(1, 1, size, size)
    mask[..., 32:64, 32:64] = 0
    after = advance_mask(mask, PUBLISHED.advance[0])
    assert (after == 0).sum() == (32 - 2 * 8) ** 2


def test_without_advance_the_second_network_is_refused():
    with pytest.raises(ValueError, match="void"):
        Architecture(advance=(0,))


def trembling(architecture):
    """A cascade whose outputs are not zero."""
    torch.manual_seed(3)
    network = Cascade(architecture)
    for one in network.networks:
        torch.nn.init.normal_(one.head.weight, std=0.1)
    return network


def test_second_network_learns_from_a_hole_of_one_block():
    network = trembling(dataclasses.replace(SMALL, advance=(4,)))
    stages = network(torch.randn(2, 1, 32, 32), hole())
    (stages[1].output * stages[1].ring).abs().sum().backward()
    assert network.networks[1].encoder[0].conv.weight.grad.any()
    # It uses the fill of the first network, which is thus trained as well.
    assert network.networks[0].encoder[0].conv.weight.grad.any()


def test_teacher_forcing_parts_the_networks():
    network = trembling(dataclasses.replace(SMALL, advance=(4,)))
    truth = torch.randn(2, 1, 32, 32)
    stages = network(torch.randn(2, 1, 32, 32), hole(), truth=truth, known=torch.ones_like(truth))
    (stages[1].output * stages[1].ring).abs().sum().backward()
    first = network.networks[0].encoder[0].conv.weight.grad
    assert first is None or not first.any()
    free = network(torch.randn(2, 1, 32, 32), hole())
    assert not torch.equal(free[1].output, stages[1].output)


def test_scale_brings_the_fill_into_the_units_of_the_image():
    network = trembling(dataclasses.replace(SMALL, advance=(4,)))
    image, base = torch.randn(2, 1, 32, 32), torch.randn(2, 1, 32, 32)
    plain = network(image, hole(), base=base, scale=torch.ones(2, 1, 1, 1))
    doubled = network(image, hole(), base=base, scale=torch.full((2, 1, 1, 1), 2.0))
    assert torch.equal(plain[0].output, doubled[0].output)
    assert not torch.equal(plain[1].output, doubled[1].output)


@pytest.mark.parametrize("architecture", [dataclasses.replace(SMALL, advance=(4,)), PAPER])
def test_values_under_the_mask_do_not_matter(architecture):
    network = trembling(architecture).eval()
    image = torch.randn(2, 1, 32, 32)
    spoilt = torch.where(hole() > 0, image, torch.tensor(float("nan")))
    for one, other in zip(network(image, hole()), network(spoilt, hole()), strict=True):
        assert torch.equal(one.output, other.output)


def test_images_of_a_batch_do_not_see_each_other():
    network = trembling(PAPER).eval()
    image = torch.rand(2, 1, 32, 32)
    changed = torch.cat([image[:1], 1 - image[1:]])
    one, other = (network(x, hole())[-1].output for x in (image, changed))
    assert torch.allclose(one[0], other[0], atol=1e-6)
    assert not torch.allclose(one[1], other[1], atol=1e-4)


def test_bfloat16_stays_finite():
    network = trembling(dataclasses.replace(SMALL, advance=(2, 2)))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        stages = network(100 * torch.randn(2, 1, 32, 32), hole())
    assert all(torch.isfinite(stage.output).all() for stage in stages)


def test_architecture_through_a_dictionary():
    for one in (RECOMMENDED, PUBLISHED, SMALL):
        assert Architecture.from_dict(one.to_dict()) == one
    with pytest.raises(ValueError, match="depth"):
        Architecture.from_dict({"depth": 3})
    with pytest.raises(ValueError, match="pool"):
        Architecture(pool="mean")
    with pytest.raises(ValueError, match="halved"):
        Architecture(size=50)
    with pytest.raises(ValueError, match="length"):
        Architecture(kernels=(3,))
