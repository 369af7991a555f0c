"""Wrong answers to the exercises of chapter 5, and right ones in other styles."""

from tests.exercises import Right, Wrong

_PARTS = """
def affine_matrix(degrees, wide, high, shear):
    a = np.deg2rad(degrees)
    R = np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    H = np.array([[1, -shear], [0, 1]])
    S = np.diag([wide, high])
"""

MATRIX = [
    Wrong(
        "forgets that sine takes radians",
        _PARTS.replace("np.deg2rad(degrees)", "degrees") + "    return R @ H @ S\n",
        r"take radians",
    ),
    Wrong(
        "turns clockwise",
        _PARTS.replace("np.sin(a)], [-np.sin(a)", "-np.sin(a)], [np.sin(a)")
        + "    return R @ H @ S\n",
        r"it turns clockwise: y points down",
    ),
    Wrong(
        "both signs as for y upwards",
        _PARTS.replace("np.sin(a)], [-np.sin(a)", "-np.sin(a)], [np.sin(a)").replace(
            "-shear", "shear"
        )
        + "    return R @ H @ S\n",
        r"this is right with y up",
    ),
    Wrong("the order reversed", _PARTS + "    return S @ H @ R\n", r"the order is reversed"),
    Wrong("shears first", _PARTS + "    return R @ S @ H\n", r"shear comes after the stretch"),
    Wrong("turns before it shears", _PARTS + "    return H @ R @ S\n", r"turn before you shear"),
    Wrong(
        "the bottom leans right",
        _PARTS.replace("-shear", "shear") + "    return R @ H @ S\n",
        r"the bottom goes right, not the top",
    ),
    Wrong(
        "shears upwards",
        _PARTS + "    return R @ H.T @ S\n",
        r"you moved them up",
    ),
    Wrong("the inverse", _PARTS + "    return np.linalg.inv(R @ H @ S)\n", r"this is the inverse"),
    Wrong(
        "width and height exchanged",
        _PARTS.replace("[wide, high]", "[high, wide]") + "    return R @ H @ S\n",
        r"wide and high are exchanged",
    ),
    Wrong(
        "transposed",
        _PARTS + "    return (R @ H @ S).T\n",
        r"the matrix is transposed: points are columns",
    ),
    Wrong(
        "three by three",
        _PARTS + "    return np.pad(R @ H @ S, ((0, 1), (0, 1)))\n",
        r"expected shape \(2, 2\), got \(3, 3\)",
    ),
    Wrong(
        "half of the shear",
        _PARTS.replace("-shear", "-shear / 2") + "    return R @ H @ S\n",
        r"for affine_matrix\(25, 1\.3, 0\.8, 0\.4\): at \[0, 1\] expected",
    ),
    Wrong(
        "the course's",
        """
def affine_matrix(degrees, wide, high, shear):
    values = torch.tensor([[degrees], [wide], [high], [shear]], dtype=torch.float64)
    return augment.linear_maps(*values)[0].numpy()
""",
        r"`course_utils\.augment\.linear_maps` is not allowed here",
    ),
]

_GRID = """
def sampling_grid(maps, shifts, height, width):
    x = torch.arange(width) - (width - 1) / 2
    y = torch.arange(height) - (height - 1) / 2
    places = torch.stack([x.expand(height, width), y[:, None].expand(height, width)], dim=-1)
    moved = places.reshape(1, -1, 2) - shifts[:, None]
    back = moved @ torch.linalg.inv(maps).transpose(1, 2)
    half = torch.tensor([width / 2, height / 2])
    return (back / half).reshape(len(maps), height, width, 2)
"""


def _grid(before: str, after: str) -> str:
    assert before in _GRID
    return _GRID.replace(before, after)


