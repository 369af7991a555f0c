"""Wrong answers to the exercises of chapter 4, and right ones in other styles."""

from tests.exercises import Right, Wrong


def _conventions(
    turned: str = "kernel[::-1, ::-1]",
    paddings: str = "(0, k // 2, k - 1)",
    pad: str = "np.pad(image, padding)",
    plain: str = "kernel",
    value: str = "(windows * table).sum(axis=(2, 3))",
) -> str:
    """The solution of exercise 1 with one part exchanged."""
    return f"""
def all_conventions(image, kernel):
    k, results = len(kernel), {{}}
    for ending, table in (("", {plain}), (" turned", {turned})):
        for name, padding in zip(("valid", "same", "full"), {paddings}):
            wide = {pad}
            windows = np.lib.stride_tricks.sliding_window_view(wide, (k, k))
            results[name + ending] = {value}
    return results
"""


CONVENTIONS = [
    Wrong(
        "square images only, wrong shapes",
        """
def all_conventions(image, kernel):
    k, results = len(kernel), {}
    for ending, table in (("", kernel), (" turned", kernel[::-1, ::-1])):
        for name, padding in (("valid", 0), ("same", k // 2), ("full", k - 1)):
            wide = np.pad(image, padding)
            side = len(wide) - k + 1
            results[name + ending] = np.zeros((side, side))
            for r, c in np.ndindex(side, side):
                part = wide[r : r + k, c : c + k]
                results[name + ending][r, c] = (part * table[:, : part.shape[1]]).sum()
    return results
""",
        r"images need not be square: count rows and columns apart. .*expected shape",
    ),
    Wrong(
        "square images only, an exception",
        """
def all_conventions(image, kernel):
    k, results = len(kernel), {}
    for ending, table in (("", kernel), (" turned", kernel[::-1, ::-1])):
        for name, padding in (("valid", 0), ("same", k // 2), ("full", k - 1)):
            wide = np.pad(image, padding)
            side = max(wide.shape) - k + 1
            results[name + ending] = np.array([
                [(wide[r : r + k, c : c + k] * table).sum() for c in range(side)]
                for r in range(side)
            ])
    return results
""",
        r"images need not be square: count rows and columns apart. .*stopped with ValueError",
    ),
    Wrong("turns up-down only", _conventions(turned="kernel[::-1]"), r"you did it up-down only"),
    Wrong(
        "turns left-right only",
        _conventions(turned="kernel[:, ::-1]"),
        r"you did it left-right only",
    ),
    Wrong("transposes", _conventions(turned="kernel.T"), r"you did it transposed"),
    Wrong(
        "turns by 90°",
        _conventions(turned="np.rot90(kernel)"),
        r"turn the kernel by 180°; you did it by 90°",
    ),
    Wrong(
        "turns the wrong three",
        _conventions(plain="kernel[::-1, ::-1]", turned="kernel"),
        r"turned for the keys that end in 'turned', and only for those",
    ),
    Wrong("never turns", _conventions(turned="kernel"), r"keys that end in 'turned'"),
    Wrong(
        "same and full exchanged",
        _conventions(paddings="(0, k - 1, k // 2)"),
        r"you mixed up same and full",
    ),
    Wrong(
        "k zeros for full",
        _conventions(paddings="(0, k // 2, k)"),
        r"full: expected shape .*: the padding is 0 for k = 1",
    ),
    Wrong(
        "copies the border",
        _conventions(pad='np.pad(image, padding, "edge")'),
        r"pad with zeros, not with copies",
    ),
    Wrong(
        "cuts sums to 0 and 1",
        _conventions(value="(windows * table).sum(axis=(2, 3)).clip(0, 1)"),
        r"wrong sums",
    ),
    Wrong(
        "three results only",
        """
def all_conventions(image, kernel):
    modes = ("valid", "same", "full")
    return {mode: signal.correlate2d(image, kernel, mode) for mode in modes}
""",
        r"slide and turn the kernel yourself",
    ),
    Wrong(
        "four results only",
        """
def all_conventions(image, kernel):
    return {name: image.copy() for name in ("valid", "same", "full", "full turned")}
""",
        r"a dictionary with the keys .*'full turned'.*, not one with the keys",
    ),
    Wrong(
        "padding for kernels of 3 only",
        _conventions(paddings="(0, 1, 2)"),
        r"the padding is (0|2|4) for k = (1|5)",
    ),
    Wrong(
        "cuts off fractions",
        _conventions(value="(windows * table).sum(axis=(2, 3)).astype(int)"),
        r"wrong sums",
    ),
    Wrong(
        "turns the kernel that was handed in",
        _conventions(turned="np.copyto(kernel, kernel[::-1, ::-1].copy()) or kernel"),
        r"you changed `kernel`",
    ),
    Wrong(
        "remembers by shape",
        """
seen = {}

def all_conventions(image, kernel):
    key = image.shape, kernel.shape
    if key not in seen:
        k, results = len(kernel), {}
        for ending, table in (("", kernel), (" turned", kernel[::-1, ::-1])):
            for name, padding in (("valid", 0), ("same", k // 2), ("full", k - 1)):
                wide = np.pad(image, padding)
                windows = np.lib.stride_tricks.sliding_window_view(wide, (k, k))
                results[name + ending] = (windows * table).sum(axis=(2, 3))
        seen[key] = results
    return seen[key]
""",
        r"memory of an earlier result",
    ),
]


