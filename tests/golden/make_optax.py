#!/usr/bin/env python3
"""Golden runs of optimisers as Optax has them, over the parameters, gradients and rates of optim.*.

run: pip install optax==0.2.8 jax==0.10.2 safetensors; python3 make_optax.py

LARS and LAMB see the 1000 parameters as two tensors, the first 400 and the last 600, as their norms are a tensor's.
"""
import json, os
import jax, jax.numpy as jnp, numpy as np, optax
from safetensors.numpy import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
CUT = 400
AFTER = [1, 2, 5, 10, 13, 20]

CASES = [  # (name, optimiser in kiln's words, its arguments there, Optax's)
    ("lion", "Lion", {}, optax.lion, {}),
    ("lion_betas", "Lion", dict(betas=[0.95, 0.98], weight_decay=0.1), optax.lion,
     dict(b1=0.95, b2=0.98, weight_decay=0.1)),
    ("lars", "LARS", {}, optax.lars, {}),
    ("lars_all", "LARS", dict(momentum=0.8, weight_decay=0.01, nesterov=True, trust_coefficient=0.02, eps=1e-3), optax.lars,
     dict(momentum=0.8, weight_decay=0.01, nesterov=True, trust_coefficient=0.02, eps=1e-3)),
    ("lamb", "LAMB", {}, optax.lamb, {}),
    ("lamb_all", "LAMB", dict(betas=[0.85, 0.98], eps=1e-4, weight_decay=0.02), optax.lamb,
     dict(b1=0.85, b2=0.98, eps=1e-4, weight_decay=0.02)),
]


def run(make, kwargs, p0, grads, lrs, dtype):
    split = lambda x: [jnp.asarray(x[:CUT], dtype), jnp.asarray(x[CUT:], dtype)]
    rates = jnp.asarray(lrs, dtype)
    optimizer = make(learning_rate=lambda count: rates[count], **kwargs)
    params = split(p0)
    state = optimizer.init(params)
    path = []
    for g in grads:
        updates, state = optimizer.update(split(g), state, params)
        params = optax.apply_updates(params, updates)
        path.append(np.concatenate([np.asarray(p) for p in params]))
    return path


def main():
    torch = load_file(os.path.join(HERE, "optim.safetensors"))
    lrs = json.load(open(os.path.join(HERE, "optim.json")))["lr"]
    tensors, cases = {}, []
    for name, optimizer, hyper, make, kwargs in CASES:
        # The last rate as it is; f64 shows what f32's roundings come to.
        f32 = run(make, kwargs, torch["param0"], torch["grads"], lrs, jnp.float32)
        jax.config.update("jax_enable_x64", True)
        f64 = run(make, kwargs, torch["param0"].astype(np.float64), torch["grads"].astype(np.float64), lrs, jnp.float64)
        jax.config.update("jax_enable_x64", False)
        tensors[f"{name}/params"] = np.stack([f32[t - 1] for t in AFTER]).astype(np.float32)
        tensors[f"{name}/params_f64cast"] = f64[-1].astype(np.float32)
        apart = float(np.abs(f32[-1] - f64[-1]).max())
        cases.append(dict(name=name, optimizer=optimizer, hyper=hyper, params_after_steps=AFTER, f32_from_f64=apart))
        print(name, apart, float(np.abs(f64[-1] - torch["param0"]).max()))
    save_file(tensors, os.path.join(HERE, "optax.safetensors"))
    head = dict(optax=optax.__version__, jax=jax.__version__, cut=CUT, lr=lrs, cases=cases)
    json.dump(head, open(os.path.join(HERE, "optax.json"), "w"), indent=1)


main()
