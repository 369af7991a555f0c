"""Wrong answers to the exercises of chapter 1."""

from tests.exercises import Wrong

READ_HEADER = [
    Wrong(
        "counts the values only",
        "def describe_file():\n    return (10, 2, 5), 2, 200\n",
        r"the values alone: the header takes room too",
    ),
    Wrong(
        "takes the header to be four bytes",
        "def describe_file():\n    return (10, 2, 5), 2, 204\n",
        r"the header is longer than 4 bytes",
    ),
    Wrong(
        "one byte per value, as in MNIST's files",
        "def describe_file():\n    return (10, 2, 5), 1, 116\n",
        r"a value does not take 1 byte.*0b, in the table",
    ),
    Wrong(
        "reads the sizes backwards",
        "def describe_file():\n    return (5, 2, 10), 2, 216\n",
        r"the shape is not \(5, 2, 10\)",
    ),
    Wrong(
        "takes MNIST's header length for granted and adds it wrongly",
        "def describe_file():\n    return (10, 2, 5), 2, 232\n",
        r"the length is not 232",
    ),
    Wrong(
        "returns the length alone",
        "def describe_file():\n    return 216\n",
        r"return three things",
    ),
]

READ_IDX = [
    Wrong(
        "reads the sizes with the least significant byte first",
        """
def read_idx(data):
    if data[:3] != b"\\x00\\x00\\x08":
        raise ValueError("not IDX")
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "little") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)
""",
        r"was refused .*most significant first",
    ),
    Wrong(
        "always skips sixteen bytes",
        """
def read_idx(data):
    if data[:3] != b"\\x00\\x00\\x08":
        raise ValueError("not IDX")
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=16)[: np.prod(shape)].reshape(shape)
""",
        r"was refused .*then come the values",
    ),
    Wrong(
        "signed bytes",
        """
def read_idx(data):
    if data[:3] != b"\\x00\\x00\\x08":
        raise ValueError("not IDX")
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    values = np.frombuffer(data, np.int8, offset=4 + 4 * len(shape))
    if len(values) != np.prod(shape):
        raise ValueError("length")
    return values.reshape(shape)
""",
        r"unsigned bytes 0 … 255, your dtype is int8",
    ),
    Wrong(
        "first index varies fastest",
        """
def read_idx(data):
    if data[:3] != b"\\x00\\x00\\x08":
        raise ValueError("not IDX")
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape))
    return values.reshape(shape, order="F")
""",
        r"right shape, wrong values: the last index varies fastest",
    ),
    Wrong(
        "leaves the values in one row",
        """
def read_idx(data):
    if data[:3] != b"\\x00\\x00\\x08":
        raise ValueError("not IDX")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3])
""",
        r"expected shape \(4, 3, 5\), got \(60,\)",
    ),
    Wrong(
        "takes a file that is cut short",
        """
def read_idx(data):
    if data[:3] != b"\\x00\\x00\\x08":
        raise ValueError("not IDX")
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    values = np.zeros(int(np.prod(shape)), np.uint8)
    body = np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape))
    values[: len(body)] = body[: len(values)]
    return values.reshape(shape)
""",
        r"one value is missing at the end of the file: read_idx must raise ValueError",
    ),
    Wrong(
        "drops what is too much",
        """
def read_idx(data):
    if data[:3] != b"\\x00\\x00\\x08":
        raise ValueError("not IDX")
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    body = np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape))
    return body[: np.prod(shape)].reshape(shape)
""",
        r"a value too many at the end of the file: read_idx must raise ValueError",
    ),
    Wrong(
        "looks at the type but not at the bytes before it",
        """
def read_idx(data):
    if data[2] != 8:
        raise ValueError("not unsigned bytes")
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)
""",
        r"the first byte is not 00: read_idx must raise ValueError",
    ),
    Wrong(
        "takes one byte of each size",
        """
def read_idx(data):
    if data[:3] != b"\\x00\\x00\\x08":
        raise ValueError("not IDX")
    shape = [data[7 + 4 * i] for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)
""",
        r"was refused .*each is four bytes",
    ),
    Wrong(
        "does not look at the type",
        """
def read_idx(data):
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)
""",
        r"the type is 0d, not 08: read_idx must raise ValueError",
    ),
]

