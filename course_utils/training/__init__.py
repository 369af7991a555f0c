"""Seeds and devices, recipes, the training loop, checkpoints and predictions."""

from course_utils.training.checkpoints import (
    CheckpointError,
    best_network,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
)
from course_utils.training.devices import bfloat16_pays, choose_device, set_seed
from course_utils.training.loop import fit, one_cycle
from course_utils.training.prediction import logits, predict, predict_in_nine_positions
from course_utils.training.recipe import Augment, Fit, History, Recipe, TrainingError

__all__ = [
    "Augment",
    "CheckpointError",
    "Fit",
    "History",
    "Recipe",
    "TrainingError",
    "best_network",
    "bfloat16_pays",
    "choose_device",
    "fit",
    "load_checkpoint",
    "logits",
    "one_cycle",
    "predict",
    "predict_in_nine_positions",
    "read_checkpoint",
    "save_checkpoint",
    "set_seed",
]
