"""What dimension reduction saves an SVM: raw pixels against 60 principal components, side by side.

    python -m benchmarks svm [--sizes 5000 10000 20000] [--json FILE]

(or ``python -m benchmarks.svm``). Both machines have the same settings, C = 10 and gamma = 0.02,
and learn from the same first n training images; both read the 10,000 validation images. Every fit
runs in a process of its own, so that its peak memory is its own, and the two take turns, so that a
computer that slows down slows both. Each computes on one core: the SVM knows no better, and the
PCA's linear algebra on several would get in the way of whatever runs beside it. The test images
are not touched. The default sizes take a few minutes, most of them for the raw pixels.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from benchmarks._memory import MB, resident, watching
from benchmarks._runs import apart, write_json
from course_utils.data import LabelledImages, load_mnist

SIZES = (5_000, 10_000, 20_000)
COST, GAMMA, COMPONENTS = 10, 0.02, 60
KINDS = ("raw", "pca")


@dataclass(frozen=True)
class Measurement:
    """One fit and one reading: seconds by the clock, megabytes, support vectors, wrong readings.

    ``peak_mb`` is the most memory that the process had resident while it fitted and read, and
    ``base_mb`` what it had before, with the images loaded.
    """

    kind: str
    n: int
    fit_seconds: float
    predict_seconds: float
    base_mb: float
    peak_mb: float
    support_vectors: int
    errors: int
    n_validation: int


def flatten(part: LabelledImages, n: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The first n images as float32 rows (n, 784), ink 0 to 1, and their labels (n,)."""
    images, labels = part.numpy()
    return images[:n].reshape(-1, 784) / np.float32(255), labels[:n]


def measure(kind: str, n: int, n_validation: int | None = None) -> Measurement:
    """Fit on the first n training images and read validation, in this process.

    ``kind`` is "raw" or "pca". Raises ValueError for another kind, or for n outside 1 … 50,000.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    mnist = load_mnist()
    if not 1 <= n <= len(mnist.train):
        raise ValueError(f"n must be between 1 and {len(mnist.train):,}, got {n}")
    x, y = flatten(mnist.train, n)
    x_validation, y_validation = flatten(mnist.validation, n_validation)
    machine = SVC(C=COST, gamma=GAMMA)
    steps = [PCA(COMPONENTS, svd_solver="covariance_eigh")] if kind == "pca" else []
    model = make_pipeline(*steps, machine)
    base = resident(psutil.Process())
    with threadpool_limits(1), watching(os.getpid()) as most:
        start = time.perf_counter()
        model.fit(x, y)
        middle = time.perf_counter()
        predictions = model.predict(x_validation)
        end = time.perf_counter()
    return Measurement(
        kind=kind,
        n=n,
        fit_seconds=middle - start,
        predict_seconds=end - middle,
        base_mb=base / MB,
        peak_mb=most[0] / MB,
        support_vectors=int(machine.n_support_.sum()),
        errors=int((predictions != y_validation).sum()),
        n_validation=len(y_validation),
    )


def measure_apart(kind: str, n: int, n_validation: int | None = None) -> Measurement:
    """``measure`` in a fresh process. Raises what it raised."""
    return apart(measure, kind, n, n_validation)


def table(rows: list[Measurement]) -> str:
    """The measurements as text: a line for each, and the ratios raw to PCA for each size."""
    head = (
        f"{'n':>7} {'input':<6} {'fit':>9} {'predict':>9} {'peak':>9} {'vectors':>9} {'error':>8}"
    )
    lines = [head]
    for n in sorted({row.n for row in rows}):
        pair = {row.kind: row for row in rows if row.n == n}
        for kind in KINDS:
            if kind in pair:
                row = pair[kind]
                lines.append(
                    f"{n:7,} {kind:<6} {row.fit_seconds:7.1f} s {row.predict_seconds:7.1f} s "
                    f"{row.peak_mb:6,.0f} MB {row.support_vectors:9,} "
                    f"{row.errors / row.n_validation:8.2%}"
                )
        if len(pair) == len(KINDS):
            raw, pca = pair["raw"], pair["pca"]
            lines.append(
                f"{'':7} {'ratio':<6} {raw.fit_seconds / pca.fit_seconds:7.1f} × "
                f"{raw.predict_seconds / pca.predict_seconds:7.1f} × "
                f"{raw.peak_mb / pca.peak_mb:6.1f} ×  "
                f"{raw.support_vectors / pca.support_vectors:7.1f} ×"
            )
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Measure the sizes named on the command line and print the table; 2 for bad usage."""
    parser = argparse.ArgumentParser(description="Time an SVM on pixels and on components.")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args(argv)
    if not all(COMPONENTS <= n <= 50_000 for n in options.sizes):
        parser.error(f"sizes must be between {COMPONENTS} and 50000, got {options.sizes}")
    todo = [(kind, n) for n in sorted(set(options.sizes)) for kind in KINDS]
    rows = [measure_apart(kind, n) for kind, n in tqdm(todo, unit="fit", disable=None)]
    print(f"{platform.system()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"SVC(C={COST}, gamma={GAMMA}), {rows[0].n_validation:,} validation images to read")
    print(table(rows))
    if options.json:
        write_json(options.json, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
