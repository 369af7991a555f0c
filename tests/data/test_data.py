"""The data files, their unpacking, the split and the locked test set."""

import gzip
import hashlib
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from course_utils.data import (
    MNIST_FILES,
    DataError,
    DataFile,
    LabelledImages,
    check_packed_files,
    data_folder,
    files,
    load_mnist,
    locked_test_set,
    unpack_mnist,
)

ROOT = Path(__file__).resolve().parents[2]
LABELS = MNIST_FILES[3]  # the smallest file, quick to damage and mend


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the packed files, nothing unpacked."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for file in MNIST_FILES:
        shutil.copy(data_folder() / "MNIST" / "raw" / file.packed_name, raw)
    return tmp_path


def packed(folder: Path, file: DataFile) -> Path:
    return folder / "MNIST" / "raw" / file.packed_name


def unpacked(folder: Path, file: DataFile) -> Path:
    return folder / "MNIST" / "raw" / file.name


def parts(folder: Path) -> list[Path]:
    return list((folder / "MNIST" / "raw").glob("*.part")) + list(
        (folder / "MNIST" / "raw").glob(".*.part")
    )


def assert_all_intact(folder: Path) -> None:
    for file in MNIST_FILES:
        content = unpacked(folder, file).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.unpacked_sha256


def test_both_parts_together_are_all_images_once() -> None:
    mnist = load_mnist()
    both = mnist.together()
    assert torch.equal(both.ids.sort().values, torch.arange(60_000))
    assert torch.equal(both.images[:50_000], mnist.train.images)
    assert torch.equal(both.labels[50_000:], mnist.validation.labels)


def test_the_repository_holds_the_original_files() -> None:
    check_packed_files()


def test_unpacking_gives_the_right_bytes_and_leaves_nothing_else(folder: Path) -> None:
    unpack_mnist(folder)
    assert_all_intact(folder)
    assert parts(folder) == []


def test_an_intact_file_is_not_written_again(folder: Path) -> None:
    unpack_mnist(folder)
    before = {file.name: unpacked(folder, file).stat().st_mtime_ns for file in MNIST_FILES}
    unpack_mnist(folder)
    assert before == {f.name: unpacked(folder, f).stat().st_mtime_ns for f in MNIST_FILES}


def test_a_packed_file_short_of_a_byte_is_refused(folder: Path) -> None:
    path = packed(folder, LABELS)
    path.write_bytes(path.read_bytes()[:-1])
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(DataError) as error:
        load_mnist(folder)
    message = str(error.value)
    assert str(path) in message
    assert LABELS.packed_sha256 in message
    assert found in message
    assert "git checkout -- data/MNIST/raw/" + LABELS.packed_name in message
    assert not unpacked(folder, LABELS).exists()
    assert parts(folder) == []


def test_a_missing_packed_file_is_named_with_its_remedy(folder: Path) -> None:
    packed(folder, LABELS).unlink()
    with pytest.raises(
        DataError, match=rf"{LABELS.packed_name} is missing[\s\S]*Remedy: restore it"
    ):
        load_mnist(folder)


def test_a_foreign_file_of_the_same_name_is_refused(folder: Path) -> None:
    foreign = bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3])
    packed(folder, LABELS).write_bytes(gzip.compress(foreign))
    with pytest.raises(DataError, match="another file of that name"):
        load_mnist(folder)


@pytest.mark.parametrize("keep", [0, 1, 5_000, 10_007])
def test_a_half_written_unpacked_file_is_noticed_and_redone(folder: Path, keep: int) -> None:
    unpack_mnist(folder)
    path = unpacked(folder, LABELS)
    path.write_bytes(path.read_bytes()[:keep])
    unpack_mnist(folder)
    assert_all_intact(folder)


def test_an_altered_unpacked_file_of_the_right_length_is_redone(folder: Path) -> None:
    unpack_mnist(folder)
    path = unpacked(folder, LABELS)
    content = bytearray(path.read_bytes())
    content[5_000] ^= 1
    path.write_bytes(content)
    assert len(load_mnist(folder).train) == 50_000
    assert_all_intact(folder)


