"""The convolution and batch normalisation against torch autograd and central differences."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings, strategies as st

from tersenet._errors import TersenetError
from tersenet.backprop import convolve, flipped_sum, normalize_batch


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(3, 6), st.integers(3, 6)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.integers(1, 2),
    st.sampled_from(["max", "average"]),
)
def test_every_derivative_of_random_convolutions_is_that_of_torch(seed, size, kernel_size, pool, pooling):
    map_size = [side - part + 1 for side, part in zip(size, kernel_size, strict=True)]
    assume(min(map_size) >= pool)
    generator = np.random.default_rng(seed)
    image, kernel = generator.normal(size=size), generator.normal(size=kernel_size)
    dense = generator.normal(size=(map_size[0] // pool) * (map_size[1] // pool))
    bias, dense_bias, target = generator.normal(size=3)
    done = convolve(image, kernel, dense, bias=bias, dense_bias=dense_bias, target=target, pooling=pooling, pool=pool)
    # Kinks of the ReLU are kept out. A window with nothing above 0 ties at 0: no gradient passes there anyway.
    assume(np.abs(done.z).min() > 1e-6)
    x, k, v = (torch.tensor(part, requires_grad=True) for part in (image, kernel, dense))
    b, c = (torch.tensor(part, requires_grad=True) for part in (bias, dense_bias))
    z = torch.nn.functional.conv2d(x[None, None], k[None, None]) + b
    pooled = {"max": torch.nn.functional.max_pool2d, "average": torch.nn.functional.avg_pool2d}[pooling](
        torch.relu(z), pool
    )
    error = (target - torch.sigmoid(pooled.flatten() @ v + c)) ** 2 / 2
    error.backward()
    assert done.error == pytest.approx(error.item(), rel=1e-12)
    for found, truth in [(done.d_image, x), (done.d_kernel, k), (done.d_dense, v), (done.d_bias, b), (done.d_o, c)]:
        np.testing.assert_allclose(found, truth.grad.numpy(), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_the_derivatives_are_central_differences(pooling):
    done = convolve(pooling=pooling)
    for attribute, found in [("image", done.d_image), ("kernel", done.d_kernel), ("dense", done.d_dense)]:
        start = getattr(done, attribute)
        for place in np.ndindex(start.shape):
            errors = []
            for step in (1e-6, -1e-6):
                moved = {name: getattr(done, name).copy() for name in ("image", "kernel", "dense")}
                moved[attribute][place] += step
                errors.append(convolve(**moved, pooling=pooling).error)
            assert (errors[0] - errors[1]) / 2e-6 == pytest.approx(found[place], rel=1e-4, abs=1e-9)


def test_a_kernel_weights_derivative_is_the_sum_over_the_places_it_touched():
    done = convolve()
    for place in np.ndindex(done.kernel.shape):
        touches = done.touches(*place)
        assert len(touches) == done.z.size
        assert sum(touch.contribution for touch in touches) == pytest.approx(done.d_kernel[place], rel=1e-12)


def test_the_gradient_arriving_at_a_pixel_is_the_sum_with_the_kernel_flipped():
    done = convolve()
    for pixel in np.ndindex(done.image.shape):
        terms = flipped_sum(done, *pixel)
        total = sum(arriving * weight for _, arriving, _, weight in terms)
        assert total == pytest.approx(done.d_image[pixel], rel=1e-12, abs=1e-15)


def test_max_pooling_sends_the_whole_gradient_to_the_pixel_it_took():
    done = convolve()
    assert done.chosen.sum() == done.p.size
    np.testing.assert_array_equal(done.d_r[~done.chosen], 0)
    np.testing.assert_allclose(np.sort(done.d_r[done.chosen]), np.sort(done.d_p.ravel()))


def test_average_pooling_shares_the_gradient_out():
    done = convolve(pooling="average")
    np.testing.assert_allclose(done.d_r[:2, :2], done.d_p[0, 0] / 4)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(2, 9))
def test_batch_normalisation_is_that_of_torch(seed, count):
    generator = np.random.default_rng(seed)
    batch, targets = generator.normal(size=count), generator.normal(size=count)
    gamma, beta = generator.normal(size=2)
    assume(batch.std() > 1e-2)
    done = normalize_batch(batch, targets, gamma=gamma, beta=beta)
    x, g, b = (torch.tensor(np.atleast_1d(part), requires_grad=True) for part in (batch, gamma, beta))
    y = torch.nn.functional.batch_norm(x[:, None], None, None, g, b, training=True)[:, 0]
    error = ((torch.tensor(targets) - y) ** 2).sum() / 2
    error.backward()
    assert done.error == pytest.approx(error.item(), rel=1e-10)
    np.testing.assert_allclose(done.d_x, x.grad.numpy(), rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose([done.d_gamma, done.d_beta], [g.grad.item(), b.grad.item()], rtol=1e-9, atol=1e-12)


def test_the_three_paths_of_batch_normalisation_are_those_of_the_textbook_formula():
    done = normalize_batch()
    g, n = done.d_normalized, len(done.x)
    short = (n * g - g.sum() - done.normalized * (g * done.normalized).sum()) / (n * done.deviation)
    np.testing.assert_allclose(done.d_x, short, rtol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kernel": [[1.0] * 6] * 6},
        {"kernel": [[1.0], [1.0, 2.0]]},
        {"kernel": []},
        {"dense": [1.0]},
        {"pool": 9},
        {"pooling": "median"},
        {"image": [[float("nan")] * 5] * 5},
        {"target": float("inf")},
    ],
)
def test_what_does_not_fit_is_one_clear_error(wrong):
    with pytest.raises(TersenetError):
        convolve(**wrong)


@pytest.mark.parametrize("wrong", [{"x": [1.0]}, {"targets": [1.0]}, {"epsilon": 0.0}, {"gamma": float("nan")}])
def test_a_batch_that_cannot_be_normalised_is_one_clear_error(wrong):
    with pytest.raises(TersenetError):
        normalize_batch(**wrong)
