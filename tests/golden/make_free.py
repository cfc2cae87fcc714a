#!/usr/bin/env python3
"""Goldens of optimisers that set their own rate, and of Lion, LARS, LAMB.  run: python3 make_free.py
A small least-squares problem; every update's gradient is saved, so that nothing but the update is judged.  See README.md.
Needs torch, jax, optax 0.2.8, dog-optimizer 1.0.3, prodigyopt 1.1.2, dadaptation 3.2, schedulefree 1.4.1, safetensors."""
import contextlib, importlib, importlib.metadata as meta, inspect, io, json, math, os
import numpy as np, torch, jax, jax.numpy as jnp, optax, optax.contrib
from safetensors.numpy import save_file
import check_free
torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))
TENSORS = [dict(name="weight", shape=[3, 4], offset=0), dict(name="bias", shape=[3], offset=12), dict(name="scale", shape=[1], offset=15)]
PARTS = check_free.parts_of(TENSORS)
N, ROWS, BATCH = 16, 12, 4

# ---- the problem: prediction scale * (W x + b), mean of squares over the 4 rows of batch t mod 3 -----------------
def problem(seed=20240917):
    r = np.random.default_rng(seed)
    x = r.standard_normal((ROWS, 4)) * [1.0, 0.5, 1.5, 0.0]      # the last column of W never has a gradient
    y = 0.8 * (x @ r.standard_normal((4, 3)) + r.standard_normal(3)) + 0.2 * r.standard_normal((ROWS, 3))
    p = np.concatenate([r.uniform(-0.5, 0.5, 12), np.zeros(3), [1.25]])   # a bias of zeros: trust ratios, Prodigy's p0
    return tuple(a.astype(np.float32) for a in (x, y, p))

def loss_and_grad(p, x, y, t):
    rows = slice(t % 3 * BATCH, (t % 3 + 1) * BATCH)
    x, y = x[rows].astype(np.float64), y[rows].astype(np.float64)
    W, b, s = p[:12].reshape(3, 4), p[12:15], p[15]
    inner = x @ W.T + b
    e = s * inner - y
    d = 2 * e / e.size
    return float((e * e).mean()), np.concatenate([(s * d.T @ x).ravel(), s * d.sum(0), [(d * inner).sum()]])

# ---- machines: update(gradient, loss, lr) -> (parameters, scalars, vectors); state() ----------------------------
def flat(tree): return np.concatenate([np.asarray(tree[n]).reshape(-1) for n in PARTS])
def split(v): return {t["name"]: v[PARTS[t["name"]]].reshape(t["shape"]) for t in TENSORS}

TORCH_SCALARS = {
    "prodigyopt.Prodigy": lambda g: dict(d=g["d"], d_max=g["d_max"], d_hat=g.get("d_hat", g["d0"]), d_numerator=g["d_numerator"], d_denom=g.get("d_denom", 0.0), k=g["k"]),
    "schedulefree": lambda g: {k: g[k] for k in ("scheduled_lr", "lr_max", "weight_sum", "k")},
    "dog.DoG": lambda g: dict(r_bar=float(g["rbar"]), sum_sq_grads=float(g["G"]), applied_lr=float(g["eta"][0])),
    "dog.LDoG": lambda g: {f"{k}/{n}": float(g[a][i]) for i, n in enumerate(PARTS) for k, a in (("r_bar", "rbar"), ("sum_sq_grads", "G"), ("applied_lr", "eta"))},
}

