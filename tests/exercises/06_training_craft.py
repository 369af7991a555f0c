"""Wrong answers to the exercises of chapter 6, and right ones in other styles."""

from tests.exercises import Right, Wrong


def _variants(code: str):
    """A function that replaces one part of ``code``, which must be there."""

    def changed(before: str, after: str) -> str:
        assert before in code, before
        return code.replace(before, after)

    return changed


_INTERVAL = """
def paired_interval(first, second):
    d = np.asarray(first) - np.asarray(second)
    n = len(d)
    s = np.std(d, ddof=1)
    half = stats.t.ppf(0.975, n - 1) * s / np.sqrt(n)
    return d.mean(), d.mean() - half, d.mean() + half
"""
_interval = _variants(_INTERVAL)
INTERVAL = [
    Wrong(
        "second minus first",
        _interval("np.asarray(first) - np.asarray(second)", "second - first"),
        r"the sign is the other way",
    ),
    Wrong(
        "as if they were no pairs",
        """
def paired_interval(first, second):
    n = len(first)
    s = np.sqrt((np.var(first, ddof=1) + np.var(second, ddof=1)) / n)
    half = stats.t.ppf(0.975, 2 * n - 2) * s
    mean = np.mean(first) - np.mean(second)
    return mean, mean - half, mean + half
""",
        r"you compared two unpaired groups",
    ),
    Wrong("divides by n", _interval(", ddof=1", ""), r"divide by n - 1: std\(ddof=1\)"),
    Wrong(
        "forgets the root of n",
        _interval(" / np.sqrt(n)", ""),
        r"divide s by the root of n",
    ),
    Wrong("divides by n itself", _interval("np.sqrt(n)", "n"), r"by the root of n, not by n"),
    Wrong(
        "the normal distribution",
        _interval("stats.t.ppf(0.975, n - 1)", "1.96"),
        r"1\.96 is for many seeds",
    ),
    Wrong("one-sided", _interval("0.975", "0.95"), r"the 97\.5 % point, not 95 %"),
    Wrong("n degrees of freedom", _interval("n - 1)", "n)"), r"n - 1 degrees of freedom"),
    Wrong(
        "the half width twice",
        _interval("d.mean() - half, d.mean() + half", "half, half"),
        r"the ends are mean - half and mean \+ half",
    ),
    Wrong(
        "upper end first",
        _interval("d.mean() - half, d.mean() + half", "d.mean() + half, d.mean() - half"),
        r"the lower end comes before",
    ),
    Wrong(
        "no mean",
        _interval("return d.mean(), ", "return "),
        r"return 3 things, mean, low, high",
    ),
]

_WARM = """
def warm_up_cosine(step, steps, warm):
    if step < warm:
        return (step + 1) / (warm + 1)
    return 0.5 * (1 + np.cos(np.pi * (step - warm) / (steps - warm)))
"""
_warm = _variants(_WARM)
WARM = [
    Wrong(
        "begins at zero",
        _warm("(step + 1) / (warm + 1)", "step / warm"),
        r"the first step would have the rate 0",
    ),
    Wrong(
        "reaches the top too early",
        _warm("(warm + 1)", "warm"),
        r"it reaches 1 in the first step after the warm-up",
    ),
    Wrong("counts from one", _warm("(step + 1)", "step"), r"step counts from 0"),
    Wrong(
        "the cosine over all steps",
        _warm("(step - warm) / (steps - warm)", "step / steps"),
        r"count the cosine's steps from the end of the warm-up",
    ),
    Wrong("too many left", _warm("(steps - warm)", "steps"), r"off the steps that are left"),
    Wrong("too many done", _warm("(step - warm)", "step"), r"off the step, too"),
    Wrong(
        "ends at zero",
        _warm("(steps - warm)", "max(1, steps - warm - 1)"),
        r"the last step is not at 0",
    ),
    Wrong(
        "never below a thousandth",
        _warm("return 0.5 * (1", "return max(0.001, 0.5 * (1").replace("- warm)))", "- warm))))"),
        r"steps 200, warm 10",
    ),
    Wrong(
        "divides by the steps that are left, of which there are none",
        _warm("    if step", "    1 / (steps - warm)\n    if step"),
        r"ZeroDivisionError|division by zero",
    ),
    Wrong("in degrees", _warm("np.pi * ", "1 / 57.29577951308232 * "), r"these are degrees"),
    Wrong("from 1 to -1", _warm("0.5 * (1 + ", "("), r"yours goes from 1 to -1"),
    Wrong("from 2", _warm("0.5 * ", ""), r"yours begins at 2"),
    Wrong("rises", _warm("1 + np.cos", "1 - np.cos"), r"it rises: plus the cosine"),
    Wrong(
        "a straight line",
        _warm(
            "0.5 * (1 + np.cos(np.pi * (step - warm) / (steps - warm)))",
            "1 - (step - warm) / (steps - warm)",
        ),
        r"the cosine is missing",
    ),
]

