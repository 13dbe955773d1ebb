import math

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from sunpy_lasco.network.training.terms.likelihood import LikelihoodLoss  # noqa: E402
from sunpy_lasco.network.training.terms.perceptual import (  # noqa: E402
    FeatureExtractor,
    PerceptualLoss,
    StyleDifferenceLoss,
)
from sunpy_lasco.network.training.terms.physics import AdmissibilityLoss, FluxLoss, RadialGradientLoss  # noqa: E402
from sunpy_lasco.network.training.terms.pixel import MultiScaleLoss, PixelDifferenceLoss, PixelInnerLoss  # noqa: E402
from sunpy_lasco.network.training.terms.smoothness import EdgeLoss, TotalVariationLoss  # noqa: E402
from sunpy_lasco.network.training.terms.total import TERMS, WITH_FEATURES, TotalLoss  # noqa: E402


@pytest.fixture(scope="module")
def extractor():
    return FeatureExtractor("random", width=0.05)


def image(value=0.0):
    return torch.full((1, 1, 16, 16), float(value))


@pytest.mark.parametrize("name", TERMS)
def test_every_term_has_a_gradient(by_hand, extractor, name):
    torch.manual_seed(1)
    output = torch.randn(1, 1, 16, 16, requires_grad=True)
    log_ratio = torch.zeros(1, 1, 16, 16, requires_grad=True)
    batch = by_hand.batch(dark=torch.full((1, 1, 16, 16), 0.5), truth=by_hand.batch().hole * torch.randn(1, 1, 16, 16))
    term = TERMS[name](extractor) if name in WITH_FEATURES else TERMS[name]()
    loss = term(by_hand.stages(output, advance=(2,), log_ratio=log_ratio), batch)
    assert loss.shape == ()
    assert loss.item() > 0 or name == "likelihood"
    loss.backward()
    gradient = log_ratio.grad if name == "likelihood" else output.grad
    assert torch.isfinite(gradient).all()
    assert (gradient != 0).sum() >= 16
    # Nothing outside the hole is scored; features extend a little beyond their region.
    assert (gradient[batch.hole == 0] == 0).all()


@pytest.mark.parametrize("name", TERMS)
def test_the_truth_costs_nothing_and_an_empty_hole_neither(by_hand, extractor, name):
    term = TERMS[name](extractor) if name in WITH_FEATURES else TERMS[name]()
    batch = by_hand.batch()
    if name != "likelihood":
        assert term(by_hand.stages(batch.truth.clone()), batch).item() == pytest.approx(0.0, abs=1e-7)
    nothing = by_hand.batch(hole=image(), known=image())
    assert float(term(by_hand.stages(image(3.0), log_ratio=image()), nothing)) == 0.0


def test_pixel_terms_by_hand(by_hand):
    # The hole of 8 x 8 is advanced by 2: a ring of 48 pixels is the first network's, 16
    # remain; of all of them the output is 3 off.
    stages = by_hand.stages(image(4.0), advance=(2,))
    assert PixelInnerLoss()(stages, by_hand.batch()).item() == pytest.approx(3.0)
    assert PixelDifferenceLoss()(stages, by_hand.batch()).item() == pytest.approx(6.0)
    # One pixel of the ring has an additional error of 48.
    other = image(4.0)
    other[0, 0, 4, 4] += 48.0
    stages = by_hand.stages(other, advance=(2,))
    assert PixelInnerLoss()(stages, by_hand.batch()).item() == pytest.approx(3.0)
    assert PixelDifferenceLoss()(stages, by_hand.batch()).item() == pytest.approx(3.0 + 1.0 + 3.0)


def test_multi_scale_by_hand(by_hand):
    # A chequerboard of 1 +- 1 averages out in cells.
    rows, columns = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    board = (1.0 + (-1.0) ** (rows + columns))[None, None]
    loss = MultiScaleLoss({1: 1.0, 2: 10.0, 4: 100.0})
    assert loss(by_hand.stages(board), by_hand.batch()).item() == pytest.approx(1.0)
    assert loss(by_hand.stages(image(1.5)), by_hand.batch()).item() == pytest.approx(0.5 * 111)


def test_radial_gradient_by_hand(by_hand):
    slope = torch.arange(16.0).expand(1, 1, 16, 16)
    # Along the radius a step of 1 per pixel is 2 between cells; around the Sun it counts half.
    loss = RadialGradientLoss()
    assert loss(by_hand.stages(slope), by_hand.batch()).item() == pytest.approx(2.0)
    assert loss(by_hand.stages(slope.transpose(2, 3)), by_hand.batch()).item() == pytest.approx(1.0)
    assert loss(by_hand.stages(image(7.0)), by_hand.batch()).item() == pytest.approx(0.0)