def _unfold(
    pad: str = "np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))",
    strides: str = "[:, :, ::stride, ::stride]",
    order: str = "(0, 1, 4, 5, 2, 3)",
    result: str = "blocks.reshape(n, c * k * k, -1)",
) -> str:
    """The solution of exercise 2 with one part exchanged."""
    return f"""
def unfold(x, k, padding=0, stride=1):
    n, c = x.shape[:2]
    x = {pad}
    windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3)){strides}
    blocks = windows.transpose{order}
    return {result}
"""


UNFOLD = [
    Wrong(
        "places first",
        _unfold(result="blocks.reshape(n, c * k * k, -1).transpose(2, 0, 1)"),
        r"the axes are images, numbers of a window, places",
    ),
    Wrong(
        "pads all four axes",
        _unfold(
            pad="np.pad(x, padding)",
            result="""(
        windows.transpose(0, 1, 4, 5, 2, 3).reshape(len(x), x.shape[1] * k * k, -1)
    )""",
        ),
        r"pad the last two axes only",
    ),
    Wrong(
        "reshaped without a transpose",
        _unfold(result="windows.reshape(n, c * k * k, -1)"),
        r"the axes are mixed: transpose before you reshape",
    ),
    Wrong(
        "places stacked, then reshaped",
        """
def unfold(x, k, padding=0, stride=1):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    n, c, h, w = x.shape
    columns = [
        x[:, :, r : r + k, q : q + k].reshape(n, -1)
        for r in range(0, h - k + 1, stride)
        for q in range(0, w - k + 1, stride)
    ]
    return np.stack(columns).reshape(n, c * k * k, -1)
""",
        r"the axes are mixed: transpose before you reshape",
    ),
    Wrong(
        "one row for each place",
        _unfold(result="blocks.reshape(n, c * k * k, -1).transpose(0, 2, 1)"),
        r"rows and columns are exchanged",
    ),
    Wrong("no stride", _unfold(strides=""), r"the stride is missing"),
    Wrong("no padding", _unfold(pad="x"), r"the padding is missing"),
    Wrong(
        "channels last in a column",
        _unfold(order="(0, 4, 5, 1, 2, 3)"),
        r"channels come first in a column",
    ),
    Wrong(
        "windows column by column",
        _unfold(order="(0, 1, 5, 4, 2, 3)"),
        r"inside a window the numbers run row by row",
    ),
    Wrong(
        "places column by column",
        _unfold(order="(0, 1, 4, 5, 3, 2)"),
        r"the places run row by row",
    ),
    Wrong(
        "not reshaped",
        _unfold(result="blocks"),
        r"reshape the numbers to \(n, c \* k \* k, places\)",
    ),
    Wrong(
        "copies the border",
        _unfold(pad='np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2), "edge")'),
        r"pad with zeros, not with copies",
    ),
    Wrong(
        "turns the window",
        _unfold(result="blocks[:, :, ::-1, ::-1].reshape(n, c * k * k, -1)"),
        r"do not turn the window",
    ),
    Wrong(
        "lets PyTorch do it",
        """
def unfold(x, k, padding=0, stride=1):
    x = torch.tensor(x)
    return nn.functional.unfold(x, k, padding=padding, stride=stride).numpy()
""",
        r"cut the windows out yourself",
    ),
    Wrong(
        "zeros below and right only",
        _unfold(pad="np.pad(x, ((0, 0), (0, 0), (0, 2 * padding), (0, 2 * padding)))"),
        r"on all four sides, not below and right only",
    ),
    Wrong(
        "all images in one table",
        _unfold(result="windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, c * k * k)"),
        r"keep the images apart",
    ),
]


