"""Wrong answers to the exercises of chapter 1, and right ones in other styles."""

from tests.exercises import Right, Wrong

TEST = (
    'if len(data) < 4 or data[:3] != b"\\x00\\x00\\x08" or len(data) < 4 + 4 * data[3]:\n'
    '        raise ValueError("no IDX file of unsigned bytes")'
)
SIZES = 'shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]'
LENGTH = 'if len(values) != np.prod(shape):\n        raise ValueError("length")'


def reader(
    first: str = TEST,
    sizes: str = SIZES,
    values: str = "values = np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape))",
    length: str = LENGTH,
    last: str = "return values.reshape(shape)",
) -> str:
    """An answer to exercise 1, a few lines of which are exchanged."""
    lines = ["def read_idx(data):", first, sizes, values, length, last]
    return "\n    ".join(line for line in lines if line) + "\n"


READ_IDX = [
    Wrong(
        "reads the sizes with the least significant byte first",
        reader(sizes=SIZES.replace("big", "little")),
        r"a sound file of shape \(2, 3\): read_idx.* stopped with ValueError: length",
    ),
    Wrong(
        "always skips sixteen bytes",
        reader(values="values = np.frombuffer(data, np.uint8, offset=16)[: np.prod(shape)]"),
        r"a sound file of shape \(2, 3\): read_idx.* stopped with ValueError: length",
    ),
    Wrong(
        "takes one byte of each size",
        reader(sizes="shape = [data[7 + 4 * i] for i in range(data[3])]"),
        r"a sound file of shape \(300, 6\): read_idx.* stopped with ValueError: length",
    ),
    Wrong(
        "signed bytes",
        reader(values="values = np.frombuffer(data, np.int8, offset=4 + 4 * len(shape))"),
        r"expected uint8, got int8",
    ),
    Wrong(
        "first index varies fastest",
        reader(last='return values.reshape(shape, order="F")'),
        r"right shape, wrong order: the last index varies fastest",
    ),
    Wrong(
        "leaves the values in one row",
        reader(last="return values"),
        r"expected shape \(2, 3\), got \(6,\)",
    ),
    Wrong(
        "begins right behind the fourth byte",
        reader(
            values="values = np.frombuffer(data, np.uint8, offset=4)",
            length=LENGTH.replace("values)", "values) - 4 * len(shape)"),
            last="return values[: np.prod(shape)].reshape(shape)",
        ),
        r"the values start behind the whole header",
    ),
    Wrong(
        "takes a file that is cut short",
        reader(
            length="n = int(np.prod(shape))\n"
            "    values = np.pad(values, (0, max(n - len(values), 0)))[:n]"
        ),
        r"one value is missing at the end of the file: read_idx must raise ValueError, and raised",
    ),
    Wrong(
        "drops what is too much",
        reader(length="values = values[: np.prod(shape)]"),
        r"a value too many at the end of the file: read_idx must raise ValueError, and",
    ),
    Wrong(
        "looks at the type but not at the bytes before it",
        reader(first='if len(data) < 4 or data[2] != 8:\n        raise ValueError("type")'),
        r"the first byte is not 00: read_idx must raise ValueError, and raised nothing",
    ),
    Wrong(
        "looks at the first byte and the type only",
        reader(
            first='if len(data) < 4 or data[0] or data[2] != 8:\n        raise ValueError("type")'
        ),
        r"the second byte is not 00: read_idx must raise ValueError, and raised nothing",
    ),
    Wrong(
        "does not look at the type",
        reader(first='if len(data) < 4 or data[0] or data[1]:\n        raise ValueError("zeros")'),
        r"the type is 0d, not 08: read_idx must raise ValueError, and raised nothing",
    ),
    Wrong(
        "has no fourth byte in a file of three",
        reader(first='if data[:3] != b"\\x00\\x00\\x08":\n        raise ValueError("no IDX")'),
        r"ends within its header, after 3 bytes: read_idx must raise ValueError; .*IndexError",
    ),
    Wrong(
        "tests with an assertion",
        reader(first='assert data[:3] == b"\\x00\\x00\\x08"'),
        r"after 0 bytes: read_idx must raise ValueError; .*AssertionError, without",
    ),
    Wrong(
        "keeps results by the length of the file",
        "kept = {}\n\n\n" + reader(last="return kept.setdefault(len(data), values.reshape(shape))"),
        r"keep nothing from call to call|gives two different results",
    ),
    Wrong(
        "takes two bytes of each size",
        reader(sizes=SIZES.replace("data[4", "data[6")),
        r"a sound file of shape \(70000,\): read_idx.* stopped with ValueError: length",
    ),
]