def test_an_interrupted_unpacking_leaves_no_file_and_is_repaired(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(gzip.GzipFile):
        def read(self, size: int = -1) -> bytes:
            if self.tell() > 3 * files.CHUNK:
                raise KeyboardInterrupt
            return super().read(size)

    with monkeypatch.context() as patch:
        patch.setattr(files.gzip, "open", lambda path, mode: Interrupted(path, mode))
        with pytest.raises(KeyboardInterrupt):
            unpack_mnist(folder)
    assert not unpacked(folder, MNIST_FILES[0]).exists()
    assert parts(folder) == []
    unpack_mnist(folder)
    assert_all_intact(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_unpacking_is_repaired(folder: Path) -> None:
    code = f"from course_utils.data import unpack_mnist; unpack_mnist({str(folder)!r})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    while not parts(folder) and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    left = parts(folder)
    for path in left:  # as if some time had passed
        os.utime(path, (0, 0))
    unpack_mnist(folder)
    assert_all_intact(folder)
    assert parts(folder) == []


def test_a_part_that_may_belong_to_a_living_process_is_left_alone(folder: Path) -> None:
    young = folder / "MNIST" / "raw" / f".{LABELS.name}.abc.part"
    young.write_bytes(b"at work")
    unpack_mnist(folder)
    assert young.exists()


def test_several_processes_may_unpack_at_once(folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=unpack_mnist, args=(folder,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert_all_intact(folder)
    assert parts(folder) == []


def test_a_read_only_folder_is_explained(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.tempfile, "mkstemp", refuse)
    with pytest.raises(DataError, match=r"cannot be written to[\s\S]*COURSE_DATA"):
        unpack_mnist(folder)


def test_the_environment_variable_moves_the_data(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_DATA", str(folder))
    assert data_folder() == folder
    assert len(locked_test_set()) == 10_000
    assert unpacked(folder, LABELS).exists()


def test_the_split_is_the_one_the_course_was_written_for() -> None:
    mnist = load_mnist()
    assert (len(mnist.train), len(mnist.validation)) == (50_000, 10_000)
    ids = torch.cat([mnist.train.ids, mnist.validation.ids])
    assert torch.equal(ids.sort().values, torch.arange(60_000))
    digest = hashlib.sha256(mnist.validation.ids.numpy().astype("<i8").tobytes()).hexdigest()
    assert digest == "0d1e5f976b31ca16396fefedd246b788cf703ed4514c8229e56871e92dc25788"


def test_the_split_is_stratified() -> None:
    mnist = load_mnist()
    train, validation = (torch.bincount(part.labels) for part in (mnist.train, mnist.validation))
    assert ((validation - (train + validation) / 6).abs() <= 1).all()


def test_images_and_labels_are_those_of_the_file() -> None:
    raw = data_folder() / "MNIST" / "raw"
    pixels = gzip.decompress((raw / MNIST_FILES[0].packed_name).read_bytes())
    labels = gzip.decompress((raw / MNIST_FILES[1].packed_name).read_bytes())
    part = load_mnist().validation
    for i in (0, 1, 4_321, 9_999):
        at = int(part.ids[i])
        image = np.frombuffer(pixels, np.uint8, 784, 16 + 784 * at).reshape(28, 28)
        assert np.array_equal(part.images[i].numpy(), image)
        assert int(part.labels[i]) == labels[8 + at]


def test_an_mnist_pair_cannot_be_unpacked_by_position() -> None:
    with pytest.raises(TypeError):
        _train, _validation = load_mnist()


def test_select_keeps_images_labels_and_ids_together() -> None:
    part = load_mnist().validation
    chosen = part.select([7, 3])
    assert torch.equal(chosen.images, part.images[[7, 3]])
    assert torch.equal(chosen.labels, part.labels[[7, 3]])
    assert torch.equal(chosen.ids, part.ids[[7, 3]])
    with pytest.raises(IndexError):
        part.select([10_000])


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (torch.zeros(2, 28, 28), torch.zeros(2, dtype=torch.int64), "uint8"),
        (torch.zeros(2, 784, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64), "28, 28"),
        (torch.zeros(2, 28, 28, dtype=torch.uint8), torch.zeros(3, dtype=torch.int64), "labels"),
        (torch.zeros(2, 28, 28, dtype=torch.uint8), torch.zeros(2), "int64"),
    ],
)
def test_a_labelled_set_refuses_what_does_not_fit(
    images: torch.Tensor, labels: torch.Tensor, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        LabelledImages(images, labels, torch.arange(2))


def test_the_data_card_tells_the_truth() -> None:
    card = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    row = r"^\| `([^`]+)` \|[^|]*\| ([\d,]+) \| `(\w{64})` \|"
    rows = re.findall(row, card, re.MULTILINE)
    assert {name for name, _, _ in rows} == {
        *(f"MNIST/raw/{file.packed_name}" for file in MNIST_FILES),
        "letters.npz",
        "words/american-english-small",
        "words/wamerican-small.copyright",
        "strokes.json",
        *(f"models/{path.name}" for path in (ROOT / "data" / "models").glob("*.pt")),
        *(
            path.relative_to(ROOT / "data").as_posix()
            for path in (ROOT / "data" / "studies").rglob("*.json")
        ),
        *(f"models/{path.name}" for path in (ROOT / "data" / "models").glob("*.LICENSE.txt")),
        *(f"models/{path.name}" for path in (ROOT / "data" / "models").glob("*.npz")),
        *(f"fonts/{path.name}" for path in (ROOT / "data" / "fonts").glob("*.[wt][ot]f*")),
    }
    for name, size, digest in rows:
        content = (ROOT / "data" / name).read_bytes()
        assert len(content) == int(size.replace(",", ""))
        assert hashlib.sha256(content).hexdigest() == digest


def test_the_card_counts_the_digits_rightly() -> None:
    card = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for name, file in (("training file", MNIST_FILES[1]), ("test file", MNIST_FILES[3])):
        row = re.search(rf"^\| {name} \|(.*)\|$", card, re.MULTILINE).group(1)
        stated = [int(cell.replace(",", "")) for cell in row.split("|")]
        labels = gzip.decompress(packed(data_folder(), file).read_bytes())[8:]
        counts = np.bincount(np.frombuffer(labels, np.uint8)).tolist()
        assert stated == [*counts, sum(counts)]


def test_a_mask_selects_where_it_is_true() -> None:
    train = load_mnist().train
    threes = train.select(train.labels == 3)
    assert len(threes) == int((train.labels == 3).sum()) and (threes.labels == 3).all()
    assert torch.equal(threes.ids, train.select((train.labels == 3).numpy()).ids)


@pytest.mark.parametrize(
    ("which", "error", "message"),
    [
        ([0.5, 1.0], TypeError, "whole numbers .*mask.*got torch.float32"),
        ([-1], IndexError, r"must lie in 0 … 9999, got -1 … -1"),
        ([10_000], IndexError, "must lie in 0 … 9999"),
        ([True, False], ValueError, "one truth value per image, 10,000, got 2"),
        ([[1, 2]], TypeError, r"shape \(1, 2\)"),
    ],
)
def test_other_selections_are_refused(which: list, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        load_mnist().validation.select(which)
