"""The benchmark of the SVM on pixels and on components, on a few images."""

import json
from pathlib import Path

import pytest

from benchmarks import svm


def row(kind: str, n: int, seconds: float, megabytes: float) -> svm.Measurement:
    return svm.Measurement(kind, n, seconds, seconds / 2, 500.0, megabytes, n // 2, 12, 1_000)


@pytest.mark.parametrize("kind", svm.KINDS)
def test_measures_a_fit(kind: str) -> None:
    found = svm.measure(kind, n=200, n_validation=300)
    assert (found.kind, found.n, found.n_validation) == (kind, 200, 300)
    assert found.fit_seconds > 0 and found.predict_seconds > 0
    assert found.peak_mb >= found.base_mb > 0
    assert 10 <= found.support_vectors <= 200
    assert 0 < found.errors < 150  # better than half right, and not perfect


def test_refuses_what_it_cannot_measure() -> None:
    with pytest.raises(ValueError, match="kind must be one of raw, pca"):
        svm.measure("tree", 100)
    with pytest.raises(ValueError, match="between 1 and 50,000"):
        svm.measure("raw", 60_000)


def test_table_has_ratios() -> None:
    text = svm.table([row("raw", 5_000, 8.0, 900.0), row("pca", 5_000, 0.5, 600.0)])
    *_, last = text.splitlines()
    assert last.split() == ["ratio", "16.0", "×", "16.0", "×", "1.5", "×", "1.0", "×"]
    assert "1.20%" in text


def test_writes_json_whole(tmp_path: Path) -> None:
    target = tmp_path / "svm.json"
    svm.write_json(target, [row("raw", 100, 1.0, 700.0)])
    assert json.loads(target.read_text("utf-8"))[0]["fit_seconds"] == 1.0
    assert list(tmp_path.iterdir()) == [target]


def test_refuses_sizes_there_are_no_images_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        svm.main(["--sizes", "70000"])
    assert "between 60 and 50000" in capsys.readouterr().err
