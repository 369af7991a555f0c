"""BatchNorm's means and variances, measured anew once the weights no longer change."""

import torch
from torch import Tensor, nn

from course_utils.models import as_input

_LAYERS = nn.modules.batchnorm._BatchNorm  # the common base of BatchNorm1d, 2d and 3d


def recalibrate(model: nn.Module, images: Tensor, batch_size: int = 500) -> None:
    """Measure the means and variances of all BatchNorm layers on images (n, 28, 28), uint8.

    What a training leaves there are running averages over its last few batches: of images that
    were changed by augmentation, under weights that still moved. A network in use sees neither.
    Here each is the mean over batches of ``batch_size`` images or a few more, unchanged and in
    random order, that a fixed seed draws. Works in place; weights, modes and device stay as they
    are, and a model without BatchNorm is left alone.
    Raises ValueError for another shape or dtype, and for fewer than two images.
    Source: Y. Wu, J. Johnson, Rethinking "batch" in BatchNorm (2021), there "precise BatchNorm".
    """
    if images.ndim != 3 or images.dtype != torch.uint8 or len(images) < 2 or batch_size < 2:
        raise ValueError(
            "expected two or more uint8 images (n, 28, 28) in batches of two or more, got "
            f"{tuple(images.shape)}, {images.dtype}, batch_size={batch_size}"
        )
    layers = [part for part in model.modules() if isinstance(part, _LAYERS)]
    layers = [layer for layer in layers if layer.track_running_stats]
    if not layers:
        return
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    batches = order.tensor_split(max(1, len(images) // batch_size))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = {part: part.training for part in model.modules()}
    momenta = [layer.momentum for layer in layers]
    model.eval()
    try:
        for layer in layers:
            layer.reset_running_stats()
            layer.train()
            layer.momentum = None  # a plain mean over all batches
        with torch.no_grad():
            for index in batches:
                model(as_input(images[index]).to(layers[0].running_mean.device))
    except BaseException:  # interrupted or out of memory: half a measurement is none
        model.load_state_dict(before)
        raise
    finally:
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum
        for part, training in modes.items():
            part.training = training