class Torch:
    def __init__(self, path, hyper, p0, dtype, first_lr):
        self.path, self.hyper = path, dict(hyper)
        gamma = self.hyper.pop("averager_gamma", None)
        module, name = path.rsplit(".", 1)
        self.params = {n: torch.nn.Parameter(torch.from_numpy(v.astype(dtype).copy())) for n, v in split(p0).items()}
        cls = getattr(importlib.import_module(module), name)
        with contextlib.redirect_stdout(io.StringIO()):
            self.opt = cls(list(self.params.values()), lr=first_lr, **self.hyper)
        self.free = path.startswith("schedulefree")
        if self.free: self.opt.train()
        self.averager = None
        if gamma is not None:
            from dog import PolynomialDecayAverager
            net = torch.nn.Module()
            for n, p in self.params.items(): net.register_parameter(n, p)
            self.averager = PolynomialDecayAverager(net, gamma)
    def all(self): return {n: p.detach().numpy().copy() for n, p in self.params.items()}
    def update(self, g, loss, lr):
        group = self.opt.param_groups[0]
        group["lr"] = lr
        for n, v in split(g).items(): self.params[n].grad = torch.from_numpy(v.astype(self.params[n].detach().numpy().dtype))
        before = group.get("weight_sum", 0.0)
        self.opt.step()
        p, vectors = flat(self.all()), {}
        if self.free:                                     # x, without going through eval() and train(), which round
            beta = self.hyper["momentum"] if "momentum" in self.hyper else self.hyper["betas"][0]
            x = {n: torch.lerp(q.detach(), self.opt.state[q]["z"], 1 - 1 / beta).numpy() for n, q in self.params.items()}
            vectors["x"] = flat(x)
        if self.averager:
            self.averager.step()
            vectors["average"] = flat({n: v.numpy() for n, v in self.averager.averaged_model.state_dict().items()})
        return p, self.scalars(group, before), vectors
    def scalars(self, group, weight_sum_before):
        if self.path == "dadaptation.DAdaptAdam":         # sk_l1 and d_hat are locals: formed again from the state
            c = math.sqrt(group["betas"][1])
            s = sum(float(self.opt.state[p]["s"].abs().sum()) for p in self.params.values())
            if group["k"] != getattr(self, "k", 0): self.d_hat = group["numerator_weighted"] / ((1 - c) * s)
            self.k = group["k"]
            return dict(d=group["d"], d_hat=getattr(self, "d_hat", self.hyper["d0"]), numerator_weighted=group["numerator_weighted"], sk_l1=s, k=group["k"])
        out = TORCH_SCALARS["schedulefree" if self.free else self.path](group)
        if self.free: out["ckp1"] = (out["weight_sum"] - weight_sum_before) / out["weight_sum"] if out["weight_sum"] else 0.0
        return {k: int(v) if k == "k" else float(v) for k, v in out.items()}
    def state(self):
        keys = [k for k, v in self.opt.state[self.params["weight"]].items() if torch.is_tensor(v) and k != "p0"]
        return {k: flat({n: self.opt.state[p][k].numpy() for n, p in self.params.items()}) for k in keys}

def free_sgd(peak, dtype, warmup_steps, b1, weight_decay, weight_lr_power):
    """optax.contrib.schedule_free_sgd line for line, but with its warm-up as a table: optax divides int32 in f32 even where x64 is on."""
    table = jnp.asarray([peak * min(1, t / (warmup_steps or 1e-9)) for t in range(64)], dtype)
    rate = lambda t: table[t]
    base = optax.chain(optax.add_decayed_weights(weight_decay), optax.sgd(rate)) if weight_decay is not None else optax.sgd(rate)
    return optax.contrib.schedule_free(base, rate, b1, weight_lr_power)

