#!/usr/bin/env python3
"""NumPy reference of the optimisers in free.json (formulas: README.md, "free.*").  run: python3 check_free.py
Every method is a generator: send (gradient, loss, lr), get (parameters, scalars, vectors).
Reproduces every golden: parameters and vectors to one rounding to f32, scalars to 1e-8.
make_free.py takes the three methods of papers (PAPER) from here: those this check cannot judge."""
import json, math, os, sys
import numpy as np
HERE = os.path.dirname(os.path.abspath(__file__))

def sq(v): return float(np.dot(v, v))
def norm(v): return math.sqrt(sq(v))
def l1(v): return float(np.abs(v).sum())
def number(v): return float(v) if isinstance(v, str) and v.lstrip("-") in ("Infinity", "NaN") else v

# ---- distance over gradients ----------------------------------------------------------------------------------
def dog(x, h, parts):                                     # optax.contrib.dog
    kind, value = h["init_step"]
    r = {"distance": value, "heuristic": value * (1 + norm(x)), "learning_rate": 0.0}[kind]
    x0, G, first, out = x.copy(), 0.0, True, None
    while True:
        g, loss, lr = yield out
        g = g + (h["weight_decay"] or 0.0) * x
        r = max(r, norm(x0 - x)); G += sq(g)
        eta, first = value if first and kind == "learning_rate" else r / math.sqrt(G + h["eps"]), False
        x = x - lr * (eta * g)
        out = x, dict(r_bar=r, sum_sq_grads=G, eta=eta), {}

def dog_package(x, h, parts, layerwise=False):            # dog.DoG, dog.LDoG and their averager
    blocks = parts if layerwise else {"": slice(0, x.size)}
    tag = lambda name, b: f"{name}/{b}" if b else name
    reps = 0.0 if h["init_eta"] is not None else h["reps_rel"]
    r = {b: reps * (1 + norm(x[s])) for b, s in blocks.items()}
    G = {b: h["eps"] for b in blocks}
    x0, t, mean, gamma, out = x.copy(), 1, x.copy(), h.get("averager_gamma"), None
    while True:
        g, loss, lr = yield out
        g, x, scalars = g + h["weight_decay"] * x, x.copy(), {}
        for b, s in blocks.items():
            if t > 1: r[b] = max(r[b], norm(x[s] - x0[s]))
            G[b] += sq(g[s])
            eta = h["init_eta"] if t == 1 and h["init_eta"] is not None else lr * r[b] / math.sqrt(G[b])
            scalars |= {tag("r_bar", b): r[b], tag("sum_sq_grads", b): G[b], tag("applied_lr", b): eta}
            x[s] -= eta * g[s]
        if gamma is not None: mean = mean * (1 - (gamma + 1) / (gamma + t)) + x * ((gamma + 1) / (gamma + t))
        t += 1
        out = x, scalars, {} if gamma is None else {"average": mean}

def ldog_package(x, h, parts): return dog_package(x, h, parts, layerwise=True)

def dowg(x, h, parts):                                    # optax.contrib.dowg
    r2 = h["eps"] if h["init_estim_sq_dist"] is None else h["init_estim_sq_dist"]
    x0, v, out = x.copy(), 0.0, None
    while True:
        g, loss, lr = yield out
        g = g + (h["weight_decay"] or 0.0) * x
        r2 = max(r2, sq(x0 - x)); v += r2 * sq(g)
        x = x - lr * ((eta := r2 / (math.sqrt(v) + h["eps"])) * g)
        out = x, dict(r_bar_sq=r2, weighted_sq_grads=v, eta=eta), {}

# ---- Prodigy and D-Adaptation ---------------------------------------------------------------------------------
def correction(h, k): return math.sqrt(1 - h["betas"][1] ** (k + 1)) / (1 - h["betas"][0] ** (k + 1))