GRID = [
    Wrong(
        "the map instead of its inverse",
        _grid("torch.linalg.inv(maps)", "maps"),
        r"use the inverse",
    ),
    Wrong(
        "y before x",
        _grid(
            "reshape(len(maps), height, width, 2)", "reshape(len(maps), height, width, 2).flip(-1)"
        ),
        r"x comes first in the last axis",
    ),
    Wrong("adds the shift", _grid("- shifts[:, None]", "+ shifts[:, None]"), r"subtract the shift"),
    Wrong(
        "takes the shift off after the map",
        _grid("- shifts[:, None]", "").replace(
            "(back / half)", "((back - shifts[:, None]) / half)"
        ),
        r"before the inverse map, not after",
    ),
    Wrong(
        "a shift in pixels among halves",
        _grid("- shifts[:, None]", "- shifts[:, None] * torch.tensor([width / 2, height / 2])"),
        r"the shift is in pixels: divide it",
    ),
    Wrong("pixels, not halves", _grid("(back / half)", "back"), r"these are pixels: divide x"),
    Wrong(
        "the matrix on its side",
        _grid(".transpose(1, 2)", ""),
        r"the matrix is transposed: rows of places",
    ),
    Wrong(
        "the corners' centres at -1 and 1",
        """
def sampling_grid(maps, shifts, height, width):
    x, y = torch.linspace(-1, 1, width), torch.linspace(-1, 1, height)
    places = torch.stack([x.expand(height, width), y[:, None].expand(height, width)], dim=-1)
    half = torch.tensor([width / 2, height / 2])
    moved = places.reshape(1, -1, 2) * half - shifts[:, None]
    back = moved @ torch.linalg.inv(maps).transpose(1, 2)
    return (back / half).reshape(len(maps), height, width, 2)
""",
        r"lies half a pixel inside the edge, not at -1",
    ),
    Wrong(
        "flat",
        _grid(".reshape(len(maps), height, width, 2)", ""),
        r"expected shape \(1, 28, 28, 2\), got \(1, 784, 2\)",
    ),
    Wrong(
        "half the width for the middle",
        _GRID.replace("(width - 1) / 2", "width / 2").replace("(height - 1) / 2", "height / 2"),
        r"you took width / 2 off",
    ),
    Wrong(
        "the outer pixels at -1 and 1",
        _grid("[width / 2, height / 2]", "[(width - 1) / 2, (height - 1) / 2]"),
        r"-1 and 1 are the edges: divide by width / 2",
    ),
    Wrong(
        "affine_grid",
        """
def sampling_grid(maps, shifts, height, width):
    back = torch.linalg.inv(maps)
    half = torch.tensor([width / 2, height / 2])
    start = -(back @ shifts[..., None]) / half[:, None]
    theta = torch.cat([back * half / half[:, None], start], dim=2)
    size = (len(maps), 1, height, width)
    return nn.functional.affine_grid(theta, size, align_corners=False)
""",
        r"`torch.nn.functional.affine_grid` is not allowed here: compute the grid yourself",
    ),
    Wrong(
        "overwrites what it was given",
        """
def sampling_grid(maps, shifts, height, width):
    maps.copy_(torch.linalg.inv(maps))
    shifts.neg_()
"""
        + _GRID.split("height, width):\n")[1]
        .replace("- shifts[:, None]", "+ shifts[:, None]")
        .replace("torch.linalg.inv(maps)", "maps"),
        r"you changed `maps`, which was handed in",
    ),
    Wrong("an array", _grid("return ", "return np.asarray(").rstrip() + ")\n", r"must be a tensor"),
    Wrong(
        "half the width for y, too",
        _grid("[width / 2, height / 2]", "[width / 2, width / 2]"),
        r"x and y have sides of their own: divide y by height / 2",
    ),
    Wrong(
        "half the height for x, too",
        _grid("[width / 2, height / 2]", "[height / 2, height / 2]"),
        r"x and y have sides of their own: divide x by width / 2",
    ),
    Wrong(
        "the first map for all",
        _grid("torch.linalg.inv(maps)", "torch.linalg.inv(maps)[:1]"),
        r"each image has its own map$",
    ),
    Wrong(
        "the first grid for all",
        _GRID.rstrip() + "[:1].repeat(len(maps), 1, 1, 1)\n",
        r"each image has its own map and shift",
    ),
    Wrong(
        "what affine_grid calls",
        """
def sampling_grid(maps, shifts, height, width):
    back = torch.linalg.inv(maps)
    half = torch.tensor([width / 2, height / 2])
    start = -(back @ shifts[..., None]) / half[:, None]
    theta = torch.cat([back * half / half[:, None], start], dim=2)
    return torch.affine_grid_generator(theta, (len(maps), 1, height, width), False)
""",
        r"`torch\.affine_grid_generator` is not allowed here",
    ),
    Wrong(
        "the course's",
        """
def sampling_grid(maps, shifts, height, width):
    return augment.sampling_grid(maps, shifts, (height, width))
""",
        r"`course_utils\.augment\.sampling_grid` is not allowed here",
    ),
]

