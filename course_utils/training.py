"""Seeds and the choice of a device; later chapters add the training loop."""

import os
import random

import numpy as np
import torch


def set_seed(seed: int) -> None:
    """Seed Python's, NumPy's and torch's global generators (every device's).

    The same seed gives the same numbers on the same machine and library versions; another
    processor or thread count may still round differently.
    Raises ValueError for a seed that is negative or does not fit in 32 bits.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be between 0 and 2**32 - 1, got {seed}")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def choose_device() -> torch.device:
    """The device to compute on: CUDA if there is one, then MPS, then the CPU.

    The environment variable ``COURSE_DEVICE`` (cpu, cuda, cuda:1, mps) overrides the choice.
    Raises ValueError for a name that torch does not know, and RuntimeError for a device that this
    machine does not have.
    """
    wanted = os.environ.get("COURSE_DEVICE", "").strip()
    if wanted:
        return _device_named(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def _device_named(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"COURSE_DEVICE must be cpu, cuda, cuda:N or mps, got {name!r}") from error
    if device.type not in ("cpu", "cuda", "mps"):
        raise ValueError(f"COURSE_DEVICE must be cpu, cuda, cuda:N or mps, got {name!r}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise RuntimeError(
            f"COURSE_DEVICE is {name!r}, but torch sees {torch.cuda.device_count()} CUDA devices; "
            "unset it to let the course choose, or set it to cpu"
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise RuntimeError(
            "COURSE_DEVICE is 'mps', but this machine or this torch build has no MPS device; "
            "unset it to let the course choose, or set it to cpu"
        )
    return device
