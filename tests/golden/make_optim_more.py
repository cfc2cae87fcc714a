#!/usr/bin/env python3
"""More goldens of torch's optimisers, over the parameters, gradients and rates of optim.*: what its one case each of
Adadelta, Adamax, NAdam and RAdam does not cover.  run: python3 make_optim_more.py"""
import json, os
import torch
from safetensors.torch import load_file, save_file
torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))
AFTER = [2, 10, 20]

CASES = [  # (name, class, kwargs)
    ("adadelta_all", "Adadelta", dict(rho=0.95, eps=1e-3, maximize=True)),
    ("adamax_all", "Adamax", dict(betas=(0.8, 0.95), eps=1e-3, weight_decay=0.02, maximize=True)),
    ("nadam_decoupled", "NAdam", dict(weight_decay=0.1, decoupled_weight_decay=True)),
    ("nadam_all", "NAdam", dict(betas=(0.85, 0.99), eps=1e-6, weight_decay=0.02, momentum_decay=0.3, maximize=True)),
    # The momentum is b1 from the first dozen updates on.
    ("nadam_soon", "NAdam", dict(betas=(0.98, 0.95), weight_decay=0.05, momentum_decay=90, decoupled_weight_decay=True, maximize=True)),
    ("radam_decoupled", "RAdam", dict(betas=(0.85, 0.95), weight_decay=0.1, decoupled_weight_decay=True)),
    ("radam_all", "RAdam", dict(betas=(0.8, 0.9), eps=1e-3, weight_decay=0.02, maximize=True)),
    ("radam_never", "RAdam", dict(betas=(0.9, 0.6))),
]

def run(cls, kw, p0, grads, lrs, dtype):
    p = p0.to(dtype, copy=True).requires_grad_(True)
    opt = getattr(torch.optim, cls)([p], lr=lrs[0], foreach=False, **kw)
    traj = []
    for lr, g in zip(lrs, grads):
        opt.param_groups[0]["lr"] = lr
        p.grad = g.to(dtype)
        opt.step()
        traj.append(p.detach().clone())
    kept = {k: v.detach().float().reshape(-1).contiguous() for k, v in opt.state[p].items()}
    return torch.stack(traj), kept, opt.defaults

def main():
    given = load_file(os.path.join(HERE, "optim.safetensors"))
    lrs = json.load(open(os.path.join(HERE, "optim.json")))["lr"]
    T, J = {}, {"torch": torch.__version__, "cases": []}
    for name, cls, kw in CASES:
        tr, st, d = run(cls, kw, given["param0"], given["grads"], lrs, torch.float32)
        tr64, _, _ = run(cls, kw, given["param0"], given["grads"], lrs, torch.float64)
        T[f"{name}/params"] = tr[[t - 1 for t in AFTER]].contiguous()
        T[f"{name}/params_f64cast"] = tr64[-1].float()
        for k, v in st.items():
            T[f"{name}/state/{k}"] = v
        hyper = {k: list(v) if isinstance(v, tuple) else v for k, v in d.items() if k not in ("lr", "foreach", "capturable", "differentiable")}
        den = tr64[-1].abs().clamp_min(1e-3)
        J["cases"].append(dict(name=name, optimizer=cls, hyper=hyper, params_after_steps=AFTER, state=sorted(st),
                               max_rel_dev_f32_vs_f64=float(((tr[-1].double() - tr64[-1]).abs() / den).max())))
    save_file(T, os.path.join(HERE, "optim_more.safetensors"))
    json.dump(J, open(os.path.join(HERE, "optim_more.json"), "w"), indent=1)
    for c in J["cases"]:
        print("  %-20s %s %.2e" % (c["name"], c["state"], c["max_rel_dev_f32_vs_f64"]))

main()