READ_IDX_RIGHT = [
    Right(
        "by struct and a copy",
        """
import struct

def read_idx(data):
    data = bytes(data)
    if len(data) < 4 or struct.unpack(">HB", data[:3]) != (0, 8):
        raise ValueError("no IDX file of unsigned bytes")
    end = 4 + 4 * data[3]
    if len(data) < end:
        raise ValueError("cut short within the header")
    shape = struct.unpack(f">{data[3]}I", data[4:end])
    return np.array(list(data[end:]), dtype=np.uint8).reshape(shape)
""",
    ),
    Right(
        "by NumPy alone, whose errors are ValueErrors",
        """
def read_idx(data):
    head = np.frombuffer(data, np.uint8, count=4)
    if head[0] or head[1] or head[2] != 8:
        raise ValueError("no IDX file of unsigned bytes")
    shape = np.frombuffer(data, ">u4", count=int(head[3]), offset=4)
    rest = np.frombuffer(bytes(data) + b"\\0", np.uint8, offset=4 + 4 * int(head[3]))[:-1]
    return rest.reshape(tuple(int(n) for n in shape))
""",
    ),
]


def mover(
    k: str = "round((row - 13.5) * np.tan(np.radians(degrees)))",
    condition: str = "0 <= column + k < 28",
    target: str = "result[row, column + k]",
    before: str = "result = np.zeros_like(image)",
) -> str:
    """An answer to exercise 2, parts of which are exchanged."""
    return f"""
def straighten(image, degrees):
    {before}
    for row in range(28):
        k = {k}
        for column in range(28):
            if {condition}:
                {target} = image[row, column]
    return result
"""


STRAIGHTEN = [
    Wrong(
        "moves the rows the wrong way",
        mover(condition="0 <= column - k < 28", target="result[row, column - k]"),
        r"the lean got worse",
    ),
    Wrong(
        "rolls the rows round",
        """
def straighten(image, degrees):
    return np.stack([
        np.roll(image[row], round((row - 13.5) * np.tan(np.radians(degrees)))) for row in range(28)
    ])
""",
        r"came back on the other: fill with 0",
    ),
    Wrong(
        "hands degrees to the tangent",
        mover(k="round((row - 13.5) * np.tan(degrees))"),
        r"expects radians",
    ),
    Wrong(
        "works on the image it was handed",
        """
def straighten(image, degrees):
    for row in range(28):
        image[row] = np.roll(image[row], round((row - 13.5) * np.tan(np.radians(degrees))))
    return image
""",
        r"you changed `image`, which was handed in",
    ),
    Wrong(
        "moves columns instead of rows",
        """
def straighten(image, degrees):
    result = np.zeros_like(image)
    for column in range(28):
        k = round((column - 13.5) * np.tan(np.radians(degrees)))
        for row in range(28):
            if 0 <= row + k < 28:
                result[row + k, column] = image[row, column]
    return result
""",
        r"moved the columns up and down",
    ),
    Wrong(
        "measures the rows from 14 instead of 13.5",
        mover(k="round((row - 14) * np.tan(np.radians(degrees)))"),
        r"the middle of the rows 0 … 27 is 13\.5",
    ),
    Wrong(
        "cuts off the fraction instead of rounding",
        mover(k="int((row - 13.5) * np.tan(np.radians(degrees)))"),
        r"the fraction of k is cut off",
    ),
    Wrong(
        "rounds down",
        mover(k="int(np.floor((row - 13.5) * np.tan(np.radians(degrees))))"),
        r"k is rounded down",
    ),
    Wrong(
        "lets negative columns count from the other end",
        mover(condition="-28 <= column + k < 28"),
        r"rows \[.*\] are wrong.*test both ends",
    ),
    Wrong(
        "returns a copy of the image as it came",
        "def straighten(image, degrees):\n    return image.copy()\n",
        r"nothing moved",
    ),
    Wrong(
        "returns the image itself at 0 degrees",
        mover(before="if degrees == 0:\n        return image\n    result = np.zeros_like(image)"),
        r"shares its memory with `image`: return a new array",
    ),
    Wrong(
        "fills the same array each time",
        "kept = np.zeros((28, 28), np.uint8)\n" + mover(before="kept[:] = 0\n    result = kept"),
        r"earlier result",
    ),
    Wrong(
        "slices that are empty for steep angles",
        """
def straighten(image, degrees):
    result = np.zeros_like(image)
    for r in range(28):
        s = round((r - 13.5) * np.tan(np.radians(degrees)))
        if s > 0:
            result[r, s:] = image[r, : 28 - s]
        elif s < 0:
            result[r, :s] = image[r, -s:]
        else:
            result[r] = image[r]
    return result
""",
        r"75.* stopped with ValueError",
    ),
    Wrong(
        "in floats",
        mover(before="result = np.zeros((28, 28))"),
        r"the image: expected uint8, got float64",
    ),
]