class Optax:
    """update_fn of the transformation; a scalar that it keeps to itself is formed again from what it was given."""
    def __init__(self, path, hyper, p0, dtype, lrs):
        self.path, self.h, self.dtype, self.t = path, hyper, dtype, 0
        with self.x64():
            name, table = path.rsplit(".", 1)[1], jnp.asarray(lrs, dtype)
            make = getattr(optax.contrib if ".contrib." in path else optax, name)
            args = {k: tuple(v) if isinstance(v, list) else v for k, v in hyper.items()}
            if name == "polyak_sgd": rate = dict(scaling=lambda t: table[t])
            else: rate = dict(learning_rate=lambda t: table[t])
            self.opt = free_sgd(lrs[0], dtype, **args) if name == "schedule_free_sgd" else make(**rate, **args)
            self.p = {n: jnp.asarray(v.astype(dtype)) for n, v in split(p0).items()}
            self.s = self.opt.init(self.p)
            self.lrs = lrs
    def x64(self): return jax.enable_x64(self.dtype == np.float64)
    def update(self, g, loss, lr):
        with self.x64():
            before, old = self.s, flat(self.p).astype(np.float64)
            grads = {n: jnp.asarray(v.astype(self.dtype)) for n, v in split(g).items()}
            u, self.s = self.opt.update(grads, self.s, self.p, value=jnp.asarray(loss, self.dtype))
            assert all(v.dtype == self.dtype for v in u.values()), "promoted"
            self.p = optax.apply_updates(self.p, u)
            vectors = {}
            if "schedule_free" in self.path: vectors["x"] = flat(optax.contrib.schedule_free_eval_params(self.s, self.p))
            out = self.scalars(before, old, g.astype(np.float64), loss, lr, flat(u).astype(np.float64))
            self.t += 1
            return flat(self.p), {k: int(v) if k == "k" else float(v) for k, v in out.items()}, vectors
    def scalars(self, before, old, g, loss, lr, u):
        h, name = self.h, self.path.rsplit(".", 1)[1]
        if name in ("dog", "dowg"):
            s = self.s[1]
            first = name == "dog" and h["init_step"][0] == "learning_rate" and self.t == 0
            if name == "dog": return dict(r_bar=s.max_dist, sum_sq_grads=s.sum_sq_norm_grads, eta=h["init_step"][1] if first else float(s.max_dist) / math.sqrt(float(s.sum_sq_norm_grads) + h["eps"]))
            return dict(r_bar_sq=s.estim_sq_dist, weighted_sq_grads=s.weighted_sq_norm_grads, eta=float(s.estim_sq_dist) / (math.sqrt(float(s.weighted_sq_norm_grads)) + h["eps"]))
        if name in ("prodigy", "dadapt_adamw"):
            s, l1 = self.s, float(np.abs(flat(self.s.grad_sum).astype(np.float64)).sum())
            num = float(s.numerator_weighted)
            if name == "prodigy": return dict(d=s.estim_lr, d_hat=h["estim_lr_coef"] * num / l1, d_numerator=num, d_denom=l1, k=s.count)
            return dict(d=s.estim_lr, d_hat=num / ((1 - math.sqrt(h["betas"][1])) * l1), numerator_weighted=num, sk_l1=l1, k=s.count)
        if name == "schedule_free_sgd": return dict(lr_max=self.s.max_lr, weight_sum=self.s.weight_sum, k=self.t + 1)
        if name == "polyak_sgd":
            n = check_free.sq(lr * g)
            return dict(update_sq_norm=n, step_size=math.sqrt(check_free.sq(u) / n) * np.sign(-np.dot(u, g)) if n else 0.0)
        if name in ("lars", "lamb"): return self.ratios(before, old, g)
        return {}
    def ratios(self, before, old, g):
        """By optax's own transformation, from what it is given: the chain does not keep them."""
        h, lars = self.h, self.path == "optax.lars"
        tree = lambda v: {n: jnp.asarray(w.astype(self.dtype)) for n, w in split(v).items()}
        if not lars: g = flat(optax.scale_by_adam(h["b1"], h["b2"], h["eps"], h["eps_root"]).update(tree(g), before[0])[0])
        raw = check_free.decayed(g.astype(np.float64), old, h["weight_decay"], PARTS, h["weight_decay_mask" if lars else "mask"])
        scale = optax.scale_by_trust_ratio(trust_coefficient=h["trust_coefficient"], eps=h["eps"]) if lars else optax.scale_by_trust_ratio()
        out = flat(scale.update(tree(raw), scale.init(None), tree(old))[0]).astype(np.float64)
        on = check_free.masked(h["trust_ratio_mask"] if lars else True, PARTS)
        return {f"trust_ratio/{n}": check_free.norm(out[s]) / check_free.norm(raw[s]) if on[n] else 1.0 for n, s in PARTS.items()}
    def state(self):
        names = {"exp_avg", "exp_avg_sq", "grad_sum", "z", "trace", "mu", "nu"}
        found = {}
        def visit(s):
            if hasattr(s, "_fields"):
                for f in s._fields: found.update({f: flat(getattr(s, f))} if f in names else {})
            if isinstance(s, tuple) and not hasattr(s, "_fields"): [visit(v) for v in s]
        visit(self.s)
        return found

