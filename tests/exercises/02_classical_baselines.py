"""Wrong answers to the exercises of chapter 2."""

from tests.exercises import Wrong

DOUBT = """
    def doubt(some):
        p = np.unique(some, return_counts=True)[1] / max(len(some), 1)
        return float(-(p * np.log2(p)).sum())
"""

GAIN = [
    Wrong(
        "returns the doubt that is left",
        f"""
def gain(values, labels, threshold):{DOUBT}
    yes = values <= threshold
    return sum(side.mean() * doubt(labels[side]) for side in (yes, ~yes))
""",
        r"the doubt which is left: subtract it",
    ),
    Wrong(
        "natural logarithm",
        f"""
def gain(values, labels, threshold):{DOUBT.replace("log2", "log")}
    yes = values <= threshold
    return doubt(labels) - sum(side.mean() * doubt(labels[side]) for side in (yes, ~yes))
""",
        r"natural logarithm: bits need log2",
    ),
    Wrong(
        "both sides count alike",
        f"""
def gain(values, labels, threshold):{DOUBT}
    yes = values <= threshold
    return doubt(labels) - (doubt(labels[yes]) + doubt(labels[~yes])) / 2
""",
        r"both sides count alike in your mean",
    ),
    Wrong(
        "sides without weights",
        f"""
def gain(values, labels, threshold):{DOUBT}
    yes = values <= threshold
    return doubt(labels) - doubt(labels[yes]) - doubt(labels[~yes])
""",
        r"without weights: weight each by its share",
    ),
    Wrong(
        "asks for less than the threshold",
        f"""
def gain(values, labels, threshold):{DOUBT}
    yes = values < threshold
    return doubt(labels) - sum(side.mean() * doubt(labels[side]) for side in (yes, ~yes))
""",
        r"exactly at the threshold answers yes",
    ),
    Wrong(
        "sign turned round",
        f"""
def gain(values, labels, threshold):{DOUBT}
    yes = values <= threshold
    return sum(side.mean() * doubt(labels[side]) for side in (yes, ~yes)) - doubt(labels)
""",
        r"the sign is turned round",
    ),
    Wrong(
        "log of zero for digits that are missing",
        """
def gain(values, labels, threshold):
    def doubt(some):
        p = np.bincount(some, minlength=10) / len(some)
        return -(p * np.log2(p)).sum()

    yes = values <= threshold
    return doubt(labels) - sum(side.mean() * doubt(labels[side]) for side in (yes, ~yes))
""",
        r"not a number: a side without images, or log2 of 0",
    ),
    Wrong(
        "weights exchanged",
        f"""
def gain(values, labels, threshold):{DOUBT}
    yes = values <= threshold
    return doubt(labels) - (~yes).mean() * doubt(labels[yes]) - yes.mean() * doubt(labels[~yes])
""",
        r"each side takes the weight of its own size",
    ),
]