_LOOK = """
def look_up(image, x, y):
    height, width = image.shape
    left, top = int(np.floor(x)), int(np.floor(y))
    total = 0.0
    for column, row in [(left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1)]:
        if 0 <= column < width and 0 <= row < height:
            total += (1 - abs(x - column)) * (1 - abs(y - row)) * image[row, column]
    return float(total)
"""


def _look(*changes: tuple[str, str]) -> str:
    code = _LOOK
    for before, after in changes:
        assert before in code
        code = code.replace(before, after)
    return code


_INSIDE = "if 0 <= column < width and 0 <= row < height:"

LOOK_UP = [
    Wrong(
        "the nearest pixel",
        """
def look_up(image, x, y):
    column, row = int(np.rint(x)), int(np.rint(y))
    inside = 0 <= column < image.shape[1] and 0 <= row < image.shape[0]
    return float(image[row, column]) if inside else 0.0
""",
        r"you took the nearest one",
    ),
    Wrong(
        "columns before rows",
        _look(("height, width = image.shape", "image = image.T; height, width = image.shape")),
        r"rows come first",
    ),
    Wrong(
        "the far pixel counts more",
        _look(("(1 - abs(x - column)) * (1 - abs(y - row))", "abs(x - column) * abs(y - row)")),
        r"the weights are exchanged",
    ),
    Wrong(
        "no look at the border",
        _look((_INSIDE, "if True:")),
        r"index -1 is the last one",
    ),
    Wrong(
        "index -1",
        _look((_INSIDE, "if column < width and row < height:")),
        r"index -1 is the last one in Python",
    ),
    Wrong(
        "repeats the border",
        _look(
            (_INSIDE, "if True:"),
            (
                "image[row, column]",
                "image[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]",
            ),
        ),
        r"you repeated the border",
    ),
    Wrong(
        "int instead of floor",
        _look(("int(np.floor(x)), int(np.floor(y))", "int(x), int(y)")),
        r"int\(\) rounds towards 0",
    ),
    Wrong(
        "0 as soon as one neighbour is missing",
        """
def look_up(image, x, y):
    height, width = image.shape
    left, top = int(np.floor(x)), int(np.floor(y))
    if left < 0 or top < 0 or left + 1 >= width or top + 1 >= height:
        return 0.0
    fx, fy = x - left, y - top
    square = image[top : top + 2, left : left + 2]
    return float(np.array([1 - fy, fy]) @ square @ np.array([1 - fx, fx]))
""",
        r"beside the border the neighbours inside still count",
    ),
    Wrong(
        "returns an array",
        _look(("float(total)", "np.array([total])")),
        r"must be one number, not array \[",
    ),
    Wrong(
        "floor and ceil",
        """
def look_up(image, x, y):
    height, width = image.shape
    total = 0.0
    for column, in_x in ((np.floor(x), np.ceil(x) - x), (np.ceil(x), x - np.floor(x))):
        for row, in_y in ((np.floor(y), np.ceil(y) - y), (np.ceil(y), y - np.floor(y))):
            if 0 <= column < width and 0 <= row < height:
                total += in_x * in_y * image[int(row), int(column)]
    return float(total)
""",
        r"at a whole place floor and ceil are the same pixel",
    ),
    Wrong(
        "SciPy",
        """
def look_up(image, x, y):
    return float(ndimage.map_coordinates(image, [[y], [x]], order=1, mode="grid-constant")[0])
""",
        r"`scipy.ndimage.map_coordinates` is not allowed here",
    ),
    Wrong(
        "SciPy's interpolator",
        """
def look_up(image, x, y):
    from scipy.interpolate import RegularGridInterpolator

    wide = np.pad(image, 1)
    axes = [np.arange(-1, n + 1) for n in image.shape]
    look = RegularGridInterpolator(axes, wide, bounds_error=False, fill_value=0)
    return float(look((y, x)))
""",
        r"`scipy\.interpolate\.RegularGridInterpolator` is not allowed here",
    ),
    Wrong(
        "SciPy's interpn",
        """
def look_up(image, x, y):
    import scipy.interpolate

    wide = np.pad(image, 1)
    axes = [np.arange(-1, n + 1) for n in image.shape]
    return float(scipy.interpolate.interpn(axes, wide, (y, x), bounds_error=False, fill_value=0))
""",
        r"`scipy\.interpolate\.interpn` is not allowed here",
    ),
    Wrong(
        "grid_sample",
        """
def look_up(image, x, y):
    height, width = image.shape
    place = torch.tensor([[[[(2 * x + 1) / width - 1, (2 * y + 1) / height - 1]]]])
    batch = torch.tensor(image)[None, None]
    return float(nn.functional.grid_sample(batch, place.to(batch), align_corners=False))
""",
        r"`torch\.nn\.functional\.grid_sample` is not allowed here",
    ),
    Wrong(
        "half of the ink",
        _look(("float(total)", "float(total) / 2")),
        r"in an image of 28 × 28: the mixture is wrong",
    ),
]