def prodigy_package(x, h, parts):                         # prodigyopt.Prodigy
    (b1, b2), d0, wd = h["betas"], h["d0"], h["weight_decay"]
    b3 = math.sqrt(b2) if h["beta3"] is None else h["beta3"]
    growth = number(h["growth_rate"])
    x0, m, v, s, k, out = x.copy(), 0 * x, 0 * x, 0 * x, 0, None
    d = d_max = d_hat = d0; num = den = 0.0
    while True:
        g, loss, lr = yield out
        if not h["decouple"]: g = g + wd * x
        dlr = d * lr * (correction(h, k) if h["use_bias_correction"] else 1)
        if lr > 0:
            delta = (d / d0) * dlr * float(np.dot(g, x0 - x))
            m = b1 * m + d * (1 - b1) * g
            v = b2 * v + d * d * (1 - b2) * g * g
            s = b3 * s + (d / d0) * (d if h["safeguard_warmup"] else dlr) * g
            if l1(s) > 0:                                 # else: no more than the moments has changed
                num, den = b3 * num + delta, l1(s)
                d_hat = h["d_coef"] * num / den
                if d == d0: d = max(d, d_hat)
                d_max = max(d_max, d_hat); d = min(d_max, d * growth)
                if h["decouple"]: x = x - wd * dlr * x
                x = x - dlr * (m if b1 > 0 else d * g) / (np.sqrt(v) + d * h["eps"])
                k += 1
        out = x, dict(d=d, d_max=d_max, d_hat=d_hat, d_numerator=num, d_denom=den, k=k), {}

def prodigy_optax(x, h, parts):                           # optax.contrib.prodigy
    (b1, b2), d0 = h["betas"], h["estim_lr0"]
    b3 = b2 ** 0.5 if h["beta3"] is None else h["beta3"]
    x0, m, v, s, d, num, k, out = x.copy(), 0 * x, 0 * x, 0 * x, d0, 0.0, 0, None
    while True:
        g, loss, lr = yield out
        dlr, dg = d * lr * correction(h, k), d * g
        num = b3 * num + (d / d0) * dlr * float(np.dot(g, x0 - x))
        m = b1 * m + (1 - b1) * dg
        v = b2 * v + (1 - b2) * dg * dg
        s = b3 * s + (d if h["safeguard_warmup"] else dlr) * dg / d0
        d_hat = h["estim_lr_coef"] * num / l1(s)
        d = max(d, d_hat); k += 1
        x = x - h["weight_decay"] * dlr * x - dlr * m / (np.sqrt(v) + d * h["eps"])
        out = x, dict(d=d, d_hat=d_hat, d_numerator=num, d_denom=l1(s), k=k), {}

def dadapt(x, h, parts, optax=False):                     # dadaptation.DAdaptAdam, optax.contrib.dadapt_adamw
    (b1, b2), wd, eps = h["betas"], h["weight_decay"], h["eps"]
    growth, decouple = (math.inf, True) if optax else (number(h["growth_rate"]), h["decouple"])
    m, v, s, num, k, c, out = 0 * x, 0 * x, 0 * x, 0.0, 0, math.sqrt(b2), None
    d = d_hat = h["estim_lr0" if optax else "d0"]
    while True:
        g, loss, lr = yield out
        if not decouple: g = g + wd * x
        dlr = d * lr * (correction(h, k) if optax or h["use_bias_correction"] else 1)
        if lr > 0 or optax:
            a = dlr * float(np.dot(g, s / (np.sqrt(v) + eps)))
            m = b1 * m + (1 - b1) * dlr * g
            v = b2 * v + (1 - b2) * g * g
            s = c * s + (1 - c) * dlr * g
        if optax or (lr > 0 and l1(s) > 0):
            num = c * num + (1 - c) * a
            d_hat = num / ((1 - c) * l1(s))
            d = max(d, min(d_hat, d * growth)); k += 1
            x = x - (wd * dlr * x if decouple else 0) - m / (np.sqrt(v) + eps)
        out = x, dict(d=d, d_hat=d_hat, numerator_weighted=num, sk_l1=l1(s), k=k), {}

def dadapt_optax(x, h, parts): return dadapt(x, h, parts, optax=True)

# ---- schedule-free --------------------------------------------------------------------------------------------
def schedule_free(y, h, parts):                           # schedulefree.SGDScheduleFree, .AdamWScheduleFree
    adam = "betas" in h
    b1 = h["betas"][0] if adam else h["momentum"]
    z, v, k, lr_max, weight_sum, out = y.copy(), 0 * y, 0, -1.0, 0.0, None
    while True:
        g, loss, lr = yield out
        lr *= (k + 1) / h["warmup_steps"] if k < h["warmup_steps"] else 1.0
        lr_max = max(lr_max, lr)
        weight = (k + 1) ** h["r"] * lr_max ** h["weight_lr_power"]
        weight_sum += weight
        c = weight / weight_sum if weight_sum else 0.0
        if adam:
            b2 = h["betas"][1]
            v = b2 * v + (1 - b2) * g * g
            g = g / (np.sqrt(v / (1 - b2 ** (k + 1))) + h["eps"])
        g = g + h["weight_decay"] * y
        y = y + c * (z - y) + lr * (b1 * (1 - c) - 1) * g
        z = z - lr * g; k += 1
        out = y, dict(scheduled_lr=lr, lr_max=lr_max, weight_sum=weight_sum, ckp1=c, k=k), {"x": y + (1 - 1 / b1) * (z - y)}