OOB_ERROR = [
    Wrong(
        "lets the trees vote that have seen the image",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([((readings == digit) & drawn).sum(axis=0) for digit in range(10)], axis=1)
    judged = votes.sum(axis=1) > 0
    return float((votes.argmax(axis=1) != labels)[judged].mean())
""",
        r"trees vote that HAVE drawn the image",
    ),
    Wrong(
        "lets all trees vote",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([(readings == digit).sum(axis=0) for digit in range(10)], axis=1)
    return float((votes.argmax(axis=1) != labels).mean())
""",
        r"all trees vote in your answer",
    ),
    Wrong(
        "returns the share of right answers",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([((readings == digit) & ~drawn).sum(axis=0) for digit in range(10)], axis=1)
    judged = votes.sum(axis=1) > 0
    return float((votes.argmax(axis=1) == labels)[judged].mean())
""",
        r"the share of right answers: return the errors",
    ),
    Wrong(
        "reads an image without judges as 0",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([((readings == digit) & ~drawn).sum(axis=0) for digit in range(10)], axis=1)
    return float((votes.argmax(axis=1) != labels).mean())
""",
        r"have no judges: leave them out of the count",
    ),
    Wrong(
        "counts an image without judges as an error",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([((readings == digit) & ~drawn).sum(axis=0) for digit in range(10)], axis=1)
    verdict = np.where(votes.sum(axis=1) > 0, votes.argmax(axis=1), -1)
    return float((verdict != labels).mean())
""",
        r"they are no errors, leave them out",
    ),
    Wrong(
        "divides by all images",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([((readings == digit) & ~drawn).sum(axis=0) for digit in range(10)], axis=1)
    judged = votes.sum(axis=1) > 0
    return float((votes.argmax(axis=1) != labels)[judged].sum() / len(labels))
""",
        r"divide by the number of images that are judged",
    ),
    Wrong(
        "averages the trees' errors",
        """
def oob_error(readings, drawn, labels):
    return float((readings != labels)[~drawn].mean())
""",
        r"let the trees vote on each image first",
    ),
    Wrong(
        "gives equal votes to the larger digit",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([((readings == d) & ~drawn).sum(axis=0) for d in range(9, -1, -1)], axis=1)
    judged = votes.sum(axis=1) > 0
    return float((9 - votes.argmax(axis=1) != labels)[judged].mean())
""",
        r"of equal votes the smaller digit wins",
    ),
    Wrong(
        "leaves out what some tree has drawn",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([((readings == digit) & ~drawn).sum(axis=0) for digit in range(10)], axis=1)
    judged = ~drawn.any(axis=0)
    return float((votes.argmax(axis=1) != labels)[judged].mean())
""",
        r"leave out only images that every tree has drawn",
    ),
    Wrong(
        "returns per cent",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([((readings == digit) & ~drawn).sum(axis=0) for digit in range(10)], axis=1)
    judged = votes.sum(axis=1) > 0
    return 100 * float((votes.argmax(axis=1) != labels)[judged].mean())
""",
        r"a share between 0 and 1",
    ),
    Wrong(
        "returns a count",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([((readings == digit) & ~drawn).sum(axis=0) for digit in range(10)], axis=1)
    judged = votes.sum(axis=1) > 0
    return int((votes.argmax(axis=1) != labels)[judged].sum())
""",
        r"a share between 0 and 1",
    ),
]

SQUARED = "((x[:, None, :] - support[None, :, :]) ** 2).sum(axis=2)"

KERNEL_SCORE = [
    Wrong(
        "distance not squared",
        """
def kernel_score(x, support, weights, intercept, gamma):
    distance = np.linalg.norm(x[:, None, :] - support[None, :, :], axis=2)
    return np.exp(-gamma * distance) @ weights + intercept
""",
        r"the distance must be squared",
    ),
    Wrong(
        "forgets the intercept",
        f"""
def kernel_score(x, support, weights, intercept, gamma):
    return np.exp(-gamma * {SQUARED}) @ weights
""",
        r"the intercept is missing",
    ),
    Wrong(
        "subtracts the intercept",
        f"""
def kernel_score(x, support, weights, intercept, gamma):
    return np.exp(-gamma * {SQUARED}) @ weights - intercept
""",
        r"added to f\(x\), not subtracted",
    ),
    Wrong(
        "divides by gamma",
        f"""
def kernel_score(x, support, weights, intercept, gamma):
    return np.exp(-{SQUARED} / gamma) @ weights + intercept
""",
        r"gamma multiplies the distance",
    ),
    Wrong(
        "no minus sign",
        f"""
def kernel_score(x, support, weights, intercept, gamma):
    return np.exp(gamma * {SQUARED}) @ weights + intercept
""",
        r"the minus sign in the exponent is missing",
    ),
    Wrong(
        "one score per support vector",
        f"""
def kernel_score(x, support, weights, intercept, gamma):
    return (np.exp(-gamma * {SQUARED}) * weights).sum(axis=0) + intercept
""",
        r"not per support vector .*: sum over the support vectors",
    ),
    Wrong(
        "the mean of the votes",
        f"""
def kernel_score(x, support, weights, intercept, gamma):
    return (np.exp(-gamma * {SQUARED}) * weights).mean(axis=1) + intercept
""",
        r"the sum over the support vectors, not their mean",
    ),
    Wrong(
        "every support vector votes alike",
        f"""
def kernel_score(x, support, weights, intercept, gamma):
    return np.exp(-gamma * {SQUARED}).sum(axis=1) + intercept
""",
        r"the weights are missing",
    ),
    Wrong(
        "returns the class",
        f"""
def kernel_score(x, support, weights, intercept, gamma):
    return np.sign(np.exp(-gamma * {SQUARED}) @ weights + intercept)
""",
        r"return the score itself",
    ),
    Wrong(
        "no kernel at all",
        """
def kernel_score(x, support, weights, intercept, gamma):
    return x @ support.T @ weights + intercept
""",
        r"plain dot product",
    ),
    Wrong(
        "sums over the wrong axis",
        """
def kernel_score(x, support, weights, intercept, gamma):
    squared = ((x[:, None, :] - support[None, :, :]) ** 2).sum(1)
    return np.exp(-gamma * squared) @ weights + intercept
""",
        r"over the last axis",
    ),
    Wrong(
        "squares twice",
        f"""
def kernel_score(x, support, weights, intercept, gamma):
    return np.exp(-gamma * {SQUARED} ** 2) @ weights + intercept
""",
        r"the distance is squared twice",
    ),
    Wrong(
        "absolute differences",
        """
def kernel_score(x, support, weights, intercept, gamma):
    distance = np.abs(x[:, None, :] - support[None, :, :]).sum(axis=2)
    return np.exp(-gamma * distance) @ weights + intercept
""",
        r"absolute differences: square each",
    ),
    Wrong(
        "weights without their signs",
        f"""
def kernel_score(x, support, weights, intercept, gamma):
    return np.exp(-gamma * {SQUARED}) @ np.abs(weights) + intercept
""",
        r"the weights keep their signs",
    ),
]