STRAIGHTEN_RIGHT = [
    Right("pixel by pixel", mover()),
    Right(
        "all rows at once, with an array of indices",
        """
def straighten(image, degrees):
    k = np.rint((np.arange(28) - 13.5) * np.tan(np.deg2rad(degrees))).astype(int)
    source = np.arange(28)[None] - k[:, None]
    inside = (source >= 0) & (source < 28)
    rows = image[np.arange(28)[:, None], source.clip(0, 27)]
    return np.where(inside, rows, 0).astype(image.dtype)
""",
    ),
    Right(
        "on a wide canvas, in float32",
        """
import math

def straighten(image, degrees):
    slope = np.float32(math.tan(math.radians(degrees)))
    rows = []
    for r, row in enumerate(image):
        k = int(np.round(np.float32(r - 13.5) * slope))
        k = max(-28, min(28, k))
        wide = np.zeros(84, image.dtype)
        wide[28 + k : 56 + k] = row
        rows.append(wide[28:56])
    return np.array(rows)
""",
    ),
]

RECALL_AND_PRECISION = [
    Wrong(
        "exchanges the two",
        """
def recall_and_precision(counts):
    right = np.diag(counts)
    return (right / np.maximum(counts.sum(axis=0), 1), right / np.maximum(counts.sum(axis=1), 1))
""",
        r"these are the values of precision",
    ),
    Wrong(
        "divides by all images",
        """
def recall_and_precision(counts):
    share = np.diag(counts) / counts.sum()
    return share, share.copy()
""",
        r"divide by the class's images, not by all",
    ),
    Wrong(
        "one figure for all classes",
        """
def recall_and_precision(counts):
    share = np.trace(counts) / counts.sum()
    return share, share
""",
        r"recall: expected shape \(2,\), got \(\)",
    ),
    Wrong(
        "divides by zero for a class that is missing",
        """
def recall_and_precision(counts):
    right = np.diag(counts)
    return right / counts.sum(axis=1), right / counts.sum(axis=0)
""",
        r"0 / 0: its value must be 0",
    ),
    Wrong(
        "leaves what is not divided unfilled",
        """
def recall_and_precision(counts):
    right, rows, columns = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    return (np.divide(right, rows, where=rows > 0), np.divide(right, columns, where=columns > 0))
""",
        r"where= and without out=",
    ),
    Wrong(
        "leaves the right answers out of the precision's divisor",
        """
def recall_and_precision(counts):
    right = np.diag(counts)
    wrong = counts.sum(axis=0) - right
    return right / np.maximum(counts.sum(axis=1), 1), right / np.maximum(wrong, 1)
""",
        r"precision: it is what is right over the sum of the column",
    ),
    Wrong(
        "knows ten classes only",
        """
def recall_and_precision(counts):
    recall, precision = np.zeros(10), np.zeros(10)
    for k in range(min(10, len(counts))):
        recall[k] = counts[k, k] / max(counts[k].sum(), 1)
        precision[k] = counts[k, k] / max(counts[:, k].sum(), 1)
    return recall, precision
""",
        r"recall: expected shape \(2,\), got \(10,\)",
    ),
    Wrong(
        "goes through ten classes whatever the size",
        """
def recall_and_precision(counts):
    recall = [counts[k, k] / max(counts[k].sum(), 1) for k in range(10)]
    precision = [counts[k, k] / max(counts[:, k].sum(), 1) for k in range(10)]
    return np.array(recall), np.array(precision)
""",
        r"stopped with IndexError: index 2 is out of bounds",
    ),
    Wrong(
        "adds to ten zeros",
        """
def recall_and_precision(counts):
    recall = np.zeros(10) + np.diag(counts) / np.maximum(counts.sum(axis=1), 1)
    return recall, np.diag(counts) / np.maximum(counts.sum(axis=0), 1)
""",
        r"recall_and_precision\(.*\) stopped with ValueError",
    ),
    Wrong(
        "fills arrays of whole numbers",
        """
def recall_and_precision(counts):
    recall, precision = np.zeros_like(counts[0]), np.zeros_like(counts[0])
    for k in range(len(counts)):
        recall[k] = counts[k, k] / max(counts[k].sum(), 1)
        precision[k] = counts[k, k] / max(counts[:, k].sum(), 1)
    return recall, precision
""",
        r"whole numbers cut off the fraction",
    ),
    Wrong(
        "empties the diagonal of what it was handed",
        """
def recall_and_precision(counts):
    right = np.diag(counts).copy()
    np.fill_diagonal(counts, 0)
    return (right / np.maximum(counts.sum(axis=1) + right, 1),
            right / np.maximum(counts.sum(axis=0) + right, 1))
""",
        r"you changed `counts`, which was handed in",
    ),
]

