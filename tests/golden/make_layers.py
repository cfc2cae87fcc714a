#!/usr/bin/env python3
"""Goldens of layers, losses and a training run with running statistics, from torch on CPU in f64.
run: python3 make_layers.py   (torch 2.x, safetensors)

Cases: <case>/x and its other inputs in f32, <case>/y, <case>/d<input> computed in f64 and cast to f32.
Trajectory: a small convolutional network with batch normalisation and a residual block, SGD with momentum and weight
decay; <run>/init.<name> is the state_dict before, <run>/after<k>.<name> after update k, <run>/loss the losses,
<run>/eval the logits of the first batch in evaluation at the end.
"""
import json, os
import torch, torch.nn as nn, torch.nn.functional as F
from safetensors.torch import save_file

torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))
g = torch.Generator().manual_seed(11)
rn = lambda *s: torch.randn(*s, generator=g)
T, J = {}, []

def case(name, op, params, inputs, fn, upstream=None, grads=None):
    x = {k: (v.double().requires_grad_(True) if v.is_floating_point() and (grads is None or k in grads) else v) for k, v in inputs.items()}
    x = {k: (v.double() if v.is_floating_point() and not v.requires_grad else v) for k, v in x.items()}
    y = fn(x)
    y.backward(upstream.double() if upstream is not None else torch.ones_like(y))
    for k, v in inputs.items():
        T[f"{name}/{k}"] = (v if v.is_floating_point() else v.int()).contiguous().clone()
    if upstream is not None: T[f"{name}/dy"] = upstream.contiguous().clone()
    T[f"{name}/y"] = y.detach().float().reshape(-1) if y.dim() == 0 else y.detach().float().contiguous()
    for k, v in x.items():
        if v.requires_grad: T[f"{name}/d{k}"] = v.grad.float().contiguous()
    J.append({"name": name, "op": op, "params": params})

# No groups of two numbers: whatever comes from above, their gradient cancels to the rounding of an f32.
for groups, sh in ((1, (3, 4, 5, 6)), (2, (3, 4, 5, 6)), (4, (2, 4, 3, 3)), (1, (5, 6))):
    C = sh[1]
    case(f"group_norm_{groups}_{len(sh)}d", "group_norm", {"groups": groups, "eps": 1e-5},
         {"x": rn(*sh) * 2 + 3, "weight": 1 + .3 * rn(C), "bias": rn(C)},
         lambda x, n=groups: F.group_norm(x["x"], n, x["weight"], x["bias"], 1e-5), rn(*sh))
labels = torch.randint(0, 5, (13,), generator=g)
weight = torch.tensor([.5, 1., 2.5, .3, 1.7])
for e in (0.0, 0.1):
    case(f"weighted_ce_{e}", "weighted_cross_entropy", {"label_smoothing": e}, {"x": rn(13, 5) * 2, "target": labels, "weight": weight},
         lambda x, e=e: F.cross_entropy(x["x"], x["target"].long(), x["weight"], label_smoothing=e), grads=("x",))
hot = lambda t, x: F.one_hot(t.long(), x.shape[1]).double()
for nm, fn, p in (("mse", F.mse_loss, {}), ("l1", F.l1_loss, {}), ("huber", lambda a, b: F.huber_loss(a, b, delta=.7), {"delta": .7}),
                  ("bce", F.binary_cross_entropy_with_logits, {})):
    case(f"{nm}_of_classes", nm, p, {"x": rn(13, 5), "target": labels}, lambda x, fn=fn: fn(x["x"], hot(x["target"], x["x"])), grads=("x",))