FOLD_ERRORS = [
    Wrong(
        "fits on all images",
        """
def fold_errors(make_model, x, y, fold):
    errors = []
    for k in range(fold.max() + 1):
        model = make_model()
        model.fit(x, y)
        errors.append((model.predict(x[fold == k]) != y[fold == k]).mean())
    return np.array(errors)
""",
        r"fitted on all images, those held out too: a leak",
    ),
    Wrong(
        "fits on the part held out",
        """
def fold_errors(make_model, x, y, fold):
    errors = []
    for k in range(fold.max() + 1):
        held = fold == k
        model = make_model()
        model.fit(x[held], y[held])
        errors.append((model.predict(x[~held]) != y[~held]).mean())
    return np.array(errors)
""",
        r"it is the other way round",
    ),
    Wrong(
        "one model for all parts",
        """
def fold_errors(make_model, x, y, fold):
    model, errors = make_model(), []
    for k in range(fold.max() + 1):
        held = fold == k
        model.fit(x[~held], y[~held])
        errors.append((model.predict(x[held]) != y[held]).mean())
    return np.array(errors)
""",
        r"make a new model for each part: 3 expected, 1 made",
    ),
    Wrong(
        "counts errors on the images it was fitted on",
        """
def fold_errors(make_model, x, y, fold):
    errors = []
    for k in range(fold.max() + 1):
        held = fold == k
        model = make_model()
        model.fit(x[~held], y[~held])
        errors.append((model.predict(x[~held]) != y[~held]).mean())
    return np.array(errors)
""",
        r"counted errors on the images it was fitted on",
    ),
    Wrong(
        "shares of right answers",
        """
def fold_errors(make_model, x, y, fold):
    right = []
    for k in range(fold.max() + 1):
        held = fold == k
        model = make_model()
        model.fit(x[~held], y[~held])
        right.append((model.predict(x[held]) == y[held]).mean())
    return np.array(right)
""",
        r"those are right answers: return errors",
    ),
    Wrong(
        "the mean instead of one error per part",
        """
def fold_errors(make_model, x, y, fold):
    errors = []
    for k in range(fold.max() + 1):
        held = fold == k
        model = make_model()
        model.fit(x[~held], y[~held])
        errors.append((model.predict(x[held]) != y[held]).mean())
    return np.mean(errors)
""",
        r"expected one error per part, shape \(3,\), got \(\): no mean",
    ),
    Wrong(
        "counts instead of shares",
        """
def fold_errors(make_model, x, y, fold):
    errors = []
    for k in range(fold.max() + 1):
        held = fold == k
        model = make_model()
        model.fit(x[~held], y[~held])
        errors.append((model.predict(x[held]) != y[held]).sum())
    return np.array(errors)
""",
        r"return shares, not counts",
    ),
    Wrong(
        "fits on the parts before only",
        """
def fold_errors(make_model, x, y, fold):
    errors = []
    for k in range(fold.max() + 1):
        held, kept = fold == k, fold < max(k, 1)
        model = make_model()
        model.fit(x[kept], y[kept])
        errors.append((model.predict(x[held]) != y[held]).mean())
    return np.array(errors)
""",
        r"the other way round|all images of the other parts",
    ),
    Wrong(
        "forgets the last part",
        """
def fold_errors(make_model, x, y, fold):
    errors = []
    for k in range(fold.max()):
        held = fold == k
        model = make_model()
        model.fit(x[~held], y[~held])
        errors.append((model.predict(x[held]) != y[held]).mean())
    return np.array(errors)
""",
        r"expected one error per part, shape \(3,\), got \(2,\): one part is missing",
    ),
    Wrong(
        "forgets to fit",
        """
def fold_errors(make_model, x, y, fold):
    errors = []
    for k in range(fold.max() + 1):
        held = fold == k
        model = make_model()
        errors.append((model.predict(x[held]) != y[held]).mean())
    return np.array(errors)
""",
        r"fit each new model before it predicts",
    ),
    Wrong(
        "counts errors on all images",
        """
def fold_errors(make_model, x, y, fold):
    errors = []
    for k in range(fold.max() + 1):
        held = fold == k
        model = make_model()
        model.fit(x[~held], y[~held])
        errors.append((model.predict(x) != y).mean())
    return np.array(errors)
""",
        r"count errors on the held part only",
    ),
]