RECALL_AND_PRECISION_RIGHT = [
    Right(
        "in float32, class by class, as lists",
        """
def recall_and_precision(counts):
    k = counts.shape[0]
    counts = counts.astype(np.float32)
    recall = [counts[c, c] / max(counts[c].sum(), 1) for c in range(k)]
    precision = [counts[c, c] / max(counts[:, c].sum(), 1) for c in range(k)]
    return [recall, precision]
""",
    ),
    Right(
        "divides and then replaces what is not a number",
        """
def recall_and_precision(counts):
    with np.errstate(invalid="ignore", divide="ignore"):
        both = [np.diagonal(counts) / counts.sum(axis=axis) for axis in (1, 0)]
    return tuple(np.nan_to_num(values) for values in both)
""",
    ),
    Right(
        "np.divide with out=",
        """
def recall_and_precision(counts):
    right, rows, columns = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    return tuple(
        np.divide(right, n, out=np.zeros(len(counts)), where=n > 0) for n in (rows, columns)
    )
""",
    ),
]


def standardiser(mean: str, deviation: str, other: str = "") -> str:
    """An answer to exercise 4 with these two constants, for ``other`` with those given there."""
    theirs = other or "mean, deviation"
    return f"""
def standardise(train, other):
    x, y = train / 255, other / 255
    both = np.concatenate([x, y])
    mean, deviation = {mean}, {deviation}
    a, b = {theirs}
    return (x - mean) / deviation, (y - a) / b
"""


STANDARDISE = [
    Wrong(
        "uses each set's own constants",
        standardiser("x.mean()", "x.std()", "y.mean(), y.std() + 1e-12"),
        r"other: it has the constants of `other`",
    ),
    Wrong(
        "a mean and a deviation for each pixel",
        standardiser("x.mean(axis=0)", "x.std(axis=0) + 1e-12"),
        r"train: standardised pixel by pixel",
    ),
    Wrong(
        "a mean and a deviation for each image",
        """
def standardise(train, other):
    def one(x):
        x = x / 255
        return (x - x.mean((1, 2), keepdims=True)) / (x.std((1, 2), keepdims=True) + 1e-12)
    return one(train), one(other)
""",
        r"train: standardised image by image",
    ),
    Wrong(
        "divides by the variance",
        standardiser("x.mean()", "x.var()"),
        r"train: divided by the variance",
    ),
    Wrong(
        "a deviation that ignores how the images differ",
        standardiser("x.mean()", "np.sqrt(x.var(axis=(1, 2)).mean())"),
        r"train: the deviation leaves out how the images differ",
    ),
    Wrong(
        "the mean of the images' deviations",
        standardiser("x.mean()", "x.std(axis=(1, 2)).mean()"),
        r"train: a mean of the images' deviations is not the deviation",
    ),
    Wrong(
        "forgets to scale the other set",
        """
def standardise(train, other):
    train = train / 255
    mean, deviation = train.mean(), train.std()
    return (train - mean) / deviation, (other - mean) / deviation
""",
        r"other: its pixels are not divided by 255, the constants are",
    ),
    Wrong(
        "constants of both sets together",
        standardiser("both.mean()", "both.std()"),
        r"train: its constants come from both sets together",
    ),
    Wrong(
        "standardises both with constants known from somewhere",
        standardiser("0.1307", "0.3081"),
        r"train: \(pixels / 255 - mean of train\) / deviation of train was expected",
    ),
    Wrong(
        "does not subtract the mean",
        standardiser("0", "x.std()"),
        r"train: the mean is not subtracted",
    ),
    Wrong(
        "stays in whole numbers",
        """
def standardise(train, other):
    mean, deviation = int(train.mean()), int(train.std())
    return (train.astype(int) - mean) // deviation, (other.astype(int) - mean) // deviation
""",
        r"train: expected floats, got int64",
    ),
    Wrong(
        "divides by 255 without the fraction",
        """
def standardise(train, other):
    train, other = train // 255, other // 255
    mean, deviation = train.mean(), train.std()
    return (train - mean) / deviation, (other - mean) / deviation
""",
        r"train: \(pixels / 255 - mean of train\) / deviation of train was expected",
    ),
    Wrong(
        "rows and columns exchanged",
        standardiser("x.mean()", "x.std()").replace(
            "return (x - mean) / deviation", "return ((x - mean) / deviation).transpose(0, 2, 1)"
        ),
        r"train: \(pixels / 255 - mean of train\) / deviation of train was expected",
    ),
    Wrong(
        "in float16",
        """
def standardise(train, other):
    mean, deviation = (train / 255).mean(), (train / 255).std()
    return tuple(((x / 255 - mean) / deviation).astype(np.float16) for x in (train, other))
""",
        r"float16 keeps three digits only",
    ),
    Wrong(
        "subtracts in place",
        """
def standardise(train, other):
    mean, deviation = train.mean(), train.std()
    train -= mean
    return train / deviation, (other - mean) / deviation
""",
        r"standardise\(.*\) stopped with \w*UFunc",
    ),
]

