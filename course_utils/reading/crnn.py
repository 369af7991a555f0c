"""A network that reads a strip of any width: convolutions, then a look along the word."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.data import ALPHABET, DataError, data_folder, whole_file
from course_utils.reading.ctc import to_classes
from course_utils.reading.strips import HEIGHT, as_batch


class CRNN(nn.Module):
    """Four convolutions, one linear layer and a bidirectional LSTM: 374,987 parameters.

    Each convolution is followed by pooling: the first halves height and width, the others the
    height only, so that every second column of the strip keeps a description of its own ("time
    step"). The LSTM reads these from both ends. ``widths``: channels of the convolutions;
    ``n_hidden``: units of the linear layer and of the LSTM in each direction; ``dropout``: share of
    the LSTM's inputs and outputs that are switched off at random while training.
    Raises ValueError unless there are four widths, they and n_hidden 1 or more, and dropout a share
    below 1.
    Source: B. Shi, X. Bai, C. Yao, An end-to-end trainable neural network for image-based sequence
    recognition (2015).
    """

    def __init__(
        self,
        widths: Sequence[int] = (16, 32, 64, 96),
        n_hidden: int = 128,
        dropout: float = 0.1,
    ) -> None:
        if len(widths) != 4 or min((*widths, n_hidden)) < 1 or not 0 <= dropout < 1:
            raise ValueError(
                "expected four widths and n_hidden, each 1 or more, and 0 <= dropout < 1, got "
                f"widths={tuple(widths)}, n_hidden={n_hidden}, dropout={dropout}"
            )
        super().__init__()
        layers: list[nn.Module] = []
        for k, (before, after) in enumerate(zip((1, *widths[:-1]), widths, strict=True)):
            size = 5 if k == 0 else 3
            layers += [
                nn.Conv2d(before, after, size, padding=size // 2, bias=False),
                nn.MaxPool2d((2, 2) if k == 0 else (2, 1)),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
        self.convolutions = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.narrow = nn.Linear(widths[-1] * HEIGHT // 16, n_hidden)
        self.lstm = nn.LSTM(n_hidden, n_hidden, bidirectional=True, batch_first=True)
        self.out = nn.Linear(2 * n_hidden, len(ALPHABET) + 1)
        self.to(memory_format=torch.channels_last)  # a CPU convolves faster with channels last

    def forward(self, strips: Tensor) -> Tensor:
        """Strips (n, 1, 32, width), 0 … 1, to log-probabilities (n, width // 2, 27)."""
        strips = strips.contiguous(memory_format=torch.channels_last)
        x = self.convolutions(strips)  # (n, channels, 2, width // 2)
        x = nn.functional.relu(self.narrow(x.flatten(1, 2).transpose(1, 2)))
        x, _ = self.lstm(self.dropout(x))
        return self.out(self.dropout(x)).log_softmax(dim=-1)


def n_steps(widths: Tensor) -> Tensor:
    """How many time steps the network makes of strips of these widths."""
    return widths // 2


def as_targets(words: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Words as CTC wants them: all classes in a row, int64, and the lengths, int64 (n,).

    Raises ValueError for a letter outside a–z.
    """
    found = [label for word in words for label in to_classes(word)]
    return torch.tensor(found, dtype=torch.int64), torch.tensor([len(word) for word in words])


def save_word_reader(path: Path | str, network: CRNN) -> None:
    """Write a network's weights in half precision, as plain arrays without a pickle."""
    arrays = {
        name: values.half().numpy() if values.is_floating_point() else values.numpy()
        for name, values in network.state_dict().items()
    }
    with whole_file(Path(path)) as out:
        np.savez(out, **arrays)


def load_word_reader(folder: Path | None = None) -> CRNN:
    """The course's network for words, trained, ready to read: data/models/word_crnn.npz.

    The card beside the file tells what it was made from and how well it reads.
    Raises DataError when the file is missing, damaged or another network's.
    """
    path = (folder or data_folder() / "models") / "word_crnn.npz"
    network = CRNN()
    try:
        with np.load(path, allow_pickle=False) as arrays:
            weights = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
        if not all(torch.isfinite(values).all() for values in weights.values()):
            raise ValueError("a weight is no number")
        network.load_state_dict(weights)
    except (OSError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path} is missing or damaged: expected the weights of the network for words, got "
            f"{type(error).__name__}.\nRemedy: restore it with "
            "`git checkout -- data/models/word_crnn.npz`, or train it anew with "
            "`python -m benchmarks words_study`."
        ) from error
    return network.eval()


def word_scores(
    network: nn.Module, strips: Sequence[np.ndarray], batch_size: int = 32
) -> list[np.ndarray]:
    """Log-probabilities of every strip, float32 (its steps, 27), in the order of the strips.

    Strips of about the same width are read together, so that little paper is read.
    Raises ValueError for no strips and as ``as_batch`` does.
    """
    was_training = network.training
    network.eval()
    order = sorted(range(len(strips)), key=lambda k: strips[k].shape[1])
    found: list[np.ndarray] = [np.empty(0)] * len(strips)
    if not order:
        raise ValueError("there are no strips: expected one or more, got none")
    with torch.inference_mode():
        for start in range(0, len(order), batch_size):
            part = order[start : start + batch_size]
            batch, widths = as_batch([strips[k] for k in part])
            for k, scores, steps in zip(part, network(batch), n_steps(widths), strict=True):
                found[k] = scores[: int(steps)].numpy()
    network.train(was_training)
    return found