EXTRAPOLATE = [
    Wrong(
        "straight line on ordinary axes",
        """
def extrapolate(sizes, seconds, target):
    p, c = np.polyfit(sizes, seconds, 1)
    return p, c + p * target
""",
        r"slope on ordinary axes",
    ),
    Wrong(
        "logarithm of the times only",
        """
def extrapolate(sizes, seconds, target):
    p, c = np.polyfit(sizes, np.log(seconds), 1)
    return p, np.exp(c + p * target)
""",
        r"logarithm of the times only",
    ),
    Wrong(
        "logarithm of the sizes only",
        """
def extrapolate(sizes, seconds, target):
    p, c = np.polyfit(np.log(sizes), seconds, 1)
    return p, c + p * np.log(target)
""",
        r"logarithm of the sizes only",
    ),
    Wrong(
        "axes exchanged",
        """
def extrapolate(sizes, seconds, target):
    p, c = np.polyfit(np.log(seconds), np.log(sizes), 1)
    return p, np.exp(c) * target**p
""",
        r"the axes are exchanged",
    ),
    Wrong(
        "slope and intercept exchanged",
        """
def extrapolate(sizes, seconds, target):
    log_c, p = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return p, np.exp(log_c) * target**p
""",
        r"slope and intercept are exchanged",
    ),
    Wrong(
        "stays on the logarithmic axis",
        """
def extrapolate(sizes, seconds, target):
    p, log_c = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return p, log_c + p * np.log(target)
""",
        r"the seconds are still a logarithm",
    ),
    Wrong(
        "forgets the factor",
        """
def extrapolate(sizes, seconds, target):
    p, _ = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return p, target**p
""",
        r"the factor c is missing",
    ),
    Wrong(
        "takes the time to grow like the images",
        """
def extrapolate(sizes, seconds, target):
    p, _ = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return p, seconds[-1] * target / sizes[-1]
""",
        r"grow like n to the power p, not like n",
    ),
    Wrong(
        "first and last measurement only",
        """
def extrapolate(sizes, seconds, target):
    p = np.log(seconds[-1] / seconds[0]) / np.log(sizes[-1] / sizes[0])
    return p, seconds[-1] * (target / sizes[-1]) ** p
""",
        r"use all measurements",
    ),
    Wrong(
        "starts from the last measurement instead of the line",
        """
def extrapolate(sizes, seconds, target):
    p, _ = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return p, seconds[-1] * (target / sizes[-1]) ** p
""",
        r"start from the line \(its intercept\), not from one measured time",
    ),
    Wrong(
        "seconds before the exponent",
        """
def extrapolate(sizes, seconds, target):
    p, log_c = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return np.exp(log_c) * target**p, p
""",
        r"exponent first, then seconds",
    ),
    Wrong(
        "log10, taken back with exp",
        """
def extrapolate(sizes, seconds, target):
    p, log_c = np.polyfit(np.log10(sizes), np.log10(seconds), 1)
    return p, np.exp(log_c) * target**p
""",
        r"take back the same logarithm",
    ),
    Wrong(
        "log, taken back with powers of 10",
        """
def extrapolate(sizes, seconds, target):
    p, log_c = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return p, 10 ** (log_c + p * np.log(target))
""",
        r"take back the same logarithm",
    ),
    Wrong(
        "two logarithms",
        """
def extrapolate(sizes, seconds, target):
    p, log_c = np.polyfit(np.log10(sizes), np.log(seconds), 1)
    return p, np.exp(log_c + p * np.log10(target))
""",
        r"the same logarithm on both axes",
    ),
    Wrong(
        "starts from the first measurement",
        """
def extrapolate(sizes, seconds, target):
    p, _ = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return p, seconds[0] * (target / sizes[0]) ** p
""",
        r"start from the line",
    ),
    Wrong(
        "the exponent alone",
        """
def extrapolate(sizes, seconds, target):
    return np.polyfit(np.log(sizes), np.log(seconds), 1)[0]
""",
        r"return two numbers: exponent, seconds",
    ),
]

