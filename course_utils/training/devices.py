"""Seeds, the device to compute on, and the precision that pays there."""

import contextlib
import os
import random
from collections.abc import Iterator

import numpy as np
import torch


def set_seed(seed: int) -> None:
    """Seed Python's, NumPy's and torch's global generators (every device's).

    The same seed gives the same numbers on the same machine and library versions; another
    processor or thread count may still round differently.
    Raises ValueError for a seed that is no whole number, is negative or does not fit in 32 bits.
    """
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number between 0 and 2**32 - 1, got {seed!r}")
    seed = int(seed)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def choose_device() -> torch.device:
    """The device to compute on: the accelerator that torch finds (CUDA, MPS), else the CPU.

    The environment variable ``COURSE_DEVICE`` (cpu, cuda, cuda:1, mps) overrides the choice.
    Raises ValueError for a name that torch does not know, and RuntimeError for a device that this
    machine does not have.
    """
    wanted = os.environ.get("COURSE_DEVICE", "").strip()
    if wanted:
        return device_named(wanted, "COURSE_DEVICE")
    found = torch.accelerator.current_accelerator(check_available=True)
    return found if found is not None and found.type in ("cuda", "mps") else torch.device("cpu")


def device_named(name: str, what: str = "device") -> torch.device:
    """The device of this name, if this machine has it; ``what`` is how messages call the name.

    Raises ValueError for a name that torch does not know, RuntimeError for a missing device.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"{what} must be cpu, cuda, cuda:N or mps, got {name!r}") from error
    if device.type not in ("cpu", "cuda", "mps"):
        raise ValueError(f"{what} must be cpu, cuda, cuda:N or mps, got {name!r}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise RuntimeError(
            f"{what} is {name!r}, but torch sees {torch.cuda.device_count()} CUDA devices; "
            "leave it out to let the course choose, or set it to cpu"
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise RuntimeError(
            f"{what} is {name!r}, but this machine or this torch build has no MPS device; "
            "leave it out to let the course choose, or set it to cpu"
        )
    return device


def bfloat16_pays(device: torch.device) -> bool:
    """Whether the device multiplies matrices of bfloat16 faster than of float32.

    On a CPU without such instructions it would be slower; there and on MPS the answer is no.
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    ask = getattr(torch.cpu, "get_capabilities", dict)
    found = ask()
    return bool(found.get("amx_bf16") or found.get("avx512_bf16"))


@contextlib.contextmanager
def own_randomness(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global generators, for dropout; afterwards they are as they were."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
