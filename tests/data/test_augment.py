"""Augmentation: the write-ups' distribution, Pillow's own pixels, and a result that depends on its seed alone."""

import math

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from PIL import Image

from tersenet._errors import TersenetError
from tersenet.data.augment import (
    COLUMNS,
    CROP,
    POLICY_A,
    ROTATION,
    SCALE,
    SHEAR,
    SHIFT_X,
    SHIFT_Y,
    Augmentation,
    augment,
)
from tersenet.data.previews import preview

EXACT_A = Augmentation(crop_probability=0.1, rotation=15, exact=True)
EVERYTHING = Augmentation(
    crop_probability=0.3,
    rotation=10,
    scale=0.1,
    shift=0.08,
    shear=0.1,
    elastic=2,
    erase_probability=0.3,
)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def noise(count, height=28, width=28, seed=0):
    return torch.randint(0, 256, (count, height, width), dtype=torch.uint8, generator=seeded(seed))


def blobs(count, seed=0):
    """Smooth pictures with a black margin: what is compared is the geometry, not the border."""
    coarse = torch.nn.functional.pad(torch.rand(count, 1, 7, 7, generator=seeded(seed)), (3, 3, 3, 3))
    fine = torch.nn.functional.interpolate(coarse, size=(28, 28), mode="bilinear")
    return (fine[:, 0] * 255).to(torch.uint8)


def spot(count, *, wide=3.0, high=3.0):
    """A Gaussian spot in the middle of black 28×28: smooth enough that resampling keeps its moments."""
    squares = (torch.arange(28) - 13.5) ** 2
    grey = 255 * torch.exp(-squares / (2 * wide**2) - squares[:, None] / (2 * high**2))
    return grey.round().to(torch.uint8).expand(count, 28, 28)


def moments(pictures_n1hw):
    """Mass, centre (x, y) and second moments of each picture, in float64 and pixels from the picture's centre."""
    p = pictures_n1hw[:, 0].double()
    x = torch.arange(p.shape[2]) - (p.shape[2] - 1) / 2
    y = (torch.arange(p.shape[1]) - (p.shape[1] - 1) / 2)[:, None]
    mass = p.sum((1, 2))
    cx, cy = ((p * at).sum((1, 2)) / mass for at in (x, y))
    dx, dy = x - cx[:, None, None], y - cy[:, None, None]
    xx, yy, xy = ((p * square).sum((1, 2)) / mass for square in (dx * dx, dy * dy, dx * dy))
    return mass, cx, cy, xx, yy, xy


def degrees_of(pictures):
    """The principal axis of the ink: positive is counter-clockwise as the eye sees it."""
    _, _, _, xx, yy, xy = moments(pictures)
    return torch.rad2deg(0.5 * torch.atan2(-2 * xy, xx - yy))


def distance_from_uniform(values, bound):
    """Kolmogorov and Smirnov's: the largest gap between the share below a value and what ± bound would have there."""
    ordered = values.sort().values
    expected = (ordered + bound) / (2 * bound)
    return (expected - (torch.arange(len(ordered)) + 0.5) / len(ordered)).abs().max().item()


def by_pillow(picture_hw, policy, crop, degrees):
    """One picture through the write-ups' transforms, as torchvision makes them on a PIL image."""
    height, width = picture_hw.shape
    image = Image.fromarray(picture_hw.numpy())
    if crop:
        top, left = round((height - policy.crop_size) / 2), round((width - policy.crop_size) / 2)
        image = image.crop((left, top, left + policy.crop_size, top + policy.crop_size))
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(image.rotate(degrees)))


# --- off, and the numbers of a policy ---


def test_with_everything_off_pictures_are_only_scaled():
    pictures, generator = noise(5), seeded()
    before = generator.get_state()
    assert torch.equal(augment(pictures, Augmentation(), generator), pictures[:, None].float() / 255)
    assert torch.equal(generator.get_state(), before)


def test_policy_a_is_that_of_the_write_ups():
    assert Augmentation(crop_probability=0.1, crop_size=22, rotation=15.0) == POLICY_A


def test_a_policy_is_read_from_toml():
    policy = msgspec.toml.decode('rotation = 10\nshift = 0.08\ninterpolation = "nearest"', type=Augmentation)
    assert policy == Augmentation(rotation=10, shift=0.08, interpolation="nearest")


