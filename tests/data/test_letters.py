"""The letters, the three ways of splitting them, and the word list."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from course_utils.data import (
    ALPHABET,
    SPLITS,
    UNSEEN_FOLDS,
    WORD_TYPES,
    DataError,
    LabelledImages,
    Letters,
    LetterSplit,
    data_folder,
    load_letters,
    load_words,
    split_letters,
)
from course_utils.models import as_input
from course_utils.training import Recipe, fit, logits


@pytest.fixture(scope="module")
def letters() -> Letters:
    return load_letters()


def parts(split: LetterSplit) -> tuple[Letters, Letters, Letters]:
    return split.train, split.validation, split.test


def test_letters_are_those_of_the_file(letters: Letters) -> None:
    raw = np.load(data_folder() / "letters.npz", allow_pickle=False)
    assert len(letters) == 52_152 and letters.images.shape == (52_152, 16, 8)
    assert letters.images.unique().tolist() == [0, 255]
    for at in (0, 1_234, 52_151):
        ink = (letters.images[at].numpy() > 0).astype(np.uint8)
        assert np.array_equal(np.packbits(ink, axis=1)[:, 0], raw["X"][at])
    for ours, theirs in (("labels", "y"), ("words", "word"), ("folds", "fold")):
        assert np.array_equal(getattr(letters, ours).numpy(), raw[theirs])
    counts = torch.bincount(letters.labels)
    assert counts[ALPHABET.index("j")] == 189 == counts.min()
    assert counts[ALPHABET.index("n")] == 5_024


def test_words_are_read_in_order(letters: Letters) -> None:
    said = letters.spellings()
    assert len(said) == 6_877 and said[0] == "ommanding" and sorted(set(said)) == list(WORD_TYPES)
    assert Counter(said).most_common(1) == [("ump", 151)] and min(Counter(said).values()) == 71
    lengths = letters.word_lengths()
    assert sum(lengths) == 52_152 and [len(word) for word in said] == lengths
    starts = torch.tensor([0, *lengths[:-1]]).cumsum(0)
    assert [WORD_TYPES[k] for k in letters.types[starts].tolist()] == said
    assert torch.equal(letters.words[starts], torch.arange(6_877))


def test_a_selection_keeps_every_column(letters: Letters) -> None:
    part = letters.select(letters.words == 40)
    assert isinstance(part, Letters) and part.spellings() == ["ommanding"]
    assert repr(part) == "Letters(9 letters, 1 writings of 1 words)"
    for name in ("images", "labels", "ids", "words", "types", "folds"):
        assert torch.equal(getattr(part, name), getattr(letters, name)[letters.words == 40])


@pytest.mark.parametrize("column", ["words", "types", "folds"])
def test_columns_that_do_not_fit_are_refused(letters: Letters, column: str) -> None:
    few = letters.select(range(5))
    columns = {n: getattr(few, n) for n in ("images", "labels", "ids", "words", "types", "folds")}
    with pytest.raises(ValueError, match=f"{column} must be an int64 tensor of shape .5.*got"):
        Letters(**columns | {column: torch.zeros(4, dtype=torch.int64)})
    with pytest.raises(ValueError, match=f"{column} must be an int64"):
        Letters(**columns | {column: torch.zeros(5)})


@pytest.mark.parametrize("by", SPLITS)
def test_every_letter_is_tested_in_one_fold_and_in_one_part(letters: Letters, by: str) -> None:
    tested = torch.zeros(52_152, dtype=torch.int64)
    for fold in range(10 if by == "published" else 5):
        split = split_letters(letters, by, fold)
        ids = torch.cat([part.ids for part in parts(split)])
        assert torch.equal(ids.sort().values, torch.arange(52_152))
        tested[split.test.ids] += 1
        assert len(split.train.labels.unique()) == 26, "a letter is never shown"
        assert 0.06 < len(split.validation) / 52_152 < 0.09
        assert torch.equal(split.train.ids, split_letters(letters, by, fold).train.ids)
        assert torch.equal(split.together().ids[: len(split.train)], split.train.ids)
        assert len(split.together()) == 52_152 - len(split.test)
    assert (tested == 1).all()


def test_what_the_parts_share(letters: Letters) -> None:
    def shared(split: LetterSplit, column: str) -> set:
        train, validation, test = (set(getattr(p, column).tolist()) for p in parts(split))
        return (train & validation) | (train & test) | (validation & test)

    assert len(shared(split_letters(letters, "letter", 2), "words")) > 5_000
    assert not shared(split_letters(letters, "word", 2), "words")
    assert len(shared(split_letters(letters, "word", 2), "types")) == 55
    for fold in range(5):
        assert not shared(split_letters(letters, "unseen words", fold), "types")
    for fold in (0, 9):
        split = split_letters(letters, "published", fold)
        assert split.test.folds.unique().tolist() == [fold] and not shared(split, "words")


def test_folds_of_unseen_words_are_balanced(letters: Letters) -> None:
    assert len(UNSEEN_FOLDS) == 5 and {len(fold) for fold in UNSEEN_FOLDS} == {11}
    assert len(WORD_TYPES) == 55 and len(set(WORD_TYPES)) == 55
    known = set(load_words(1, 40, first_letter=False))
    missing = [sum(word not in known for word in fold) for fold in UNSEEN_FOLDS]
    assert sum(missing) == 7 and set(missing) <= {1, 2}
    for fold in range(5):
        test = split_letters(letters, "unseen words", fold).test
        assert sorted({WORD_TYPES[k] for k in test.types.tolist()}) == sorted(UNSEEN_FOLDS[fold])
        assert abs(len(test) / 52_152 - 0.2) < 0.01
        assert abs(len(test.word_lengths()) / 6_877 - 0.2) < 0.006


@pytest.mark.parametrize(
    ("by", "fold"),
    [("writer", 0), ("word", 5), ("word", -1), ("published", 10), ("letter", 1.5), ("word", True)],
)
def test_other_splits_are_refused(letters: Letters, by: str, fold: int) -> None:
    with pytest.raises(ValueError, match=f"one of letter, word, .* got by='{by}', fold={fold}"):
        split_letters(letters, by, fold)


def test_a_part_cannot_be_split(letters: Letters) -> None:
    with pytest.raises(ValueError, match="all 52,152 letters.* got 100"):
        split_letters(letters.select(range(100)))


def test_letters_train_a_network_as_digits_do(letters: Letters) -> None:
    few = letters.select(range(0, 52_152, 800))
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(128, 26))
    outcome = fit(model, few, few, Recipe(epochs=2, batch_size=16), progress=False)
    assert outcome.history.train_loss[1] < outcome.history.train_loss[0]
    assert logits(model, few.images).shape == (len(few), 26)
    assert as_input(few.images).shape == (len(few), 1, 16, 8)
    images = few.images.transpose(1, 2).contiguous()
    with pytest.raises(ValueError, match=r"\(n, 28, 28\) or \(n, 16, 8\), got .*8, 16"):
        LabelledImages(images, few.labels, few.ids)
    with pytest.raises(ValueError, match="at least one, got shape"):
        as_input(few.images[:0])


# -- files ---------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(data_folder() / "letters.npz", tmp_path)
    shutil.copytree(data_folder() / "words", tmp_path / "words")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("letters.npz", lambda folder: load_letters(folder)),
        ("words/american-english-small", lambda folder: load_words(folder=folder)),
    ],
)
def test_damaged_and_missing_files_are_named_with_a_remedy(folder: Path, name: str, load) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    with pytest.raises(DataError, match=rf"damaged[\s\S]*git checkout -- data/{name}`"):
        load(folder)
    (folder / name).unlink()
    with pytest.raises(DataError, match=rf"is missing[\s\S]*git checkout -- data/{name}`"):
        load(folder)


def test_the_data_folder_moves_both(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_DATA", str(folder))
    assert len(load_letters()) == 52_152 and len(load_words()) == 34_697


# -- words ---------------------------------------------------------------------------------------


def test_words_have_the_lengths_asked_for() -> None:
    words = load_words()
    assert len(words) == 34_697 and words == sorted(set(words))
    assert {len(word) for word in words} == set(range(3, 11))
    assert all(set(word) <= set(ALPHABET) for word in words)
    assert len(load_words(1, 40)) == 40_134 and {len(w) for w in load_words(4, 4)} == {4}


def test_words_lose_their_first_letters_and_what_is_tested() -> None:
    cut = load_words(1, 40, first_letter=False)
    assert len(cut) == len(set(cut)) and {"ump", "nconsequential"} <= set(cut)
    assert sum(word in set(cut) for word in WORD_TYPES) == 48
    left = load_words(1, 40, first_letter=False, without=WORD_TYPES)
    assert set(cut) - set(left) == set(cut) & set(WORD_TYPES)
    assert "jump" in load_words() and "jump" not in load_words(without=["jump"])


@pytest.mark.parametrize(("shortest", "longest"), [(0, 3), (5, 4), (2.5, 4), (3, float("inf"))])
def test_lengths_that_no_word_has_are_refused(shortest: float, longest: float) -> None:
    with pytest.raises(ValueError, match=f"1 <= shortest <= longest, got shortest={shortest}"):
        load_words(shortest, longest)


def test_a_text_is_no_list_of_words() -> None:
    with pytest.raises(TypeError, match="list or set of words, got the text 'jump'"):
        load_words(without="jump")
