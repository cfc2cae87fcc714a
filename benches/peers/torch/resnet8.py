#!/usr/bin/env python3
"""kiln's ResNet-8 with batch normalisation on Fashion-MNIST beside PyTorch's, from the same weights and in the same order.

  ./resnet8.py [STEPS]      losses of both, step by step (default 100), and milliseconds a step, in turns

Both end apart, as PyTorch does from itself in another precision: a ReLU that falls the other way changes all that follows.
The third column says how far PyTorch in f32 is from itself in f64 (slow: a second a step), the fourth how far kiln is.

Environment: KILN (default target/release/kiln of this repository), FASHION_MNIST (the folder of the gzipped IDX files). Needs
torch, numpy and safetensors.
"""
import gzip, json, os, subprocess, sys, tempfile, time
from statistics import median
import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
KILN = os.environ.get('KILN', os.path.join(HERE, '../../../target/release/kiln'))
SOURCE = os.environ.get('FASHION_MNIST', '/usr/share/datasets/fashion-mnist')
BATCH, SAMPLES = 128, 12800

class Residual(nn.Module):
  """With kiln's names of parameters."""
  def __init__(self, body, shortcut=None):
    super().__init__()
    self.body = body
    if shortcut is not None: self.shortcut = shortcut
  def forward(self, x):
    return self.body(x) + (self.shortcut(x) if hasattr(self, 'shortcut') else x)

def block(before, after, stride):
  conv = lambda i, o, k, s, p: nn.Conv2d(i, o, k, s, p, bias=False)
  body = nn.Sequential(conv(before, after, 3, stride, 1), nn.BatchNorm2d(after), nn.ReLU(),
                       conv(after, after, 3, 1, 1), nn.BatchNorm2d(after))
  if (before, stride) == (after, 1): return Residual(body)
  return Residual(body, nn.Sequential(conv(before, after, 1, stride, 0), nn.BatchNorm2d(after)))

def network():
  torch.manual_seed(3)
  return nn.Sequential(nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), block(16, 16, 1), nn.ReLU(),
                       block(16, 32, 2), nn.ReLU(), block(32, 64, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                       nn.Linear(64, 10))

def read(name, skip):
  return np.frombuffer(gzip.open(os.path.join(SOURCE, name)).read(), np.uint8, offset=skip)

def train(dtype, steps):
  """Losses, and seconds of every step."""
  x = read('train-images-idx3-ubyte.gz', 16).reshape(-1, 1, 28, 28)[:SAMPLES]
  y = torch.tensor(read('train-labels-idx1-ubyte.gz', 8)[:SAMPLES].astype(np.int64))
  net = network().to(dtype)
  optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
  losses, seconds = [], []
  for step in range(steps):
    start, at = time.perf_counter(), step % (SAMPLES // BATCH) * BATCH
    batch = torch.tensor(x[at:at + BATCH], dtype=dtype) / 255
    loss = nn.functional.cross_entropy(net(batch), y[at:at + BATCH])
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    losses.append(loss.item()); seconds.append(time.perf_counter() - start)
  return losses, seconds

def kiln(steps):
  with tempfile.TemporaryDirectory() as folder:
    first, out = os.path.join(folder, 'init.safetensors'), os.path.join(folder, 'run')
    save_file({name: value.contiguous() for name, value in network().state_dict().items()}, first)
    subprocess.run([KILN, *'train --model resnet8 --data fashion-mnist --order sequential --lr 0.1 --device cpu --quiet'.split(),
                    '--limit', str(SAMPLES), '--batch-size', str(BATCH), '--max-steps', str(steps), '--init', first, '--out', out,
                    '--optimizer', 'SGD(momentum=0.9, weight_decay=5e-4)'], check=True)
    rows = map(json.loads, open(os.path.join(out, 'metrics.jsonl')))
    return [row['loss'] for row in rows if 'loss' in row]

def kiln_ms():
  command = [KILN, *'bench step --model resnet8 --data fashion-mnist --limit 2560 --device cpu --json'.split(), '--batch-size', str(BATCH)]
  return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)['median_step_ms']

if __name__ == '__main__':
  steps = int(sys.argv[1]) if len(sys.argv) > 1 else 100
  single, double, own = train(torch.float32, steps)[0], train(torch.float64, steps)[0], kiln(steps)
  for step in range(steps):
    print(f'{step:4} {double[step]:.6f} {abs(single[step] - double[step]):.1e} {abs(own[step] - double[step]):.1e}')
  for _ in range(3):
    seconds = train(torch.float32, 40)[1]
    print(f'ms a step: PyTorch {1000 * median(seconds[10:]):.1f}, kiln {kiln_ms():.1f}')
