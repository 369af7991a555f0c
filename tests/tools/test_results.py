"""The README's table and results.json say what the notebooks say, and are noticed when not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nbformat import v4

from tools import notebooks, results

README = f"# A course\n\n{results.BEGIN}\nold\n{results.END}\n\nThe end.\n"


def exam(chapter: str = "01_first", **changes: object) -> dict:
    content = {"chapter": chapter, "model": "nearest mean", "errors": 1_796, "n": 10_000}
    return {**content, "low": 0.8127, "high": 0.8279, **changes}


def verdict(chapter: str = "01_first", **changes: object) -> dict:
    predictions = [n % 10 for n in range(24)]
    return {"chapter": chapter, "model": "nearest mean", "predictions": predictions, **changes}


def write_chapter(folder: Path, name: str, *records: tuple[str, object]) -> Path:
    """A chapter whose outputs carry the records, one cell each."""
    nb = v4.new_notebook()
    for key, record in records:
        output = v4.new_output("display_data", metadata={"course": {key: record}})
        nb.cells.append(v4.new_code_cell(f"show({key!r})", outputs=[output], execution_count=1))
    path = folder / name / f"{name}.ipynb"
    path.parent.mkdir(parents=True)
    notebooks.write(path, nb)
    return path


@pytest.fixture
def course(tmp_path: Path) -> tuple[Path, Path]:
    """The notebooks folder and the README of a course of two chapters."""
    folder = tmp_path / "notebooks"
    write_chapter(folder, "02_more_models", *[
        ("exam", exam("02_more_models", model=model, errors=errors, low=0.97, high=0.99))
        for model, errors in (("k-NN | plain", 250), ("forest", 200))
    ])  # fmt: skip
    write_chapter(folder, "01_first", ("verdicts", verdict()), ("exam", exam()))
    readme = tmp_path / "README.md"
    readme.write_text(README, encoding="utf-8")
    return folder, readme


def test_readme_and_json_say_what_the_notebooks_say() -> None:
    readme = notebooks.ROOT / "README.md"
    stale = results.update(notebooks.NOTEBOOKS, readme, check=True)
    assert stale == [], "run python -m tools.results"


def test_every_chapter_is_in_the_table() -> None:
    readme = (notebooks.ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split(results.BEGIN)[1].split(results.END)[0]
    found = json.loads((notebooks.NOTEBOOKS / "results.json").read_text(encoding="utf-8"))
    for path in notebooks.chapters():
        assert f"[{notebooks.title(path.stem)}]" in block
        for kind in ("exams", "verdicts"):
            assert path.stem in [record["chapter"] for record in found[kind]]
    for record in found["exams"]:
        row = next(line for line in block.splitlines() if f"| {record['model']} |" in line)
        assert f"{record['errors']:,}" in row


def test_update_writes_both(course: tuple[Path, Path]) -> None:
    folder, readme = course
    assert results.update(folder, readme) == [folder / "results.json", readme]
    assert readme.read_text(encoding="utf-8") == README.replace(
        "old",
        """\