@pytest.mark.parametrize(
    "numbers",
    [
        {"rotation": -1},
        {"rotation": 181},
        {"rotation": math.nan},
        {"rotation": "15"},
        {"rotation": True},
        {"crop_probability": 1.5},
        {"crop_size": 0},
        {"crop_size": 22.5},
        {"scale": 1.0},
        {"elastic": math.inf},
        {"elastic_smoothness": 0.5},
        {"erase_size": 0},
        {"interpolation": "bicubic"},
        {"exact": True, "shift": 0.1},
    ],
)
def test_a_number_that_does_not_fit_is_named(numbers):
    with pytest.raises(TersenetError) as caught:
        Augmentation(**numbers)
    assert next(iter(numbers)) in str(caught.value)


def test_pictures_must_be_bytes():
    with pytest.raises(TersenetError, match="bytes"):
        augment(torch.zeros(2, 28, 28), POLICY_A, seeded())
    with pytest.raises(TersenetError, match="bytes"):
        augment(noise(2)[0, 0], POLICY_A, seeded())
    assert torch.equal(augment(noise(2)[:, None], POLICY_A, seeded()), augment(noise(2), POLICY_A, seeded()))


@pytest.mark.parametrize("policy", [POLICY_A, EXACT_A, Augmentation(erase_probability=0.1, erase_size=22)])
def test_a_crop_or_rectangle_larger_than_the_picture_is_an_error(policy):
    with pytest.raises(TersenetError, match="does not fit the pictures"):
        augment(noise(2, 28, 20), policy, seeded())


# --- policy A: its distribution, seen from the pictures, and Pillow's own pixels ---


# The nearest pixel cannot show a turn of less than about 2.4° of so small a spot: 2.4/30 of the angles read 0.
@pytest.mark.parametrize(("policy", "blunt"), [(POLICY_A, 0.0), (EXACT_A, 0.08)], ids=["composed", "exact"])
def test_policy_a_crops_one_picture_in_ten_and_turns_uniformly_within_15_degrees(policy, blunt):
    count = 20_000
    seen = augment(spot(count, wide=4.0, high=1.5), policy, seeded(1))
    mass = moments(seen)[0]
    cropped = mass > mass.median() * 1.3  # a crop enlarges the ink by (28/22)² = 1.62
    assert cropped.double().mean() == pytest.approx(0.1, abs=3 * math.sqrt(0.09 / count))
    assert mass[cropped].mean() / mass[~cropped].mean() == pytest.approx((28 / 22) ** 2, rel=0.02)
    degrees = degrees_of(seen)
    assert 14.9 < degrees.abs().max() < 15.5
    assert (
        distance_from_uniform(degrees, 15) < 1.63 / math.sqrt(count) + blunt
    )  # one sample in a hundred passes 1.63/√n
    assert distance_from_uniform(degrees[cropped], 15) < 1.63 / math.sqrt(cropped.sum()) + blunt


@pytest.mark.parametrize(("height", "width"), [(28, 28), (31, 24)])
def test_exact_mode_is_the_write_ups_way_to_the_byte(height, width):
    policy = Augmentation(crop_probability=0.3, rotation=15, exact=True)
    pictures = noise(1500, height, width)
    draws = torch.rand(1500, COLUMNS, generator=seeded(7))
    crops, degrees = draws[:, CROP] < 0.3, (draws[:, ROTATION].double() * 2 - 1) * 15
    expected = torch.stack(
        [by_pillow(*row) for row in zip(pictures, [policy] * 1500, crops, degrees.tolist(), strict=True)]
    )
    assert torch.equal(augment(pictures, policy, seeded(7)), expected[:, None] / 255)


@pytest.mark.mnist
def test_exact_mode_is_the_write_ups_way_on_real_digits(mnist):
    pictures = mnist.train.images[:2000, 0]
    draws = torch.rand(2000, COLUMNS, generator=seeded(8))
    crops, degrees = draws[:, CROP] < 0.1, (draws[:, ROTATION].double() * 2 - 1) * 15
    expected = torch.stack(
        [by_pillow(*row) for row in zip(pictures, [EXACT_A] * 2000, crops, degrees.tolist(), strict=True)]
    )
    assert torch.equal(augment(pictures, EXACT_A, seeded(8)), expected[:, None] / 255)


@pytest.mark.mnist
def test_normalised_training_pictures_have_mean_0_and_deviation_1(mnist):
    pictures = mnist.form.normalize(augment(mnist.train.images, Augmentation(), seeded())).double()
    assert pictures.mean().item() == pytest.approx(0, abs=1e-3)
    assert pictures.std().item() == pytest.approx(1, abs=1e-3)


# --- one resampling for all geometry ---


