"""The same 24 hard validation images in every chapter, and what earlier chapters made of them."""

import json
from pathlib import Path

from course_utils.data import LabelledImages

# Chosen by benchmarks/choose_hard_digits.py: positions in MNIST's training file, all of them in the
# validation part; 8 somewhat hard, 8 hard, 8 hardest.
HARD_DIGIT_IDS = (
    35727, 14139, 21040, 2286, 50879, 17053, 14321, 17222,
    18247, 8898, 28491, 57683, 9256, 11039, 38586, 58649,
    8966, 15324, 39378, 54264, 56914, 49892, 39425, 33412,
)  # fmt: skip


def hard_digits(validation: LabelledImages) -> LabelledImages:
    """The same 24 hard validation images in every chapter, easiest grade first.

    Raises ValueError when handed another set than MNIST's validation part.
    """
    position = {int(image_id): i for i, image_id in enumerate(validation.ids)}
    missing = [i for i in HARD_DIGIT_IDS if i not in position]
    if missing:
        raise ValueError(
            f"{len(missing)} of the {len(HARD_DIGIT_IDS)} hard digits are not in this set of "
            f"{len(validation):,} images; pass load_mnist().validation"
        )
    return validation.select([position[i] for i in HARD_DIGIT_IDS])


def earlier_verdicts(chapter: str) -> dict[str, list[int]]:
    """What the models of the chapters before ``chapter`` made of the hard digits, by model.

    ``chapter`` is the folder's name, for example ``"04_convolutional_network"``. The verdicts are
    those of the executed notebooks, as collected in ``notebooks/results.json``.
    """
    path = Path(__file__).resolve().parents[2] / "notebooks" / "results.json"
    if not path.is_file():
        return {}
    verdicts = json.loads(path.read_text(encoding="utf-8"))["verdicts"]
    return {v["model"]: v["predictions"] for v in verdicts if v["chapter"] < chapter}
