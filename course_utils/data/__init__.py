"""The labelled image sets: their files, their fixed split, and the locked test set."""

from course_utils.data.files import (
    DataError,
    DataFile,
    check_packed,
    data_folder,
    sha256_of,
    whole_file,
)
from course_utils.data.mnist import (
    IMAGE_SHAPE,
    MNIST_FILES,
    N_CLASSES,
    LabelledImages,
    Mnist,
    check_packed_files,
    load_mnist,
    locked_test_set,
    unpack_mnist,
)

__all__ = [
    "IMAGE_SHAPE",
    "MNIST_FILES",
    "N_CLASSES",
    "DataError",
    "DataFile",
    "LabelledImages",
    "Mnist",
    "check_packed",
    "check_packed_files",
    "data_folder",
    "load_mnist",
    "locked_test_set",
    "sha256_of",
    "unpack_mnist",
    "whole_file",
]