class Paper:
    def __init__(self, path, hyper, p0, dtype, lrs):
        self.machine = check_free.METHODS[path](p0.astype(dtype), hyper, PARTS)
        self.dtype = dtype
        next(self.machine)
    def update(self, g, loss, lr): return self.machine.send((g.astype(self.dtype), loss, lr))
    def state(self): return {}

def machine(path, hyper, p0, dtype, lrs):
    if path.startswith("paper."): return Paper(path, hyper, p0, dtype, lrs)
    if path.startswith("optax."): return Optax(path, hyper, p0, dtype, lrs)
    return Torch(path, hyper, p0, dtype, lrs[0])

# ---- configurations ---------------------------------------------------------------------------------------------
def rates(kind, base, steps):
    lr = {"constant": lambda t: base, "half": lambda t: 0.5 * base, "warmup": lambda t: base * min(1, (t + 1) / 5),
          "decay": lambda t: 0.0 if t == 8 else round(base * 0.5 * (1 + math.cos(math.pi * t / steps)), 5)}[kind]
    return [float(lr(t)) for t in range(steps)]

def case(name, optimizer, kind="constant", base=1.0, steps=12, zero=(), **given):
    return dict(name=name, optimizer=optimizer, schedule=kind, base_lr=base, steps=steps, zero=list(zero), given=given)