_ADAMW = """
def adamw_step(w, g, m, v, t, rate, decay):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g * g
    mean, square = m / (1 - 0.9**t), v / (1 - 0.999**t)
    w = w * (1 - rate * decay)
    return w - rate * mean / (np.sqrt(square) + 1e-8), m, v
"""
_adamw = _variants(_ADAMW)
ADAMW = [
    Wrong(
        "Adam with L2",
        _adamw("    m = 0.9", "    g = g + decay * w\n    m = 0.9").replace(
            "    w = w * (1 - rate * decay)\n", ""
        ),
        r"this is Adam with decay in the gradient",
    ),
    Wrong(
        "no correction",
        _adamw("m / (1 - 0.9**t), v / (1 - 0.999**t)", "m, v"),
        r"the correction is missing",
    ),
    Wrong("m not corrected", _adamw("m / (1 - 0.9**t)", "m"), r"m is to be corrected, too"),
    Wrong("v not corrected", _adamw("v / (1 - 0.999**t)", "v"), r"v is to be corrected, too"),
    Wrong("counts from 0", _adamw("**t", "**(t + 1)"), r"t counts from 1"),
    Wrong("no root", _adamw("np.sqrt(square)", "square"), r"the root is missing"),
    Wrong(
        "epsilon under the root",
        _adamw("(np.sqrt(square) + 1e-8)", "np.sqrt(square + 1e-8)"),
        r"ε is added outside of the root",
    ),
    Wrong("sums", _adamw("0.1 * g", "g"), r"m is a mean: 0\.9 m \+ 0\.1 g, not a sum"),
    Wrong(
        "shares exchanged",
        _adamw("0.9 * m + 0.1 * g", "0.1 * m + 0.9 * g"),
        r"0\.9 belongs to the old mean",
    ),
    Wrong("returns the corrected", _adamw(", m, v\n", ", mean, square\n"), r"return m and v as"),
    Wrong("decay without rate", _adamw("rate * decay", "decay"), r"the decay is multiplied by"),
    Wrong("no decay", _adamw("    w = w * (1 - rate * decay)\n", ""), r"the weights do not decay"),
    Wrong(
        "decays afterwards",
        _adamw("    w = w * (1 - rate * decay)\n", "").replace(
            "return w - rate * mean / (np.sqrt(square) + 1e-8), m",
            "return (w - rate * mean / (np.sqrt(square) + 1e-8)) * (1 - rate * decay), m",
        ),
        r"take the decay of the weight as it came",
    ),
    Wrong("uphill", _adamw("return w - rate", "return w + rate"), r"go down"),
    Wrong(
        "in place",
        _adamw("    m = 0.9 * m + 0.1 * g", "    m *= 0.9\n    m += 0.1 * g"),
        r"you changed `m`|stopped with",
    ),
    Wrong(
        "torch's",
        """
def adamw_step(w, g, m, v, t, rate, decay):
    weight = torch.tensor(w, requires_grad=True)
    optimiser = torch.optim.AdamW([weight], lr=rate, weight_decay=decay)
    weight.grad = torch.tensor(g)
    optimiser.step()
    return weight.detach().numpy(), m + 0, v + 0
""",
        r"`torch\.optim\.AdamW` is not allowed here",
    ),
]

