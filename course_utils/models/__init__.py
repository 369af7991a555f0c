"""The networks, each a short ``nn.Module``; all take images as ``as_input`` makes them."""

from course_utils.models.networks import (
    MLP,
    MNIST_DEVIATION,
    MNIST_MEAN,
    ConvNet,
    DeepCNN,
    LetterCNN,
    SmallCNN,
    Standardise,
    StridedCNN,
    as_input,
    check_images,
)
from course_utils.models.pretrained import (
    EmnistNet,
    MobileNetFeatures,
    emnist_network,
    mobilenet_features,
)
from course_utils.models.residual import (
    SAME_SIZE,
    DenseNet,
    PreActResNet,
    ResNet,
    multiply_adds,
)

__all__ = [
    "MLP",
    "MNIST_DEVIATION",
    "MNIST_MEAN",
    "SAME_SIZE",
    "ConvNet",
    "DeepCNN",
    "DenseNet",
    "EmnistNet",
    "LetterCNN",
    "MobileNetFeatures",
    "PreActResNet",
    "ResNet",
    "SmallCNN",
    "Standardise",
    "StridedCNN",
    "as_input",
    "check_images",
    "emnist_network",
    "mobilenet_features",
    "multiply_adds",
]
