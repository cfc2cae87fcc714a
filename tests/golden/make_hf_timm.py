#!/usr/bin/env python3
"""Reference learning rates of Hugging Face transformers and timm, from the real schedulers.

  python3 make_hf_timm.py > schedules_hf_timm.json        (needs torch, transformers, timm)

Made with torch 2.15.0 (f64 Python floats), transformers 5.23.0, timm 1.0.31. A list of cases:
  expr      the line that a user of kiln would type
  base_lr   the optimiser's rate before the scheduler is constructed
  lr        lr[t] is the rate in force for update t = 0, 1, 2, ...; timm schedulers are asked for t directly
  metrics   what metric-driven schedulers are shown; lr[t + 1] is the rate after metrics[t]
"""
import json, math, random, sys, warnings

import torch
from timm.scheduler import (CosineLRScheduler, MultiStepLRScheduler, PlateauLRScheduler, PolyLRScheduler,
                            StepLRScheduler, TanhLRScheduler)
from timm.scheduler.wsd_lr import WSDLRScheduler
from transformers import get_scheduler

warnings.filterwarnings("ignore")
r = random.Random(20240613)
CASES = []


def optimizer(lr):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def encode(x):
    return x if math.isfinite(x) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(x, "NaN")


def add(expr, base_lr, lr, metrics=None):
    case = {"expr": expr, "base_lr": base_lr, "lr": [encode(float(x)) for x in lr]}
    if metrics is not None:
        case["metrics"] = [encode(x) for x in metrics]
    CASES.append(case)


def arguments(kwargs):
    return ", ".join(f"{k}={v!r}" for k, v in kwargs.items())


def hf(name, base_lr, n=70, warmup=None, training=None, **kwargs):
    opt = optimizer(base_lr)
    scheduler = get_scheduler(name, opt, warmup, training, kwargs or None)
    lr = []
    for _ in range(n):
        lr.append(opt.param_groups[0]["lr"])
        opt.step()
        scheduler.step()
    counts = {k: v for k, v in [("num_warmup_steps", warmup), ("num_training_steps", training)] if v is not None}
    add(f"hf.{name}({arguments({**counts, **kwargs})})", base_lr, lr)
    specific = {"scheduler_specific_kwargs": kwargs} if kwargs else {}
    add(f"hf.get_scheduler({name!r}, optimizer, {arguments({**counts, **specific})})".replace(", )", ")"), base_lr, lr)


def hf_metric(name, base_lr, metrics, **kwargs):
    opt = optimizer(base_lr)
    scheduler = get_scheduler(name, opt, scheduler_specific_kwargs=kwargs or None)
    lr = [opt.param_groups[0]["lr"]]
    for metric in metrics:
        opt.step()
        scheduler.step(metric)
        lr.append(opt.param_groups[0]["lr"])
    add(f"hf.{name}({arguments(kwargs)})", base_lr, lr, metrics)


def timm(cls, base_lr, n=80, times=None, **kwargs):
    opt = optimizer(base_lr)
    scheduler = cls(opt, **kwargs)
    lr = []
    for t in range(n):
        scheduler.step(t)
        lr.append(opt.param_groups[0]["lr"])
    add(f"timm.{cls.__name__}({arguments(kwargs)})", base_lr, lr)


def timm_plateau(base_lr, metrics, **kwargs):
    opt = optimizer(base_lr)
    scheduler = PlateauLRScheduler(opt, **kwargs)
    lr = [opt.param_groups[0]["lr"]]
    for epoch, metric in enumerate(metrics):
        scheduler.step(epoch + 1, metric)
        lr.append(opt.param_groups[0]["lr"])
    add(f"timm.PlateauLRScheduler({arguments(kwargs)})", base_lr, lr, metrics)


def noisy(n, start=2.0, decay=0.05):
    return [round(start * math.exp(-decay * t) + r.uniform(-0.1, 0.1), 6) for t in range(n)]


for base, warmup, total in [(5e-5, 10, 60), (0.371, 0, 40), (1e-3, 7, 53)]:
    hf("linear", base, warmup=warmup, training=total)
    hf("cosine", base, warmup=warmup, training=total)
    hf("cosine", base, warmup=warmup, training=total, num_cycles=1.75)
    hf("cosine_with_restarts", base, warmup=warmup, training=total)
    hf("cosine_with_restarts", base, warmup=warmup, training=total, num_cycles=3)
    hf("polynomial", base, warmup=warmup, training=total)
    hf("polynomial", base, warmup=warmup, training=total, lr_end=1e-6, power=2.5)
    hf("constant", base)
    hf("constant_with_warmup", base, warmup=warmup)
    hf("inverse_sqrt", base, warmup=warmup)
    hf("inverse_sqrt", base, warmup=warmup, timescale=25)
    hf("cosine_with_min_lr", base, warmup=warmup, training=total, min_lr=1e-6)
    hf("cosine_with_min_lr", base, warmup=warmup, training=total, min_lr_rate=0.1, num_cycles=0.8)
    hf("cosine_warmup_with_min_lr", base, warmup=warmup, training=total, min_lr_rate=0.1)
    hf("cosine_warmup_with_min_lr", base, warmup=warmup, training=total, min_lr=1e-6, warmup_lr_rate=0.2)
    for rise in ["linear", "cosine", "1-sqrt"]:
        for fall in ["linear", "cosine", "1-sqrt"]:
            hf("warmup_stable_decay", base, warmup=warmup, training=total, num_decay_steps=15, warmup_type=rise,
               decay_type=fall, min_lr_ratio=0.05)
    hf("warmup_stable_decay", base, warmup=warmup, num_decay_steps=12, num_stable_steps=20)
