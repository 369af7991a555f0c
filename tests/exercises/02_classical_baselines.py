"""Wrong answers to the exercises of chapter 2, and right ones in other styles."""

from tests.exercises import Right, Wrong

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
        r"each side takes the share of its own size",
    ),
    Wrong(
        "sorts the labels in place",
        f"""
def gain(values, labels, threshold):{DOUBT}
    yes = values <= threshold
    result = doubt(labels) - sum(side.mean() * doubt(labels[side]) for side in (yes, ~yes))
    labels.sort()
    return result
""",
        r"you changed `labels`, which was handed in",
    ),
    Wrong(
        "sorts the values in place",
        f"""
def gain(values, labels, threshold):{DOUBT}
    values.sort()
    yes = values <= threshold
    return doubt(labels) - sum(side.mean() * doubt(labels[side]) for side in (yes, ~yes))
""",
        r"you changed `values`, which was handed in",
    ),
    Wrong(
        "rounds",
        f"""
def gain(values, labels, threshold):{DOUBT}
    yes = values <= threshold
    left = sum(side.mean() * doubt(labels[side]) for side in (yes, ~yes))
    return round(doubt(labels) - left, 3)
""",
        r"the result is rounded: return it as it is",
    ),
    Wrong(
        "mutual information by scikit-learn",
        """
def gain(values, labels, threshold):
    return mutual_info_score(values <= threshold, labels) / np.log(2)
""",
        r"`sklearn.metrics.mutual_info_score` is not allowed here",
    ),
    Wrong(
        "mutual information, imported again",
        """
def gain(values, labels, threshold):
    from sklearn.metrics import mutual_info_score as information

    return information(values <= threshold, labels) / np.log(2)
""",
        r"`sklearn.metrics.mutual_info_score` is not allowed here",
    ),
    Wrong(
        "mutual information, from the file that defines it",
        """
def gain(values, labels, threshold):
    from sklearn.metrics.cluster._supervised import mutual_info_score as information

    return information(values <= threshold, labels) / np.log(2)
""",
        r"`sklearn.metrics.mutual_info_score` is not allowed here",
    ),
    Wrong(
        "a tree with one question",
        """
def gain(values, labels, threshold):
    answers = (values <= threshold)[:, None]
    stump = DecisionTreeClassifier(criterion="entropy", max_depth=1).fit(answers, labels).tree_
    shares = stump.n_node_samples[1:] / len(labels)
    return stump.impurity[0] - (shares * stump.impurity[1:]).sum() if len(shares) else 0.0
""",
        r"`sklearn\.tree\.DecisionTreeClassifier` is not allowed here",
    ),
    Wrong(
        "always 0",
        """
def gain(values, labels, threshold):
    return 0.0
""",
        r"0 bits are gained only where all answer alike",
    ),
    Wrong(
        "cuts the values down to whole numbers",
        f"""
def gain(values, labels, threshold):{DOUBT}
    yes = values.astype(int) <= threshold
    return doubt(labels) - sum(side.mean() * doubt(labels[side]) for side in (yes, ~yes))
""",
        r"0 bits are gained only where all answer alike",
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
        r"an image without judges is no error: leave it out",
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
        r"leave out only those that every tree has drawn",
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
    Wrong(
        "writes the verdicts over the labels",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([((readings == digit) & ~drawn).sum(axis=0) for digit in range(10)], axis=1)
    labels[:] = votes.argmax(axis=1)
    return 0.0
""",
        r"you changed `labels`, which was handed in",
    ),
    Wrong(
        "strikes readings out in place",
        """
def oob_error(readings, drawn, labels):
    readings[drawn] = -1
    votes = np.stack([(readings == digit).sum(axis=0) for digit in range(10)], axis=1)
    judged = votes.sum(axis=1) > 0
    return float((votes.argmax(axis=1) != labels)[judged].mean())
""",
        r"you changed `readings`, which was handed in",
    ),
    Wrong(
        "counts votes in eight bits",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack(
        [((readings == d) & ~drawn).sum(axis=0, dtype=np.uint8) for d in range(10)], axis=1
    )
    judged = ~drawn.all(axis=0)
    return float((votes.argmax(axis=1) != labels)[judged].mean())
""",
        r"your counts of votes overflow: eight bits hold 255 at most",
    ),
    Wrong(
        "averages each tree's own error",
        """
def oob_error(readings, drawn, labels):
    own = [(r != labels)[~d].mean() for r, d in zip(readings, drawn) if not d.all()]
    return float(np.mean(own))
""",
        r"you averaged the trees' own errors: let the trees vote on each image first",
    ),
    Wrong(
        "asks for more than half of the votes",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([((readings == digit) & ~drawn).sum(axis=0) for digit in range(10)], axis=1)
    judged = votes.sum(axis=1) > 0
    sure = 2 * votes.max(axis=1) > votes.sum(axis=1)
    return float((~sure | (votes.argmax(axis=1) != labels))[judged].mean())
""",
        r"the most votes win; more than half of them is not needed",
    ),
    Wrong(
        "multiplies what the image's trees read by 0",
        """
def oob_error(readings, drawn, labels):
    heard = readings * (1 - drawn)
    votes = np.stack([(heard == digit).sum(axis=0) for digit in range(10)], axis=1)
    return float((votes.argmax(axis=1) != labels).mean())
""",
        r"votes for 0 in your answer: it must not vote",
    ),
    Wrong(
        "votes for 0, with the unjudged images left out",
        """
def oob_error(readings, drawn, labels):
    heard, judged = readings * (1 - drawn), ~drawn.all(axis=0)
    votes = np.stack([(heard == digit).sum(axis=0) for digit in range(10)], axis=1)
    return float((votes.argmax(axis=1) != labels)[judged].mean())
""",
        r"votes for 0 in your answer: it must not vote",
    ),
    Wrong(
        "lets all trees vote on the judged images",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([(readings == digit).sum(axis=0) for digit in range(10)], axis=1)
    judged = ~drawn.all(axis=0)
    return float((votes.argmax(axis=1) != labels)[judged].mean())
""",
        r"all trees vote in your answer",
    ),
    Wrong(
        "lets those vote that have drawn it, on the judged images",
        """
def oob_error(readings, drawn, labels):
    votes = np.stack([((readings == digit) & drawn).sum(axis=0) for digit in range(10)], axis=1)
    judged = ~drawn.all(axis=0)
    return float((votes.argmax(axis=1) != labels)[judged].mean())
""",
        r"trees vote that HAVE drawn the image",
    ),
    Wrong(
        "always 0",
        """
def oob_error(readings, drawn, labels):
    return 0
""",
        r"the error: follow one image by hand: expected 0\.\d+, got 0",
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
        r"kernel_score\(.*\) stopped with ValueError: .*@ weights",
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
    Wrong(
        "wipes out the images",
        f"""
def kernel_score(x, support, weights, intercept, gamma):
    scores = np.exp(-gamma * {SQUARED}) @ weights + intercept
    x *= 0
    return scores
""",
        r"you changed `x`, which was handed in",
    ),
    Wrong(
        "multiplies the weights from the wrong side",
        f"""
def kernel_score(x, support, weights, intercept, gamma):
    return weights @ np.exp(-gamma * {SQUARED}) + intercept
""",
        r"stopped with ValueError: .*weights @ np.exp",
    ),
    Wrong(
        "subtracts without a new axis",
        """
def kernel_score(x, support, weights, intercept, gamma):
    squared = ((x - support) ** 2).sum(axis=-1)
    return np.exp(-gamma * squared) @ weights + intercept
""",
        r"stopped with ValueError: .*\(x - support\)",
    ),
    Wrong(
        "the kernel by scikit-learn",
        """
def kernel_score(x, support, weights, intercept, gamma):
    return rbf_kernel(x, support, gamma=gamma) @ weights + intercept
""",
        r"`sklearn.metrics.pairwise.rbf_kernel` is not allowed here",
    ),
    Wrong(
        "adds the intercept to every vote",
        f"""
def kernel_score(x, support, weights, intercept, gamma):
    return (np.exp(-gamma * {SQUARED}) * weights + intercept).sum(axis=1)
""",
        r"the intercept is added once, not for every support vector",
    ),
    Wrong(
        "the kernel by scikit-learn under another name",
        """
def kernel_score(x, support, weights, intercept, gamma):
    from sklearn.metrics.pairwise import pairwise_kernels

    return pairwise_kernels(x, support, metric="rbf", gamma=gamma) @ weights + intercept
""",
        r"`sklearn\.metrics\.pairwise\.pairwise_kernels` is not allowed here",
    ),
    Wrong(
        "sums before it squares",
        """
def kernel_score(x, support, weights, intercept, gamma):
    squared = (x[:, None, :] - support[None, :, :]).sum(axis=2) ** 2
    return np.exp(-gamma * squared) @ weights + intercept
""",
        r"square each difference first, then sum",
    ),
    Wrong(
        "the mean of the squares",
        """
def kernel_score(x, support, weights, intercept, gamma):
    squared = ((x[:, None, :] - support[None, :, :]) ** 2).mean(axis=2)
    return np.exp(-gamma * squared) @ weights + intercept
""",
        r"the squares are summed, not averaged",
    ),
    Wrong(
        "multiplied out without the factor 2",
        """
def kernel_score(x, support, weights, intercept, gamma):
    squared = (x**2).sum(1)[:, None] - x @ support.T + (support**2).sum(1)
    return np.exp(-gamma * squared) @ weights + intercept
""",
        r"a factor 2 is missing",
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
        r"a model was fitted on one part alone: use all the others",
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
        r"one error for each of the 3 parts: no mean, none missing",
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
        r"a model was fitted on one part alone",
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
        r"one error for each of the 3 parts: no mean, none missing",
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
    Wrong(
        "cross_val_score",
        """
def fold_errors(make_model, x, y, fold):
    return 1 - cross_val_score(make_model(), x, y, cv=PredefinedSplit(fold))
""",
        r"`sklearn.model_selection.cross_val_score` is not allowed here",
    ),
    Wrong(
        "divides by all images",
        """
def fold_errors(make_model, x, y, fold):
    errors = []
    for k in range(fold.max() + 1):
        held = fold == k
        model = make_model()
        model.fit(x[~held], y[~held])
        errors.append((model.predict(x[held]) != y[held]).sum() / len(y))
    return np.array(errors)
""",
        r"divide by the number of images in the part, not by all",
    ),
    Wrong(
        "the parts turned round",
        """
def fold_errors(make_model, x, y, fold):
    errors = []
    for k in reversed(range(fold.max() + 1)):
        held = fold == k
        model = make_model()
        model.fit(x[~held], y[~held])
        errors.append((model.predict(x[held]) != y[held]).mean())
    return np.array(errors)
""",
        r"the parts are in another order: part 0 first",
    ),
    Wrong(
        "fits on all images, then again on the right ones",
        """
def fold_errors(make_model, x, y, fold):
    errors = []
    for k in range(fold.max() + 1):
        held = fold == k
        model = make_model()
        model.fit(x, y)
        model.fit(x[~held], y[~held])
        errors.append((model.predict(x[held]) != y[held]).mean())
    return np.array(errors)
""",
        r"fitted on all images, those held out too: a leak",
    ),
    Wrong(
        "standardises with all images before the loop",
        """
def fold_errors(make_model, x, y, fold):
    x, errors = (x - x.mean(axis=0)) / x.std(axis=0), []
    for k in range(fold.max() + 1):
        held = fold == k
        model = make_model()
        model.fit(x[~held], y[~held])
        errors.append((model.predict(x[held]) != y[held]).mean())
    return np.array(errors)
""",
        r"hand `fit` the rows of x as they are: what you compute from all images leaks",
    ),
    Wrong(
        "standardises all columns but the first",
        """
def fold_errors(make_model, x, y, fold):
    x, errors = x.copy(), []
    x[:, 1:] = (x[:, 1:] - x[:, 1:].mean(axis=0)) / x[:, 1:].std(axis=0)
    for k in range(fold.max() + 1):
        held = fold == k
        model = make_model()
        model.fit(x[~held], y[~held])
        errors.append((model.predict(x[held]) != y[held]).mean())
    return np.array(errors)
""",
        r"hand `fit` the rows of x as they are",
    ),
    Wrong(
        "fits on the next part only",
        """
def fold_errors(make_model, x, y, fold):
    errors, n = [], fold.max() + 1
    for k in range(n):
        held, kept = fold == k, fold == (k + 1) % n
        model = make_model()
        model.fit(x[kept], y[kept])
        errors.append((model.predict(x[held]) != y[held]).mean())
    return np.array(errors)
""",
        r"a model was fitted on one part alone: use all the others",
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
        r"return 2 things, the exponent, the seconds, not",
    ),
    Wrong(
        "always 60,000 images",
        """
def extrapolate(sizes, seconds, target):
    p, log_c = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return p, np.exp(log_c + p * np.log(60_000))
""",
        r"use `target`, not a fixed number of images",
    ),
    Wrong(
        "logarithms in place",
        """
def extrapolate(sizes, seconds, target):
    seconds[:] = np.log(seconds)
    p, log_c = np.polyfit(np.log(sizes), seconds, 1)
    return p, np.exp(log_c) * target**p
""",
        r"you changed `seconds`, which was handed in",
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
        r"p is a probability: at most 1",
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
        r"only those images count where exactly one model is right",
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
        r"stopped with ValueError: .*binomtest\(b, b \+ c\)",
    ),
    Wrong(
        "tosses only those that the second wins",
        f"""
def paired_p_value(first, second, labels):{WON}
    return binomtest(b, c).pvalue if b + c else 1.0
""",
        r"stopped with ValueError: .*binomtest\(b, c\)",
    ),
    Wrong(
        "nought where the models never differ",
        f"""
def paired_p_value(first, second, labels):{WON}
    return binomtest(b, b + c).pvalue if b + c else 0.0
""",
        r"test b \+ c = 0 first",
    ),
    Wrong(
        "the course's own function",
        """
def paired_p_value(first, second, labels):
    return compare_paired(first, second, labels).p_value
""",
        r"`course_utils.evaluation.compare_paired` is not allowed here",
    ),
    Wrong(
        "the course's own function, from the file that defines it",
        """
def paired_p_value(first, second, labels):
    from course_utils.evaluation.accuracy import compare_paired

    return compare_paired(first, second, labels).p_value
""",
        r"`course_utils.evaluation.compare_paired` is not allowed here",
    ),
    Wrong(
        "a power of 2 that wraps to 0",
        """
def paired_p_value(first, second, labels):
    from math import comb

    b = ((first == labels) & (second != labels)).sum()
    c = ((second == labels) & (first != labels)).sum()
    n = b + c
    return min(1.0, 2 * sum(comb(n, i) for i in range(min(b, c) + 1)) / 2**n)
""",
        r"whole numbers of 64 bits overflow: take int\(n\), or 0\.5 \*\* n",
    ),
    Wrong(
        "binomial coefficients by np.prod",
        f"""
def paired_p_value(first, second, labels):{WON}
    n, tail = b + c, 0
    for i in range(min(b, c) + 1):
        tail += np.prod(np.arange(n - i + 1, n + 1)) / np.prod(np.arange(1, i + 1))
    return min(1.0, 2 * tail * 0.5**n)
""",
        r"whole numbers of 64 bits overflow",
    ),
    Wrong(
        "1 minus the long tail",
        f"""
def paired_p_value(first, second, labels):{WON}
    from scipy.stats import binom

    return min(1.0, 2 * (1 - binom.cdf(max(b, c) - 1, b + c, 0.5)))
""",
        r"p is tiny here, but not 0",
    ),
    Wrong(
        "tosses all images",
        f"""
def paired_p_value(first, second, labels):{WON}
    return binomtest(b, len(labels)).pvalue
""",
        r"only those images count where exactly one model is right",
    ),
    Wrong(
        "a range that ends one too early",
        f"""
def paired_p_value(first, second, labels):{WON}
    from math import comb

    return min(1, 2 * sum(comb(b + c, i) for i in range(min(b, c))) * 0.5 ** (b + c))
""",
        r"the sum includes min\(b, c\): range\(min\(b, c\) \+ 1\)",
    ),
    Wrong(
        "whole numbers to a negative power",
        """
def paired_p_value(first, second, labels):
    from math import comb

    b = ((first == labels) & (second != labels)).sum()
    c = ((second == labels) & (first != labels)).sum()
    return min(1.0, 2 * sum(comb(b + c, i) for i in range(min(b, c) + 1)) * 2 ** -(b + c))
""",
        r"Integers to negative integer powers are not allowed",
    ),
    Wrong(
        "the test's result, not its p-value",
        f"""
def paired_p_value(first, second, labels):{WON}
    return binomtest(b, b + c) if b + c else 1.0
""",
        r"return the number: the test's \.pvalue",
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

RIGHT = {
    "ex1": [
        Right(
            "helpers with the names that the check might use",
            """
def entropy(labels, base):
    p = np.unique(labels, return_counts=True)[1] / max(len(labels), 1)
    return -(p * np.log(p)).sum() / np.log(base)


def draw(labels, side):
    return side.mean() * entropy(labels[side], 2)


def check_gain(labels, yes):
    return draw(labels, yes) + draw(labels, ~yes)


def gain(values, labels, threshold):
    return entropy(labels, 2) - check_gain(labels, values <= threshold)
""",
        ),
        Right(
            "entropies by SciPy",
            """
def gain(values, labels, threshold):
    from scipy.stats import entropy

    def doubt(some):
        return entropy(np.unique(some, return_counts=True)[1], base=2) if some.size else 0

    yes = values <= threshold
    n = len(labels)
    left = yes.sum() / n * doubt(labels[yes]) + (~yes).sum() / n * doubt(labels[~yes])
    return doubt(labels) - left
""",
        ),
        Right(
            "sums over the table of answers and labels",
            """
def gain(values, labels, threshold):
    p = np.zeros((2, labels.max() + 1))
    np.add.at(p, ((values <= threshold).astype(int), labels), 1 / len(labels))
    ratio = p / np.maximum(p.sum(0) * p.sum(1, keepdims=True), 1e-300)
    return (p * np.log2(np.where(p > 0, ratio, 1))).sum()
""",
        ),
    ],
    "ex2": [
        Right(
            "image by image",
            """
def oob_error(readings, drawn, labels):
    errors = judged = 0
    for i in range(len(labels)):
        voters = readings[~drawn[:, i], i]
        if len(voters):
            judged += 1
            errors += np.bincount(voters, minlength=10).argmax() != labels[i]
    return errors / judged
""",
        ),
        Right(
            "the mode by SciPy",
            """
def oob_error(readings, drawn, labels):
    from scipy.stats import mode

    heard = np.where(drawn, np.nan, readings)
    judged = ~drawn.all(axis=0)
    verdicts = mode(heard[:, judged], axis=0, nan_policy="omit").mode
    return np.mean(np.asarray(verdicts) != labels[judged])
""",
        ),
    ],
    "ex3": [
        Right(
            "distances by SciPy",
            """
def kernel_score(x, support, weights, intercept, gamma):
    from scipy.spatial.distance import cdist

    return intercept + np.exp(-gamma * cdist(x, support, "sqeuclidean")).dot(weights)
""",
        ),
        Right(
            "image by image",
            """
def kernel_score(x, support, weights, intercept, gamma):
    return [
        float((weights * np.exp(-gamma * ((support - one) ** 2).sum(axis=1))).sum() + intercept)
        for one in x
    ]
""",
        ),
        Right(
            "the square multiplied out",
            """
def kernel_score(x, support, weights, intercept, gamma):
    squared = (x**2).sum(1)[:, None] - 2 * x @ support.T + (support**2).sum(1)
    return np.exp(-gamma * squared) @ weights + intercept
""",
        ),
        Right(
            "in float32",
            """
def kernel_score(x, support, weights, intercept, gamma):
    x, support = x.astype(np.float32), support.astype(np.float32)
    squared = ((x[:, None] - support) ** 2).sum(axis=2)
    return (np.exp(-gamma * squared) @ weights + intercept).astype(np.float32)
""",
        ),
    ],
    "ex4": [
        Right(
            "with lists",
            """
def fold_errors(make_model, x, y, fold):
    errors = []
    for k in range(max(fold) + 1):
        kept = [i for i in range(len(y)) if fold[i] != k]
        held = [i for i in range(len(y)) if fold[i] == k]
        model = make_model()
        model.fit([list(x[i]) for i in kept], [y[i] for i in kept])
        readings = model.predict([list(x[i]) for i in held])
        errors.append(sum(r != y[i] for r, i in zip(readings, held)) / len(held))
    return errors
""",
        ),
        Right(
            "from the last part to the first",
            """
def fold_errors(make_model, x, y, fold):
    errors = np.zeros(fold.max() + 1)
    for k in reversed(range(len(errors))):
        model = make_model().fit(x[fold != k], y[fold != k])
        errors[k] = np.mean(model.predict(x[fold == k]) != y[fold == k])
    return errors
""",
        ),
        Right(
            "parts in order of appearance",
            """
def fold_errors(make_model, x, y, fold):
    errors = {}
    for k in dict.fromkeys(fold.tolist()):
        model = make_model()
        model.fit(x[fold != k], y[fold != k])
        errors[k] = np.mean(model.predict(x[fold == k]) != y[fold == k])
    return [errors[k] for k in sorted(errors)]
""",
        ),
        Right(
            "scikit-learn deals out the parts",
            """
def fold_errors(make_model, x, y, fold):
    errors = []
    for kept, held in PredefinedSplit(fold).split():
        model = make_model()
        model.fit(x[kept], y[kept])
        errors.append(1 - model.score(x[held], y[held]))
    return np.array(errors)
""",
        ),
    ],
    "ex5": [
        Right(
            "logarithms to base 10",
            """
def extrapolate(sizes, seconds, target):
    p, c = np.polyfit(np.log10(sizes), np.log10(seconds), 1)
    return [p, 10 ** (c + p * np.log10(target))]
""",
        ),
        Right(
            "least squares by a matrix",
            """
def extrapolate(sizes, seconds, target):
    columns = np.column_stack([np.log(sizes), np.ones(len(sizes))])
    (p, c), *_ = np.linalg.lstsq(columns, np.log(seconds), rcond=None)
    return np.array([p, np.exp(c) * target**p])
""",
        ),
        Right(
            "slope by covariance",
            """
def extrapolate(sizes, seconds, target):
    x, y = np.log(sizes), np.log(seconds)
    p = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
    return p, np.exp(y.mean() + p * (np.log(target) - x.mean()))
""",
        ),
    ],
    "ex6": [
        Right(
            "the formula",
            """
def paired_p_value(first, second, labels):
    from math import comb

    b = int(((first == labels) & (second != labels)).sum())
    c = int(((second == labels) & (first != labels)).sum())
    return min(1, 2 * sum(comb(b + c, i) for i in range(min(b, c) + 1)) * 0.5 ** (b + c))
""",
        ),
        Right(
            "the binomial distribution by SciPy",
            """
def paired_p_value(first, second, labels):
    from scipy.stats import binom

    right = first == labels, second == labels
    b, c = (right[0] > right[1]).sum(), (right[1] > right[0]).sum()
    return min(2 * binom.cdf(min(b, c), b + c, 0.5), 1.0)
""",
        ),
    ],
}