def schedule_free_optax(y, h, parts):                     # optax.contrib.schedule_free_sgd
    z, k, lr_max, weight_sum, b1, out = y.copy(), 0, 0.0, 0.0, h["b1"], None
    rate = lambda lr, t: lr * min(1, t / h["warmup_steps"]) if h["warmup_steps"] else lr
    while True:
        g, loss, lr = yield out
        x = (y - (1 - b1) * z) / b1
        z = z - rate(lr, k) * (g + (h["weight_decay"] or 0.0) * y)
        lr_max = max(lr_max, rate(lr, k + 1))             # one update ahead of the step of z
        weight = lr_max ** h["weight_lr_power"]; weight_sum += weight
        x = (1 - weight / weight_sum) * x + weight / weight_sum * z
        y = b1 * x + (1 - b1) * z; k += 1
        out = y, dict(lr_max=lr_max, weight_sum=weight_sum, k=k), {"x": x}

# ---- Polyak's step, hypergradient, AdaGrad-Norm ---------------------------------------------------------------
def polyak(x, h, parts):                                  # optax.polyak_sgd; lr is its `scaling`
    out = None
    while True:
        g, loss, lr = yield out
        u = -lr * g
        gap = max(loss - h["f_min"], 0.0 if h["variant"] == "sps+" else -math.inf)
        n = sq(u)
        step = 0.0 if n + h["eps"] <= 2.0 ** -52 else min(gap / (n + h["eps"]), h["max_learning_rate"])
        out = (x := x + step * u), dict(update_sq_norm=n, step_size=step), {}

def sps_max(x, h, parts):                                 # Loizou et al. 2002.10542, eq. SPS_max, times lr
    out = None
    while True:
        g, loss, lr = yield out
        n = sq(g)
        step = min((loss - h["f_star"]) / (h["c"] * n), h["gamma_b"]) if n > 0 else 0.0
        x = x - lr * step * g
        out = x, dict(grad_sq_norm=n, step_size=step), {}

def sgd_hd(x, h, parts):                                  # Baydin et al. 1703.04782, times lr
    alpha, beta, mu, direction, buf, before, out = h["alpha0"], h["hypergrad_lr"], h["momentum"], 0 * x, None, 0.0, None
    while True:
        g, loss, lr = yield out
        g = g + h["weight_decay"] * x
        hyper = float(np.dot(g, direction))
        if h["factor_in_hypergradient"]: hyper *= before
        if h["multiplicative"]:
            lengths = norm(g) * norm(direction)
            hyper = hyper / lengths if lengths else 0.0
        alpha = alpha * (1 + beta * hyper) if h["multiplicative"] else alpha + beta * hyper
        direction = g
        if mu:
            buf = g if buf is None else mu * buf + g
            direction = g + mu * buf if h["nesterov"] else buf
        x, before = x - lr * alpha * direction, lr
        out = x, dict(alpha=alpha, hypergradient=hyper), {}

def adagrad_norm(x, h, parts):                            # Ward et al. 1806.01811, algorithm 1
    b2, out = h["b0"] ** 2, None
    while True:
        g, loss, lr = yield out
        g = g + h["weight_decay"] * x
        b2 += sq(g)
        x = x - lr * h["eta"] / math.sqrt(b2) * g
        out = x, dict(b_sq=b2, step_size=h["eta"] / math.sqrt(b2)), {}

# ---- Lion, LARS, LAMB -----------------------------------------------------------------------------------------
def lion(x, h, parts):
    m, out = 0 * x, None
    while True:
        g, loss, lr = yield out
        u = np.sign((1 - h["b1"]) * g + h["b1"] * m)
        m = (1 - h["b2"]) * g + h["b2"] * m
        out = (x := x - lr * (u + h["weight_decay"] * x)), {}, {}

def trust(u, x, parts, mask, coefficient, eps):
    u, ratios = u.copy(), {}
    for name, s in parts.items():
        a, b = norm(x[s]), norm(u[s])
        ratios[f"trust_ratio/{name}"] = r = coefficient * a / (b + eps) if mask[name] and a and b else 1.0
        u[s] *= r
    return u, ratios

def masked(mask, parts): return mask if isinstance(mask, dict) else dict.fromkeys(parts, mask is None or mask)