def _pixels(
    sizes: str = "(sizes[-1] + 2 * p - k) // s + 1",
    order: str = "zip(reversed(layers), reversed(sizes[:-1]))",
    step: str = "max(first * s - p, 0), min(last * s - p + k - 1, n - 1)",
    result: str = "first, last",
) -> str:
    """The solution of exercise 3 with one part exchanged."""
    return f"""
def pixels_seen(layers, position, size):
    sizes = [size]
    for k, s, p in layers:
        sizes.append({sizes})
    first = last = position
    for (k, s, p), n in {order}:
        first, last = {step}
    return {result}
"""


FREE = "first * s - p, last * s - p + k - 1"

PIXELS_SEEN = [
    Wrong(
        "does not cut",
        _pixels(step=FREE),
        r"padding is not part of the image: cut off what lies outside",
    ),
    Wrong(
        "cuts at the image only",
        _pixels(step=FREE, result="max(first, 0), min(last, size - 1)"),
        r"cut off padding at every layer, not only at the image",
    ),
    Wrong(
        "goes forwards",
        _pixels(order="zip(layers, [size] * 9)", step=FREE),
        r"go backwards: begin with the last layer",
    ),
    Wrong(
        "forgets the padding",
        _pixels(step="max(first * s, 0), min(last * s + k - 1, n - 1)"),
        r"the padding is missing: the window begins at a \* s - p",
    ),
    Wrong(
        "one pixel too far",
        _pixels(step="max(first * s - p, 0), min(last * s - p + k, n - 1)"),
        r"a window of k pixels from a ends at a \+ k - 1",
    ),
    Wrong("last before first", _pixels(result="last, first"), r"first comes before last"),
    Wrong(
        "returns how many",
        _pixels(result="last - first + 1"),
        r"return 2 things, first pixel, last pixel, not",
    ),
    Wrong(
        "sizes that forget the padding",
        _pixels(sizes="(sizes[-1] - k) // s + 1"),
        r"do it by hand, backwards",
    ),
    Wrong(
        "cuts at the output's size",
        _pixels(order="zip(reversed(layers), reversed(sizes[1:]))"),
        r"cut at the size of a layer's input, not of its output",
    ),
    Wrong(
        "uses up the list",
        """
def pixels_seen(layers, position, size):
    sizes = [size]
    for k, s, p in layers:
        sizes.append((sizes[-1] + 2 * p - k) // s + 1)
    first = last = position
    while layers:
        k, s, p = layers.pop()
        first, last = max(first * s - p, 0), min(last * s - p + k - 1, sizes[len(layers)] - 1)
    return first, last
""",
        r"you changed `layers`",
    ),
    Wrong("floats", _pixels(result="float(first), float(last)"), r"must be a whole number"),
    Wrong(
        "forgets the stride",
        _pixels(step="max(first - p, 0), min(last - p + k - 1, n - 1)"),
        r"the stride is missing",
    ),
]