_AVERAGE = """
def update_average(average, weights, keep):
    result = {}
    for name in weights:
        if weights[name].is_floating_point():
            result[name] = keep * average[name] + (1 - keep) * weights[name]
        else:
            result[name] = weights[name].clone()
    return result
"""
_average = _variants(_AVERAGE)
AVERAGE = [
    Wrong(
        "shares exchanged",
        _average(
            "keep * average[name] + (1 - keep) * weights[name]",
            "keep * weights[name] + (1 - keep) * average[name]",
        ),
        r"keep belongs to the average",
    ),
    Wrong(
        "adds the new weights",
        _average("(1 - keep) * ", ""),
        r"the new weights count by 1 - keep",
    ),
    Wrong(
        "the plain mean",
        _average(
            "keep * average[name] + (1 - keep) * weights[name]",
            "(average[name] + weights[name]) / 2",
        ),
        r"this is the plain mean",
    ),
    Wrong(
        "averages counters",
        """
def update_average(average, weights, keep):
    return {name: keep * average[name] + (1 - keep) * weights[name] for name in weights}
""",
        r"num_batches_tracked: expected whole numbers",
    ),
    Wrong(
        "rounds counters",
        _average(
            "weights[name].clone()",
            "(keep * average[name] + (1 - keep) * weights[name]).long()",
        ),
        r"whole numbers are copied from weights, not averaged",
    ),
    Wrong(
        "keeps old counters",
        _average("weights[name].clone()", "average[name].clone()"),
        r"copied from weights, not from the average",
    ),
    Wrong(
        "does not average BatchNorm",
        _average("is_floating_point()", "is_floating_point() and 'running' not in name"),
        r"BatchNorm's means are averaged as well",
    ),
    Wrong(
        "by the number of axes",
        _average("weights[name].is_floating_point()", "weights[name].ndim"),
        r"0: |the new weights|nothing is averaged",
    ),
    Wrong(
        "in place",
        """
def update_average(average, weights, keep):
    for name in weights:
        if weights[name].is_floating_point():
            average[name].mul_(keep).add_((1 - keep) * weights[name])
        else:
            average[name].copy_(weights[name])
    return average
""",
        r"you changed `average`",
    ),
    Wrong(
        "shares the counter",
        _average("weights[name].clone()", "weights[name]"),
        r"your result shares its memory with `weights`",
    ),
    Wrong(
        "leaves counters out",
        """
def update_average(average, weights, keep):
    floats = [name for name in weights if weights[name].is_floating_point()]
    return {name: keep * average[name] + (1 - keep) * weights[name] for name in floats}
""",
        r"return a dictionary with the keys",
    ),
]