_ERASE = """
def erase(images, side, generator):
    n, _, height, width = images.shape
    images = images.clone()
    for i in range(n):
        top = int(torch.randint(height - side + 1, (1,), generator=generator))
        left = int(torch.randint(width - side + 1, (1,), generator=generator))
        images[i, 0, top : top + side, left : left + side] = 0
    return images
"""


def _erase(before: str, after: str) -> str:
    assert before in _ERASE
    return _ERASE.replace(before, after)


ERASE = [
    Wrong(
        "changes the images themselves",
        _erase("images.clone()", "images"),
        r"you changed `images`, which was handed in",
    ),
    Wrong(
        "one square for all",
        """
def erase(images, side, generator):
    n, _, height, width = images.shape
    images = images.clone()
    top = int(torch.randint(height - side + 1, (1,), generator=generator))
    left = int(torch.randint(width - side + 1, (1,), generator=generator))
    images[:, :, top : top + side, left : left + side] = 0
    return images
""",
        r"all images got the same square",
    ),
    Wrong("fills in grey", _erase("] = 0", "] = 0.1307"), r"paper is 0; you filled in 0\.13"),
    Wrong("one pixel too large", _erase("top + side,", "top + side + 1,"), r"yours reach 6"),
    Wrong(
        "the corner anywhere",
        _erase("height - side + 1", "height"),
        r"it must lie wholly inside",
    ),
    Wrong(
        "never reaches the last place",
        _erase("height - side + 1", "height - side"),
        r"no square begins in the last row, 7",
    ),
    Wrong(
        "seeds inside",
        _erase(
            "    images = images.clone()",
            "    images = images.clone(); generator = torch.Generator().manual_seed(0)",
        ),
        r"the next call must draw anew",
    ),
    Wrong(
        "the global generator",
        _erase("generator=generator", "generator=None"),
        r"hand the generator on",
    ),
    Wrong(
        "one draw for row and column",
        _erase(
            "left = int(torch.randint(width - side + 1, (1,), generator=generator))", "left = top"
        ),
        r"row and column hang together",
    ),
    Wrong(
        "one draw mirrored",
        _erase(
            "left = int(torch.randint(width - side + 1, (1,), generator=generator))",
            "left = max(0, min(width - side, width - side - top))",
        ),
        r"row and column hang together",
    ),
    Wrong(
        "clamps what lies outside",
        _erase(
            "int(torch.randint(height - side + 1, (1,), generator=generator))",
            "min(int(torch.randint(height, (1,), generator=generator)), height - side)",
        ),
        r"the first row must be one of 0 … 7, each as likely",
    ),
    Wrong(
        "rounds",
        _erase(
            "int(torch.randint(width - side + 1, (1,), generator=generator))",
            "round(float(torch.rand(1, generator=generator)) * (width - side))",
        ),
        r"the first column must be one of 0 … \d+, each as likely",
    ),
    Wrong(
        "Gaussian draws",
        _erase(
            "int(torch.randint(height - side + 1, (1,), generator=generator))",
            "int((2 * torch.randn(1, generator=generator) + 4).clamp(0, height - side))",
        ),
        r"the first row must be one of 0 … 7, each as likely",
    ),
    Wrong(
        "one row for all",
        """
def erase(images, side, generator):
    n, _, height, width = images.shape
    images = images.clone()
    top = int(torch.randint(height - side + 1, (1,), generator=generator))
    for i in range(n):
        left = int(torch.randint(width - side + 1, (1,), generator=generator))
        images[i, 0, top : top + side, left : left + side] = 0
    return images
""",
        r"all images got the same row",
    ),
    Wrong(
        "does nothing",
        "def erase(images, side, generator):\n    return images.clone()\n",
        r"nothing was erased",
    ),
    Wrong(
        "one draw for the batch, counted on",
        """
def erase(images, side, generator):
    n, _, height, width = images.shape
    images = images.clone()
    down, across = height - side + 1, width - side + 1
    offset = int(torch.randint(down * across, (1,), generator=generator))
    for i in range(n):
        left, top = divmod((i + offset) % (down * across), down)
        images[i, 0, top : top + side, left : left + side] = 0
    return images
""",
        r"one image's row tells another's",
    ),
    Wrong(
        "columns counted on",
        """
def erase(images, side, generator):
    n, _, height, width = images.shape
    images = images.clone()
    offset = int(torch.randint(width - side + 1, (1,), generator=generator))
    for i in range(n):
        top = int(torch.randint(height - side + 1, (1,), generator=generator))
        left = (i + offset) % (width - side + 1)
        images[i, 0, top : top + side, left : left + side] = 0
    return images
""",
        r"one image's column tells another's",
    ),
    Wrong(
        "half of the draws twice",
        """
def erase(images, side, generator):
    n, _, height, width = images.shape
    images = images.clone()
    tops = torch.randint(height - side + 1, (n // 2,), generator=generator).repeat(3)
    lefts = torch.randint(width - side + 1, (n // 2,), generator=generator).repeat(3)
    for i in range(n):
        images[i, 0, tops[i] : tops[i] + side, lefts[i] : lefts[i] + side] = 0
    return images
""",
        r"one image's row tells another's",
    ),
    Wrong(
        "draws with a copy of the generator",
        _erase(
            "    images = images.clone()",
            "    images = images.clone(); generator = generator.clone_state()",
        ),
        r"do not seed inside, nor copy the generator",
    ),
    Wrong(
        "erases a cross",
        _erase(
            "images[i, 0, top : top + side, left : left + side] = 0",
            "images[i, 0, top : top + side, left + 1] = 0; "
            "images[i, 0, top + 2, left : left + side] = 0",
        ),
        r"erase one full square",
    ),
]

