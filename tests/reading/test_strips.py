"""Words in many hands, strips of real letters, and the way from ink to a strip."""

import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils.data import DataError, load_letters, load_words
from course_utils.reading import (
    JOINED_HANDS,
    PLAIN,
    TEST_APART,
    TEST_HANDS,
    TEST_JOINED,
    TRAIN_APART,
    TRAIN_HANDS,
    TRAIN_JOINED,
    Variation,
    as_batch,
    as_strip,
    hands,
    join_letters,
    split_words,
    write_word,
)


def chance(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_hands_are_held_back_whole() -> None:
    assert len(TEST_APART) >= 4 and len(TEST_JOINED) >= 3
    assert not set(TEST_HANDS) & set(TRAIN_HANDS)
    assert len(TRAIN_HANDS) == len(set(TRAIN_APART) | set(TRAIN_JOINED)) == 36
    assert set(TEST_JOINED) | set(TRAIN_JOINED) == JOINED_HANDS


@pytest.mark.parametrize("hand", [*TRAIN_HANDS, *TEST_HANDS])
def test_every_hand_writes_every_letter(hand: str) -> None:
    shapes = set()
    for letter in "abcdefghijklmnopqrstuvwxyz":
        glyph = hands.glyph(hand, letter)
        assert glyph.ink.dtype == np.float32 and 0.5 < glyph.ink.max() <= 1 and glyph.advance > 0
        shapes.add(glyph.ink.tobytes())
    assert len(shapes) == 26
    assert hands.glyph(hand, "x").top == pytest.approx(hands.GLYPH_X_HEIGHT, abs=2)
    strip = write_word("quickly", hand, chance())
    assert strip.shape[0] == 32 and strip.dtype == np.float32
    assert strip.min() >= 0 and 0.5 < strip.max() <= 1


def test_fonts_are_as_different_as_hands() -> None:
    plain = {h: write_word("handgloves", h, chance(), PLAIN) for h in (*TRAIN_HANDS, *TEST_HANDS)}
    small = {h: np.asarray(Image.fromarray(s).resize((64, 16))).ravel() for h, s in plain.items()}
    for test in TEST_HANDS:
        for train in TRAIN_HANDS:
            a, b = small[test], small[train]
            assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) < 0.95, (test, train)


def test_no_two_alike_but_a_seed_gives_the_same() -> None:
    first = write_word("letter", "kalam", chance(1))
    assert np.array_equal(first, write_word("letter", "kalam", chance(1)))
    others = [write_word("letter", "kalam", chance(seed)) for seed in range(2, 30)]
    assert len({strip.tobytes() for strip in others}) == 28
    assert len({strip.shape for strip in others}) > 10
    plain = [write_word("letter", "kalam", chance(seed), PLAIN) for seed in range(3)]
    assert np.array_equal(plain[0], plain[1]) and np.array_equal(plain[1], plain[2])


def test_ink_is_in_the_middle_and_whole() -> None:
    for seed, word in enumerate(["ace", "bully", "quip", "ill", "jumped"] * 4):
        strip = write_word(word, TRAIN_HANDS[seed], chance(seed), Variation(noise=0))
        rows = np.flatnonzero((strip > 0.25).any(axis=1))
        assert abs((rows[0] + rows[-1]) / 2 - 15.5) <= 4
        assert rows[0] >= 0 and (strip[[0, -1]] > 0.25).sum() <= 4  # next to nothing cut off
        assert strip[:, 0].max() < 0.5 and strip[:, -1].max() < 0.5
        columns = np.flatnonzero((strip > 0.25).any(axis=0))
        assert columns[-1] - columns[0] > 0.5 * strip.shape[1]


def _share(wide: Variation, measure) -> float:
    """How much a measure of strips spreads, against strips without that variation."""
    found = [measure(write_word("minimum", "kalam", chance(seed), wide)) for seed in range(40)]
    return float(np.std(found) / np.mean(found))


@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("size", lambda s: np.ptp(np.flatnonzero((s > 0.3).any(axis=1)))),
        ("width", lambda s: s.shape[1]),
        ("slant", lambda s: s.shape[1]),
        ("distance", lambda s: s.shape[1]),
        ("bend", lambda s: np.ptp(np.flatnonzero((s > 0.3).any(axis=1)))),
        ("wobble", lambda s: (s > 0.3).sum()),
        ("thickness", lambda s: s.sum()),
        ("noise", lambda s: s.sum()),
    ],
)
def test_each_variation_changes_what_it_says(name: str, measure) -> None:
    none = {field: 0.0 for field in vars(Variation())}
    usual = vars(Variation())[name]
    assert _share(Variation(**none), measure) == 0
    assert _share(Variation(**none | {name: usual}), measure) > 0.01