def test_admissibility_by_hand(by_hand):
    # No light is at -100, the background at 0: less than -20 is darker than 0.8 of it.
    loss = AdmissibilityLoss()
    for value, expected in ((-10.0, 0.0), (-20.0, 0.0), (-30.0, 10.0), (-110.0, 90.0 + 10.0)):
        assert loss(by_hand.stages(image(value)), by_hand.batch()).item() == pytest.approx(expected, abs=1e-5)


def test_flux_by_hand(by_hand):
    # 64 pixels of a noise of 0.5: the mean has 1/16; an error of 0.1 is 1.6 sigma.
    loss = FluxLoss()
    assert loss(by_hand.stages(image(1.1)), by_hand.batch()).item() == pytest.approx(5 * math.log1p(1.6 / 5), rel=1e-4)


def test_edge_by_hand(by_hand):
    # Four cells of 2 x 2 pixels along an edge; those at corners have two pairs: 16 pairs in all.
    output = image(1.0)
    output[..., 4:6, 4:6] = 9.0
    assert EdgeLoss()(by_hand.stages(output), by_hand.batch()).item() == pytest.approx(2 * 8.0 / 16)
    output = image(1.0)
    output[..., 6:10, 6:10] = 9.0
    assert EdgeLoss()(by_hand.stages(output), by_hand.batch()).item() == 0.0


def test_total_variation_by_hand(by_hand):
    slope = torch.arange(16.0).expand(1, 1, 16, 16)
    assert TotalVariationLoss()(by_hand.stages(3 * slope), by_hand.batch()).item() == pytest.approx(3.0)


@pytest.mark.parametrize(("kind", "best"), [("laplace", 2.0**0.5), ("gaussian", 1.0)])
def test_likelihood_finds_the_scatter(by_hand, kind, best):
    """If all errors are equal, the best Laplace distribution has a sigma of sqrt(2) times the error."""
    loss = LikelihoodLoss(kind, side=1)
    batch = by_hand.batch(noise=torch.full((1, 1, 1, 1), 1e-6))
    scores = {
        ratio: loss(by_hand.stages(image(4.0), log_ratio=image(math.log(3 * ratio))), batch).item()
        for ratio in (0.8 * best, best, 1.2 * best)
    }
    assert min(scores, key=scores.get) == best
    with pytest.raises(ValueError, match="cauchy"):
        LikelihoodLoss("cauchy")


def test_likelihood_asks_only_for_what_noise_leaves(by_hand):
    """An error as large as the noise needs no additional uncertainty."""
    loss = LikelihoodLoss("gaussian", side=1)
    log_ratio = image(0.0).requires_grad_()
    loss(by_hand.stages(image(1.5), log_ratio=log_ratio), by_hand.batch()).backward()
    assert (log_ratio.grad[by_hand.batch().hole > 0] > 0).all()


def test_features_are_those_of_the_seed_and_not_saved(extractor):
    again = FeatureExtractor("random", width=0.05)
    x = torch.rand(1, 1, 32, 32)
    assert all(torch.equal(a, b) for a, b in zip(extractor(x), again(x), strict=True))
    other = FeatureExtractor("random", width=0.05, seed=1)
    assert not torch.equal(extractor(x)[0], other(x)[0])
    assert [feature.shape[-1] for feature in extractor(x)] == [16, 8, 4]
    total = TotalLoss({"perceptual": 1.0, "style_inner": 1.0}, extractor=extractor)
    assert total.state_dict() == {}
    assert not any(part.requires_grad for part in total.parameters())
    assert not extractor.train().training


def test_style_by_hand(by_hand):
    class Same(torch.nn.Module):
        def forward(self, x):
            return [x]

    # One channel: its correlation with itself is the sum of squares, over 16 x 16 pixels.
    loss = StyleDifferenceLoss(Same())
    assert loss(by_hand.stages(image(3.0)), by_hand.batch(truth=by_hand.batch().hole * 1.0)).item() > 0
    truth = by_hand.batch().hole.clone()
    truth[..., 4, 4] = 0.0
    # Over the range 0 .. 1 of the truth the output 3 has 64 * 9, the truth 63.
    batch = by_hand.batch(truth=truth)
    assert loss(by_hand.stages(image(3.0)), batch).item() == pytest.approx((64 * 9 - 63) / 256)
    assert PerceptualLoss(Same())(by_hand.stages(image(3.0)), batch).item() == pytest.approx((63 * 2 + 3) / 256)


def test_total_by_hand(by_hand):
    total = TotalLoss({"pixel_difference": 2.0, "total_variation": 5.0, "edge": 0.0})
    loss, terms = total(by_hand.stages(image(4.0)), by_hand.batch())
    assert loss.item() == pytest.approx(6.0)
    assert {name: value.item() for name, value in terms.items()} == {"pixel_difference": 3.0, "total_variation": 0.0}
    with pytest.raises(ValueError, match="colour"):
        TotalLoss({"colour": 1.0})
    with pytest.raises(ValueError, match="features"):
        TotalLoss({"perceptual": 1.0})