_PIECES = """
def gradient_in_pieces(net, images, labels, size):
    net.zero_grad()
    for x, y in zip(images.split(size), labels.split(size)):
        loss = nn.functional.cross_entropy(net(x), y)
        (loss * len(x) / len(images)).backward()
    gradients = [p.grad.clone() for p in net.parameters()]
    return gradients
"""
_pieces = _variants(_PIECES)
PIECES = [
    Wrong(
        "mean of the means",
        _pieces("loss * len(x) / len(images)", "loss / len(images.split(size))"),
        r"you averaged the pieces' means",
    ),
    Wrong(
        "sums",
        _pieces("loss * len(x) / len(images)", "loss * len(x)"),
        r"these are sums over the images",
    ),
    Wrong(
        "adds the means",
        _pieces("(loss * len(x) / len(images))", "loss"),
        r"you added up the pieces' means",
    ),
    Wrong(
        "divides by the piece",
        _pieces("loss * len(x) / len(images)", "loss * len(x) / size"),
        r"divide by all n images, not by the size",
    ),
    Wrong(
        "drops the last piece",
        _pieces(
            "        loss = nn",
            "        if len(x) < size:\n            continue\n        loss = nn",
        ),
        r"the last, smaller piece is missing",
    ),
    Wrong(
        "only the last piece",
        _pieces("        loss = nn", "        net.zero_grad()\n        loss = nn").replace(
            " * len(x) / len(images)", " * 1"
        ),
        r"only the last piece is left",
    ),
    Wrong(
        "all at once",
        """
def gradient_in_pieces(net, images, labels, size):
    loss = nn.functional.cross_entropy(net(images), labels)
    return list(torch.autograd.grad(loss, list(net.parameters())))
""",
        r"was shown 5 images at once: at most 2",
    ),
    Wrong("adds to what was there", _pieces("    net.zero_grad()\n", ""), r"begin with zeros"),
    Wrong(
        "a piece too many",
        """
def gradient_in_pieces(net, images, labels, size):
    weights = list(net.parameters())
    total = [torch.zeros_like(w) for w in weights]
    for begin in range(0, len(images) + size, size):
        x, y = images[begin : begin + size], labels[begin : begin + size]
        loss = nn.functional.cross_entropy(net(x), y, reduction="sum") / len(images)
        for so_far, more in zip(total, torch.autograd.grad(loss, weights)):
            so_far += more
    return total
""",
        r"was shown no image: is there a piece too many",
    ),
    Wrong(
        "makes a step",
        _pieces(
            "    return gradients",
            "    torch.optim.SGD(net.parameters(), lr=0.1).step()\n    return gradients",
        ),
        r"leave `net` as it came: the numbers of its",
    ),
    Wrong(
        "switches to training mode",
        _pieces("    net.zero_grad()\n", "    net.zero_grad()\n    net.eval()\n"),
        r"leave `net` as it came: .*training mode",
    ),
]

_PLAN = """
def plan(net, images, labels, n_valid, epochs, batch, top):
    n = len(images) - n_valid
    x_train, x_valid = images[:n], images[n:]
    y_train, y_valid = labels[:n], labels[n:]
    steps = epochs * -(-n // batch)
    rates = [top / 2 * (1 + np.cos(np.pi * k / steps)) for k in range(steps)]
    decays = [name for name, p in net.named_parameters() if p.ndim >= 2]
    return x_train, y_train, x_valid, y_valid, rates, decays
"""
_plan = _variants(_PLAN)
PLAN = [
    Wrong(
        "as it was found",
        """
def plan(net, images, labels, n_valid, epochs, batch, top):
    x_valid, x_train = images[:-n_valid], images[-n_valid:]
    y_valid, y_train = labels[:-n_valid], labels[-n_valid:]
    steps = epochs * (len(images) // batch)
    rates = [top * (1 + math.cos(math.pi * epoch / steps)) / 2 for epoch in range(epochs)]
    decays = [name for name, p in net.named_parameters()]
    return x_train, y_train, x_valid, y_valid, rates, decays
""",
        r"training and validation are exchanged",
    ),
    Wrong(
        "labels still exchanged",
        _plan(
            "y_train, y_valid = labels[:n], labels[n:]", "y_valid, y_train = labels[:n], labels[n:]"
        ),
        r"y_train: training and validation are exchanged",
    ),
    Wrong(
        "holds back the first",
        _plan("images[:n], images[n:]", "images[n_valid:], images[:n_valid]").replace(
            "labels[:n], labels[n:]", "labels[n_valid:], labels[:n_valid]"
        ),
        r"hold back the last images, not the first",
    ),
    Wrong(
        "one rate an epoch",
        _plan("range(steps)", "range(epochs)"),
        r"one for each step is asked for",
    ),
    Wrong(
        "rounds down",
        _plan("-(-n // batch)", "(n // batch)"),
        r"an epoch's smaller last batch is a step",
    ),
    Wrong(
        "rounds once, at the end",
        _plan("epochs * -(-n // batch)", "epochs * n // batch"),
        r"round up, in each epoch",
    ),
    Wrong(
        "steps of all images",
        _plan("-(-n // batch)", "-(-len(images) // batch)"),
        r"count the steps of the training part",
    ),
    Wrong(
        "whole batches of all images",
        _plan("-(-n // batch)", "(len(images) // batch)"),
        r"count the steps of the training part, and round up",
    ),
    Wrong(
        "rounds up once, at the end",
        _plan("epochs * -(-n // batch)", "-(-epochs * n // batch)"),
        r"round up in each epoch, not once",
    ),
    Wrong(
        "a stair for each epoch",
        _plan("k / steps)", "(k // (steps // epochs)) / epochs)"),
        r"from step to step, not from epoch to epoch",
    ),
    Wrong(
        "falls to zero", _plan("k / steps)", "k / max(1, steps - 1))"), r"the last rate is not 0"
    ),
    Wrong("everything decays", _plan(" if p.ndim >= 2", ""), r"biases and BatchNorm decay, too"),
    Wrong(
        "leaves only the biases out",
        _plan("p.ndim >= 2", "'bias' not in name"),
        r"these decay: .*; expected",
    ),
    Wrong(
        "tensors of two or four axes",
        _plan("p.ndim >= 2", "p.ndim in (2, 4)"),
        r"these decay: .*; expected",
    ),
    Wrong(
        "the parameters themselves",
        _plan("[name for name, p", "[p for name, p"),
        r"these decay: ",
    ),
]

