#!/usr/bin/env python3
"""Clipped SGD from torch (CPU).  run: python3 make_clip.py, after make_trajectories.py
Trains the MLP of trajectories.safetensors (its data and the first weights of mlp_linear_decay_lr0.5) in f64
with momentum, Nesterov and weight decay, clipping every gradient by norm or by value as torch.nn.utils does.
loss[t] and norm[t] (before clipping) belong to batch t and precede update t; final_bias is the last layer's bias after the last update.
"""
import json, os, struct
import torch, torch.nn as nn, torch.nn.functional as F
torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))
RAW = open(os.path.join(HERE, "trajectories.safetensors"), "rb").read()
SIZE = struct.unpack("<Q", RAW[:8])[0]
TYPES = {"F32": torch.float32, "I32": torch.int32}
def tensor(e): return torch.frombuffer(bytearray(RAW[8 + SIZE + e["data_offsets"][0]:8 + SIZE + e["data_offsets"][1]]), dtype=TYPES[e["dtype"]]).reshape(e["shape"])
T = {k: tensor(e) for k, e in json.loads(RAW[8:8 + SIZE]).items() if k != "__metadata__" and e["dtype"] in TYPES}
X, Y = T["data/mlp/x"].double(), T["data/mlp/y"].long()
B, STEPS, HYPER = 50, 40, dict(lr=.137, momentum=.83, nesterov=True, weight_decay=.0129)

class MLP(nn.Module):
    def __init__(s):
        super().__init__(); s.fc1 = nn.Linear(10, 100); s.fc2 = nn.Linear(100, 10)
    def forward(s, x): return s.fc2(torch.relu(s.fc1(x)))

out = {"torch": torch.__version__, "batch": B, "hyper": HYPER, "cases": []}
for name, kind, limit in [("clip_norm", "norm", .6), ("clip_value", "value", .011), ("clip_none", None, None)]:
    net = MLP().double()
    net.load_state_dict({k: T[f"mlp_linear_decay_lr0.5/init/{k}"].double() for k in net.state_dict()})
    opt = torch.optim.SGD(net.parameters(), **HYPER)
    case = dict(name=name, limit=limit, loss=[], norm=[])
    for t in range(STEPS):
        b = t % (len(X) // B); opt.zero_grad()
        loss = F.cross_entropy(net(X[b * B:(b + 1) * B]), Y[b * B:(b + 1) * B]); loss.backward()
        case["loss"].append(float(loss.detach()))
        case["norm"].append(float(torch.linalg.vector_norm(torch.cat([p.grad.flatten() for p in net.parameters()]))))
        if kind == "norm": nn.utils.clip_grad_norm_(net.parameters(), limit)
        if kind == "value": nn.utils.clip_grad_value_(net.parameters(), limit)
        opt.step()
    case["final_bias"] = net.fc2.bias.tolist()
    out["cases"].append(case)
    print(name, case["loss"][0], case["loss"][-1], min(case["norm"]), max(case["norm"]))
json.dump(out, open(os.path.join(HERE, "clip.json"), "w"))