for kwargs in [{}, {"patience": 2, "factor": 0.5}, {"patience": 0, "cooldown": 2, "min_lr": 0.01, "mode": "max"}]:
    hf_metric("reduce_lr_on_plateau", 0.1, noisy(60), **kwargs)
    hf_metric("greedy", 0.1, noisy(80), **kwargs)
nan = [m if t % 7 else math.nan for t, m in enumerate(noisy(60))]
hf_metric("greedy", 0.05, nan, patience=1, factor=0.7, warmup=2, cooldown=1, threshold=1e-3, threshold_mode="rel")
hf_metric("greedy", 0.05, noisy(90), patience=1, factor=0.6, smooth=True, window_size=5)
hf_metric("greedy", 0.02, [1.0] * 90, patience=1, factor=0.5, reset_start=4)
hf_metric("greedy", 5e-5, noisy(60), patience=1)
hf_metric("greedy", 0.5, [1.0 - 0.01 * t for t in range(50)], patience=1, max_lr=0.9)

for base in [0.1, 3.7e-4]:
    for cls, own in [(CosineLRScheduler, {}), (CosineLRScheduler, {"k_decay": 1.7}), (TanhLRScheduler, {}),
                     (TanhLRScheduler, {"lb": -4.0, "ub": 4.0}), (PolyLRScheduler, {}),
                     (PolyLRScheduler, {"power": 2.0, "k_decay": 0.6})]:
        timm(cls, base, t_initial=60, **own)
        timm(cls, base, t_initial=50, lr_min=1e-5, warmup_t=8, warmup_lr_init=1e-6, **own)
        timm(cls, base, t_initial=50, warmup_t=8, warmup_lr_init=1e-6, warmup_prefix=True, **own)
        timm(cls, base, n=130, t_initial=13, lr_min=1e-5, cycle_limit=8, cycle_decay=0.7, **own)
        timm(cls, base, n=250, t_initial=7, cycle_mul=2.0, cycle_limit=5, cycle_decay=0.5, warmup_t=4, **own)
        timm(cls, base, n=200, t_initial=1, cycle_mul=3.0, cycle_limit=9, **own)
    timm(StepLRScheduler, base, decay_t=12, decay_rate=0.6)
    timm(StepLRScheduler, base, decay_t=7.5, decay_rate=0.6, warmup_t=5, warmup_lr_init=1e-6)
    timm(StepLRScheduler, base, decay_t=10, decay_rate=0.6, warmup_t=5, warmup_prefix=False)
    timm(MultiStepLRScheduler, base, decay_t=[10, 30, 60], decay_rate=0.3)
    timm(MultiStepLRScheduler, base, decay_t=[10, 30, 30], decay_rate=0.3, warmup_t=6, warmup_lr_init=1e-6)
    for fall in ["linear", "1-sqrt", "cosine", "power", "exp"]:
        timm(WSDLRScheduler, base, t_initial=60, decay_t=20, decay_fn=fall, lr_min=1e-5)
    timm(WSDLRScheduler, base, t_initial=60, decay_t=20, stable_fn="rsqrt", warmup_t=9, warmup_lr_init=1e-6)
    timm(WSDLRScheduler, base, t_initial=60, decay_t=20, stable_fn="power", stable_timescale=4.0, stable_power=0.8,
         decay_fn="power", decay_power=1.5, lr_min=0.3 * base)
    timm(CosineLRScheduler, base, n=60, t_initial=50, noise_range_t=[10, 40])
    timm(StepLRScheduler, base, n=60, decay_t=20, decay_rate=0.5, noise_range_t=5, noise_pct=0.2, noise_std=0.4, noise_seed=7)
up = [round(1 - math.exp(-t / 9) + r.uniform(-0.02, 0.02), 6) for t in range(60)]
timm_plateau(0.1, up)
timm_plateau(0.1, up, decay_rate=0.5, patience_t=1, cooldown_t=2, lr_min=0.004)
timm_plateau(0.1, noisy(60), decay_rate=0.6, patience_t=2, mode="min", warmup_t=5, warmup_lr_init=1e-4, threshold=0.01)

print("[\n" + ",\n".join(json.dumps(case, allow_nan=False) for case in CASES) + "\n]")
print(len(CASES), "cases", file=sys.stderr)