def test_a_rotation_is_pillows_bilinear_one():
    pictures = blobs(50)
    degrees = (torch.rand(50, COLUMNS, generator=seeded(3))[:, ROTATION] * 2 - 1) * 40
    seen = augment(pictures, Augmentation(rotation=40), seeded(3))[:, 0]
    for picture, angle, ours in zip(pictures, degrees.tolist(), seen, strict=True):
        theirs = Image.fromarray(picture.numpy()).rotate(angle, Image.Resampling.BILINEAR)
        assert (ours * 255 - torch.from_numpy(np.array(theirs))).abs().max() < 1.1  # Pillow rounds to bytes


def test_composed_geometry_is_pillows_affine_transform_of_the_multiplied_matrices():
    policy = Augmentation(crop_probability=0.5, rotation=20, scale=0.2, shift=0.1, shear=0.3)
    pictures = blobs(60)
    draws = torch.rand(60, COLUMNS, generator=seeded(4)).double().numpy()
    seen = augment(pictures, policy, seeded(4))[:, 0]
    for picture, row, ours in zip(pictures, draws, seen, strict=True):
        turn = math.radians((row[ROTATION] * 2 - 1) * 20)
        forward = np.eye(3)
        forward[:2, 2] = [(row[SHIFT_X] * 2 - 1) * 2.8, (row[SHIFT_Y] * 2 - 1) * 2.8]
        forward = forward @ [[math.cos(turn), math.sin(turn), 0], [-math.sin(turn), math.cos(turn), 0], [0, 0, 1]]
        forward = forward @ np.diag([1 + (row[SCALE] * 2 - 1) * 0.2] * 2 + [1])
        forward = forward @ [[1, (row[SHEAR] * 2 - 1) * 0.3, 0], [0, 1, 0], [0, 0, 1]]
        forward = forward @ np.diag([28 / 22, 28 / 22, 1] if row[CROP] < 0.5 else [1, 1, 1])
        to_centre = np.array([[1, 0, -14], [0, 1, -14], [0, 0, 1.0]])
        backward = np.linalg.inv(to_centre) @ np.linalg.inv(forward) @ to_centre
        image = Image.fromarray(np.pad(picture.numpy(), 28))  # room around it: Pillow repeats border pixels
        around = np.array([[1, 0, 28], [0, 1, 28], [0, 0, 1.0]])
        matrix = (around @ backward).ravel()[:6].tolist()
        theirs = image.transform((28, 28), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
        assert (ours * 255 - torch.from_numpy(np.array(theirs))).abs().max() < 1.1


def test_geometry_that_draws_nothing_leaves_the_picture():
    never = Augmentation(crop_probability=1e-12)
    assert (augment(noise(20), never, seeded()) - noise(20)[:, None] / 255).abs().max() < 1e-4


def test_a_shift_moves_the_ink_by_up_to_its_share_of_the_width():
    mass, cx, cy, *_ = moments(augment(spot(5000), Augmentation(shift=0.1), seeded(2)))
    for centre in (cx, cy):
        assert centre.abs().max() <= 2.8 + 1e-4
        assert distance_from_uniform(centre, 2.8) < 1.63 / math.sqrt(5000)
    assert mass / mass.max() == pytest.approx(1, abs=1e-3)


def test_a_scale_multiplies_the_ink_by_its_square():
    mass = moments(augment(spot(5000), Augmentation(scale=0.2), seeded(2)))[0]
    size = (mass / moments(spot(1)[:, None] / 255)[0]).sqrt()
    assert distance_from_uniform(size - 1, 0.2) < 1.63 / math.sqrt(5000) + 0.01  # resampling: sizes are 0.005 off


def test_a_shear_slants_the_ink_and_keeps_its_mass():
    mass, _, _, _, yy, xy = moments(augment(spot(5000), Augmentation(shear=0.3), seeded(2)))
    assert distance_from_uniform(xy / yy, 0.3) < 1.63 / math.sqrt(5000)
    assert mass / mass.max() == pytest.approx(1, abs=0.01)


def test_nearest_interpolation_makes_no_new_greys():
    pictures = (blobs(200) > 127).to(torch.uint8) * 255
    seen = augment(pictures, Augmentation(rotation=30, scale=0.2, interpolation="nearest"), seeded())
    assert seen.unique().tolist() == [0.0, 1.0]


# --- elastic and erase ---


def test_elastic_moves_are_bounded_and_smooth():
    limit, spacing, step = 2.0, 7.0, 8
    ramp = (torch.arange(28) * step).to(torch.uint8).expand(400, 28, 28)  # bilinear sampling reads a ramp exactly
    seen = augment(ramp, Augmentation(elastic=limit, elastic_smoothness=spacing), seeded(5))[:, 0]
    moved = (seen * 255 / step - torch.arange(28))[:, 3:-3, 3:-3]
    assert moved.abs().max() <= limit + 1e-3
    assert 0.2 * limit < moved.std() < 0.4 * limit
    # A cubic B-spline's second derivative is a mean of its control points' second differences: ≤ 4·limit/spacing².
    for axis in (1, 2):
        assert moved.diff(n=2, dim=axis).abs().max() <= 4 * limit / spacing**2 + 1e-3
    assert torch.corrcoef(torch.stack([moved[:, 5, 5], moved[:, 5, 6]]))[0, 1] > 0.95


def test_erasing_blanks_one_rectangle_of_bounded_sides_and_nothing_else():
    pictures = torch.full((4000, 28, 20), 255, dtype=torch.uint8)
    seen = augment(pictures, Augmentation(erase_probability=0.25, erase_size=7), seeded(6))[:, 0]
    blank = seen == 0
    assert seen.unique().tolist() == [0.0, 1.0]
    erased = blank.flatten(1).any(1)
    assert erased.double().mean() == pytest.approx(0.25, abs=3 * math.sqrt(0.1875 / 4000))
    heights, widths = blank.any(2).sum(1), blank.any(1).sum(1)
    assert torch.equal(blank.sum((1, 2)), heights * widths)  # as many blank pixels as its rows times its columns
    for sides in (heights, widths):
        assert sides[erased].unique().tolist() == [4, 5, 6, 7]
    assert blank.any(0).all()  # every pixel is blanked somewhere


# --- the result is a function of pictures, policy and generator ---


@pytest.mark.parametrize("policy", [POLICY_A, EXACT_A, EVERYTHING], ids=["composed", "exact", "everything"])
def test_threads_and_batches_change_no_bit(policy):
    pictures, threads = noise(1100), torch.get_num_threads()  # more than one chunk
    results = []
    try:
        for count, batch in ((1, 1100), (2, 1100), (1, 37), (2, 500)):
            torch.set_num_threads(count)
            generator = seeded(9)
            results.append(torch.cat([augment(part, policy, generator) for part in torch.split(pictures, batch)]))
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(results[0], result) for result in results)
    generator = seeded(9)
    assert all(
        torch.equal(one, augment(pictures[n : n + 1], policy, generator)[0]) for n, one in enumerate(results[0][:9])
    )


