"""Pictures of every kind, PIL's modes and NumPy's dtypes, as brightness from 0 to 1."""

import math

import numpy as np
from PIL import Image, ImageOps
from scipy.ndimage import maximum_filter, minimum_filter, uniform_filter
from torch import Tensor

_LONGEST = 320  # pixels: pictures are shrunk to this before ink is looked for
LARGE = 4 * _LONGEST  # pixels: fine lines are looked after from here on
_SMALLEST = 2  # pixels of a side: less is no picture
_PALE = 0.1  # of full brightness: where pixels that become one differ so much, a line ends
_EIGHT_BITS, _SIXTEEN_BITS = 255, 65_535


def shrink(image: np.ndarray | Tensor | Image.Image, longest: int = _LONGEST) -> np.ndarray:
    """The picture as an array, averaged down so that no side exceeds ``longest`` pixels.

    Raises TypeError for what is no picture, ValueError for another shape than (height, width) or
    (height, width, channels) with 1 to 4 channels, and for fewer than 2 pixels either way.
    """
    array = _as_array(image)
    _check_shape(array)
    if array.shape[2:] == (1,):
        array = array[..., 0]
    h, w = array.shape[:2]
    if max(h, w) <= longest:
        return array
    size = [max(_SMALLEST, round(n * longest / max(h, w))) for n in (w, h)]
    if array.dtype == np.uint8 and array.max() > 1:
        picture = Image.fromarray(_reduced(array, max(h, w) // (2 * longest)))
        return np.asarray(picture.resize(size, Image.Resampling.BOX))
    channels = _zero_to_one(array).reshape(h, w, -1)
    small = [
        resized(channels[..., i], size, Image.Resampling.BOX) for i in range(channels.shape[2])
    ]
    return np.stack(small, axis=-1).reshape(size[1], size[0], *array.shape[2:])


def _reduced(array: np.ndarray, factor: int, rows: int = 64) -> np.ndarray:
    """Bytes (h, w) or (h, w, c) averaged over squares of ``factor`` pixels, without a copy of all.

    A photograph of 48 megapixels would take 190 MB more as a picture of PIL's.
    """
    if factor < 2:
        return np.ascontiguousarray(array)
    bands = (array[top : top + rows * factor] for top in range(0, len(array), rows * factor))
    return np.concatenate(
        [np.asarray(Image.fromarray(np.ascontiguousarray(b)).reduce(factor)) for b in bands]
    )


def _check_shape(array: np.ndarray) -> None:
    """Raise the ValueError that ``shrink`` documents."""
    hint = ""
    if array.ndim == 3 and array.shape[0] in (1, 3, 4):
        hint = "; channels come last here: image.transpose(1, 2, 0), or .permute for a tensor"
    side = math.isqrt(array.size)
    if side > _SMALLEST and side**2 == array.size and max(array.shape) == array.size:
        hint = (
            f"; if these are the pixels of one image, image.reshape({side}, {side}) makes it whole"
        )
    if array.ndim not in (2, 3) or array.shape[2:] > (4,) or array.size == 0:
        raise ValueError(
            "expected a picture of shape (height, width) or (height, width, channels) with 1 to 4 "
            f"channels and at least one pixel, got shape {array.shape}{hint}"
        )
    if min(array.shape[:2]) < _SMALLEST:
        raise ValueError(
            f"expected a picture at least {_SMALLEST} pixels high and wide, got shape "
            f"{array.shape}{hint}"
        )


def _as_array(image: np.ndarray | Tensor | Image.Image) -> np.ndarray:
    if isinstance(image, Tensor):
        image = image.detach().cpu()
        return (image.float() if image.is_floating_point() else image).numpy()
    if isinstance(image, np.ndarray):
        return image
    if not isinstance(image, Image.Image):
        raise TypeError(
            "expected a NumPy array, a tensor or a PIL image, got "
            f"{type(image).__name__}; open a file with PIL.Image.open(path)"
        )
    factor = max(image.size) // (2 * LARGE)
    if factor > 1 and image.mode in ("L", "RGB", "RGBA", "CMYK") and image.format != "TIFF":
        image = image.reduce(factor)  # before it is copied; its Exif data stay (but for a TIFF's)
    image = ImageOps.exif_transpose(image)  # as the camera was held
    if image.mode.startswith("I"):  # 16 or 32 bits, whole numbers
        return np.asarray(image.convert("I") if image.mode == "I;16N" else image)
    if image.mode == "F":  # PIL's own conversions fill it with 0 … 255, other programs with 0 … 1
        array = np.asarray(image)
        return array / _EIGHT_BITS if array.size and 1 < array.max() <= _EIGHT_BITS else array
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        image = image.convert("RGBA")
    elif image.mode not in ("1", "L", "LA", "RGB", "RGBA"):
        image = image.convert("RGB")
    return np.asarray(image)


def to_grey(image: np.ndarray) -> np.ndarray:
    """Brightness (h, w) as float32, 0 … 1, of a grey or colour picture (h, w) or (h, w, c).

    Whole numbers count from 0 to 255, or to 65,535 when there are more than 255; if there are none
    but 0 and 1, these are black and white. Floats count from 0 to 1. What is transparent
    gets the colour of what is not, when that is the greater part (a cut-out photograph); otherwise
    the opaque part is taken for ink, and is laid on white, or on black if it is bright itself.
    Raises ValueError for values out of range, NaN and infinity.
    """
    array = _zero_to_one(np.asarray(image))
    if array.ndim == 2:
        return array
    grey, alpha = array, None
    if array.shape[2] in (2, 4):
        grey, alpha = array[..., :-1], array[..., -1]
    weights = [0.299, 0.587, 0.114] if grey.shape[2] == 3 else [1.0]  # ITU-R BT.601
    grey = grey @ np.asarray(weights, dtype=np.float32)
    if alpha is None or alpha.min() == 1:
        return grey
    shown = grey[alpha > 0.5]
    if len(shown) > 0.5 * grey.size:
        behind = float(np.median(shown))
    else:
        behind = float(not len(shown) or shown.mean() < 0.5)
    return grey * alpha + behind * (1 - alpha)


def _zero_to_one(array: np.ndarray) -> np.ndarray:
    """The values as float32 from 0 to 1."""
    if array.dtype.kind == "b":
        return array.astype(np.float32)
    if array.dtype.kind in "ui":
        low, high = int(array.min()), int(array.max())
        if low < 0 or high > _SIXTEEN_BITS:
            raise ValueError(
                f"expected whole numbers in 0 … {_EIGHT_BITS} (or 0 … {_SIXTEEN_BITS:,}), "
                f"got {low:,} … {high:,}"
            )
        top = _SIXTEEN_BITS if high > _EIGHT_BITS else _EIGHT_BITS if high > 1 else 1
        return array.astype(np.float32) / top
    if array.dtype.kind != "f":
        raise ValueError(f"expected a picture of numbers, got dtype {array.dtype}")
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise ValueError(
            "expected finite brightness, got a picture that holds NaN or infinity; replace such "
            "pixels first"
        )
    if low < -1e-6 or high > 1 + 1e-6:
        raise ValueError(
            f"expected floats in 0 … 1, got {low:g} … {high:g}; divide by 255, or pass the "
            "picture as uint8"
        )
    return np.clip(array, 0, 1).astype(np.float32)


def shrink_lines(grey: np.ndarray, longest: int = _LONGEST) -> np.ndarray:
    """The picture (h, w), no side above ``longest`` pixels, with lines that averaging makes pale.

    Where there is no noise, as in a program's drawing, a pixel becomes what differs most from
    its surroundings among those that it stands for; in a photograph that would be noise, and the
    average is taken, as ``shrink`` does: a camera's pens are many pixels wide.
    """
    step = -(-max(grey.shape) // longest)
    if step == 1:
        return grey
    size = tuple(max(_SMALLEST, round(n * longest / max(grey.shape))) for n in grey.shape[::-1])
    mean = resized(grey, size, Image.Resampling.BOX)
    if noise_of(grey) > 0:
        return mean
    around = uniform_filter(mean, 15)
    low, high = (
        resized(each, size, Image.Resampling.NEAREST)
        for each in (minimum_filter(grey, step), maximum_filter(grey, step))
    )
    extreme = np.where(around - low > high - around, low, high)
    return np.where(high - low > _PALE, extreme, mean)


def noise_of(grey: np.ndarray) -> float:
    """Standard deviation of independent normal noise, from the quietest fifth of the pixel steps.

    Not from their median: in a tightly cut digit most steps are the digit's own.
    """
    steps = np.concatenate([np.abs(np.diff(grey[::2, ::2], axis=k)).ravel() for k in (0, 1)])
    return float(np.quantile(steps, 0.2)) / (0.2533 * np.sqrt(2)) if len(steps) else 0.0


def smaller(grey: np.ndarray, longest: int) -> np.ndarray:
    """The picture, no side above ``longest`` pixels, by averaging."""
    h, w = (min(n, longest) for n in grey.shape)
    return resized(grey, (w, h), Image.Resampling.BOX)


def resized(grey: np.ndarray, size: tuple[int, int], how: Image.Resampling) -> np.ndarray:
    """A grey picture of another ``size`` (width, height), by one of PIL's ways."""
    return np.asarray(Image.fromarray(np.ascontiguousarray(grey, np.float32)).resize(size, how))
