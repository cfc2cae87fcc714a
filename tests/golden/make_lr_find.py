"""Reference values for the rules of `kiln lr-find`: NumPy only, written from fastai's published definitions
(fastai/callback/schedule.py: LRFinder, lr_find, valley, slide, minimum, steep), vectorised where kiln loops.

    python3 make_lr_find.py lr_find_curves.json > lr_find.json

`lr_find_curves.json` holds raw training losses, update by update, of sweeps: those called `kiln ...` were recorded by
`kiln lr-find --json`, the others are what `python3 make_lr_find.py --curves` prints.
"""

import json
import sys

import numpy as np

BETA, FACTOR = 0.98, 4.0


def rates(sweep):
    i = np.arange(sweep["steps"])
    return sweep["from"] * (sweep["to"] / sweep["from"]) ** (i / (sweep["steps"] - 1))


def smooth(losses):
    """fastai's AvgSmoothLoss: a lerp from 0, divided by 1 - beta ** count."""
    out, value = [], 0.0
    for count, loss in enumerate(losses, 1):
        value = loss + (value - loss) * BETA
        out.append(value / (1 - BETA**count))
    return np.array(out)


def stop(smoothed):
    """Points up to and with the first that exceeds 4 times the best so far."""
    beyond = np.flatnonzero(smoothed > FACTOR * np.minimum.accumulate(smoothed))
    return len(smoothed) if len(beyond) == 0 else int(beyond[0]) + 1


def valley(lrs, losses):
    n = len(losses)
    run = np.ones(n, dtype=int)  # longest falling subsequence that ends here
    left, right = 0, 0
    for i in range(1, n):
        for j in np.flatnonzero(losses[:i] > losses[i]):
            run[i] = max(run[i], run[j] + 1)
            if run[i] > run[right]:
                right, left = i, i - run[i]
    third = (right - left) / 3
    at = left + int(third) + int(third / 2)
    return None if right == 0 or at < 0 else float(lrs[at])


def steep(lrs, losses):
    return float(lrs[np.argmin(np.diff(losses) / np.diff(np.log(lrs)))])


def minimum(lrs, losses):
    return float(lrs[np.argmin(losses)]) / 10


def slide(lrs, losses, interval=15, level=0.005):
    if len(losses) <= interval:
        return None
    slope = np.gradient(losses)
    found = lrs[-1 - interval]
    for left in range(len(losses) - 1 - interval, -1, -1):
        if not abs(slope[left + interval] - slope[left]) > level:
            break
        found = lrs[left]
    return float(found)


def case(curve):
    lrs = rates(curve)
    losses = np.array([np.nan if x is None else x for x in curve["losses"]])
    finite = np.flatnonzero(~np.isfinite(losses))
    losses = losses[: finite[0]] if len(finite) else losses
    smoothed = smooth(losses)
    n = stop(smoothed)
    part = slice(min(curve["steps"] // 10, n), max(n - 5, min(curve["steps"] // 10, n)))
    x, y = lrs[:n][part], smoothed[:n][part]
    enough = len(y) > 1
    return {
        "name": curve["name"],
        "points": n,
        "smoothed": smoothed[:n].tolist(),
        "valley": valley(x, y) if enough else None,
        "steep": steep(x, y) if enough else None,
        "slide": slide(x, y) if enough else None,
        "minimum": minimum(x, y) if enough else None,
    }


def synthetic():
    """Curves with the shapes that finders meet, noise from a seeded generator."""
    rng = np.random.default_rng(20240613)
    made = []
    for name, lo, hi, steps, start, fall, rise, noise in [
        ("clean", 1e-7, 10.0, 100, 2.3, 0.02, 0.5, 0.0),
        ("noisy", 1e-7, 10.0, 200, 2.3, 0.03, 0.7, 0.15),
        ("late", 1e-6, 1.0, 150, 4.0, 0.3, 5.0, 0.05),
        ("never rises", 1e-5, 0.1, 120, 1.7, 0.01, 1e9, 0.02),
        ("flat", 1e-7, 1e-4, 100, 2.3, 1e9, 1e9, 0.1),
        ("diverges at once", 1e-3, 1e3, 100, 2.3, 1e-3, 2e-3, 0.0),
    ]:
        lr = lo * (hi / lo) ** (np.arange(steps) / (steps - 1))
        loss = 0.2 + (start - 0.2) / (1 + (np.cumsum(lr) / fall) ** 0.7) + (lr / rise) ** 3
        loss = loss * np.exp(noise * rng.standard_normal(steps))
        made.append({"name": name, "from": lo, "to": hi, "steps": steps, "losses": loss.tolist()})
    return made


if __name__ == "__main__":
    if sys.argv[1] == "--curves":
        json.dump(synthetic(), sys.stdout)
    else:
        with open(sys.argv[1]) as f:
            json.dump([case(curve) for curve in json.load(f)], sys.stdout)