def test_the_global_random_state_neither_matters_nor_moves():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = augment(noise(10), EVERYTHING, seeded(3))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(augment(noise(10), EVERYTHING, seeded(3)), first)
    assert not torch.equal(augment(noise(10), EVERYTHING, seeded(4)), first)


def test_one_knob_leaves_the_draws_of_another():
    alone = degrees_of(augment(spot(300, high=1.5), Augmentation(rotation=15), seeded(3)))
    beside = degrees_of(augment(spot(300, high=1.5), Augmentation(rotation=15, shift=0.1), seeded(3)))
    assert (alone - beside).abs().max() < 0.2


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(0, 4),
    height=st.integers(8, 40),
    width=st.integers(8, 40),
    exact=st.booleans(),
    numbers=st.fixed_dictionaries(
        {"crop_probability": st.floats(0, 1), "rotation": st.floats(0, 180), "erase_probability": st.floats(0, 1)}
    ),
    moves=st.fixed_dictionaries(
        {"scale": st.floats(0, 0.9), "shift": st.floats(0, 1), "shear": st.floats(0, 2), "elastic": st.floats(0, 9)}
    ),
)
def test_any_size_and_policy_gives_one_channel_within_0_and_1(count, height, width, exact, numbers, moves):
    policy = Augmentation(**numbers, **({} if exact else moves), exact=exact, crop_size=8)
    pictures = noise(count, height, width)
    seen = augment(pictures, policy, seeded())
    assert seen.shape == (count, 1, height, width)
    assert seen.dtype == torch.float32
    assert torch.equal(pictures, noise(count, height, width))  # what was handed in stays as it was
    assert ((seen >= 0) & (seen <= 1)).all()


def test_a_preview_has_the_original_first_and_then_its_own_variants():
    pictures = noise(3)
    grid = preview(pictures, EXACT_A, seeded(2), variants=5)
    assert grid.shape == (3, 6, 1, 28, 28)
    assert grid.dtype == torch.uint8
    assert torch.equal(grid[:, 0, 0], pictures)
    variants = augment(pictures.repeat_interleave(5, 0), EXACT_A, seeded(2))
    assert torch.equal(grid[:, 1:].reshape(15, 1, 28, 28) / 255, variants)
    assert preview(pictures, EXACT_A, seeded(2), variants=0).shape == (3, 1, 1, 28, 28)
    with pytest.raises(TersenetError):
        preview(pictures, EXACT_A, seeded(2), variants=-1)