WRONG = {
    "ex1": INTERVAL,
    "ex2": WARM,
    "ex3": ADAMW,
    "ex4": AVERAGE,
    "ex5": PIECES,
    "ex6": PLAN,
}
RIGHT = {
    "ex1": [
        Right("in NumPy's numbers", _INTERVAL),
        Right(
            "SciPy's paired test",
            """
def paired_interval(first, second):
    test = stats.ttest_rel(first, second)
    interval = test.confidence_interval(0.95)
    return np.mean(first - second), interval.low, interval.high
""",
        ),
    ],
    "ex2": [
        Right("NumPy's cosine", _WARM),
        Right(
            "the square of half the angle",
            """
def warm_up_cosine(step, steps, warm):
    if step >= warm:
        return math.cos(math.pi / 2 * (step - warm) / (steps - warm)) ** 2
    return (step + 1) / (warm + 1)
""",
        ),
    ],
    "ex3": [
        Right("the weight shrunk first", _ADAMW),
        Right(
            "the corrections as factors",
            """
def adamw_step(w, g, m, v, t, rate, decay):
    new_m, new_v = m + 0.1 * (g - m), v + (1 - 0.999) * (g**2 - v)
    length = rate / (1 - 0.9**t)
    root = np.sqrt(new_v) / np.sqrt(1 - 0.999**t) + 1e-8
    return w * (1 - rate * decay) - length * new_m / root, new_m, new_v
""",
        ),
    ],
    "ex4": [
        Right("a loop", _AVERAGE),
        Right(
            "lerp",
            """
def update_average(average, weights, keep):
    return {
        name: torch.lerp(average[name], weights[name], 1 - keep)
        if torch.is_floating_point(weights[name])
        else weights[name] + 0
        for name in weights
    }
""",
        ),
    ],
    "ex5": [
        Right("backward, from zero", _PIECES),
        Right(
            "each mean with its share",
            """
def gradient_in_pieces(net, images, labels, size):
    total = 0
    for begin in range(0, len(images), size):
        x, y = images[begin : begin + size], labels[begin : begin + size]
        share = len(y) / len(labels)
        loss = share * nn.functional.cross_entropy(net(x), y)
        more = torch.autograd.grad(loss, list(net.parameters()))
        total = more if begin == 0 else [a + b for a, b in zip(total, more)]
    return list(total)
""",
        ),
    ],
    "ex6": [
        Right("from the front", _PLAN),
        Right(
            "rates as an array",
            """
def plan(net, images, labels, n_valid, epochs, batch, top):
    parts = [t.split([len(t) - n_valid, n_valid]) for t in (images, labels)]
    (x_train, x_valid), (y_train, y_valid) = parts
    steps = epochs * len(torch.arange(len(x_train)).split(batch))
    rates = top * np.cos(np.pi * np.arange(steps) / steps / 2) ** 2
    decays = [name for name, p in net.named_parameters() if p.dim() != 1]
    return x_train, y_train, x_valid, y_valid, rates, decays
""",
        ),
    ],
}