def _cost(
    side: str = "(size + 2 * padding - k) // stride + 1",
    weights: str = "n_out * n_in * k * k",
    parameters: str = "weights + n_out * bias",
    multiplies: str = "weights * side * side",
) -> str:
    """The solution of exercise 4 with one part exchanged."""
    return f"""
def conv_cost(n_in, n_out, k, size, stride=1, padding=0, bias=True):
    weights = {weights}
    side = {side}
    return {parameters}, {multiplies}
"""


CONV_COST = [
    Wrong(
        "cut off at the end",
        _cost(multiplies="int(weights * ((size + 2 * padding - k) / stride + 1) ** 2)"),
        r"cut off with // before you square",
    ),
    Wrong(
        "multiply-adds of one channel",
        _cost(multiplies="weights // n_in * side**2"),
        r"multiply-adds.*each kernel spans all input channels",
    ),
    Wrong("one bias", _cost(parameters="weights + bias"), r"one bias per output channel, not a"),
    Wrong("always a bias", _cost(parameters="weights + n_out"), r"only if there is one"),
    Wrong("never a bias", _cost(parameters="weights"), r"a bias for each output channel"),
    Wrong(
        "a bias for each input",
        _cost(parameters="weights + n_in * bias"),
        r"per output channel, not per input channel",
    ),
    Wrong("kernels of one channel", _cost(weights="n_out * k * k"), r"each kernel spans all input"),
    Wrong("k weights", _cost(weights="n_out * n_in * k"), r"a kernel has k · k weights"),
    Wrong(
        "parameters at every place",
        _cost(parameters="(weights + n_out * bias) * side * side"),
        r"parameters are shared by all places",
    ),
    Wrong(
        "counts the bias",
        _cost(multiplies="(weights + n_out * bias) * side * side"),
        r"adding the bias is no multiply-add",
    ),
    Wrong("places of the input", _cost(multiplies="weights * size**2"), r"of the output, not of"),
    Wrong("no stride", _cost(side="size + 2 * padding - k + 1"), r"the stride is missing"),
    Wrong("no padding", _cost(side="(size - k) // stride + 1"), r"the padding is missing"),
    Wrong(
        "padding on one side",
        _cost(side="(size + padding - k) // stride + 1"),
        r"padding counts on both sides",
    ),
    Wrong("no + 1", _cost(side="(size + 2 * padding - k) // stride"), r"the \+ 1 is missing"),
    Wrong("one direction", _cost(multiplies="weights * side"), r"in both directions"),
    Wrong(
        "fractions of places",
        _cost(side="(size + 2 * padding - k) / stride + 1"),
        r"each number must be a whole number",
    ),
    Wrong(
        "rounds",
        _cost(side="round((size + 2 * padding - k) / stride) + 1"),
        r"cut off with //, do not round",
    ),
    Wrong(
        "+ 1 before the division",
        _cost(side="(size + 2 * padding - k + 1) // stride"),
        r"the \+ 1 stands behind the division",
    ),
    Wrong(
        "np.floor",
        _cost(side="np.floor((size + 2 * padding - k) / stride) + 1"),
        r"must be a whole number.*its type is float",
    ),
]


def _batch_norm(
    mean: str = "x.mean(axis=(0, 2, 3))",
    var: str = "x.var(axis=(0, 2, 3))",
    unbiased: str = "x.var(axis=(0, 2, 3), ddof=1)",
    when: str = "training",
    old: str = "(1 - momentum)",
    new: str = "momentum",
    root: str = "np.sqrt(var + eps)",
    shape: str = "(1, -1, 1, 1)",
    y: str = "(x - mean.reshape(shape)) * scale.reshape(shape) + bias.reshape(shape)",
) -> str:
    """The solution of exercise 5 with one part exchanged."""
    return f"""
def batch_norm(x, weight, bias, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    mean, var, shape = running_mean, running_var, {shape}
    if {when}:
        mean, var = {mean}, {var}
        unbiased = {unbiased}
        running_mean = {old} * running_mean + {new} * mean
        running_var = {old} * running_var + {new} * unbiased
    scale = weight / {root}
    y = {y}
    return y, running_mean, running_var
"""


