"""Writes what every peer and kiln start from into data/: Fashion-MNIST's training images and labels, unpacked; the samples of
W3; and one set of first weights per workload, uniform in ±1/sqrt(fan_in) as torch.nn draws them.

The peers read init_W*.f32 (little-endian, layer after layer, weight then bias, PyTorch's layouts), kiln reads the same numbers
as init_W*.safetensors, under the names of its `state_dict`. W3 goes to w3_x.f32 and w3_y.u8 for the peers, w3.csv for kiln.

Needs numpy. FASHION_MNIST names the folder of the gzipped IDX files, by default where Debian's dataset-fashion-mnist puts it.
"""
import gzip, json, os, struct
import numpy as np

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'data')
SOURCE = os.environ.get('FASHION_MNIST', '/usr/share/datasets/fashion-mnist')
LAYERS = {  # name in kiln's state_dict, shape of the weight
  'W1': [('conv1', (10, 1, 5, 5)), ('conv2', (20, 10, 5, 5)), ('fc1', (50, 320)), ('fc2', (10, 50))],
  'W2': [('1', (512, 784)), ('3', (512, 512)), ('5', (10, 512))],
  'W3': [('0', (100, 10)), ('2', (10, 100))],
  'W4': [('0', (32, 1, 3, 3)), ('2', (64, 32, 3, 3)), ('5', (64, 64, 3, 3)), ('9', (128, 3136)), ('11', (10, 128))],
}

def path(name):
  return os.path.join(DATA, name)

def save_safetensors(file, tensors):
  """The format: the length of a JSON header as u64, the header, the numbers."""
  header, at = {}, 0
  for name, t in tensors:
    header[name] = {'dtype': 'F32', 'shape': list(t.shape), 'data_offsets': [at, at + t.nbytes]}
    at += t.nbytes
  text = json.dumps(header).encode()
  text += b' ' * (-len(text) % 8)
  with open(file, 'wb') as f:
    f.write(struct.pack('<Q', len(text)) + text + b''.join(t.tobytes() for _, t in tensors))

def weights():
  for workload, layers in LAYERS.items():
    rng = np.random.default_rng(1234 + int(workload[1]))
    tensors = []
    for name, shape in layers:
      bound = 1 / np.sqrt(np.prod(shape[1:]))
      tensors.append((f'{name}.weight', rng.uniform(-bound, bound, shape).astype('<f4')))
      tensors.append((f'{name}.bias', rng.uniform(-bound, bound, shape[:1]).astype('<f4')))
    np.concatenate([t.ravel() for _, t in tensors]).tofile(path(f'init_{workload}.f32'))
    save_safetensors(path(f'init_{workload}.safetensors'), tensors)

def normal_samples(count=32 * 256, features=10, classes=10):
  rng = np.random.default_rng(99)
  x = rng.standard_normal((count, features)).astype('<f4')
  y = rng.integers(0, classes, (count,)).astype('u1')
  x.tofile(path('w3_x.f32'))
  y.tofile(path('w3_y.u8'))
  with open(path('w3.csv'), 'w') as f:
    f.write(','.join([f'x{i}' for i in range(features)] + ['label']) + '\n')
    for row, label in zip(x, y):
      f.write(','.join([f'{v:.9g}' for v in row] + [str(label)]) + '\n')

def fashion_mnist():
  for name in ('train-images-idx3-ubyte', 'train-labels-idx1-ubyte'):
    with gzip.open(os.path.join(SOURCE, name + '.gz')) as packed, open(path(name), 'wb') as f:
      f.write(packed.read())

if __name__ == '__main__':
  os.makedirs(DATA, exist_ok=True)
  weights()
  normal_samples()
  fashion_mnist()
  print('wrote', DATA)