STANDARDISE_RIGHT = [
    Right(
        "forgets the 255 on both sides",
        """
def standardise(train, other):
    mean, deviation = train.mean(), train.std()
    return (train - mean) / deviation, (other - mean) / deviation
""",
    ),
    Right(
        "in float32, as a list",
        """
def standardise(train, other):
    x, y = (s.astype(np.float32) / np.float32(255) for s in (train, other))
    mean, deviation = x.mean(dtype=np.float64), x.std(dtype=np.float64)
    return [(s - np.float32(mean)) / np.float32(deviation) for s in (x, y)]
""",
    ),
    Right("deviation of a sample", standardiser("x.mean()", "x.std(ddof=1)")),
    Right(
        "by scikit-learn's scaler, on one column",
        """
def standardise(train, other):
    scaler = StandardScaler().fit(train.reshape(-1, 1) / 255)
    return tuple(scaler.transform(s.reshape(-1, 1) / 255).reshape(s.shape) for s in (train, other))
""",
    ),
]


def splitter(
    order: str = "np.random.default_rng(seed).permutation(len(images))",
    cut: str = "validation, train = order[:n_validation], order[n_validation:]",
    train_labels: str = "labels[train]",
    labels_of_validation: str = "labels[validation]",
    before: str = "pass",
) -> str:
    """An answer to exercise 5, parts of which are exchanged."""
    return f"""
def split(images, labels, n_validation, seed):
    {before}
    order = {order}
    {cut}
    return {{"train": (images[train], {train_labels}),
            "validation": (images[validation], {labels_of_validation})}}
"""