BATCH_NORM = [
    Wrong(
        "moves first, then normalises",
        _batch_norm(
            y="(x - running_mean.reshape(shape)) * scale.reshape(shape) + bias.reshape(shape)",
            root="np.sqrt(running_var + eps)",
        ),
        r"not with the running ones just moved$",
    ),
    Wrong(
        "moves by the biased variance, then normalises",
        _batch_norm(
            y="(x - running_mean.reshape(shape)) * scale.reshape(shape) + bias.reshape(shape)",
            root="np.sqrt(running_var + eps)",
            unbiased="var",
        ),
        r"not with the running ones just moved \(nor divide by N to move\)",
    ),
    Wrong(
        "N - 1 of the images alone",
        _batch_norm(unbiased="var * len(x) / (len(x) - 1)"),
        r"running variance: N counts places, too",
    ),
    Wrong(
        "the batch's numbers always",
        _batch_norm(when="True"),
        r"with training=False, take the running mean and variance",
    ),
    Wrong(
        "the running numbers always",
        _batch_norm(when="False"),
        r"with training=True, take the batch mean and variance",
    ),
    Wrong(
        "over the images only",
        """
def batch_norm(x, weight, bias, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    s = (1, -1, 1, 1)
    m, v = running_mean.reshape(s), running_var.reshape(s)
    if training:
        m, v = x.mean(axis=0, keepdims=True), x.var(axis=0, keepdims=True)
        running_mean = (1 - momentum) * running_mean + momentum * m.mean(axis=(0, 2, 3))
        running_var = (1 - momentum) * running_var + momentum * v.mean(axis=(0, 2, 3))
    y = (x - m) / np.sqrt(v + eps) * weight.reshape(s) + bias.reshape(s)
    return y, running_mean, running_var
""",
        r"over images and places; you took the images only",
    ),
    Wrong(
        "each image for itself",
        """
def batch_norm(x, weight, bias, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    s = (1, -1, 1, 1)
    m, v = running_mean.reshape(s), running_var.reshape(s)
    if training:
        m, v = x.mean(axis=(2, 3), keepdims=True), x.var(axis=(2, 3), keepdims=True)
        running_mean = (1 - momentum) * running_mean + momentum * m.mean(axis=(0, 2, 3))
        running_var = (1 - momentum) * running_var + momentum * v.mean(axis=(0, 2, 3))
    y = (x - m) / np.sqrt(v + eps) * weight.reshape(s) + bias.reshape(s)
    return y, running_mean, running_var
""",
        r"you normalised each image for itself",
    ),
    Wrong(
        "all channels together",
        _batch_norm(mean="np.full(x.shape[1], x.mean())", var="np.full(x.shape[1], x.var())"),
        r"each channel for itself",
    ),
    Wrong(
        "N - 1 to normalise",
        _batch_norm(var="x.var(axis=(0, 2, 3), ddof=1)"),
        r"to normalise, divide by N, not by N - 1",
    ),
    Wrong(
        "N for the running variance",
        _batch_norm(unbiased="var"),
        r"running variance: it takes N - 1 in the denominator",
    ),
    Wrong(
        "momentum the other way round",
        _batch_norm(old="momentum", new="(1 - momentum)"),
        r"\(1 - momentum\) is the share of the old one",
    ),
    Wrong("no root", _batch_norm(root="(var + eps)"), r"divide by the square root"),
    Wrong("eps outside", _batch_norm(root="(np.sqrt(var) + eps)"), r"eps belongs under the root"),
    Wrong(
        "no eps", _batch_norm(root="np.sqrt(var)"), r"eps is missing|take the eps that is handed in"
    ),
    Wrong(
        "its own eps",
        _batch_norm(root="np.sqrt(var + 1e-5)"),
        r"take the eps that is handed in",
    ),
    Wrong(
        "lets PyTorch do it",
        """
def batch_norm(x, weight, bias, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    x, weight, bias, m, v = (
        torch.tensor(part) for part in (x, weight, bias, running_mean, running_var)
    )
    y = nn.functional.batch_norm(x, m, v, weight, bias, training, momentum, eps)
    return y.numpy(), m.numpy(), v.numpy()
""",
        r"use NumPy",
    ),
    Wrong(
        "no weight and bias",
        _batch_norm(y="(x - mean.reshape(shape)) / np.sqrt(var + eps).reshape(shape)"),
        r"weight and bias are missing",
    ),
    Wrong(
        "running numbers stand still",
        _batch_norm(old="1", new="0"),
        r"running mean: it must move while training",
    ),
    Wrong(
        "changes in place",
        """
def batch_norm(x, weight, bias, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    s = (1, -1, 1, 1)
    mean, var = running_mean.copy(), running_var.copy()
    if training:
        mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
        running_mean *= 1 - momentum
        running_mean += momentum * mean
        running_var *= 1 - momentum
        running_var += momentum * x.var(axis=(0, 2, 3), ddof=1)
    y = (x - mean.reshape(s)) / np.sqrt(var + eps).reshape(s) * weight.reshape(s)
    return y + bias.reshape(s), running_mean, running_var
""",
        r"you changed `running_mean`",
    ),
]


