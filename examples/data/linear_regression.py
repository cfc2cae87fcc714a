"""Writes linear_regression.csv beside itself: the points of the article that linear_regression.rs follows, and prints
the line that is closest to them."""

from pathlib import Path

import numpy as np

np.random.seed(0)
X = np.random.rand(100, 1)
y = 2 * X + 1 + np.random.randn(100, 1)

rows = [f"{a!r},{b!r}" for a, b in zip(X.ravel().tolist(), y.ravel().tolist())]
Path(__file__).with_suffix(".csv").write_text("\n".join(["x,y", *rows]) + "\n")

(slope, intercept), *_ = np.linalg.lstsq(np.hstack([X, np.ones_like(X)]), y.ravel(), rcond=None)
print(f"slope {slope:.8f}, intercept {intercept:.8f}")
