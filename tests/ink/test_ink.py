"""From strokes and pictures to 28 × 28, as MNIST's makers did it."""

import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils import ink
from course_utils.data import DataError, data_folder, load_mnist
from tools import draw_digits

PAD = 400
TURN = np.linspace(0, 2 * np.pi, 120)
NINE = [
    np.column_stack([150 + 50 * np.cos(TURN - 0.5), 120 + 60 * np.sin(TURN - 0.5)]),
    np.array([[200.0, 70.0], [195.0, 300.0]]),
]


@pytest.fixture(scope="module")
def drawn() -> ink.Drawings:
    return ink.load_strokes()


def picture(strokes, shape=(PAD, PAD), pen=12.0) -> np.ndarray:
    """Black on white, uint8."""
    return (255 - 255 * ink.draw_strokes(strokes, shape, pen)).astype(np.uint8)


def difference(a: torch.Tensor, b: torch.Tensor) -> float:
    """Mean absolute difference of two images, 0 … 1, up to a shift by one pixel.

    The centre of mass may lie just this or just that side of a pixel's edge.
    """
    moved = [a.roll((y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return min((m.float() - b.float()).abs().mean().item() / 255 for m in moved)


def mass_and_box(image: torch.Tensor) -> tuple[float, float, int, int]:
    a = image.double()
    at = torch.arange(28, dtype=torch.float64) + 0.5
    rows, columns = torch.nonzero(a.sum(1)), torch.nonzero(a.sum(0))
    return (
        float(a.sum(1) @ at / a.sum()),
        float(a.sum(0) @ at / a.sum()),
        int(rows.max() - rows.min()) + 1,
        int(columns.max() - columns.min()) + 1,
    )


# -- as MNIST ------------------------------------------------------------------------------------


def test_mnist_is_centred_by_whole_pixels_on_the_middle_of_pixel_14() -> None:
    for image in load_mnist().train.images[:300]:
        y, x, h, w = mass_and_box(image)
        assert abs(y - 14.5) <= 0.501 and abs(x - 14.5) <= 0.501
        assert max(h, w) == 20


@pytest.mark.parametrize("source", ["strokes", "picture"])
def test_every_drawing_is_fitted_and_centred_as_mnist_is(drawn, source) -> None:
    for strokes in drawn.drawings[::4]:
        image = (
            ink.from_strokes(strokes) if source == "strokes" else ink.from_image(picture(strokes))
        )
        assert image.shape == (28, 28) and image.dtype == torch.uint8
        y, x, h, w = mass_and_box(image)
        assert abs(y - 14.5) <= 0.501 and abs(x - 14.5) <= 0.501
        assert 19 <= max(h, w) <= 20
        assert image.max() >= 250


def test_ink_share_and_stroke_width_are_those_of_mnist(drawn) -> None:
    train = load_mnist().train
    images = torch.stack([ink.from_strokes(d) for d in drawn.drawings])
    for digit in range(10):
        ours = images[drawn.labels == digit].float().mean().item() / 255
        theirs = train.images[train.labels == digit][:500].float().mean((1, 2)) / 255
        low, high = theirs.quantile(torch.tensor([0.02, 0.98])).tolist()
        assert low < ours < high, digit

    def width(image: torch.Tensor) -> float:
        large = Image.fromarray(image.numpy()).resize((112, 112), Image.Resampling.BILINEAR)
        return ink.stroke_width(np.asarray(large) / np.float32(255)) / 4

    theirs = np.median([width(i) for i in train.images[:400]])
    assert abs(np.median([width(i) for i in images]) - theirs) < 0.25


def test_an_mnist_image_comes_back_much_as_it_was() -> None:
    images = load_mnist().validation.images[:40]
    apart = [difference(ink.from_image(i, skip=["width"]), i) for i in images]
    assert np.median(apart) < 0.02
    assert np.mean(np.array(apart) < 0.05) >= 0.9  # a stray pixel may have set the size


# -- what must not matter ------------------------------------------------------------------------


def test_place_and_size_of_the_strokes_do_not_matter() -> None:
    plain = ink.from_strokes(NINE)
    for factor, shift in ((1, 5000), (0.01, -3), (1000, 0)):
        assert difference(ink.from_strokes([s * factor + shift for s in NINE]), plain) < 1e-3


def test_order_and_direction_of_the_strokes_do_not_matter() -> None:
    turned = [s[::-1] for s in NINE[::-1]]
    assert difference(ink.from_strokes(turned), ink.from_strokes(NINE)) < 5e-3


def test_a_fast_hand_gives_what_a_slow_one_gives() -> None:
    slow = [
        np.column_stack(
            [
                np.interp(np.linspace(0, 1, 2000), np.linspace(0, 1, len(s)), s[:, i])
                for i in range(2)
            ]
        )
        for s in NINE
    ]
    assert difference(ink.from_strokes(slow), ink.from_strokes(NINE)) < 5e-3


def test_polarity_does_not_matter(drawn) -> None:
    for strokes in drawn.drawings[::9]:
        black_on_white = picture(strokes)
        white_on_black = 255 - black_on_white
        assert difference(ink.from_image(black_on_white), ink.from_image(white_on_black)) < 0.01


@pytest.mark.parametrize("side", [80, 150, 800, 2000])
def test_resolution_matters_little(side: int) -> None:
    k = side / PAD
    other = picture([s * k for s in NINE], (side, side), 12 * k)
    assert difference(ink.from_image(other), ink.from_image(picture(NINE))) < 0.03


@pytest.mark.parametrize("pen", [4, 8, 20])
def test_the_width_of_the_pen_matters_little(pen: int) -> None:
    assert difference(ink.from_image(picture(NINE, pen=pen)), ink.from_strokes(NINE)) < 0.035
    left = ink.from_image(picture(NINE, pen=pen), skip=["width"])
    assert difference(left, ink.from_strokes(NINE)) > 0.005


def test_a_picture_gives_what_its_strokes_give(drawn) -> None:
    apart = [
        difference(ink.from_strokes(d), ink.from_image(picture(d))) for d in drawn.drawings[::5]
    ]
    assert max(apart) < 0.06 and np.mean(apart) < 0.03


@pytest.mark.parametrize("light", ["slope", "corners", "shadow"])
def test_the_light_does_not_matter(light: str) -> None:
    y, x = np.mgrid[:PAD, :PAD] / PAD
    shade = {
        "slope": 0.25 + 0.75 * x,
        "corners": 1 - 0.9 * ((x - 0.5) ** 2 + (y - 0.5) ** 2),
        "shadow": 0.5 + 0.5 / (1 + np.exp(-(x + 0.5 * y - 0.8) / 0.03)),
    }[light]
    lit = (picture(NINE) * shade).astype(np.uint8)
    assert difference(ink.from_image(lit), ink.from_image(picture(NINE))) < 0.03


def test_noise_specks_and_a_dark_edge_are_not_ink() -> None:
    generator = np.random.default_rng(0)
    dirty = picture(NINE) * 0.8 + generator.normal(0, 6, (PAD, PAD))
    dirty[generator.random((PAD, PAD)) < 1e-4] = 0
    dirty[-9:] = 10
    dirty = np.clip(dirty, 0, 255).astype(np.uint8)
    assert difference(ink.from_image(dirty), ink.from_image(picture(NINE))) < 0.04


# -- pictures of all kinds -----------------------------------------------------------------------


def test_kinds_of_pictures_agree(tmp_path) -> None:
    grey = picture(NINE)
    plain = ink.from_image(grey)
    colour = np.repeat(grey[..., None], 3, axis=2)
    alpha = np.dstack([np.zeros_like(colour), 255 - grey])  # black ink on nothing
    white = np.dstack([np.full_like(colour, 255), 255 - grey])  # white ink on nothing
    Image.fromarray(grey).convert("P").save(tmp_path / "palette.png")
    kinds = [
        grey / 255, grey[..., None], torch.from_numpy(grey), grey.astype(np.uint16) * 257,
        grey.astype(np.int64), colour, alpha, white, np.dstack([grey, np.full_like(grey, 255)]),
        Image.fromarray(grey), Image.fromarray(alpha), Image.open(tmp_path / "palette.png"),
        Image.fromarray(colour).convert("CMYK"), Image.fromarray(grey.astype(np.uint16) * 257),
        np.asfortranarray(grey), grey.astype(np.float64)[::1] / 255,
    ]  # fmt: skip
    for kind in kinds:
        assert difference(ink.from_image(kind), plain) < 5e-3, type(kind)
    assert difference(ink.from_image(grey < 128), plain) < 0.02


def test_a_turned_photograph_is_turned_back(tmp_path) -> None:
    upright = Image.fromarray(picture(NINE))
    exif = Image.Exif()
    exif[0x0112] = 6  # held so that the picture must be turned clockwise
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    assert torch.equal(ink.from_image(Image.open(tmp_path / "turned.png")), ink.from_image(upright))


def test_a_photograph_of_twelve_megapixels() -> None:
    large = np.asarray(Image.fromarray(picture(NINE)).resize((4000, 3000)))
    flat = np.asarray(Image.fromarray(picture(NINE)).resize((400, 300)))
    assert difference(ink.from_image(np.dstack([large] * 3)), ink.from_image(flat)) < 0.03


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.full((50, 50), 255, np.uint8), "no ink found"),
        (np.zeros((50, 50)), "no ink found"),
        (np.zeros((40, 40, 4), np.uint8), "no ink found"),
        (np.zeros((1, 1)), "at least 2 pixels"),
        (np.random.default_rng(0).uniform(size=(300, 300)), "no ink found"),
        (np.tile(np.linspace(0.2, 0.9, 300), (300, 1)), "no ink found"),
        (np.full((50, 50), np.nan), "NaN"),
        (np.full((50, 50), 200.0), "divide by 255"),
        (np.full((50, 50), -3), "0 … 255"),
        (np.zeros((0, 50)), "at least one pixel"),
        (np.zeros((3, 50, 50)), "channels come last"),
        (np.zeros(50), r"shape \(height, width\)"),
        (np.full((9, 9), "a"), "dtype"),
    ],
)
def test_what_is_no_picture_of_a_digit_is_refused(image, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ink.from_image(image)


def test_a_path_is_no_picture() -> None:
    with pytest.raises(TypeError, match=r"PIL\.Image\.open"):
        ink.from_image("digit.png")


# -- strokes of all kinds ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strokes", "message"),
    [
        ([], "no strokes"),
        ([np.zeros((0, 2))], "no strokes"),
        ([np.zeros((5, 3))], r"stroke 0: .*\(n_points, 2\)"),
        ([np.zeros(4)], r"\(n_points, 2\)"),
        ([np.zeros((2, 2)), np.array([[1.0, np.nan]])], "stroke 1: .*NaN"),
        ([np.array([[1.0, math.inf]])], "infinity"),
    ],
)
def test_what_is_no_drawing_is_refused(strokes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ink.from_strokes(strokes)


def test_dots_and_straight_lines_stay_thin() -> None:
    dot = ink.from_strokes([np.array([[3.0, 4.0]])])
    assert 0 < (dot > 0).sum() <= 16
    for line, box in (([[0, 0], [0, 90]], (20, 3)), ([[0, 0], [90, 0]], (3, 20))):
        _, _, h, w = mass_and_box(ink.from_strokes([np.array(line, dtype=float)]))
        assert (h, w) == box


@pytest.mark.parametrize("width", [1.4, 2.0, 3.2])
def test_lines_are_as_wide_as_asked(width: float) -> None:
    line = ink.draw_strokes([np.array([[10.0, 5.0], [10.0, 35.0]])], (40, 20), width)
    assert line[20].sum() == pytest.approx(width, abs=0.15)


# -- single steps --------------------------------------------------------------------------------


def test_each_step_left_out_leaves_its_mark() -> None:
    whole = ink.from_strokes(NINE)
    kept = {"pad_size": (PAD, PAD), "pen_width": 8}
    made = {s: ink.from_strokes(NINE, skip=[s], **kept) for s in ink.STROKE_STEPS}
    assert all(not torch.equal(whole, image) for image in made.values())
    assert max(mass_and_box(made["crop"])[2:]) < 17
    assert mass_and_box(made["aspect"])[2:] == (20, 20)
    assert max(mass_and_box(made["margin"])[2:]) == 28
    assert set(made["smooth"].unique().tolist()) == {0, 255}
    assert made["width"].sum() < 0.6 * whole.sum()


def test_each_step_of_a_picture_left_out_leaves_its_mark() -> None:
    slope = (picture(NINE) * np.linspace(0.4, 1, PAD)).astype(np.uint8)
    whole = ink.from_image(slope)
    for step in ink.IMAGE_STEPS:
        assert not torch.equal(whole, ink.from_image(slope, skip=[step])), step


def test_steps_that_do_not_exist_or_lack_something_are_refused() -> None:
    with pytest.raises(ValueError, match="no step blur; the steps are crop"):
        ink.from_strokes(NINE, skip=["blur"])
    with pytest.raises(ValueError, match="pad_size must be given"):
        ink.from_strokes(NINE, skip=["crop"])
    with pytest.raises(ValueError, match="pen_width must be given"):
        ink.from_strokes(NINE, skip=["width"])


def test_set_stroke_width_moves_both_edges() -> None:
    bar = np.zeros((30, 30), np.float32)
    bar[5:25, 12:18] = 1
    assert ink.stroke_width(bar) == pytest.approx(6, abs=1)
    assert ink.set_stroke_width(bar, 3)[15].sum() == pytest.approx(9)
    assert ink.set_stroke_width(bar, -3)[15].sum() == pytest.approx(3)


# -- the bundled drawings ------------------------------------------------------------------------


def test_the_bundled_drawings_are_those_that_the_script_draws(drawn) -> None:
    text = (data_folder() / "strokes.json").read_text(encoding="utf-8")
    assert text == draw_digits.as_json(draw_digits.drawings())
    assert torch.equal(drawn.labels.bincount(), torch.full((10,), 15))
    assert len(drawn) == len(drawn.styles) == 150 and "150 digits" in repr(drawn)
    for strokes in drawn.drawings:
        points = np.concatenate(strokes)
        assert points.min() >= 0 and points.max() < drawn.pad_size[0]


@pytest.mark.parametrize("content", ["", "{", '{"pad": 400}', '{"pad": 4, "drawings": []}'])
def test_damaged_drawings_are_refused(tmp_path, content: str) -> None:
    (tmp_path / "strokes.json").write_text(content)
    with pytest.raises(DataError, match="damaged"):
        ink.load_strokes(tmp_path)


def test_missing_drawings_are_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="missing"):
        ink.load_strokes(tmp_path)


def test_a_label_out_of_range_is_refused(tmp_path) -> None:
    entry = {"label": 12, "style": "x", "strokes": [[[1, 2]]]}
    (tmp_path / "strokes.json").write_text(json.dumps({"pad": 9, "drawings": [entry]}))
    with pytest.raises(DataError, match="damaged"):
        ink.load_strokes(tmp_path)
