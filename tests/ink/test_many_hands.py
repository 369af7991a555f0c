"""Reading stroke recordings of others, from small files written as theirs are."""

from pathlib import Path

import pytest
import torch

from benchmarks import many_hands

UJI = """//
// ASCII char: a
WORD a trn_UJI_W01-01
  NUMSTROKES 1
  POINTS 2 # 1 2 3 4
WORD 7 trn_UJI_W01-02
  NUMSTROKES 2
  POINTS 3 # 100 100 300 100 200 500
  POINTS 2 # 150 300 250 300
WORD \xb9 tst_UPV_W02-01
  NUMSTROKES 1
  POINTS 2 # 1 2 3 4
WORD 1 tst_UPV_W02-01
  NUMSTROKES 1
  POINTS 2 # 200 100 200 500
"""

DIGITS = """.VERSION 1.0
.INCLUDE giver/giver.doc
.INCLUDE giver/data/hand.dat
.SEGMENT CHARACTER 0 ? "1"
.SEGMENT CHARACTER 1-3 OK "4"
.SEGMENT CHARACTER 4:1-4:3 ? "7"
.SEGMENT CHARACTER 2 ? "8"
.SEGMENT CHARACTER 0,4 ? "x"
"""
PEN = """.COORD T X Y
.PEN_DOWN
1 20 90
2 20 10
.PEN_UP
.PEN_DOWN
3 50 90
.DT 10
4 40 50
5 70 50
.PEN_UP
6 65 70
.PEN_DOWN
7 60 80
8 60 10
.COMMENT 5 5 5
.PEN_DOWN
9 0 0
10 80 90
11 99 90
12 85 10
"""


@pytest.fixture
def unipen(tmp_path: Path) -> Path:
    for name, text in {"data/1a/giver/a.dat": DIGITS, "include/giver/data/hand.dat": PEN}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "latin-1")
    return tmp_path


def test_reads_uji_s_digits(tmp_path: Path) -> None:
    path = tmp_path / "ujipenchars2.txt"
    path.write_text(UJI, "latin-1")
    seven, one = many_hands.read_uji(path)
    assert (seven.label, seven.writer, one.label, one.writer) == (
        7,
        "trn_UJI_W01",
        1,
        "tst_UPV_W02",
    )
    assert [stroke.tolist() for stroke in seven.strokes] == [
        [[100, 100], [300, 100], [200, 500]],
        [[150, 300], [250, 300]],
    ]
    assert len(one.strokes) == 1


def test_reads_unipen_s_digits(unipen: Path) -> None:
    one, four, seven = many_hands.read_unipen(unipen)  # of the 8 the pen was up: no strokes
    assert [drawn.label for drawn in (one, four, seven)] == [1, 4, 7]
    assert one.strokes[0].tolist() == [[20, -90], [20, -10]]  # y of a screen points down
    assert [stroke.tolist() for stroke in four.strokes] == [
        [[50, -90], [40, -50], [70, -50]],
        [[60, -80], [60, -10]],
    ]
    assert seven.strokes[0].tolist() == [[80, -90], [99, -90], [85, -10]]


def test_takes_no_more_than_its_share_of_a_file(
    unipen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many_hands, "PER_FILE", 2)
    assert [drawn.label for drawn in many_hands.read_unipen(unipen)] == [1, 4]


def test_says_what_was_expected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.txt").write_text("nothing of the kind")
    with pytest.raises(ValueError, match=r"expected the text file ujipenchars2\.txt"):
        many_hands.read_uji(tmp_path / "other.txt")
    with pytest.raises(ValueError, match="data/1a and include"):
        many_hands.read_unipen(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        many_hands.main([])
    assert "--uji or --unipen" in capsys.readouterr().err


def test_reports_errors_and_mistakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ujipenchars2.txt"
    path.write_text(UJI, "latin-1")
    monkeypatch.setattr(many_hands, "predict", lambda _, images: torch.full((len(images),), 7))
    assert many_hands.main(["--uji", str(path)]) == 0
    out = capsys.readouterr().out
    assert "UJI, 2 writers\n  50.00% right (1 errors of 2" in out and "1 as 7: 1" in out
