"""The sheet of paper in a picture: where it ends, and the picture straightened by its corners."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from course_utils import ink

SHEET = np.array([(40.0, 30.0), (250.0, 44.0), (262.0, 266.0), (28.0, 250.0)])


def on_a_desk(corners: np.ndarray, light: np.ndarray | float = 1.0) -> np.ndarray:
    """Paper with squares on a dark desk: (280, 300), 0 … 1, drawn four times larger."""
    page = Image.new("L", (1200, 1120), 60)
    brush = ImageDraw.Draw(page)
    brush.polygon([tuple(4 * p) for p in corners], fill=230)
    for share in np.arange(0.2, 0.9, 0.2):  # lines from side to side
        for a, b, c, d in ((0, 1, 3, 2), (0, 3, 1, 2)):
            ends = [corners[i] + share * (corners[j] - corners[i]) for i, j in ((a, b), (c, d))]
            brush.line([tuple(4 * p) for p in ends], fill=40, width=10)
    return np.asarray(page.reduce(4), np.float32) / 255 * light


@pytest.mark.parametrize("shadow", [1.0, 0.35])
def test_corners_are_found_in_perspective_and_half_in_shadow(shadow: float) -> None:
    light = np.where(np.arange(300) < 130, 1.0, shadow).astype(np.float32)
    found = ink.paper_corners(on_a_desk(SHEET, light))
    assert found is not None and np.abs(found - SHEET).max() < 6


def test_a_sheet_becomes_a_rectangle_with_straight_lines() -> None:
    page = ink.straightened(on_a_desk(SHEET), SHEET)
    upper, right, lower, left = np.hypot(*(np.roll(SHEET, -1, axis=0) - SHEET).T)
    assert page.shape == (round((left + right) / 2), round((upper + lower) / 2))
    assert page.dtype == np.float32
    inner = page[6:-6, 6:-6]
    assert (inner < 0.6).mean(axis=1).max() > 0.95  # a printed line fills a row, and a column
    assert (inner < 0.6).mean(axis=0).max() > 0.95


def test_an_upright_rectangle_is_cut_out_as_it_is() -> None:
    page = np.random.default_rng(0).random((50, 60), dtype=np.float32)
    corners = np.array([(10.0, 5.0), (50.2, 5.0), (50.0, 45.3), (10.0, 45.0)])
    assert np.array_equal(ink.straightened(page, corners), page[5:45, 10:50])


def test_a_side_without_a_desk_is_the_pictures_own() -> None:
    page = np.full((200, 240), 0.9, np.float32)
    page[:, :30] = 0.2
    found = ink.paper_corners(page)
    assert found is not None and np.abs(found[[0, 3], 0] - 30).max() < 5
    assert np.abs(found[:, 1] - [0, 0, 200, 200]).max() < 1e-6 and found[1, 0] == 240


def test_where_no_desk_is_seen_there_are_no_corners() -> None:
    page = np.full((200, 200), 0.9, np.float32)
    page[40:46] = 0.1  # a printed line with paper beyond it
    assert ink.paper_corners(page) is None


def test_a_shadows_edge_that_a_stroke_crosses_is_no_edge_of_the_paper() -> None:
    page = np.full((200, 200), 0.9, np.float32)
    page[:50] *= 0.4
    assert ink.paper_corners(page) is not None  # what is left out there is empty
    page[20:120, 90:100] *= 0.15
    assert ink.paper_corners(page) is None
