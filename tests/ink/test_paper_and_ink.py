"""Digits on real paper: what stands around them is left out, and doubts are told."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from course_utils import ink
from course_utils.data import load_mnist
from course_utils.reading import CONDITIONS, picture, side_by_side
from course_utils.training import best_network, predict

DRAWN = ink.load_strokes()
SAMPLE = range(5, 150, 25)  # six drawings: 0, 2, 3, 5, 7, 8
READABLE = [name for name in CONDITIONS if name != "cut by the border"]


@pytest.fixture(scope="module")
def reader():
    return best_network().model


def quietly(pages) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ink.InkWarning)
        return torch.stack([ink.from_image(page) for page in pages])


@pytest.mark.parametrize("name", READABLE)
def test_drawings_are_read_in_every_condition(name: str, reader) -> None:
    pages = [picture(DRAWN.drawings[k], [name], seed=900 + k) for k in SAMPLE]
    wrong = predict(reader, quietly(pages)) != DRAWN.labels[list(SAMPLE)]
    assert int(wrong.sum()) <= 1 + (name == "squared, as dark as ink"), (name, wrong.tolist())


@pytest.mark.parametrize("margin", [0, 1, 2, 4, 8])
def test_validation_images_cut_out_are_read_as_they_are_directly(margin: int, reader) -> None:
    part = load_mnist().validation.select(range(0, 600, 4))
    cut = []
    for image in part.images:
        rows, columns = (torch.nonzero((image > 40).any(dim=k)).flatten() for k in (1, 0))
        tight = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        cut.append(np.pad(255 - tight.numpy(), margin, constant_values=255))
    direct = int((predict(reader, part.images) != part.labels).sum())
    assert int((predict(reader, quietly(cut)) != part.labels).sum()) <= direct + 1


def test_narrow_crops_without_paper_around_them_are_not_refused(reader) -> None:
    part = load_mnist().validation.select([1537, 2302, 2571, 2614, 3078, 4803, 6009, 9586])
    cut = []
    for image in part.images:  # two of them are two pixels wide
        rows, columns = (torch.nonzero((image > 40).any(dim=k)).flatten() for k in (1, 0))
        cut.append(255 - image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].numpy())
    assert min(page.shape[1] for page in cut) == 2
    assert int((predict(reader, quietly(cut)) != part.labels).sum()) <= 1


@pytest.mark.parametrize("pen", [20, 28, 40])
def test_fat_pens_are_read(pen: int, reader) -> None:
    sample = range(0, 150, 6)
    strokes = [[s * 280 / DRAWN.pad_size[0] for s in DRAWN.drawings[k]] for k in sample]
    pages = [255 - 255 * ink.draw_strokes(s, (280, 280), pen) for s in strokes]
    wrong = predict(reader, quietly([p.astype(np.uint8) for p in pages])) != DRAWN.labels[sample]
    assert int(wrong.sum()) <= 4, wrong.tolist()  # some are blots to a reader, too


def test_the_reviews_three_pictures(reader) -> None:
    grey = Image.new("L", (280, 280), 255)
    brush = ImageDraw.Draw(grey)
    brush.ellipse([90, 80, 190, 200], outline=110, width=8)
    brush.rectangle([268, 0, 279, 279], fill=10)
    thin = Image.new("L", (300, 300), 255)
    ImageDraw.Draw(thin).line([(90, 60), (210, 60), (130, 250)], fill=0, width=1)
    assert predict(reader, quietly([grey, thin])).tolist() == [0, 7]


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (side_by_side([DRAWN.drawings[20], DRAWN.drawings[80]], seed=1), "expected one digit"),
        (picture(DRAWN.drawings[80], ["cut by the border"], seed=2), "may be cut off"),
        (
            np.kron(np.indices((12, 12)).sum(0) % 2, np.full((20, 20), 255, np.uint8)),
            "ink all over",
        ),
    ],
)
def test_doubts_become_warnings(page: np.ndarray, words: str) -> None:
    with pytest.warns(ink.InkWarning, match=words):
        image = ink.from_image(page)
    assert image.shape == (28, 28) and image.dtype == torch.uint8
    assert any(words in doubt for doubt in ink.prepare_photo(page).warnings)


def test_a_clean_digit_raises_no_doubt_and_lines_are_told_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ink.from_image(picture(DRAWN.drawings[20], ["clean paper"], seed=1))
    told = ink.prepare_photo(picture(DRAWN.drawings[20], ["one line inside"], seed=1))
    assert told.left_out == ["1 line on the paper"] and told.warnings == []


def test_a_stem_is_no_line_of_the_paper() -> None:
    one, line = np.zeros((280, 280), bool), np.zeros((280, 280), bool)
    one[60:220, 135:147] = True
    line[40:45] = True
    assert ink.paper_lines(one) == []
    (found,) = ink.paper_lines(one | line)
    assert found.pixels[40:45].all() and not found.pixels[60:220].any()
    assert found.length == pytest.approx(280, abs=4) and found.width == pytest.approx(5, abs=1.1)
    kept = ink.without_lines((one | line).astype(np.float32), [found])
    assert np.array_equal(kept >= 0.5, one)


def test_a_stroke_that_crosses_a_line_is_joined_again() -> None:
    dark = np.zeros((280, 280), bool)
    dark[60:220, 135:147] = True
    dark[150:155] = True
    kept = ink.without_lines(dark.astype(np.float32), ink.paper_lines(dark)) >= 0.5
    assert kept[60:220, 138:144].all() and not kept[:, :120].any()


# -- the same picture in other dress ---------------------------------------------------------------


def in_every_dress(grey: np.ndarray) -> dict[str, object]:
    wide = grey.astype(np.uint16) * 257
    return {
        "int64": grey.astype(np.int64),
        "float32": (grey / 255).astype(np.float32),
        "float16": (grey / 255).astype(np.float16),
        "bfloat16": torch.from_numpy(grey / 255).bfloat16(),
        "uint16": wide,
        "big-endian": wide.astype(">u2"),
        "uint16 of 0 … 255": grey.astype(np.uint16),
        "int32 of 16 bits": wide.astype(np.int32),
        "I": Image.fromarray(wide.astype(np.int32)),
        "I;16": Image.fromarray(wide),
        "I;16 of 0 … 255": Image.fromarray(grey.astype(np.uint16)),
        "F of 0 … 1": Image.fromarray((grey / 255).astype(np.float32)),
        "F of 0 … 255": Image.fromarray(grey.astype(np.float32)),
        "L": Image.fromarray(grey),
        "RGB": np.dstack([grey] * 3),
        "CMYK": Image.fromarray(np.dstack([grey] * 3)).convert("CMYK"),
        "tensor": torch.from_numpy(grey),
    }


@pytest.mark.parametrize("side", [200, 400])
def test_mode_and_dtype_do_not_matter(side: int, reader) -> None:
    page = picture(DRAWN.drawings[80], ["slope of light"], seed=5)
    grey = np.asarray(Image.fromarray(page).resize((side, side)))
    dressed = in_every_dress(grey)
    read = predict(reader, quietly([grey, *dressed.values()])).tolist()
    assert dict(zip(dressed, read[1:], strict=True)) == dict.fromkeys(dressed, 5) and read[0] == 5


def test_black_and_white_may_be_bool_or_0_and_1(reader) -> None:
    dark = picture(DRAWN.drawings[80], ["clean paper"], seed=5) < 128
    kinds = [~dark, (~dark).astype(np.uint8), (~dark).astype(np.int64), Image.fromarray(~dark)]
    assert predict(reader, quietly(kinds)).tolist() == [5] * 4


def test_a_flattened_image_is_named() -> None:
    for shape in ((1, 784), (784, 1), (784,)):
        with pytest.raises(
            ValueError, match=r"expected a picture .* got shape .*reshape\(28, 28\)"
        ):
            ink.from_image(np.zeros(shape))


def test_lines_and_a_faint_mark_are_refused_in_words() -> None:
    page = np.full((200, 200), 1, np.float32)
    page[20::40] = 0.1
    page[85:95, 100] = 0.6
    with pytest.raises(ValueError, match="got lines and edges only"):
        ink.from_image(page)


# -- whatever comes --------------------------------------------------------------------------------


@st.composite
def any_picture(draw) -> np.ndarray:
    shape = tuple(draw(st.lists(st.integers(0, 70), min_size=1, max_size=4)))
    kind = draw(st.sampled_from(["u1", "u2", ">u2", "i4", "i8", "f2", "f4", "f8", "?", "c8"]))
    chance = np.random.default_rng(draw(st.integers(0, 1000)))
    top = draw(st.sampled_from([0, 1, 2, 255, 256, 65_535, 1e6]))
    values = chance.uniform(draw(st.sampled_from([0, 0, 0, -1])), 1, shape) * top
    if draw(st.booleans()):  # a patch of paper
        values = np.where(chance.random(shape) < 0.9, top, values)
    with np.errstate(all="ignore"):
        return values.astype(kind)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_picture())
def test_a_picture_gives_an_image_or_an_error_in_words(page: np.ndarray) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", ink.InkWarning)
            image = ink.from_image(page)
    except ValueError as error:
        assert "expected" in str(error) and "got" in str(error), error
    else:
        assert image.shape == (28, 28) and image.dtype == torch.uint8 and image.max() > 0


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.lists(
            st.lists(st.floats(-1e9, 1e9) | st.sampled_from([np.nan, np.inf]), max_size=3),
            max_size=6,
        ),
        max_size=4,
    )
)
def test_strokes_give_an_image_or_an_error_in_words(strokes: list) -> None:
    try:
        image = ink.from_strokes(strokes)
    except ValueError as error:
        assert "expected" in str(error) and "got" in str(error), error
    else:
        assert image.shape == (28, 28) and image.dtype == torch.uint8 and image.max() > 0