| Chapter | Model | Right on the test set | 95 % interval | Errors of 10,000 |
|:--|:--|--:|--:|--:|
| [1 · First](notebooks/01_first/01_first.ipynb) | nearest mean | 82.04 % | 81.27–82.79 % | 1,796 |
| [2 · More models](notebooks/02_more_models/02_more_models.ipynb) | k-NN \\| plain | 97.50 % \
| 97.00–99.00 % | 250 |
| [2 · More models](notebooks/02_more_models/02_more_models.ipynb) | forest | 98.00 % \
| 97.00–99.00 % | 200 |""",
    )
    text = (folder / "results.json").read_text(encoding="utf-8")
    assert [record["model"] for record in json.loads(text)["exams"]] == [
        "nearest mean",
        "k-NN | plain",
        "forest",
    ]
    assert json.loads(text)["verdicts"] == [verdict()]
    assert text.count("\n") == 2 + 2 * 2 + 3 + 1, "one record a line"
    assert '  {"chapter": "01_first", "errors": 1796, "high": 0.8279' in text


def test_update_of_what_is_up_to_date_writes_nothing(course: tuple[Path, Path]) -> None:
    results.update(*course)
    before = [path.stat().st_mtime_ns for path in (course[0] / "results.json", course[1])]
    assert results.update(*course) == []
    assert results.update(*course, check=True) == []
    assert before == [path.stat().st_mtime_ns for path in (course[0] / "results.json", course[1])]


@pytest.mark.parametrize("what", ["readme", "json", "notebook", "no json"])
def test_check_notices_a_difference_and_writes_nothing(
    what: str,
    course: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    folder, readme = course
    monkeypatch.setattr(notebooks, "NOTEBOOKS", folder)
    monkeypatch.setattr(notebooks, "ROOT", readme.parent)
    assert results.main([]) == 0
    assert results.main(["--check"]) == 0
    stored = folder / "results.json"
    if what == "readme":
        readme.write_text(readme.read_text(encoding="utf-8").replace("82.04", "92.04"), "utf-8")
    elif what == "json":
        stored.write_text(stored.read_text(encoding="utf-8").replace("1796", "1795"), "utf-8")
    elif what == "no json":
        stored.unlink()
    else:
        path = folder / "01_first" / "01_first.ipynb"
        path.write_text(path.read_text(encoding="utf-8").replace("1796", "1797"), "utf-8")
    before = {p: p.read_bytes() for p in (readme, stored) if p.exists()}
    assert results.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().out
    assert before == {p: p.read_bytes() for p in (readme, stored) if p.exists()}
    assert results.main([]) == 0
    assert results.main(["--check"]) == 0


@pytest.mark.parametrize(
    "readme",
    [
        "# A course\n",
        f"{results.BEGIN}\n",
        f"{results.END}\n{results.BEGIN}\n",
        README + README,
    ],
)
def test_missing_markers_are_noticed(readme: str, course: tuple[Path, Path]) -> None:
    folder, path = course
    path.write_text(readme, encoding="utf-8")
    with pytest.raises(ValueError, match="once each in the README"):
        results.update(folder, path)
    assert path.read_text(encoding="utf-8") == readme
    assert not (folder / "results.json").exists()


@pytest.mark.parametrize(
    ("key", "record", "message"),
    [
        ("exam", exam("02_other"), "expected the chapter '01_first', found '02_other'"),
        ("exam", exam(model=" "), "expected a model's name"),
        ("exam", exam(errors=10_001), "expected 0 ≤ errors ≤ n"),
        ("exam", exam(errors=0.18), "expected 0 ≤ errors ≤ n"),
        ("exam", exam(n=0, errors=0), "expected 0 ≤ errors ≤ n"),
        ("exam", exam(low=81.27, high=82.79), "expected an interval within 0 … 1"),
        ("exam", exam(low=0.83, high=0.84), "around the accuracy 0.8204"),
        ("exam", exam(seconds=3), "expected the keys"),
        ("exam", 0.82, "expected the keys"),
        ("verdicts", verdict(predictions=[1, 2, 3]), "expected 24 predictions"),
        ("verdicts", verdict(predictions=[10] * 24), "expected digits from 0 to 9"),
        ("verdicts", verdict(predictions=[True] * 24), "expected digits from 0 to 9"),
        ("verdicts", verdict("02_other"), "expected the chapter '01_first'"),
    ],
)
def test_malformed_records_are_refused(
    key: str, record: object, message: str, tmp_path: Path
) -> None:
    write_chapter(tmp_path, "01_first", (key, record))
    with pytest.raises(ValueError, match=f"01_first.ipynb: cell 1 .*{message}"):
        results.gather(tmp_path)


@pytest.mark.parametrize(("key", "record"), [("exam", exam()), ("verdicts", verdict())])
def test_a_model_is_recorded_once(key: str, record: dict, tmp_path: Path) -> None:
    write_chapter(tmp_path, "01_first", (key, record), (key, record))
    with pytest.raises(ValueError, match="cell 2 .*a second record of .* of 'nearest mean'"):
        results.gather(tmp_path)


def test_exams_on_another_number_of_images_say_so() -> None:
    text = results.table([exam(errors=12, n=5_200, low=0.99, high=1.0)])
    assert "| 99.77 % | 99.00–100.00 % | 12 of 5,200 |" in text


def test_no_exams_give_an_empty_table() -> None:
    assert results.table([]).count("\n") == 1
    assert json.loads(results.as_json({"exams": [], "verdicts": []})) == {
        "exams": [],
        "verdicts": [],
    }