_CAREFUL = """
def read_carefully(probabilities, images, threshold):
    p = probabilities(images)
    again = p.max(dim=1).values < threshold
    if again.any():
        h, w = images.shape[-2:]
        wide = nn.functional.pad(images[again], (1, 1, 1, 1))
        places = [(i, j) for i in range(3) for j in range(3)]
        nine = torch.stack([probabilities(wide[..., i : i + h, j : j + w]) for i, j in places])
        p = p.clone()
        p[again] = nine.mean(dim=0)
    return p.argmax(dim=1)
"""


def _careful(*changes: tuple[str, str]) -> str:
    code = _CAREFUL
    for before, after in changes:
        assert before in code
        code = code.replace(before, after)
    return code


CAREFUL = [
    Wrong(
        "reads once",
        "def read_carefully(probabilities, images, threshold):\n"
        "    return probabilities(images).argmax(dim=1)\n",
        r"not read again",
    ),
    Wrong(
        "looks again at the sure", _careful(("< threshold", ">= threshold")), r"kept the doubtful"
    ),
    Wrong(
        "looks again at the threshold",
        _careful(("< threshold", "<= threshold")),
        r"not at it",
    ),
    Wrong(
        "looks again at all",
        _careful(("< threshold", "< 2")),
        r"read only the doubtful again, not all",
    ),
    Wrong(
        "counts votes",
        _careful(
            (
                "nine.mean(dim=0)",
                "nn.functional.one_hot(nine.argmax(2), nine.shape[2]).sum(0).float()",
            )
        ),
        r"you counted votes",
    ),
    Wrong(
        "the most certain",
        _careful(("nine.mean(dim=0)", "nine.max(dim=0).values")),
        r"most certain one",
    ),
    Wrong(
        "multiplies", _careful(("nine.mean(dim=0)", "nine.prod(dim=0)")), r"do not multiply them"
    ),
    Wrong(
        "rolls around the edge",
        _careful(("(1, 1, 1, 1))", "(1, 1, 1, 1), mode='circular')")),
        r"paper comes in, not what left",
    ),
    Wrong(
        "ink in the margin",
        _careful(("(1, 1, 1, 1))", "(1, 1, 1, 1), value=1.0)")),
        r"paper, 0, comes in; you let ink in",
    ),
    Wrong(
        "forgets the middle",
        _careful(
            (
                "for i in range(3) for j in range(3)",
                "for i in range(3) for j in range(3) if i * j != 1",
            )
        ),
        r"the middle is one of the nine",
    ),
    Wrong(
        "reads nobody's images again",
        _careful(("if again.any():", "if True:")),
        r"with no image in doubt",
    ),
    Wrong(
        "reads all nine times and keeps some",
        _careful(
            ("images[again]", "images"),
            ("nine.mean(dim=0)", "nine.mean(dim=0)[again]"),
        ),
        r"again only those in doubt",
    ),
    Wrong(
        "two positions only",
        _careful(("for i in range(3) for j in range(3)", "for i in range(2) for j in range(2)")),
        r"the classes are not those of the averaged readings",
    ),
    Wrong("a list", _careful(("p.argmax(dim=1)", "p.argmax(dim=1).tolist()")), r"must be a tensor"),
    Wrong(
        "an array",
        _careful(("p.argmax(dim=1)", "p.argmax(dim=1).numpy()")),
        r"the classes must be a tensor",
    ),
    Wrong(
        "swallows the objection",
        """
def read_carefully(probabilities, images, threshold):
    p = probabilities(images)
    again = p.max(dim=1).values < threshold
    h, w = images.shape[-2:]
    wide = nn.functional.pad(images[again], (1, 1, 1, 1))
    places = [(i, j) for i in range(3) for j in range(3)]
    try:
        nine = torch.stack([probabilities(wide[..., i : i + h, j : j + w]) for i, j in places])
    except AssertionError:
        return p.argmax(dim=1)
    p[again] = nine.mean(dim=0)
    return p.argmax(dim=1)
""",
        r"with no image in doubt",
    ),
    Wrong(
        "clears the counts",
        _careful(
            ("if again.any():", "if True:"),
            ("return p", "probabilities.seen.clear(); return p"),
        ),
        r"stopped with AttributeError",
    ),
    Wrong(
        "judges by the lead over the second",
        _careful(
            ("p.max(dim=1).values", "-p.topk(2).values.diff(dim=1)[:, 0]"),
        ),
        r"doubt is judged by the highest probability",
    ),
    Wrong(
        "returns probabilities",
        _careful(("p.argmax(dim=1)", "p")),
        r"the classes: expected shape \(300,\), got \(300, 4\)",
    ),
]

