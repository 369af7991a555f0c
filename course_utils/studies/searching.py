"""Chapter 6's study of searching: equal recipes, several networks together, ways to search.

``craft.stored("equals")`` and ``craft.stored("searching")`` have the rows.
"""

import math
from dataclasses import replace

import torch

from course_utils.studies import craft
from course_utils.studies.craft import Asked

EQUAL = Asked(n_labels=0, steps=150)  # what all equal recipes are
N_EQUAL, N_SMALL = 20, 500  # networks of a group; images of part A of a small validation part
SEARCHED = Asked(n_labels=0, steps=120)  # one full training of a search
N_TRIALS = 16  # full trainings that each way may spend
METHODS = ("grid", "random", "halving")
GRID = ((0.003, 0.03, 0.3, 3.0), (1e-5, 1e-3), (0.0, 0.4))  # rates, weight decays, dropout


def equals(group: int) -> dict:
    """``N_EQUAL`` trainings that differ by their seed: errors (%) of each, and of some together.

    Lists over the networks: "a_small" on the first ``N_SMALL`` letters of part A, "a", "b".
    "together_3", "together_5", "together_20": on B, of the mean probabilities of the first 3, …;
    "all_five" and "any_of_five": letters of B (%) that all, or at least one, of the first five
    misread.
    """
    parts = craft.load("letters")
    found: dict = {"seed": group, "a_small": [], "a": [], "b": []}
    shares, wrong = [], []
    for k in range(N_EQUAL):
        model = craft.trained(replace(EQUAL, seed=N_EQUAL * group + k), parts).model
        on_a = craft.logits(model, parts.a.x).argmax(1) != parts.a.y
        shares.append(craft.logits(model, parts.b.x).softmax(1))
        wrong.append(shares[-1].argmax(1) != parts.b.y)
        for name, errors in (("a_small", on_a[:N_SMALL]), ("a", on_a), ("b", wrong[-1])):
            found[name].append(percent(errors))
    for n in (3, 5, N_EQUAL):
        together = torch.stack(shares[:n]).mean(0).argmax(1)
        found[f"together_{n}"] = percent(together != parts.b.y)
    five = torch.stack(wrong[:5])
    return found | {"all_five": percent(five.all(0)), "any_of_five": percent(five.any(0))}


def percent(wrong: torch.Tensor) -> float:
    """Share of True in a mask (n,), in %."""
    return round(100 * wrong.double().mean().item(), 3)


def drawn(generator: torch.Generator, seed: int) -> Asked:
    """A random recipe: rate and weight decay even in their logarithms, dropout even."""
    rate, decay, dropout = torch.rand(3, generator=generator).tolist()
    low, high = math.log(GRID[0][0]), math.log(GRID[0][-1])
    return replace(
        SEARCHED,
        rate=math.exp(low + (high - low) * rate),
        weight_decay=10 ** (-5 + 3 * decay),
        dropout=0.5 * dropout,
        seed=seed,
    )


def search(method: str, seed: int) -> dict:
    """Search in one way: the recipe with the fewest errors on part A, and its errors on part B.

    "grid": all of ``GRID``; "random": as many drawn ones; "halving": four times as many for an
    eighth of the steps, then the best eighth with half, and the best two with more: the steps in
    all are those of ``N_TRIALS`` full trainings, but for what does not divide.
    Raises ValueError for another method.
    """
    if method not in METHODS:
        raise ValueError(f"expected one of {', '.join(METHODS)}, got {method!r}")
    generator = torch.Generator().manual_seed(seed)
    if method == "grid":
        rounds = [(N_TRIALS, SEARCHED.steps)]
        trials = [
            replace(SEARCHED, rate=r, weight_decay=w, dropout=d, seed=seed)
            for r in GRID[0]
            for w in GRID[1]
            for d in GRID[2]
        ]
    else:
        full = SEARCHED.steps
        rounds = [(N_TRIALS, full)]
        if method == "halving":
            rounds = [(4 * N_TRIALS, full // 8), (N_TRIALS // 2, full // 2), (2, 2 * full)]
        trials = [drawn(generator, seed) for _ in range(rounds[0][0])]
    spent = 0
    for keep, steps in rounds:
        rows = [craft.run(replace(trial, steps=steps)) for trial in trials[:keep]]
        order = sorted(range(len(rows)), key=lambda k, rows=rows: rows[k]["a"])
        trials, best = [trials[k] for k in order], rows[order[0]]
        spent += steps * len(rows)
    figures = {name: best[name] for name in ("rate", "weight_decay", "dropout", "a", "b")}
    return {"method": method, "seed": seed, "steps": spent} | figures