# Of their own generator, so that what came before them stays as it was.
own = torch.Generator().manual_seed(23)
new = lambda *s: torch.randn(*s, generator=own)
for nm, sh, o, k, p in (("plain", (2, 3, 5, 4), 4, (3, 2), {}), ("strided", (2, 3, 4, 5), 5, (3, 4), {"stride": (2, 3), "padding": (1, 2), "output_padding": (1, 2)}),
                        ("dilated", (1, 4, 6, 3), 3, (2, 3), {"padding": (1, 0), "dilation": (3, 2), "output_padding": (2, 1)})):
    y = F.conv_transpose2d(torch.zeros(sh), torch.zeros(sh[1], o, *k), **p)
    case(f"conv_transpose2d_{nm}", "conv_transpose2d", {a: list(b) for a, b in p.items()}, {"x": new(*sh), "weight": new(sh[1], o, *k), "bias": new(o)},
         lambda x, p=p: F.conv_transpose2d(x["x"], x["weight"], x["bias"], **p), new(*y.shape))
for sh, size in (((2, 3, 7, 5), (3, 2)), ((1, 2, 4, 9), (7, 3)), ((2, 2, 3, 2), (8, 5)), ((2, 3, 6, 8), (3, 4))):
    case(f"adaptive_avg_pool2d_{sh[2]}x{sh[3]}_{size[0]}x{size[1]}", "adaptive_avg_pool2d", {"size": list(size)}, {"x": new(*sh)},
         lambda x, s=size: F.adaptive_avg_pool2d(x["x"], s), new(*sh[:2], *size))
index = torch.randint(0, 7, (5, 4), generator=own)
case("embedding", "embedding", {}, {"x": index, "weight": new(9, 3)}, lambda x: F.embedding(x["x"].long(), x["weight"]), new(5, 4, 3), grads=("weight",))

class Residual(nn.Module):
    def __init__(self, *body, shortcut=()):
        super().__init__()
        self.body, self.shortcut = nn.Sequential(*body), nn.Sequential(*shortcut)
    def forward(self, x): return self.body(x) + self.shortcut(x)

MODEL = ("Conv2d(4, 3, padding=1, bias=False) BatchNorm2d ReLU Residual(Conv2d(6, 3, stride=2, padding=1), BatchNorm2d(momentum=None), SiLU, "
         "Conv2d(6, 3, padding=1), GroupNorm(3), shortcut=Sequential(Conv2d(6, 1, stride=2), BatchNorm2d(momentum=0.3))) GELU "
         "AdaptiveAvgPool2d(2) Flatten LayerNorm Linear(5)")
torch.manual_seed(3)
model = nn.Sequential(
    nn.Conv2d(2, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
    Residual(nn.Conv2d(4, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6, momentum=None), nn.SiLU(), nn.Conv2d(6, 6, 3, padding=1), nn.GroupNorm(3, 6),
             shortcut=(nn.Conv2d(4, 6, 1, stride=2), nn.BatchNorm2d(6, momentum=.3))),
    nn.GELU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.LayerNorm(24), nn.Linear(24, 5))
for p in model.parameters():
    with torch.no_grad(): p.add_(0.05 * torch.randn_like(p))
STEPS, BATCH = 6, 4
x, y = rn(STEPS * BATCH, 2, 8, 8), torch.randint(0, 5, (STEPS * BATCH,), generator=g)
T["run/x"], T["run/y"] = x, y.int()
for k, v in model.state_dict().items(): T[f"run/init.{k}"] = v.float().reshape(-1).clone()
model.double()
opt = torch.optim.SGD(model.parameters(), lr=.0371, momentum=.83, weight_decay=.0129)
losses = []
for s in range(STEPS):
    loss = F.cross_entropy(model(x[s * BATCH:(s + 1) * BATCH].double()), y[s * BATCH:(s + 1) * BATCH])
    opt.zero_grad(); loss.backward(); opt.step(); losses.append(loss.item())
for k, v in model.state_dict().items(): T[f"run/after.{k}"] = v.float().reshape(-1).clone()
model.eval()
with torch.no_grad(): T["run/eval"] = model(x[:BATCH].double()).float()
T["run/loss"] = torch.tensor(losses).float()
save_file(T, os.path.join(HERE, "layers.safetensors"))
json.dump({"torch": torch.__version__, "model": MODEL, "steps": STEPS, "batch": BATCH, "lr": .0371, "momentum": .83, "weight_decay": .0129,
           "cases": J}, open(os.path.join(HERE, "layers.json"), "w"), indent=1)
print(len(T), "tensors", losses)
