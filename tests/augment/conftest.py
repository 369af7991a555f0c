"""What the tests of the augment room share."""

import pytest
import torch

from course_utils.data import load_mnist
from course_utils.models import as_input


@pytest.fixture(scope="module")
def digits() -> torch.Tensor:
    """48 training images as a network takes them."""
    return as_input(load_mnist().train.images[:48])