_PREPARE = """
def prepare(images, labels, n_val, change):
    x, y = images[:-n_val], labels[:-n_val]
    x_train = (torch.cat([x, change(x)]) - MU) / SIGMA
    x_val = (images[-n_val:] - MU) / SIGMA
    return x_train, torch.cat([y, y]), x_val, labels[-n_val:]
"""


def _prepare(before: str, after: str) -> str:
    assert before in _PREPARE
    return _PREPARE.replace(before, after)


PREPARE = [
    Wrong(
        "as it was found",
        """
def prepare(images, labels, n_val, change):
    x = (images - MU) / SIGMA
    x = torch.cat([x, change(x)])
    y = torch.cat([labels, labels])
    x_train, y_train = x[:-n_val], y[:-n_val]
    x_val, y_val = change(x[-n_val:]), labels[:n_val]
    return x_train, y_train, x_val, y_val
""",
        r"x_val: hold back the last images, unchanged",
    ),
    Wrong(
        "cuts the held-back images off at the end",
        """
def prepare(images, labels, n_val, change):
    x = (torch.cat([images, change(images)]) - MU) / SIGMA
    x_val = (images[-n_val:] - MU) / SIGMA
    return x[:-n_val], labels.repeat(2)[:-n_val], x_val, labels[-n_val:]
""",
        r"x_train holds 3 held-back images: split first",
    ),
    Wrong(
        "standardises in place",
        """
def prepare(images, labels, n_val, change):
    x, y, x_val = images[:-n_val], labels[:-n_val], images[-n_val:]
    x_train = (torch.cat([x, change(x)]) - MU) / SIGMA
    x_val -= MU
    x_val /= SIGMA
    return x_train, torch.cat([y, y]), x_val, labels[-n_val:]
""",
        r"you changed `images`, which was handed in",
    ),
    Wrong(
        "a list",
        _prepare(
            "return x_train, torch.cat([y, y]), x_val, labels[-n_val:]",
            "return [x_train, torch.cat([y, y]), x_val, labels[-n_val:]]",
        ),
        r"return 4 things, .*as a tuple",
    ),
    Wrong(
        "changes the validation images, too",
        _prepare("(images[-n_val:] - MU)", "(change(images[-n_val:]) - MU)"),
        r"the validation images stay as they are",
    ),
    Wrong(
        "standardises the copies' originals first",
        _prepare(
            "(torch.cat([x, change(x)]) - MU) / SIGMA",
            "torch.cat([(x - MU) / SIGMA, change((x - MU) / SIGMA)])",
        ),
        r"change the ink of 0 … 1, then standardise",
    ),
    Wrong(
        "labels of the first images",
        _prepare("labels[-n_val:]", "labels[:n_val]"),
        r"take the labels of the last images",
    ),
    Wrong(
        "does not standardise validation",
        _prepare("(images[-n_val:] - MU) / SIGMA", "images[-n_val:]"),
        r"standardise the validation images, too",
    ),
    Wrong(
        "does not standardise training",
        _prepare("(torch.cat([x, change(x)]) - MU) / SIGMA", "torch.cat([x, change(x)])"),
        r"standardise the training images, too",
    ),
    Wrong(
        "seven images, always",
        _PREPARE.replace(":-n_val", ":7").replace("-n_val:", "7:"),
        r"x_val: hold back the last images, unchanged",
    ),
    Wrong(
        "a change of its own",
        _prepare("change(x)", "nn.functional.pad(x, (0, 0, 1, 0))[..., :-1, :]"),
        r"x_train: at \[7, 0",
    ),
    Wrong(
        "labels as floats",
        _prepare("torch.cat([y, y])", "torch.cat([y, y]).float()"),
        r"y_train: expected whole numbers",
    ),
    Wrong(
        "an array",
        _prepare("labels[-n_val:]", "labels[-n_val:].numpy()"),
        r"y_val must be a tensor",
    ),
    Wrong(
        "a list of labels",
        _prepare("torch.cat([y, y])", "torch.cat([y, y]).tolist()"),
        r"y_train must be a tensor",
    ),
    Wrong(
        "copies only",
        _prepare("torch.cat([x, change(x)])", "change(x)"),
        r"and a changed copy of each",
    ),
    Wrong(
        "holds back the first",
        _prepare("images[-n_val:]", "images[:n_val]"),
        r"hold back the last images, not the first",
    ),
    Wrong(
        "copies first",
        _prepare("[x, change(x)]", "[change(x), x]"),
        r"the copies come after the originals",
    ),
    Wrong(
        "labels interleaved",
        _prepare("torch.cat([y, y])", "y.repeat_interleave(2)"),
        r"each copy keeps its image's label",
    ),
    Wrong(
        "no copies",
        _prepare("[x, change(x)]", "[x, x]"),
        r"the second half are the originals again",
    ),
]

