"""Images: one row for each function with its value in NumPy; what is random by its properties."""

import colorsys

import numpy as np
import pytest

import trivium_api_static as tf

RNG = np.random.default_rng(11)
X = RNG.uniform(size=(5, 6, 3)).astype(np.float32)
BATCH = RNG.uniform(size=(2, 4, 5, 3)).astype(np.float32)
BYTES = RNG.integers(256, size=(4, 5, 3)).astype(np.uint8)
ROW = np.array([[[0.0], [10.0], [20.0], [50.0]]], np.float32)  # one row of four pixels
HSV = np.apply_along_axis(lambda p: colorsys.rgb_to_hsv(*p), -1, X)


def to_rgb(hsv):
    return np.apply_along_axis(lambda p: colorsys.hsv_to_rgb(*p), -1, hsv)


def turned(hue=0.0, saturation=1.0):
    return to_rgb(np.stack([(HSV[..., 0] + hue) % 1, np.clip(HSV[..., 1] * saturation, 0, 1), HSV[..., 2]], -1))


def of_bytes(function):
    """What a function of numbers from 0 to 1 makes of bytes: back in bytes, cut off at both ends."""
    return np.clip(function(BYTES / 255) * 255.5, 0, 255).astype(np.uint8)


def contrasted(x, factor):
    mean = x.mean((-3, -2), keepdims=True)
    return (x - mean) * factor + mean


def keys(t, a=-0.75):
    t = abs(t)
    return ((a + 2) * t - (a + 3)) * t * t + 1 if t <= 1 else ((a * t - 5 * a) * t + 8 * a) * t - 4 * a


HALFWAY = sum(keys(0.5 - k) * v for k, v in zip((-1, 0, 1, 2), ROW[0, :, 0]))

ROWS = [
    ("convert_image_dtype", lambda f: f(BYTES, tf.float32), BYTES / np.float32(255)),
    ("convert_image_dtype", lambda f: f([0.0, 0.5, 1.0], tf.uint8), np.array([0, 127, 255], np.uint8)),
    ("convert_image_dtype", lambda f: f([-0.5, 2.0], tf.uint8, saturate=True), np.array([0, 255], np.uint8)),
    ("convert_image_dtype", lambda f: f(np.array([0, 513], np.int16), tf.uint8), np.array([0, 4], np.uint8)),
    ("convert_image_dtype", lambda f: f(np.array([1, 4], np.uint8), tf.int16), np.array([128, 512], np.int16)),
    ("rgb_to_grayscale", lambda f: f(X), (X @ [0.2989, 0.587, 0.114])[..., None]),
    ("grayscale_to_rgb", lambda f: f(X[..., :1]), np.repeat(X[..., :1], 3, -1)),
    ("rgb_to_hsv", lambda f: f(X), HSV),
    ("hsv_to_rgb", lambda f: f(HSV.astype(np.float32)), X),
    ("adjust_brightness", lambda f: f(X, 0.25), X + 0.25),
    ("adjust_brightness", lambda f: f(BYTES, 0.4), of_bytes(lambda x: x + 0.4)),
    ("adjust_contrast", lambda f: f(BATCH, 1.5), contrasted(BATCH, 1.5)),
    ("adjust_saturation", lambda f: f(X, 1.7), turned(saturation=1.7)),
    ("adjust_hue", lambda f: f(X, -0.2), turned(hue=-0.2)),
    ("adjust_gamma", lambda f: f(X, 2.0, 0.5), X**2 / 2),
    ("flip_left_right", lambda f: f(X), X[:, ::-1]),
    ("flip_left_right", lambda f: f(BATCH), BATCH[:, :, ::-1]),
    ("flip_up_down", lambda f: f(X), X[::-1]),
    ("transpose_image", lambda f: f(X), X.transpose(1, 0, 2)),
    *[("rot90", lambda f, k=k: f(X, k), np.rot90(X, k)) for k in (0, 1, 2, 3, -1)],
    ("crop_to_bounding_box", lambda f: f(BATCH, 1, 2, 3, 2), BATCH[:, 1:4, 2:4]),
    ("pad_to_bounding_box", lambda f: f(X, 1, 2, 8, 9), np.pad(X, ((1, 2), (2, 1), (0, 0)))),
    ("resize_image_with_crop_or_pad", lambda f: f(X, 8, 3), np.pad(X[:, 1:4], ((1, 2), (0, 0), (0, 0)))),
    ("central_crop", lambda f: f(X, 0.5), X[1:4, 1:5]),
    ("resize_images", lambda f: f(ROW, [1, 8]), [[[0], [5], [10], [15], [20], [35], [50], [50]]]),
    ("resize_images", lambda f: f(ROW, [1, 7], align_corners=True), [[[0], [5], [10], [15], [20], [35], [50]]]),
    ("resize_images", lambda f: f(ROW, [1, 2], tf.image.ResizeMethod.NEAREST_NEIGHBOR), [[[0], [20]]]),
    ("resize_images", lambda f: f(ROW, [1, 2], tf.image.ResizeMethod.AREA), [[[5], [35]]]),
    ("resize_images", lambda f: f(ROW[:, :2], [4, 6], preserve_aspect_ratio=True),
     np.repeat(np.array([0, 10 / 3, 20 / 3, 10, 10, 10])[None, :, None], 3, 0)),
    ("resize_images", lambda f: f(BYTES, [2, 5], 1), BYTES[::2]),
    ("resize_bilinear", lambda f: f(BATCH, [2, 5]), BATCH[:, ::2]),
    ("total_variation", lambda f: f(ROW), 50.0),
    ("psnr", lambda f: f(X, X + 0.1, 1.0), 20.0),
]  # fmt: skip