def test_bad_words_hands_and_strengths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to write: expected one or more letters"):
        write_word("", "kalam", chance())
    with pytest.raises(ValueError, match="expected a hand of .*kalam.*, got 'comic'"):
        write_word("a", "comic", chance())
    with pytest.raises(ValueError, match="does not draw ' '"):
        write_word("a b", "kalam", chance())
    with pytest.raises(ValueError, match="expected one letter, got 'ab'"):
        hands.glyph("kalam", "ab")
    with pytest.raises(ValueError, match="between 0 and 1, got Variation"):
        Variation(slant=1.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Variation(size=float("nan"))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    hands._font.cache_clear()
    with pytest.raises(DataError, match="git checkout -- data/fonts/indie-flower.woff2"):
        hands._font("indie-flower")
    hands._font.cache_clear()


def test_words_are_split_alike_in_every_list() -> None:
    words = load_words()
    train, test = split_words(words)
    assert sorted(train + test) == words and not set(train) & set(test)
    assert 0.09 < len(test) / len(words) < 0.11
    assert split_words(words[::-1])[1] == test[::-1]
    assert all(zlib.crc32(word.encode()) % 10 == 0 for word in test)


def test_real_letters_side_by_side() -> None:
    letters = load_letters()
    word = letters.images[:9]
    strip = join_letters(word, chance(), PLAIN)
    assert strip.shape[0] == 32 and 60 < strip.shape[1] < 110
    rows = np.flatnonzero((strip > 0.3).any(axis=1))
    assert np.ptp(rows) == pytest.approx(17, abs=2)
    assert np.array_equal(strip, join_letters(word.numpy(), chance(5), PLAIN))
    widths = {join_letters(word, chance(seed)).shape[1] for seed in range(20)}
    assert max(widths) > 1.2 * min(widths)
    with pytest.raises(ValueError, match="letter 1 has no ink"):
        join_letters(torch.stack([word[0], 0 * word[0]]), chance())
    with pytest.raises(ValueError, match=r"uint8 of shape \(n, rows, columns\).*float32"):
        join_letters(word.float(), chance())
    with pytest.raises(ValueError, match=r"got uint8 of shape \(0, 16, 8\)"):
        join_letters(word[:0], chance())


def test_batches() -> None:
    strips = [np.full((32, width), 0.5, np.float32) for width in (10, 14)]
    batch, widths = as_batch(strips)
    assert batch.shape == (2, 1, 32, 14) and widths.tolist() == [10, 14]
    assert batch[0, 0, :, 10:].abs().max() == 0 and (batch[1] == 0.5).all()
    with pytest.raises(ValueError, match="one or more, got none"):
        as_batch([])
    with pytest.raises(ValueError, match=r"strip 1: expected shape \(32, width\), got \(16, 8\)"):
        as_batch([strips[0], np.zeros((16, 8))])


def test_ink_of_any_size_becomes_a_strip() -> None:
    """A strip made larger, with paper around it, comes back about as large as it was."""
    factors = []
    for seed, word in enumerate(["sample", "banana", "cat", "monday", "reading", "great"]):
        strip = write_word(word, TRAIN_APART[seed], chance(seed), PLAIN)
        large = Image.fromarray(strip).resize((strip.shape[1] * 5, 160), Image.Resampling.BICUBIC)
        paper = np.zeros((400, strip.shape[1] * 5 + 300), np.float32)
        paper[30:190, 120 : 120 + strip.shape[1] * 5] = np.clip(np.asarray(large), 0, 1)
        again = as_strip(paper)
        assert again.shape[0] == 32 and again.dtype == np.float32
        assert again.max() == 1 and again[:, :3].max() == 0
        assert again[:1].max() == again[-1:].max() == 0
        factors.append(again.shape[1] / strip.shape[1])
    assert 0.85 < np.median(factors) < 1.2 and min(factors) > 0.6 and max(factors) < 1.5


@pytest.mark.parametrize(
    ("ink", "message"),
    [
        (np.zeros((50, 90)), "no ink: expected a word, got empty paper"),
        (np.full((50, 90), 255.0), "expected ink 0 … 1"),
        (np.full((50, 90), np.nan), "expected ink 0 … 1"),
        (np.zeros(50), r"got shape \(50,\)"),
        (np.zeros((0, 9)), "expected ink"),
    ],
)
def test_what_is_no_ink(ink: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_strip(ink)


def test_a_dot_and_a_line_are_strips_too() -> None:
    dot, line = np.zeros((40, 40)), np.zeros((40, 400))
    dot[20, 20] = 1
    line[20, 10:390] = 1
    assert as_strip(dot).shape[0] == 32 and as_strip(line).shape[0] == 32
