"""Networks that others have taught, read from ``data/models/`` without running any code."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v2

from course_utils.data import check_packed, data_folder
from course_utils.models.networks import Standardise

EMNIST_SHA256 = "b4225b161f4e7ff5fc868c70f2219ea27f4d21a5c7f06875813ab4cc94232bd4"
MOBILENET_SHA256 = "57c33f1fec57804a91500227a6267e398a8f5f358cec106ff7e06ba31e601fd4"
PHOTO_SIDE = 64  # pixels: how large MobileNetV2 sees an image
PHOTO_MEAN, PHOTO_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet


class EmnistNet(nn.Module):
    """LeNet's form: two convolutions of 5 × 5, each pooled, and two linear layers.

    439,096 parameters with 26 classes. Images (n, 1, 28, 28), 0 … 1.
    Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document
    recognition (1998).
    """

    def __init__(self, n_classes: int = 26) -> None:
        super().__init__()
        self.standardise = Standardise()
        self.conv1, self.conv2 = nn.Conv2d(1, 20, 5), nn.Conv2d(20, 50, 5)
        self.fc1, self.out = nn.Linear(800, 500), nn.Linear(500, n_classes)
        self.pool = nn.MaxPool2d(2)

    def features(self, images: Tensor) -> Tensor:
        """Images (n, 1, 28, 28), 0 … 1, to what the last layer sees (n, 500)."""
        x = self.pool(self.conv1(self.standardise(images)).relu())
        x = self.pool(self.conv2(x).relu())
        return self.fc1(x.flatten(1)).relu()

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, 1, 28, 28), 0 … 1, to scores (n, classes), before any softmax."""
        return self.out(self.features(images))


class MobileNetFeatures(nn.Module):
    """MobileNetV2 without its last layer: images (n, 1, h, w), 0 … 1, to features (n, 1280).

    They are enlarged to 64 × 64 pixels, shown dark on white in three equal colours, and
    standardised as photographs were.
    Source: M. Sandler and others, MobileNetV2: inverted residuals and linear bottlenecks (2018).
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = mobilenet_v2(weights=None).features
        for name, values in (("mean", PHOTO_MEAN), ("deviation", PHOTO_DEVIATION)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, 1, height, width), 0 … 1, to features (n, 1280)."""
        x = nn.functional.interpolate(1 - images, (PHOTO_SIDE, PHOTO_SIDE), mode="bilinear")
        return self.layers((x - self.mean) / self.deviation).mean((2, 3))


def emnist_network(folder: Path | None = None) -> EmnistNet:
    """The network that learned EMNIST's letters (upper and lower case together), ready to read.

    Raises DataError when data/models/emnist_letters.pt is missing or damaged.
    """
    return _with_weights(EmnistNet(), "emnist_letters.pt", EMNIST_SHA256, folder)


def mobilenet_features(folder: Path | None = None) -> MobileNetFeatures:
    """MobileNetV2 with the weights that photographs taught, ready to read.

    Raises DataError when data/models/mobilenet_v2.pt is missing or damaged.
    """
    net = MobileNetFeatures()
    _with_weights(net.layers, "mobilenet_v2.pt", MOBILENET_SHA256, folder)
    return net.eval()


def _with_weights(net: nn.Module, name: str, sha256: str, folder: Path | None) -> nn.Module:
    """The network with the file's weights, half precision there and float32 here."""
    path = (folder or data_folder() / "models") / name
    check_packed(path, sha256, f"models/{name}")
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return net.eval()