def _read(
    batch: str = "batch.unsqueeze(1)",
    start: str = "norm.eval()",
    end: str = "norm.train(was_training)",
    relu: str = "norm(x).relu()",
    more: str = "",
    flat: str = "x.flatten(1)",
    answer: str = "linear(x).argmax(dim=1)",
) -> str:
    """The solution of exercise 6 with one part exchanged."""
    return f"""
def read_digits(conv, norm, linear, images, batch_size):
    was_training = norm.training
    {start}
    digits = []
    with torch.no_grad():
        for batch in images.split(batch_size):
            x = nn.functional.max_pool2d(conv({batch}), 2)
            x = nn.functional.max_pool2d({relu}, 2)
            {more}
            x = {flat}
            digits.append({answer})
    {end}
    return torch.cat(digits)
"""


READ_DIGITS = [
    Wrong("784 channels", _read(batch="batch.reshape(-1, 784, 1, 1)"), r"not 784 channels of one"),
    Wrong("no channel", _read(batch="batch"), r"unsqueeze\(1\) puts the channel behind"),
    Wrong(
        "pools three times",
        _read(more="x = nn.functional.max_pool2d(x, 2)"),
        r"pool twice, then flatten",
    ),
    Wrong(
        "flattens with the batch",
        _read(flat="x.reshape(linear.in_features, -1).T"),
        r"the flattening mixes the images",
    ),
    Wrong("one row for all", _read(flat="x.flatten(0)"), r"too many or too few numbers reach"),
    Wrong(
        "no eval", _read(start="", end=""), r"its `running_mean` changed: was it in training mode"
    ),
    Wrong(
        "stays in evaluation mode",
        _read(end=""),
        r"leave `norm` as it came: it came in training mode",
    ),
    Wrong(
        "back in training mode always",
        _read(end="norm.train()"),
        r"`norm` as it came: it came in evaluation",
    ),
    Wrong("no ReLU", _read(relu="norm(x)"), r"the ReLU behind norm is missing"),
    Wrong(
        "batch statistics, averages kept",
        _read(
            start="pass",
            relu="nn.functional.batch_norm(x, None, None, norm.weight, norm.bias, True).relu()",
            end="",
        ),
        r"BatchNorm was in training mode",
    ),
    Wrong("returns the scores", _read(answer="linear(x)"), r"got \(50, 10\)"),
    Wrong(
        "without norm's weight and bias",
        _read(
            relu="((x - norm.running_mean.reshape(1, -1, 1, 1))"
            " / (norm.running_var + norm.eps).sqrt().reshape(1, -1, 1, 1)).relu()"
        ),
        r"norm's own weight and bias are missing",
    ),
    Wrong(
        "norm before the first pooling",
        """
def read_digits(conv, norm, linear, images, batch_size):
    was_training = norm.training
    norm.eval()
    digits = []
    with torch.no_grad():
        for batch in images.split(batch_size):
            x = nn.functional.max_pool2d(norm(conv(batch.unsqueeze(1))), 2)
            x = nn.functional.max_pool2d(x.relu(), 2)
            digits.append(linear(x.flatten(1)).argmax(dim=1))
    norm.train(was_training)
    return torch.cat(digits)
""",
        r"pool first, then norm",
    ),
]