WON = """
    b = int(((first == labels) & (second != labels)).sum())
    c = int(((second == labels) & (first != labels)).sum())
"""

PAIRED = [
    Wrong(
        "one side only",
        f"""
def paired_p_value(first, second, labels):{WON}
    return binomtest(min(b, c), b + c, alternative="less").pvalue if b + c else 1.0
""",
        r"one side only: double it",
    ),
    Wrong(
        "doubles beyond 1",
        f"""
def paired_p_value(first, second, labels):{WON}
    return 2 * binomtest(min(b, c), b + c, alternative="less").pvalue if b + c else 1.0
""",
        r"is no probability: at most 1",
    ),
    Wrong(
        "compares the numbers of errors",
        """
def paired_p_value(first, second, labels):
    b, c = int((first != labels).sum()), int((second != labels).sum())
    return binomtest(b, b + c).pvalue if b + c else 1.0
""",
        r"images that both misread must not count",
    ),
    Wrong(
        "counts all images on which the readings differ",
        """
def paired_p_value(first, second, labels):
    b = int(((first == labels) & (second != labels)).sum())
    n = int((first != second).sum())
    return binomtest(b, n).pvalue if n else 1.0
""",
        r"both are wrong in different ways must not count",
    ),
    Wrong(
        "divides by all images",
        f"""
def paired_p_value(first, second, labels):{WON}
    return binomtest(min(b, c), len(labels)).pvalue
""",
        r"only those count where exactly one model is right",
    ),
    Wrong(
        "the share that one of them wins",
        f"""
def paired_p_value(first, second, labels):{WON}
    return b / max(b + c, 1)
""",
        r"not a p-value",
    ),
    Wrong(
        "stops where the models never differ",
        f"""
def paired_p_value(first, second, labels):{WON}
    return binomtest(b, b + c).pvalue
""",
        r"where the models never differ, p = 1",
    ),
    Wrong(
        "tosses only those that the second wins",
        f"""
def paired_p_value(first, second, labels):{WON}
    return binomtest(b, c).pvalue if b + c else 1.0
""",
        r"the tosses are b \+ c",
    ),
    Wrong(
        "nought where the models never differ",
        f"""
def paired_p_value(first, second, labels):{WON}
    return binomtest(b, b + c).pvalue if b + c else 0.0
""",
        r"test b \+ c = 0 first",
    ),
]

WRONG = {
    "ex1": GAIN,
    "ex2": OOB_ERROR,
    "ex3": KERNEL_SCORE,
    "ex4": FOLD_ERRORS,
    "ex5": EXTRAPOLATE,
    "ex6": PAIRED,
}
