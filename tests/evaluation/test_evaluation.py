"""Claims, intervals, the hard digits and the final exam."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from course_utils.data import load_mnist, locked_test_set
from course_utils.evaluation import (
    HARD_DIGIT_IDS,
    ClaimError,
    accuracy,
    claim,
    earlier_verdicts,
    exam,
    final_exam,
    hard_digits,
    wilson_interval,
)


def test_a_claim_that_holds_is_printed(capsys: pytest.CaptureFixture) -> None:
    claim("two is more than one", len("ab") > 1)
    claim("NumPy's truth counts", np.float64(2) > 1)
    assert capsys.readouterr().out == "✓ two is more than one\n✓ NumPy's truth counts\n"


def test_a_claim_that_does_not_hold_raises(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(ClaimError, match="one is more than two"):
        claim("one is more than two", len("a") > 2)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("value", [np.array([True, True]), 1, "yes", None, torch.tensor(True)])
def test_a_claim_needs_one_truth_value(value: object) -> None:
    with pytest.raises(TypeError, match="one truth value"):
        claim("something", value)


def wilson_by_formula(right: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    p = right / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return centre - half, centre + half


@pytest.mark.parametrize(("right", "n"), [(0, 10), (10, 10), (8_087, 10_000), (9_970, 10_000)])
def test_the_interval_is_wilsons(right: int, n: int) -> None:
    low, high = wilson_interval(right, n)
    assert np.allclose((low, high), wilson_by_formula(right, n))
    assert 0 <= low <= right / n <= high <= 1


def test_a_higher_confidence_gives_a_wider_interval() -> None:
    low, high = wilson_interval(80, 100)
    wide_low, wide_high = wilson_interval(80, 100, confidence=0.99)
    assert wide_low < low < high < wide_high


@pytest.mark.parametrize(("right", "n"), [(1, 0), (-1, 5), (6, 5), (2.5, 5), (1, float("inf"))])
def test_impossible_counts_are_refused(right: int, n: int) -> None:
    with pytest.raises(ValueError, match="0 <= right <= n"):
        wilson_interval(right, n)


def test_an_impossible_confidence_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence"):
        wilson_interval(1, 2, confidence=95)


def test_accuracy_counts_what_is_right() -> None:
    result = accuracy(torch.tensor([1, 2, 3, 4]), np.array([1, 2, 3, 9]))
    assert (result.right, result.n, result.errors, result.value) == (3, 4, 1, 0.75)
    assert (result.low, result.high) == wilson_interval(3, 4)
    assert str(result).startswith("75.00% right (1 errors of 4; 95 % interval ")


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        (np.array([1, 2]), "expected 3 predictions, one per image, got 2"),
        (np.array([1.0, 2.0, 3.0]), "whole numbers"),
        (np.array([1, 2, 10]), "0-9"),
        (np.array([1, 2, -1]), "0-9"),
        (np.zeros((3, 10)), "argmax"),
        (np.array([], dtype=int), "n >= 1"),
        (np.array([1.0, np.nan, 3.0]), "whole numbers"),
    ],
)
def test_accuracy_refuses_what_are_no_digits(predictions: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        accuracy(predictions, np.array([1, 2, 3]))


def test_the_hard_digits_are_24_validation_images() -> None:
    validation = load_mnist().validation
    digits = hard_digits(validation)
    assert digits.ids.tolist() == list(HARD_DIGIT_IDS)
    assert len(set(HARD_DIGIT_IDS)) == 24
    assert set(digits.labels.tolist()) == set(range(10))
    assert torch.equal(digits.images[5], validation.images[validation.ids == digits.ids[5]][0])


def test_the_hard_digits_are_not_found_elsewhere() -> None:
    with pytest.raises(ValueError, match="expected load_mnist...validation"):
        hard_digits(load_mnist().train)


def test_earlier_verdicts_are_those_of_earlier_chapters() -> None:
    assert earlier_verdicts("01_explore_the_data") == {}
    verdicts = earlier_verdicts("99_last")
    assert "nearest mean" in verdicts
    assert all(len(predictions) == 24 for predictions in verdicts.values())


@pytest.fixture
def exam_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "deep" / "exam_log.jsonl"
    monkeypatch.setenv("COURSE_EXAM_LOG", str(path))
    return path


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict, dict]]:
    outputs: list[tuple[dict, dict]] = []
    monkeypatch.setattr(exam, "get_ipython", lambda: "a notebook")
    monkeypatch.setattr(
        exam, "publish_display_data", lambda d, metadata=None: outputs.append((d, metadata))
    )
    return outputs


def always_one(images: torch.Tensor) -> torch.Tensor:
    return torch.ones(len(images), dtype=torch.int64)


def test_the_exam_counts_errors_and_sittings(exam_log: Path, shown: list) -> None:
    first = final_exam("01_x", "always one", always_one)
    assert first.accuracy.right == 1_135  # there are so many 1s among the test images
    assert [first.sitting, final_exam("01_x", "always one", always_one).sitting] == [1, 2]
    assert final_exam("01_x", "another", always_one).sitting == 1
    lines = [json.loads(line) for line in exam_log.read_text().splitlines()]
    assert [(r["model"], r["sitting"], r["errors"]) for r in lines] == [
        ("always one", 1, 8_865),
        ("always one", 2, 8_865),
        ("another", 1, 8_865),
    ]
    text, metadata = shown[1]
    assert "sitting 2" in text["text/markdown"] and "11.35%" in text["text/plain"]
    assert metadata["course"]["exam"]["errors"] == 8_865


def test_outside_a_notebook_the_exam_is_printed(
    exam_log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert final_exam("01_x", "always one", always_one).sitting == 1
    assert "11.35%" in capsys.readouterr().out


@pytest.mark.parametrize("end", [b'{"time": "20\n', b'{"time": "20', b"\xff\xfe\n", b"[1]"])
def test_a_spoiled_log_line_costs_that_line_alone(exam_log: Path, shown: list, end: bytes) -> None:
    final_exam("01_x", "always one", always_one)
    with exam_log.open("ab") as stream:
        stream.write(end)
    sittings = [final_exam("01_x", "always one", always_one).sitting for _ in range(3)]
    assert sittings == [2, 3, 4]


def test_a_name_that_no_file_can_hold_is_shown_all_the_same(exam_log: Path, shown: list) -> None:
    result = final_exam("01_x", "half of a pair: \ud800", always_one)
    assert result.sitting == 1 and "could not be logged" in str(result) and len(shown) == 1


def test_the_log_lies_in_the_workbook(tmp_path: Path, monkeypatch, shown: list) -> None:
    monkeypatch.delenv("COURSE_EXAM_LOG", raising=False)
    monkeypatch.setenv("COURSE_WORKBOOK", str(tmp_path / "mine"))
    assert final_exam("01_x", "always one", always_one).unlogged == ""
    assert (tmp_path / "mine" / "exam_log.jsonl").is_file()


def test_the_result_is_shown_whatever_the_log_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: list
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("COURSE_EXAM_LOG", str(tmp_path / "file" / "log.jsonl"))
    result = final_exam("01_x", "always one", always_one)
    assert result.sitting == 1 and "could not be logged" in str(result)
    ((content, _),) = shown
    assert "11.35% right" in content["text/markdown"]
    assert "the next one will not count it: log.jsonl: " in content["text/markdown"]


def test_grading_is_no_sitting(monkeypatch: pytest.MonkeyPatch, shown: list) -> None:
    monkeypatch.delenv("COURSE_EXAM_LOG", raising=False)
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    sittings = [final_exam("01_x", "always one", always_one).sitting for _ in range(2)]
    assert sittings == [1, 1]


def test_a_sitting_with_impossible_answers_does_not_count(exam_log: Path, shown: list) -> None:
    with pytest.raises(ValueError, match="one per image"):
        final_exam("01_x", "lazy", lambda images: torch.ones(3, dtype=torch.int64))
    assert not exam_log.exists()
    assert shown == []


def test_a_model_cannot_spoil_the_test_images_for_the_next(exam_log: Path, shown: list) -> None:
    before = locked_test_set().images.clone()

    def vandal(images: torch.Tensor) -> torch.Tensor:
        images.zero_()
        return always_one(images)

    final_exam("01_x", "vandal", vandal)
    assert torch.equal(locked_test_set().images, before)


def test_the_test_images_are_not_among_those_to_learn_from() -> None:
    mnist = load_mnist()
    known = {
        image.numpy().tobytes() for part in (mnist.train, mnist.validation) for image in part.images
    }
    assert not any(image.numpy().tobytes() in known for image in locked_test_set().images)