DOG, DOWG, PKG, LDOG = "optax.contrib.dog", "optax.contrib.dowg", "dog.DoG", "dog.LDoG"
PRO, PROX, DAD, DADX = "prodigyopt.Prodigy", "optax.contrib.prodigy", "dadaptation.DAdaptAdam", "optax.contrib.dadapt_adamw"
SFS, SFA, SFX, SPS = "schedulefree.SGDScheduleFree", "schedulefree.AdamWScheduleFree", "optax.contrib.schedule_free_sgd", "optax.polyak_sgd"
heuristic = dict(init_step=("heuristic", 1e-2))
CASES = [
    case("dog", DOG, steps=20),
    case("dog_half", DOG, "half", **heuristic),
    case("dog_decay", DOG, "decay", **heuristic),
    case("dog_weight_decay", DOG, weight_decay=0.1, **heuristic),
    case("dog_learning_rate_half", DOG, "half", init_step=("learning_rate", 0.05)),
    case("dog_distance_eps", DOG, init_step=("distance", 0.1), eps=0.5),
    case("dog_package", PKG, reps_rel=1e-2, averager_gamma=8.0),
    case("dog_package_init_eta_half", PKG, "half", init_eta=0.05),
    case("dog_package_zero_first", PKG, zero=(0,), reps_rel=1e-2),
    case("ldog_package", LDOG, "half", reps_rel=1e-2, weight_decay=0.05, eps=0.1),
    case("dowg", DOWG, steps=16),
    case("dowg_half", DOWG, "half", init_estim_sq_dist=1e-2),
    case("dowg_decay", DOWG, "decay", init_estim_sq_dist=1e-2, eps=1e-8),
    case("dowg_weight_decay", DOWG, weight_decay=0.1, init_estim_sq_dist=1e-2),
    case("prodigy", PRO, steps=20),
    case("prodigy_d0", PRO, d0=1e-2),
    case("prodigy_half", PRO, "half", d0=1e-2),
    case("prodigy_decay", PRO, "decay", d0=1e-2),
    case("prodigy_weight_decay", PRO, d0=1e-2, weight_decay=0.1),
    case("prodigy_weight_decay_coupled", PRO, d0=1e-2, weight_decay=0.1, decouple=False),
    case("prodigy_bias_correction", PRO, d0=1e-2, use_bias_correction=True),
    case("prodigy_safeguard_warmup", PRO, "warmup", d0=1e-2, safeguard_warmup=True, use_bias_correction=True),
    case("prodigy_d_coef", PRO, d0=1e-2, d_coef=2.0, betas=(0.8, 0.95), eps=1e-6),
    case("prodigy_growth_rate", PRO, steps=16, d0=1e-2, growth_rate=1.1, beta3=0.9),
    case("prodigy_beta1_zero", PRO, d0=1e-2, betas=(0.0, 0.99)),
    case("prodigy_zero_first", PRO, d0=1e-2, zero=(0, 1), use_bias_correction=True),
    case("prodigy_optax", PROX, estim_lr0=1e-2),
    case("prodigy_optax_decay_wd", PROX, "decay", estim_lr0=1e-2, weight_decay=0.1),
    case("prodigy_optax_safeguard", PROX, "warmup", estim_lr0=1e-2, safeguard_warmup=True, estim_lr_coef=2.0, beta3=0.9),
    case("dadapt", DAD, steps=20, decouple=True),
    case("dadapt_d0", DAD, d0=1e-2, decouple=True, betas=(0.9, 0.99)),
    case("dadapt_half", DAD, "half", d0=1e-2, decouple=True),
    case("dadapt_decay_wd", DAD, "decay", d0=1e-2, decouple=True, weight_decay=0.1),
    case("dadapt_bias_correction", DAD, d0=1e-2, decouple=True, use_bias_correction=True, betas=(0.8, 0.95)),
    case("dadapt_growth_rate", DAD, d0=1e-2, decouple=True, growth_rate=1.1, betas=(0.9, 0.9)),
    case("dadapt_coupled", DAD, "half", d0=1e-2, weight_decay=0.1),
    case("dadapt_zero_first", DAD, d0=1e-2, decouple=True, zero=(0, 1), use_bias_correction=True),
    case("dadapt_optax", DADX, estim_lr0=1e-2),
    case("dadapt_optax_decay_wd", DADX, "decay", estim_lr0=1e-2, weight_decay=0.1),
    case("schedule_free_sgd", SFS, base=0.2),
    case("schedule_free_sgd_warmup_wd", SFS, base=0.2, warmup_steps=5, weight_decay=0.1),
    case("schedule_free_sgd_half", SFS, "half", base=0.4, momentum=0.8, r=1.0),
    case("schedule_free_sgd_decay", SFS, "decay", base=0.2, warmup_steps=3),
    case("schedule_free_adamw", SFA, base=0.05),
    case("schedule_free_adamw_warmup_wd", SFA, base=0.05, warmup_steps=5, weight_decay=0.1, betas=(0.95, 0.99)),
    case("schedule_free_adamw_half", SFA, "half", base=0.1, eps=1e-3, r=0.5, weight_lr_power=0.0, warmup_steps=4),
    case("schedule_free_adamw_decay", SFA, "decay", base=0.05),
    case("schedule_free_sgd_optax", SFX, base=0.2, warmup_steps=5, weight_decay=0.1),
    case("sps", SPS),
    case("sps_capped", SPS, max_learning_rate=0.1, f_min=0.1, eps=0.05),
    case("sps_half", SPS, "half"),
    case("sps_decay", SPS, "decay", max_learning_rate=0.3),
    case("sps_negative_gap", SPS, f_min=1.0, max_learning_rate=0.2),
    case("sps_plus_negative_gap", SPS, f_min=1.0, max_learning_rate=0.2, variant="sps+"),
    case("sps_zero_gradient", SPS, zero=(3,)),
    case("sps_max", "paper.SPS_max", c=0.5, gamma_b=1.0, f_star=0.0),
    case("sps_max_half", "paper.SPS_max", "half", c=0.5, gamma_b=0.3, f_star=0.05),
    case("sps_max_decay", "paper.SPS_max", "decay", c=0.2, gamma_b=0.5, f_star=0.0, zero=(3,)),
    case("hypergradient", "paper.SGD_HD"),
    case("hypergradient_momentum", "paper.SGD_HD", momentum=0.9, alpha0=0.02, hypergrad_lr=1e-3),
    case("hypergradient_nesterov_wd", "paper.SGD_HD", momentum=0.9, nesterov=True, weight_decay=0.1, alpha0=0.02, hypergrad_lr=1e-3),
    case("hypergradient_half", "paper.SGD_HD", "half"),
    case("hypergradient_decay", "paper.SGD_HD", "decay"),
    case("hypergradient_decay_exact", "paper.SGD_HD", "decay", factor_in_hypergradient=True),
    case("hypergradient_multiplicative", "paper.SGD_HD", multiplicative=True, hypergrad_lr=0.2, zero=(4,)),
    case("adagrad_norm", "paper.AdaGradNorm"),
    case("adagrad_norm_half", "paper.AdaGradNorm", "half"),
    case("adagrad_norm_decay_wd", "paper.AdaGradNorm", "decay", b0=0.1, eta=0.7, weight_decay=0.1),
    case("lion", "optax.lion", base=0.02),
    case("lion_half_wd", "optax.lion", "half", base=0.02, weight_decay=0.5, b1=0.8, b2=0.9),
    case("lion_decay", "optax.lion", "decay", base=0.02, weight_decay=0.0),
    case("lars", "optax.lars", base=0.2),
    case("lars_half_wd", "optax.lars", "half", base=0.5, weight_decay=0.1, trust_coefficient=0.1, eps=0.01),
    case("lars_decay_nesterov", "optax.lars", "decay", base=0.5, trust_coefficient=0.1, nesterov=True, momentum=0.8),
    case("lars_masked", "optax.lars", base=0.2, weight_decay=0.1, trust_coefficient=0.2, momentum=0.5,
         weight_decay_mask=dict(weight=True, bias=False, scale=False), trust_ratio_mask=dict(weight=True, bias=False, scale=False)),
    case("lamb", "optax.lamb", base=0.05),
    case("lamb_half_wd", "optax.lamb", "half", base=0.1, weight_decay=0.3, eps_root=1e-3),
    case("lamb_decay", "optax.lamb", "decay", base=0.05, b1=0.8, b2=0.95, eps=1e-3),
    case("lamb_masked", "optax.lamb", base=0.05, weight_decay=0.3, mask=dict(weight=True, bias=False, scale=False)),
]
DEFAULTS = {
    "paper.SPS_max": {},
    "paper.SGD_HD": dict(alpha0=0.05, hypergrad_lr=0.02, momentum=0.0, nesterov=False, weight_decay=0.0, multiplicative=False, factor_in_hypergradient=False),
    "paper.AdaGradNorm": dict(eta=1.0, b0=0.5, weight_decay=0.0),
}
LEFT_OUT = {"self", "params", "lr", "learning_rate", "scaling", "foreach", "fsdp_in_use", "log_every", "slice_p", "mu_dtype", "state_dtype"}
PACKAGES = {"optax": "optax", "dog": "dog-optimizer", "prodigyopt": "prodigyopt", "dadaptation": "dadaptation", "schedulefree": "schedulefree"}