STRAIGHTEN = [
    Wrong(
        "moves the rows the wrong way",
        """
def straighten(image, degrees):
    upright = np.zeros_like(image)
    for row in range(28):
        k = round((row - 13.5) * np.tan(np.radians(degrees)))
        for column in range(28):
            if 0 <= column - k < 28:
                upright[row, column - k] = image[row, column]
    return upright
""",
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
        r"came back on the other",
    ),
    Wrong(
        "hands degrees to the tangent",
        """
def straighten(image, degrees):
    upright = np.zeros_like(image)
    for row in range(28):
        k = round((row - 13.5) * np.tan(degrees))
        for column in range(28):
            if 0 <= column + k < 28:
                upright[row, column + k] = image[row, column]
    return upright
""",
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
        r"you changed the image that was handed in",
    ),
    Wrong(
        "moves columns instead of rows",
        """
def straighten(image, degrees):
    upright = np.zeros_like(image)
    for column in range(28):
        k = round((column - 13.5) * np.tan(np.radians(degrees)))
        for row in range(28):
            if 0 <= row + k < 28:
                upright[row + k, column] = image[row, column]
    return upright
""",
        r"moved the columns up and down",
    ),
    Wrong(
        "measures the rows from 14 instead of 13.5",
        """
def straighten(image, degrees):
    upright = np.zeros_like(image)
    for row in range(28):
        k = round((row - 14) * np.tan(np.radians(degrees)))
        for column in range(28):
            if 0 <= column + k < 28:
                upright[row, column + k] = image[row, column]
    return upright
""",
        r"rows \[.*\] are wrong: compare k there by hand",
    ),
    Wrong(
        "cuts off the fraction instead of rounding",
        """
def straighten(image, degrees):
    upright = np.zeros_like(image)
    for row in range(28):
        k = int((row - 13.5) * np.tan(np.radians(degrees)))
        for column in range(28):
            if 0 <= column + k < 28:
                upright[row, column + k] = image[row, column]
    return upright
""",
        r"rows \[.*\] are wrong: compare k there by hand",
    ),
    Wrong(
        "lets negative columns count from the other end",
        """
def straighten(image, degrees):
    upright = np.zeros_like(image)
    for row in range(28):
        k = round((row - 13.5) * np.tan(np.radians(degrees)))
        for column in range(28):
            if column + k < 28:
                upright[row, column + k] = image[row, column]
    return upright
""",
        r"a negative index counts from the other end",
    ),
    Wrong(
        "returns the image as it came",
        "def straighten(image, degrees):\n    return image.copy()\n",
        r"nothing moved",
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
        r"recall and precision are exchanged",
    ),
    Wrong(
        "divides by all images",
        """
def recall_and_precision(counts):
    share = np.diag(counts) / counts.sum()
    return share, share
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
        r"expected two arrays of shape \(10,\)",
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
        "leaves the right answers out of the precision's divisor",
        """
def recall_and_precision(counts):
    right = np.diag(counts)
    wrong = counts.sum(axis=0) - right
    return right / np.maximum(counts.sum(axis=1), 1), right / np.maximum(wrong, 1)
""",
        r"precision is wrong",
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
        r"expected two arrays of shape \(3,\)",
    ),
    Wrong(
        "goes through ten classes whatever the size",
        """
def recall_and_precision(counts):
    recall = [counts[k, k] / max(counts[k].sum(), 1) for k in range(10)]
    precision = [counts[k, k] / max(counts[:, k].sum(), 1) for k in range(10)]
    return np.array(recall), np.array(precision)
""",
        r"with 3 classes it fails .* take k from counts.shape",
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
]

STANDARDISE = [
    Wrong(
        "uses each set's own constants",
        """
def standardise(train, other):
    return tuple((x / 255 - (x / 255).mean()) / (x / 255).std() for x in (train, other))
""",
        r"standardised with its own constants",
    ),
    Wrong(
        "a mean and a deviation for each pixel",
        """
def standardise(train, other):
    train, other = train / 255, other / 255
    mean, deviation = train.mean(axis=0), train.std(axis=0) + 1e-8
    return (train - mean) / deviation, (other - mean) / deviation
""",
        r"each pixel by itself",
    ),
    Wrong(
        "a mean and a deviation for each image",
        """
def standardise(train, other):
    def one(x):
        x = x / 255
        return (x - x.mean((1, 2), keepdims=True)) / x.std((1, 2), keepdims=True)
    return one(train), one(other)
""",
        r"each image by itself",
    ),
    Wrong(
        "divides by the variance",
        """
def standardise(train, other):
    train, other = train / 255, other / 255
    mean, variance = train.mean(), train.var()
    return (train - mean) / variance, (other - mean) / variance
""",
        r"divide by std \(not var\) of this very set",
    ),
    Wrong(
        "forgets to scale the other set",
        """
def standardise(train, other):
    train = train / 255
    mean, deviation = train.mean(), train.std()
    return (train - mean) / deviation, (other - mean) / deviation
""",
        r"train is right, other is not",
    ),
    Wrong(
        "constants of both sets together",
        """
def standardise(train, other):
    train, other = train / 255, other / 255
    both = np.concatenate([train, other])
    return (train - both.mean()) / both.std(), (other - both.mean()) / both.std()
""",
        r"the constants come from both sets together",
    ),
    Wrong(
        "standardises both with constants known from somewhere",
        """
def standardise(train, other):
    return (train / 255 - 0.1307) / 0.3081, (other / 255 - 0.1307) / 0.3081
""",
        r"subtract the mean of this very set",
    ),
    Wrong(
        "stays in whole numbers",
        """
def standardise(train, other):
    mean, deviation = train.mean().astype(int), train.std().astype(int)
    return (train - mean) // deviation, (other - mean) // deviation
""",
        r"convert before you calculate",
    ),
]

SPLIT = [
    Wrong(
        "untouched but for the leading comment",
        """
def split(images, labels, n_validation, seed):
    order = np.random.default_rng(seed).permutation(len(images))
    validation, train = order[:-n_validation], order[len(order) // 2 :]
    return {"train": (images[train], labels[train]),
            "validation": (images[validation], labels[: len(validation)])}
""",
        r"the two parts are exchanged",
    ),
    Wrong(
        "exchanged parts",
        """
def split(images, labels, n_validation, seed):
    order = np.random.default_rng(seed).permutation(len(images))
    validation, train = order[:-n_validation], order[-n_validation:]
    return {"train": (images[train], labels[train]),
            "validation": (images[validation], labels[validation])}
""",
        r"the two parts are exchanged",
    ),
    Wrong(
        "half of the validation images are trained on",
        """
def split(images, labels, n_validation, seed):
    order = np.random.default_rng(seed).permutation(len(images))
    validation, train = order[-n_validation:], order[n_validation:]
    return {"train": (images[train], labels[train]),
            "validation": (images[validation], labels[validation])}
""",
        r"images are in both parts: that is a leak",
    ),
    Wrong(
        "labels that belong to other images",
        """
def split(images, labels, n_validation, seed):
    order = np.random.default_rng(seed).permutation(len(images))
    validation, train = order[-n_validation:], order[:-n_validation]
    return {"train": (images[train], labels[train]),
            "validation": (images[validation], labels[:n_validation])}
""",
        r"in validation, images and labels do not belong together",
    ),
    Wrong(
        "cuts off the end of the list",
        """
def split(images, labels, n_validation, seed):
    return {"train": (images[:-n_validation], labels[:-n_validation]),
            "validation": (images[-n_validation:], labels[-n_validation:])}
""",
        r"you cut off one end of the list",
    ),
    Wrong(
        "another split each time",
        """
def split(images, labels, n_validation, seed):
    order = np.random.default_rng().permutation(len(images))
    validation, train = order[-n_validation:], order[:-n_validation]
    return {"train": (images[train], labels[train]),
            "validation": (images[validation], labels[validation])}
""",
        r"the same seed must give the same split",
    ),
    Wrong(
        "always a fifth",
        """
def split(images, labels, n_validation, seed):
    order = np.random.default_rng(seed).permutation(len(images))
    n = len(images) // 5
    return {"train": (images[order[n:]], labels[order[n:]]),
            "validation": (images[order[:n]], labels[order[:n]])}
""",
        r"validation should hold 30 images",
    ),
    Wrong(
        "ignores the seed",
        """
def split(images, labels, n_validation, seed):
    order = np.random.default_rng(0).permutation(len(images))
    validation, train = order[-n_validation:], order[:-n_validation]
    return {"train": (images[train], labels[train]),
            "validation": (images[validation], labels[validation])}
""",
        r"another seed must give another split",
    ),
    Wrong(
        "leaves half of the training images out",
        """
def split(images, labels, n_validation, seed):
    order = np.random.default_rng(seed).permutation(len(images))
    validation, train = order[-n_validation:], order[: len(order) // 2]
    return {"train": (images[train], labels[train]),
            "validation": (images[validation], labels[validation])}
""",
        r"train should hold the 80 others",
    ),
]

WRONG = {
    "ex1": READ_HEADER,
    "ex2": READ_IDX,
    "ex3": STRAIGHTEN,
    "ex4": RECALL_AND_PRECISION,
    "ex5": STANDARDISE,
    "ex6": SPLIT,
}
