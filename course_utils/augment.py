"""Random changes that keep the label, drawn anew for every image of a batch, on any device."""

import functools
import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

_N_DRAWS = 8  # uniform numbers per image: angle, width, height, shear, two shifts, two for erasing
_REACH = 3  # deviations after which a Gaussian is taken as 0


@dataclass(frozen=True)
class Augment:
    """How far each image of a batch may be changed, each by a draw of its own; 0 is not at all.

    ``rotation``: up to so many degrees either way. ``shift``: up to so many pixels across and down.
    ``scale``: width and height each longer or shorter by up to this share. ``shear``: top and
    bottom pushed apart sideways by up to this share of the height. ``elastic``: typical (root mean
    square) way of a pixel in each direction, in pixels, in a random field that is smooth over
    ``sigma`` pixels. ``erase``: side in pixels of a square of paper, centred anywhere. ``noise``:
    standard deviation of what is added to the ink of 0 … 1.

    Rotation, scale, shear, shift and elastic field go into one lookup, so that an image is blurred
    once only; what is looked up outside is paper, 0.
    Raises ValueError for a value out of its range.
    Sources: P. Simard, D. Steinkraus, J. Platt, Best practices for convolutional neural networks
    (2003): elastic; T. DeVries, G. Taylor, Improved regularization with cutout (2017): erase.
    """

    rotation: float = 0.0
    shift: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    sigma: float = 4.0
    erase: int = 0
    noise: float = 0.0

    def __post_init__(self) -> None:
        conditions = {
            "rotation must be between 0 and 180 degrees": 0 <= self.rotation <= 180,
            "shift must be 0 or more pixels": 0 <= self.shift < math.inf,
            "scale is a share, 0 or more and below 1 (0.1 for ± 10 %)": 0 <= self.scale < 1,
            "shear is a share between 0 and 2 (0.1 for ± 10 %)": 0 <= self.shear <= 2,
            "elastic must be 0 or more pixels": 0 <= self.elastic < math.inf,
            "sigma must be 1 or more pixels": 1 <= self.sigma < math.inf,
            "erase must be a whole number of pixels, 0 or more": 0 <= self.erase < math.inf
            and self.erase == int(self.erase),
            "noise must be between 0 and 1, as the ink is": 0 <= self.noise <= 1,
        }
        broken = [text for text, holds in conditions.items() if not holds]
        if broken:
            raise ValueError(f"{'; '.join(broken)}; got {self}")

    def __call__(self, images: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Change images (n, 1, height, width), float, ink 0 … 1; the result has the same form.

        All is drawn with ``generator``, on the CPU (or torch's global one), so that a seed gives
        the same changes on every device. ``images`` is left as it was, and returned when nothing
        is to be changed.
        Raises ValueError for another shape, dtype or range (the range is looked at on a CPU only:
        a look would make a GPU wait), and for a generator of another device.
        """
        _check_batch(images, generator)
        n, _, height, width = images.shape
        draws = torch.rand(n, _N_DRAWS, generator=generator) * 2 - 1
        changed = images
        if self.moves:
            maps, shifts = self._affine(draws)
            field = None
            if self.elastic > 0:
                field = elastic_field(n, (height, width), self.elastic, self.sigma, generator)
            changed = warp(images, maps, shifts, field)
        if self.erase > 0:
            changed = changed * _outside_squares(draws[:, 6:], self.erase, images)
        if self.noise > 0:
            noise = torch.randn(images.shape, generator=generator, dtype=images.dtype)
            changed = torch.add(changed, noise.to(images.device), alpha=self.noise)
        return changed if changed is images else changed.clamp_(0, 1)

    @property
    def moves(self) -> bool:
        """Whether any pixel changes its place."""
        return any((self.rotation, self.shift, self.scale, self.shear, self.elastic))

    def scaled(self, factor: float) -> "Augment":
        """All strengths multiplied by a factor; ``sigma`` stays. Raises ValueError as it would."""
        strengths = {f.name: getattr(self, f.name) * factor for f in fields(self)}
        return Augment(**strengths | {"sigma": self.sigma, "erase": round(strengths["erase"])})

    def _affine(self, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Maps (n, 2, 2) and shifts (n, 2) from draws between -1 and 1."""
        angle, wide, high, shear = draws[:, :4].unbind(1)
        maps = linear_maps(
            angle * self.rotation, 1 + wide * self.scale, 1 + high * self.scale, shear * self.shear
        )
        return maps, draws[:, 4:6] * self.shift


def linear_maps(rotation: Tensor, wide: Tensor, high: Tensor, shear: Tensor) -> Tensor:
    """Matrices (n, 2, 2) that move a digit's points (x to the right, y down, from the centre).

    In this order: stretch by the factors ``wide`` and ``high``, lean to the right by ``shear``
    times the height, turn counter-clockwise by ``rotation`` degrees. All four are float tensors
    (n,). Raises ValueError for others.
    """
    given = {"rotation": rotation, "wide": wide, "high": high, "shear": shear}
    for name, values in given.items():
        _check_form(name, values, (len(rotation) if rotation.ndim else 1,))
    angle = torch.deg2rad(rotation)
    cos, sin = angle.cos(), angle.sin()
    # [[cos, sin], [-sin, cos]] is counter-clockwise as seen, because y points down.
    first = torch.stack([cos * wide, (sin - cos * shear) * high], 1)
    second = torch.stack([-sin * wide, (cos + sin * shear) * high], 1)
    return torch.stack([first, second], 1)


def warp(images: Tensor, maps: Tensor, shifts: Tensor, field: Tensor | None = None) -> Tensor:
    """Move the ink of images (n, 1, height, width) by maps (n, 2, 2), then shifts (n, 2) in pixels.

    A positive shift goes right and down. ``field`` (n, 2, height, width), x before y, is added in
    pixels to the places that are looked up. Between pixels the four neighbours are mixed
    (bilinear); outside the image is paper, 0. Raises ValueError as ``sampling_grid`` does, and for
    images of another form.
    """
    if images.ndim != 4 or not images.is_floating_point():
        raise ValueError(
            "images must be a float tensor of shape (n, 1, height, width), got "
            f"{images.dtype} of shape {tuple(images.shape)}"
        )
    _check_form("maps", maps, (len(images), 2, 2))
    grid = sampling_grid(maps, shifts, images.shape[-2:], field)
    return nn.functional.grid_sample(images, grid.to(images), align_corners=False)


def sampling_grid(
    maps: Tensor, shifts: Tensor, size: tuple[int, int], field: Tensor | None = None
) -> Tensor:
    """Where each pixel of the moved images is looked up: (n, height, width, 2), for grid_sample.

    The lookup goes backwards, from a place in the result to the place its ink came from. Places
    are those of ``grid_sample`` with ``align_corners=False``: -1 and 1 are the image's edges.
    Raises ValueError for tensors of other shapes or that are not float, for a size below 1, and for
    maps that press an image flat (they have no inverse).
    """
    height, width = size
    n = len(maps) if maps.ndim else 1
    _check_form("maps", maps, (n, 2, 2))
    _check_form("shifts", shifts, (n, 2), maps.dtype)
    if min(size) < 1:
        raise ValueError(f"size must be a height and a width of 1 or more, got {tuple(size)}")
    if field is not None:
        _check_form("field", field, (n, 2, height, width))
    back, flat = torch.linalg.inv_ex(maps)
    if flat.any():
        raise ValueError(
            f"maps must have inverses, got {int(flat.count_nonzero())} that press the image flat"
        )
    start = -(back @ shifts.unsqueeze(2))  # (n, 2, 1): where the centre's ink came from
    x = torch.arange(width, dtype=maps.dtype) - (width - 1) / 2
    y = torch.arange(height, dtype=maps.dtype) - (height - 1) / 2
    half = torch.tensor([width / 2, height / 2], dtype=maps.dtype).view(1, 2, 1)
    # One plane of x and one of y, (n, 2, height, width): far quicker to fill than pairs, and
    # grid_sample reads the planes as they are.
    across = (back[:, :, :1] * x + start) / half
    down = back[:, :, 1:] * y / half
    grid = across.unsqueeze(2) + down.unsqueeze(3)
    if field is not None:
        grid += field / half.unsqueeze(3)
    return grid.permute(0, 2, 3, 1)


def elastic_field(
    n: int,
    size: tuple[int, int],
    elastic: float,
    sigma: float,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Random smooth fields (n, 2, height, width), each number ``elastic`` pixels large on average.

    White noise smoothed by a Gaussian of deviation ``sigma`` pixels. A field so smooth need not be
    drawn at every pixel: the noise is drawn once every ``sigma`` pixels, which changes its spread
    and its correlation, exp(-d² / 4 sigma²) at a distance of d, by less than 2 parts in 10,000.
    Average is the root of the mean square. Source: Simard, Steinkraus and Platt (2003), who
    draw between -1 and 1, and with sigma 4 and their factor 34 come to 1.4 pixels.
    Raises ValueError unless n and size are 1 or more, elastic 0 or more and sigma 1 to a million.
    """
    elastic, sigma = float(elastic), float(sigma)
    if min(n, *size) < 1 or not (0 <= elastic < math.inf and 1 <= sigma <= 1e6):
        raise ValueError(
            "expected n, height and width of 1 or more, elastic of 0 or more and sigma of 1 to "
            f"1,000,000 pixels, got n={n}, size={tuple(size)}, elastic={elastic}, sigma={sigma}"
        )
    down, across = (_smoothing(length, sigma) for length in size)
    noise = torch.randn(n * 2, down.shape[1], across.shape[1], generator=generator)
    field = (down * elastic) @ (noise @ across.T)
    return field.view(n, 2, *size)


@functools.lru_cache(maxsize=16)
def _smoothing(length: int, sigma: float) -> Tensor:
    """Weights (length, points) from noise at points ``sigma`` apart to ``length`` pixels.

    The squares of a row add up to 1: so the smoothed noise keeps the deviation 1.
    """
    steps = math.ceil((length - 1) / 2 / sigma + _REACH)
    points = torch.arange(-steps, steps + 1) * sigma
    places = torch.arange(length) - (length - 1) / 2
    weights = torch.exp(-((places[:, None] - points) ** 2) / (2 * sigma**2))
    return weights / weights.norm(dim=1, keepdim=True)


def _outside_squares(draws: Tensor, side: int, images: Tensor) -> Tensor:
    """1 outside and 0 inside one square per image, centred by draws (n, 2) between -1 and 1."""
    height, width = images.shape[-2:]
    x = torch.arange(width) - (width - 1) / 2
    y = torch.arange(height) - (height - 1) / 2
    across = (x - draws[:, :1] * width / 2).abs() < side / 2
    down = (y - draws[:, 1:] * height / 2).abs() < side / 2
    outside = ~(down.unsqueeze(2) & across.unsqueeze(1))
    return outside.unsqueeze(1).to(images)


def _check_form(
    name: str, values: Tensor, shape: tuple[int, ...], dtype: torch.dtype | None = None
) -> None:
    fits = values.is_floating_point() if dtype is None else values.dtype == dtype
    if tuple(values.shape) != shape or not fits:
        raise ValueError(
            f"{name} must be a {dtype or 'float'} tensor of shape {shape}, got {values.dtype} of "
            f"shape {tuple(values.shape)}"
        )


def _check_batch(images: Tensor, generator: torch.Generator | None) -> None:
    if images.ndim != 4 or images.shape[1] != 1 or len(images) == 0:
        raise ValueError(
            "expected images of shape (n, 1, height, width) with n >= 1, as as_input makes them, "
            f"got shape {tuple(images.shape)}"
        )
    if images.dtype not in (torch.float32, torch.float64):
        raise ValueError(
            f"images must be float32 (or float64) with ink of 0 … 1, got {images.dtype}; "
            "as_input makes them so"
        )
    if generator is not None and generator.device.type != "cpu":
        raise ValueError(
            f"the generator must be one of the CPU, got one of {generator.device}: then a seed "
            "gives the same changes on every device; write torch.Generator().manual_seed(0)"
        )
    if images.device.type == "cpu":
        low, high = (value.item() for value in images.aminmax())
        if not (low >= 0 and high <= 1):
            raise ValueError(
                f"ink must lie between 0 and 1, got {low:.3g} … {high:.3g}: change the images "
                "before they are standardised, since outside the image 0 is filled in, and 0 must "
                "be paper"
            )