@pytest.mark.parametrize(("word", "call", "expected"), ROWS, ids=lambda x: x if isinstance(x, str) else "")
def test_a_function_of_images_gives_its_value(run, word, call, expected):
    got = run(call(getattr(tf.image, word)))

    assert got.shape == np.shape(expected)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=2e-5)
    if getattr(expected, "dtype", None) in (np.uint8, np.int16):
        assert got.dtype == expected.dtype


def test_a_cubic_curve_goes_through_four_neighbours(run):
    got = run(tf.image.resize_images(ROW, [1, 8], tf.image.ResizeMethod.BICUBIC))

    np.testing.assert_allclose(got[0, 3, 0], HALFWAY, rtol=1e-5)


def test_random_changes_are_some_of_those_that_may_be():
    parts, flips = tf.random_crop(tf.constant(X), [2, 3, 3]), tf.image.random_flip_left_right(tf.constant(BATCH))
    upside = tf.image.random_flip_up_down(tf.constant(X))
    amounts = {
        tf.image.random_brightness(X, 0.2): lambda y: y.mean() - X.mean(),
        tf.image.random_contrast(X, 0.5, 2.0): lambda y: y.std() / X.std(),
        tf.image.random_saturation(X, 0.5, 0.9): lambda y: y.min(-1).mean() / X.min(-1).mean(),
        tf.image.random_hue(X, 0.3): lambda y: y.sum(),
    }
    places = [X[i : i + 2, j : j + 3] for i in range(4) for j in range(4)]
    seen, mirrored, turned = set(), set(), set()

    with tf.Session() as session:
        drawn = [[measure(session.run(y)) for _ in range(8)] for y, measure in amounts.items()]
        for _ in range(40):
            part, flip, up = session.run([parts, flips, upside])
            seen.add(next(i for i, place in enumerate(places) if np.array_equal(place, part)))
            for before, after in zip(BATCH, flip):
                assert np.array_equal(after, before) or np.array_equal(after, before[:, ::-1])
            mirrored.add(tuple(np.array_equal(a, b) for a, b in zip(BATCH, flip)))
            turned.add(np.array_equal(up, X))

    assert len(seen) > 8 and len(mirrored) == 4 and turned == {True, False}
    assert all(len(set(values)) == 8 for values in drawn)
    assert np.abs(drawn[0]).max() <= 0.2 + 1e-6


def test_images_that_do_not_fit_are_refused():
    x = tf.constant(X)
    with pytest.raises(ValueError, match="'image' must have either 3 or 4 dimensions"):
        tf.image.flip_up_down(tf.zeros([2, 3]))
    with pytest.raises(ValueError, match="crop: 9 elements from 0 on reach beyond size 5"):
        tf.image.crop_to_bounding_box(x, 0, 0, 9, 2)
    with pytest.raises(ValueError, match="does not fit into"):
        tf.image.pad_to_bounding_box(x, 0, 0, 3, 9)
    with pytest.raises(ValueError, match=r"Need value\.shape >= size"):
        tf.random_crop(x, [9, 1, 3])
    with pytest.raises(ValueError, match="Resize method is not implemented: 7"):
        tf.image.resize_images(x, [2, 2], 7)
    with pytest.raises(ValueError, match=r"max_delta must be <= 0\.5"):
        tf.image.random_hue(x, 0.7)
    with pytest.raises(ValueError, match="the image's height and width must be known"):
        tf.image.central_crop(tf.placeholder(tf.float32, [None, None, 3]), 0.5)
    flipped = tf.image.flip_left_right(tf.placeholder(tf.uint8, [None, 7, 3]))
    assert str(flipped.shape) == "(?, 7, 3)" and flipped.dtype == tf.uint8