def hyper_of(c):
    """Every argument with its default, the rate aside."""
    if c["optimizer"] in DEFAULTS: return DEFAULTS[c["optimizer"]] | c["given"]
    module, name = c["optimizer"].rsplit(".", 1)
    f = getattr(importlib.import_module(module), name)
    f = f.__init__ if inspect.isclass(f) else f
    f = DOG_INIT if name == "LDoG" else f
    found = {k: p.default for k, p in inspect.signature(f).parameters.items() if k not in LEFT_OUT}
    if c["optimizer"] in (DOG, DOWG): found.pop("mask")
    if c["optimizer"] == "optax.lion": found.pop("mask")
    return found | c["given"]
DOG_INIT = importlib.import_module("dog").DoG.__init__

def strict(v):
    if isinstance(v, dict): return {k: strict(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)): return [strict(x) for x in v]
    return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(v, v) if isinstance(v, float) else v

def judge_papers(x, y, p0):
    """Those that check_free.py both makes and checks, against something else."""
    data = [torch.from_numpy(a.astype(np.float64)) for a in (x, y)]
    def value(p, t):
        rows = slice(t % 3 * BATCH, (t % 3 + 1) * BATCH)
        return ((p[15] * (data[0][rows] @ p[:12].reshape(3, 4).T + p[12:15]) - data[1][rows]) ** 2).mean()
    def walk(path, given, kind="constant"):
        m, p, out = check_free.METHODS[path](p0.astype(np.float64), DEFAULTS[path] | given, PARTS), p0.astype(np.float64), []
        next(m)
        for t, lr in enumerate(rates(kind, 1.0, 12)):
            f, g = loss_and_grad(p, x, y, t)
            q, scalars, _ = m.send((g, f, lr))
            out.append((p, q, scalars, lr)); p = q
        return out
    worst = 0.0                                           # hypergradient: -d loss(t) / d alpha(t-1) by autograd
    for given, kind in (({}, "constant"), (small := dict(momentum=0.9, alpha0=0.02, hypergrad_lr=1e-3), "constant"), (small | dict(nesterov=True), "constant"),
                        (dict(factor_in_hypergradient=True), "decay")):
        steps = walk("paper.SGD_HD", given, kind)
        for t in range(1, 12):
            p, q, s, lr = steps[t - 1]
            alpha = torch.tensor(s["alpha"], dtype=torch.float64, requires_grad=True)
            direction = torch.from_numpy((p - q) / (lr * s["alpha"]) if lr else 0 * p)
            value(torch.from_numpy(p) - lr * alpha * direction, t).backward()
            slope = -alpha.grad.item()
            assert math.isfinite(slope)
            worst = max(worst, abs(slope - steps[t][2]["hypergradient"]) / max(1.0, abs(slope)))
    one = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))             # AdaGrad-Norm: Adagrad of one number, |g|
    adagrad, far = torch.optim.Adagrad([one], lr=1.0, initial_accumulator_value=0.25, eps=0), 0.0
    for p, q, s, lr in walk("paper.AdaGradNorm", {}):
        t, before = int(adagrad.state[one]["step"]), one.item()
        one.grad = torch.tensor([check_free.norm(loss_and_grad(p, x, y, t)[1])], dtype=torch.float64)
        adagrad.step()
        far = max(far, abs(before - one.item() - check_free.norm(p - q)))
    with jax.enable_x64(True):                            # SPS_max with c = 1: optax's, where its scaling is 1
        opt, apart = optax.polyak_sgd(max_learning_rate=0.3), 0.0
        for t, (p, q, s, lr) in enumerate(walk("paper.SPS_max", dict(c=1.0, gamma_b=0.3, f_star=0.0))):
            f, g = loss_and_grad(p, x, y, t)
            u, _ = opt.update(jnp.asarray(g), opt.init(jnp.asarray(p)), jnp.asarray(p), value=f)
            apart = max(apart, check_free.deviation(q, p + np.asarray(u)))
    print(f"papers: hypergradient by autograd {worst:.1e}, AdaGrad-Norm by torch's Adagrad {far:.1e}, SPS_max by optax {apart:.1e}")
    assert max(worst, far, apart) < 1e-12

