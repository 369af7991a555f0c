"""Networks that others taught, from their files."""

import hashlib
import re
from pathlib import Path

import pytest
import torch

from benchmarks.convert_pretrained import renamed
from course_utils.data import DataError, data_folder
from course_utils.models import EmnistNet, emnist_network, mobilenet_features


def test_they_read_what_their_cards_say() -> None:
    images = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert mobilenet_features()(images).shape == (2, 1280)
        net = emnist_network()
        assert net(images).shape == (2, 26) and net.features(images).shape == (2, 500)
        torch.testing.assert_close(net(images), net.out(net.features(images)))


@pytest.mark.parametrize("name", ["mobilenet_v2", "emnist_letters"])
def test_the_cards_name_the_files(name: str) -> None:
    folder = data_folder() / "models"
    digest = re.search(r"SHA-256 of `[^`]+` \| `(\w{64})`", (folder / f"{name}.md").read_text())
    assert hashlib.sha256((folder / f"{name}.pt").read_bytes()).hexdigest() == digest.group(1)
    assert "MIT License" in (folder / f"{name}.LICENSE.txt").read_text(encoding="utf-8")
    weights = torch.load(folder / f"{name}.pt", weights_only=True)
    assert {w.dtype for w in weights.values()} <= {torch.float16, torch.int64}


@pytest.mark.parametrize("make", [emnist_network, mobilenet_features])
def test_a_damaged_file_is_refused(make: object, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is missing"):
        make(tmp_path)
    for name in ("emnist_letters.pt", "mobilenet_v2.pt"):
        (tmp_path / name).write_bytes(b"no network")
    with pytest.raises(DataError, match="damaged"):
        make(tmp_path)


def test_converting_renames_and_refuses_other_shapes() -> None:
    theirs = {name.replace("out", "fc2"): w for name, w in EmnistNet().state_dict().items()}
    found = renamed("emnist_letters.pt", theirs)
    assert list(found) == list(EmnistNet().state_dict())
    theirs["fc2.weight"] = torch.zeros(10, 500)
    with pytest.raises(ValueError, match="expected weights of the shapes of emnist"):
        renamed("emnist_letters.pt", theirs)