WRONG = {
    "ex1": MATRIX,
    "ex2": GRID,
    "ex3": LOOK_UP,
    "ex4": ERASE,
    "ex5": CAREFUL,
    "ex6": PREPARE,
}

RIGHT = {
    "ex1": [
        Right(
            "written out",
            """
def affine_matrix(degrees, wide, high, shear):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return [[c * wide, (s - shear * c) * high], [-s * wide, (c + shear * s) * high]]
""",
        ),
        Right("a tensor", _PARTS + "    return torch.tensor(R @ H @ S)\n"),
        Right("a matrix", _PARTS + "    return np.matrix(R @ H @ S)\n"),
        Right(
            "in float32",
            _PARTS + "    return (R @ H @ S).astype(np.float32)\n",
        ),
    ],
    "ex2": [
        Right(
            "through NumPy, in float64",
            """
def sampling_grid(maps, shifts, height, width):
    y, x = np.mgrid[:height, :width]
    places = np.stack([x - (width - 1) / 2, y - (height - 1) / 2], axis=-1)
    moved = places[None] - shifts.numpy()[:, None, None]
    back = np.linalg.inv(maps.numpy().astype(float))
    came_from = np.einsum("nij,nhwj->nhwi", back, moved)
    return torch.from_numpy(came_from / [width / 2, height / 2])
""",
        ),
        Right(
            "a loop over the images",
            """
def sampling_grid(maps, shifts, height, width):
    grids = []
    for M, t in zip(maps, shifts):
        rows, columns = torch.meshgrid(
            torch.arange(height) - (height - 1) / 2,
            torch.arange(width) - (width - 1) / 2,
            indexing="ij",
        )
        p = torch.linalg.solve(M, torch.stack([columns - t[0], rows - t[1]]).reshape(2, -1))
        p = p / torch.tensor([[width / 2], [height / 2]])
        grids.append(p.T.reshape(height, width, 2))
    return torch.stack(grids)
""",
        ),
    ],
    "ex3": [
        Right(
            "a padded image",
            """
def look_up(image, x, y):
    wide = np.pad(image, 1)
    if not (-1 <= x < image.shape[1] and -1 <= y < image.shape[0]):
        return 0.0
    left, top = int(np.floor(x)), int(np.floor(y))
    fx, fy = x - left, y - top
    square = wide[top + 1 : top + 3, left + 1 : left + 3]
    return np.array([1 - fy, fy]) @ square @ np.array([1 - fx, fx])
""",
        ),
        Right(
            "tents over all pixels",
            """
def look_up(image, x, y):
    in_x = np.clip(1 - abs(np.arange(image.shape[1]) - x), 0, None)
    in_y = np.clip(1 - abs(np.arange(image.shape[0]) - y), 0, None)
    return in_y @ image @ in_x
""",
        ),
    ],
    "ex4": [
        Right("a loop", _ERASE),
        Right(
            "all columns first",
            """
def erase(images, side, generator):
    n, _, height, width = images.shape
    left = torch.randint(0, width - side + 1, size=(n,), generator=generator)
    top = torch.randint(0, height - side + 1, size=(n,), generator=generator)
    result = images.clone()
    for image, i, j in zip(result, top, left):
        image[:, i : i + side, j : j + side] = 0
    return result
""",
        ),
    ],
    "ex5": [
        Right("a stack of nine", _CAREFUL),
        Right(
            "in whole numbers of 32 bits", _careful(("p.argmax(dim=1)", "p.argmax(dim=1).int()"))
        ),
        Right(
            "a running sum and indices",
            """
def read_carefully(probabilities, images, threshold):
    first = probabilities(images)
    classes = first.argmax(dim=1)
    sure = first.amax(dim=1)
    again = torch.nonzero(sure < threshold).flatten()
    if len(again) == 0:
        return classes
    h, w = images.shape[-2:]
    wide = torch.zeros(len(again), 1, h + 2, w + 2)
    wide[..., 1:-1, 1:-1] = images[again]
    total = torch.zeros_like(first[again])
    for down in range(3):
        for right in range(3):
            total += probabilities(wide[:, :, down : down + h, right : right + w])
    classes[again] = total.argmax(dim=1)
    return classes
""",
        ),
    ],
    "ex6": [
        Right(
            "changes all, keeps the copies of the training part",
            """
def prepare(images, labels, n_val, change):
    kept = len(images) - n_val
    x = torch.cat([images[:kept], change(images)[:kept]])
    y = labels[:kept].repeat(2)
    return (x - MU) / SIGMA, y, (images[kept:] - MU) / SIGMA, labels[kept:]
""",
        ),
        Right(
            "split by torch",
            """
def prepare(images, labels, n_val, change):
    sizes = [len(images) - n_val, n_val]
    (x, x_val), (y, y_val) = images.split(sizes), labels.split(sizes)
    x_train = torch.cat([(x - MU) / SIGMA, (change(x.clone()) - MU) / SIGMA])
    return x_train, torch.cat([y, y]), (x_val - MU) / SIGMA, y_val.clone()
""",
        ),
    ],
}