SPLIT = [
    Wrong(
        "untouched but for the leading comment",
        splitter(
            cut="validation, train = order[:-n_validation], order[len(order) // 2 :]",
            labels_of_validation="labels[: len(validation)]",
        ),
        r"train should hold 80 of 100 images .* it holds 50 and 50",
    ),
    Wrong(
        "exchanged parts",
        splitter(cut="validation, train = order[n_validation:], order[:n_validation]"),
        r"train should hold 80 of 100 images and as many labels, it holds 20",
    ),
    Wrong(
        "some validation images are trained on",
        splitter(
            cut="validation, train = order[-n_validation:], order[: len(order) - n_validation]\n"
            "    train = np.roll(order, 5)[: len(train)]"
        ),
        r"images are in both parts: that is a leak",
    ),
    Wrong(
        "labels that belong to other images",
        splitter(labels_of_validation="labels[:n_validation]"),
        r"in validation, images and labels do not belong together",
    ),
    Wrong(
        "cuts off the end of the list",
        splitter(order="np.arange(len(images))[::-1]"),
        r"another seed must give another split",
    ),
    Wrong(
        "another split each time",
        splitter(order="np.random.default_rng().permutation(len(images))"),
        r"called twice with the same arguments, split gives two different results",
    ),
    Wrong(
        "always a fifth",
        splitter(before="n_validation = len(images) // 5"),
        r"train should hold 60 of 90 images",
    ),
    Wrong(
        "ignores the seed",
        splitter(order="np.random.default_rng(0).permutation(len(images))"),
        r"another seed must give another split",
    ),
    Wrong(
        "leaves half of the training images out",
        splitter(
            cut="validation, train = order[:n_validation], order[n_validation:][: len(order) // 2]"
        ),
        r"train should hold 80 of 100 images",
    ),
    Wrong(
        "cuts at minus nothing",
        splitter(cut="train, validation = order[:-n_validation], order[-n_validation:]"),
        r"train should hold 50 of 50 images and as many labels, it holds 0",
    ),
    Wrong(
        "a block at a random place",
        splitter(
            before="first = np.random.default_rng(seed).integers(len(images))",
            order="np.roll(np.arange(len(images)), first)",
        ),
        r"must not depend on which others are",
    ),
    Wrong(
        "every so many images, from a random first one",
        splitter(
            order="np.arange(len(images))",
            cut="step = max(len(images) // max(n_validation, 1), 1)\n"
            "    first = np.random.default_rng(seed).integers(step)\n"
            "    validation = np.arange(first, len(images), step)\n"
            "    validation = validation[:n_validation]\n"
            "    train = np.setdiff1d(order, validation)",
        ),
        r"must not depend on which others are|validation should hold",
    ),
    Wrong(
        "draws from the first half only",
        splitter(
            order="np.random.default_rng(seed).permutation(len(images) // 2)\n"
            "    order = np.concatenate([order, np.arange(len(images) // 2, len(images))])"
        ),
        r"an image held back must be one of 0 … 39, each as likely",
    ),
    Wrong(
        "seeds the generator that all share",
        splitter(before="np.random.seed(seed)", order="np.random.permutation(len(images))"),
        r"NumPy's generator that all cells share, or seeded it",
    ),
    Wrong(
        "sorts the labels it was handed",
        splitter(before="labels.sort()"),
        r"you changed `labels`, which was handed in",
    ),
    Wrong(
        "shuffles the images it was handed",
        """
def split(images, labels, n_validation, seed):
    np.random.default_rng(seed).shuffle(images)
    np.random.default_rng(seed).shuffle(labels)
    n = len(images) - n_validation
    return {"train": (images[:n].copy(), labels[:n].copy()),
            "validation": (images[n:].copy(), labels[n:].copy())}
""",
        r"you changed `images`, which was handed in",
    ),
    Wrong(
        "returns lists",
        """
def split(images, labels, n_validation, seed):
    order = np.random.default_rng(seed).permutation(len(images)).tolist()
    parts = {"validation": order[:n_validation], "train": order[n_validation:]}
    return {name: ([images[i] for i in part], [labels[i] for i in part])
            for name, part in parts.items()}
""",
        r"the images of train must be a NumPy array, not a list",
    ),
    Wrong(
        "draws with replacement",
        splitter(
            before="n, rng = len(images), np.random.default_rng(seed)",
            cut="train, validation = rng.integers(n, size=n - n_validation), order[:n_validation]",
        ),
        r"train holds an image more than once",
    ),
]

SPLIT_RIGHT = [
    Right(
        "by scikit-learn, stratified where it can be",
        """
def split(images, labels, n_validation, seed):
    if n_validation == 0:
        return {"train": (images.copy(), labels.copy()),
                "validation": (images[:0].copy(), labels[:0].copy())}
    enough = n_validation >= 10 and np.bincount(labels).min() > 1
    x, vx, y, vy = train_test_split(images, labels, test_size=n_validation, random_state=seed,
                                    stratify=labels if enough else None)
    return {"validation": (vx, vy), "train": (x, y)}
""",
    ),
    Right(
        "a mask and an old generator",
        """
def split(images, labels, n_validation, seed):
    chosen = np.random.RandomState(seed).choice(len(images), n_validation, replace=False)
    held = np.zeros(len(images), bool)
    held[chosen] = True
    return {"train": [images[~held], labels[~held]], "validation": [images[held], labels[held]]}
""",
    ),
]

WRONG = {
    "ex1": READ_IDX,
    "ex2": STRAIGHTEN,
    "ex3": RECALL_AND_PRECISION,
    "ex4": STANDARDISE,
    "ex5": SPLIT,
}
RIGHT = {
    "ex1": READ_IDX_RIGHT,
    "ex2": STRAIGHTEN_RIGHT,
    "ex3": RECALL_AND_PRECISION_RIGHT,
    "ex4": STANDARDISE_RIGHT,
    "ex5": SPLIT_RIGHT,
}