WRONG = {
    "ex1": CONVENTIONS,
    "ex2": UNFOLD,
    "ex3": PIXELS_SEEN,
    "ex4": CONV_COST,
    "ex5": BATCH_NORM,
    "ex6": READ_DIGITS,
}

RIGHT = {
    "ex1": [
        Right(
            "place by place, as lists",
            """
def all_conventions(image, kernel):
    k = len(kernel)

    def slide(padding, table):
        wide = np.pad(image, padding)
        rows, columns = wide.shape[0] - k + 1, wide.shape[1] - k + 1
        return [
            [float((wide[r : r + k, c : c + k] * table).sum()) for c in range(columns)]
            for r in range(rows)
        ]

    sides = {"valid": 0, "same": (k - 1) // 2, "full": k - 1}
    plain = {name: slide(side, kernel) for name, side in sides.items()}
    flipped = np.flip(kernel)
    return plain | {name + " turned": slide(side, flipped) for name, side in sides.items()}
""",
        ),
    ],
    "ex2": [
        Right(
            "place by place",
            """
def unfold(x, k, padding=0, stride=1):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    n, _, h, w = x.shape
    columns = [
        x[:, :, r : r + k, c : c + k].reshape(n, -1)
        for r in range(0, h - k + 1, stride)
        for c in range(0, w - k + 1, stride)
    ]
    return np.stack(columns, axis=2)
""",
        ),
        Right("by windows", _unfold()),
        Right("as a tensor", _unfold(result="torch.tensor(blocks.reshape(n, c * k * k, -1))")),
    ],
    "ex3": [
        Right(
            "all pixels, layer by layer",
            """
def pixels_seen(layers, position, size):
    reach = [{i} for i in range(size)]
    for k, s, p in layers:
        n = (len(reach) + 2 * p - k) // s + 1
        windows = [range(a * s - p, a * s - p + k) for a in range(n)]
        reach = [set().union(*(reach[i] for i in w if 0 <= i < len(reach))) for w in windows]
    return [min(reach[position]), max(reach[position])]
""",
        ),
        Right("NumPy's whole numbers", _pixels(result="np.int64(first), np.int64(last)")),
    ],
    "ex4": [
        Right("int() for //", _cost(side="int((size + 2 * padding - k) / stride) + 1")),
        Right("counts the places", _cost(side="len(range(0, size + 2 * padding - k + 1, stride))")),
    ],
    "ex5": [
        Right("the solution's parts", _batch_norm()),
        Right(
            "channel by channel",
            """
def batch_norm(x, weight, bias, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    y, means, variances = np.zeros(x.shape), running_mean.copy(), running_var.copy()
    for c in range(x.shape[1]):
        values = x[:, c].ravel()
        m, v = running_mean[c], running_var[c]
        if training:
            m = values.sum() / len(values)
            v = ((values - m) ** 2).sum() / len(values)
            means[c] += momentum * (m - means[c])
            variances[c] += momentum * (v * len(values) / (len(values) - 1) - variances[c])
        y[:, c] = weight[c] * (x[:, c] - m) / (v + eps) ** 0.5 + bias[c]
    return [y, means, variances]
""",
        ),
    ],
    "ex6": [
        Right("the solution's parts", _read()),
        Right(
            "a copy in evaluation mode",
            """
def read_digits(conv, norm, linear, images, batch_size):
    reader = nn.Sequential(
        conv, nn.MaxPool2d(2), copy.deepcopy(norm).eval(), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()
    )
    with torch.no_grad():
        parts = [linear(reader(batch[:, None])).argmax(1) for batch in images.split(batch_size)]
    return torch.cat(parts)
""",
        ),
    ],
}