def decayed(u, x, wd, parts, mask):
    u, mask = u.copy(), masked(mask, parts)
    for name, s in parts.items(): u[s] += wd * x[s] * mask[name]
    return u

def lars(x, h, parts):
    buf, mu, out = 0 * x, h["momentum"], None
    while True:
        g, loss, lr = yield out
        u = decayed(g, x, h["weight_decay"], parts, h["weight_decay_mask"])
        u, ratios = trust(u, x, parts, masked(h["trust_ratio_mask"], parts), h["trust_coefficient"], h["eps"])
        buf = -lr * u + mu * buf
        x = x + (-lr * u + mu * buf if h["nesterov"] else buf)
        out = x, ratios, {}

def lamb(x, h, parts):
    m, v, t, (b1, b2), out = 0 * x, 0 * x, 0, (h["b1"], h["b2"]), None
    while True:
        g, loss, lr = yield out
        t += 1
        m, v = (1 - b1) * g + b1 * m, (1 - b2) * g * g + b2 * v
        u = (m / (1 - b1 ** t)) / (np.sqrt(v / (1 - b2 ** t) + h["eps_root"]) + h["eps"])
        u = decayed(u, x, h["weight_decay"], parts, h["mask"])
        u, ratios = trust(u, x, parts, dict.fromkeys(parts, True), 1.0, 0.0)
        out = (x := x - lr * u), ratios, {}

PAPER = {"paper.SPS_max": sps_max, "paper.SGD_HD": sgd_hd, "paper.AdaGradNorm": adagrad_norm}
METHODS = PAPER | {
    "optax.contrib.dog": dog, "dog.DoG": dog_package, "dog.LDoG": ldog_package, "optax.contrib.dowg": dowg,
    "prodigyopt.Prodigy": prodigy_package, "optax.contrib.prodigy": prodigy_optax,
    "dadaptation.DAdaptAdam": dadapt, "optax.contrib.dadapt_adamw": dadapt_optax,
    "schedulefree.SGDScheduleFree": schedule_free, "schedulefree.AdamWScheduleFree": schedule_free,
    "optax.contrib.schedule_free_sgd": schedule_free_optax, "optax.polyak_sgd": polyak,
    "optax.lion": lion, "optax.lars": lars, "optax.lamb": lamb,
}

def parts_of(tensors):
    return {t["name"]: slice(t["offset"], t["offset"] + math.prod(t["shape"])) for t in tensors}

def follow(case, tensors, x0, grads):
    """(parameters, scalars, vectors) after every update, in f64."""
    machine = METHODS[case["optimizer"]](x0.astype(np.float64), case["hyper"], parts_of(tensors))
    next(machine)
    losses = case.get("loss", [None] * len(grads))
    return [machine.send((g.astype(np.float64), f, lr)) for g, f, lr in zip(grads, losses, case["lr"])]

def deviation(want, got):
    """Largest difference relative to the largest value of the row."""
    want, got = np.asarray(want, np.float64), np.asarray(got, np.float64)
    return float(np.max(np.abs(want - got)) / max(np.max(np.abs(want)), 1e-300)) if want.size else 0.0

def judge(c, J, T):
    """Largest deviations of parameters, vectors and scalars."""
    steps, name = follow(c, J["tensors"], T["param0"], T[f"{c['name']}/grads"]), c["name"]
    assert set(c["scalars"]) == set(steps[0][1]) and set(c["vectors"]) == set(steps[0][2]), name
    params = deviation(T[f"{name}/params_f64cast"], [s[0].astype(np.float32) for s in steps])
    vectors = [deviation(T[f"{name}/{k}_f64cast"], [s[2][k].astype(np.float32) for s in steps]) for k in c["vectors"]]
    scalars = [abs(a - s[1][k]) / (abs(a) or 1) for k, v in c["scalars"].items() for a, s in zip(v, steps)]
    return params, max(vectors, default=0.0), max(scalars, default=0.0)

def main():
    from safetensors.numpy import load_file
    J = json.load(open(os.path.join(HERE, "free.json")))
    T, bad = load_file(os.path.join(HERE, "free.safetensors")), 0
    for c in J["cases"]:
        off = judge(c, J, T)
        bad += (fail := not (off[0] < 1.3e-7 and off[1] < 1.3e-7 and off[2] < 1e-8))
        print(f"{'FAIL' if fail else 'ok  '} {c['name']:32} params {off[0]:.1e}  vectors {off[1]:.1e}  scalars {off[2]:.1e}")
    print(f"{len(J['cases']) - bad} of {len(J['cases'])} cases")
    sys.exit(bad > 0)

if __name__ == "__main__": main()