def main():
    x, y, p0 = problem()
    judge_papers(x, y, p0)
    T = {"param0": p0, "data/x": x, "data/y": y}
    J = dict(versions={k: meta.version(k) for k in ("torch", "jax", "numpy", *PACKAGES.values())}, tensors=TENSORS, batch=BATCH,
             loss="mean((scale * (x W^T + b) - y)^2) over rows 4*(t mod 3) .. +4", cases=[])
    for c in CASES:
        name, hyper, lrs = c["name"], hyper_of(c), rates(c["schedule"], c["base_lr"], c["steps"])
        exact, single = (machine(c["optimizer"], hyper, p0, d, lrs) for d in (np.float64, np.float32))
        p, loss, grads, rows, rows32 = p0.astype(np.float64), [], [], [], []
        for t in range(c["steps"]):
            f, g = loss_and_grad(p, x, y, t)
            g = (0 * g if t in c["zero"] else g).astype(np.float32)
            rows.append(exact.update(g.astype(np.float64), f, lrs[t]))
            rows32.append(single.update(g, f, lrs[t]))
            p = rows[-1][0]
            assert p.dtype == np.float64 and rows32[-1][0].dtype == np.float32 and np.isfinite(p).all(), name
            loss.append(f); grads.append(g)
        after = [5, c["steps"]]
        params, params32 = np.stack([r[0] for r in rows]), np.stack([r[0] for r in rows32])
        T[f"{name}/grads"] = np.stack(grads)
        T[f"{name}/params_f64cast"] = params.astype(np.float32)
        T[f"{name}/params"] = params32[[t - 1 for t in after]]
        vectors = sorted(rows[0][2])
        for k in vectors: T[f"{name}/{k}_f64cast"] = np.stack([r[2][k] for r in rows]).astype(np.float32)
        state = single.state()
        for k, v in state.items(): T[f"{name}/state/{k}"] = np.ascontiguousarray(v, np.float32)
        scalars = {k: [r[1][k] for r in rows] for k in rows[0][1]}
        scalars32 = {k: [r[1][k] for r in rows32] for k in rows[0][1]}
        apart = lambda a, b: float(f"{max(abs(u - v) / max(abs(u), 1e-12) for u, v in zip(a, b)):.1e}")
        package = c["optimizer"].split(".")[0]
        J["cases"].append(strict(dict(
            name=name, optimizer=c["optimizer"], package=f"{PACKAGES[package]} {meta.version(PACKAGES[package])}" if package != "paper" else "formula",
            hyper=hyper, schedule=c["schedule"], steps=c["steps"], lr=lrs, zero_gradients=c["zero"], **(dict(loss=loss) if "sps" in name else {}), params_after_steps=after,
            scalars=scalars, vectors=vectors, state=sorted(state),
            scalar_dev_f32_vs_f64={k: apart(scalars[k], scalars32[k]) for k in scalars},
            max_abs_dev_f32_vs_f64=[float(f"{d:.1e}") for d in np.abs(params - params32).max(1)])))
        ref = check_free.follow(J["cases"][-1], TENSORS, p0, grads)
        loss_ends = f"loss {loss[0]:.3f} -> {loss[-1]:.3f}"
        off = lambda a, b: check_free.deviation(np.stack(a), np.stack(b))
        print(f"{name:32} {loss_ends}  f32 {max(J['cases'][-1]['max_abs_dev_f32_vs_f64']):.0e}  reference in f64: params {off([r[0] for r in rows], [r[0] for r in ref]):.1e}",
              *(f"{k} {off([r[2][k] for r in rows], [r[2][k] for r in ref]):.1e}" for k in vectors), "" if package != "paper" else "(itself)")
    save_file(T, os.path.join(HERE, "free.safetensors"))
    os.chmod(os.path.join(HERE, "free.safetensors"), 0o644)
    head = json.dumps({k: v for k, v in J.items() if k != "cases"})[:-1]
    with open(os.path.join(HERE, "free.json"), "w") as f:
        f.write(head + ',\n"cases": [\n' + ",\n".join(json.dumps(c, separators=(",", ":")) for c in J["cases"]) + "\n]}\n")
    print(len(J["cases"]), "cases", *(f"{n} {os.path.getsize(os.path.join(HERE, n))}" for n in ("free.json", "free.safetensors")))

main()
