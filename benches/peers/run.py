#!/usr/bin/env python3
"""Runs kiln and its peers in turns, one process at a time, and appends a JSON line per run to a file.

  ./run.py                                     kiln and the peers that matter most, all workloads, once
  ./run.py -w "W1 W3" -p "kiln-cpu torch"      some
  ./run.py --repeat 5 --quiet 60 -o today.jsonl
  ./table.py today.jsonl                       medians, and the ratios peer / kiln

A round runs everything once; the order of the peers turns by one every round, so that whatever slows the machine for a while
slows all of them. Every line has other_cores: how many cores other processes kept busy during the run.

Environment: KILN (the binary; default target/release/kiln of this repository), KILN_ADAPTER (what kiln-wgpu passes to --device;
default software), PEER_TARGET (the folder with bin/<variant>/; default target here), PY_TORCH and PY_TINYGRAD (a Python that has
torch, tinygrad; default python3). Standard library only.
"""
import argparse, json, os, platform, resource, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
DATA = os.environ.get('PEER_DATA', os.path.join(HERE, 'data'))
TARGET = os.environ.get('PEER_TARGET', os.path.join(HERE, 'target'))
KILN = os.environ.get('KILN', os.path.join(REPOSITORY, 'target', 'release', 'kiln'))

STEPS = {'W1': 60, 'W2': 60, 'W3': 300, 'W4': 25, 'mm256': 60, 'mm512': 40, 'mm1024': 25, 'mm2048': 14}
USUAL = 'kiln-cpu torch burn-flex candle kiln-wgpu burn-wgpu'

def binary(variant, name):
  return [os.path.join(TARGET, 'bin', variant, name)]

def python(variable, *script):
  return [os.environ.get(variable, 'python3'), os.path.join(HERE, *script)]

PEERS = {  # command before the workload and the steps, backend
  'torch': (python('PY_TORCH', 'torch', 'peer_torch.py'), 'eager'),
  'torch-compile': (python('PY_TORCH', 'torch', 'peer_torch.py'), 'compile'),
  'candle': (binary('candle', 'peer-candle'), None),
  'burn-flex': (binary('host', 'peer-burn'), 'flex'),
  'burn-ndarray': (binary('host', 'peer-burn'), 'ndarray'),
  'burn-wgpu': (binary('wgpu-fusion', 'peer-burn'), 'wgpu'),
  'burn-wgpu-nofusion': (binary('wgpu-nofusion', 'peer-burn'), 'wgpu'),
  'burn-vulkan': (binary('vulkan-fusion', 'peer-burn'), 'vulkan'),
  'tinygrad-clang': (python('PY_TINYGRAD', 'tinygrad', 'peer_tinygrad.py'), 'CPU:CLANG'),
  'tinygrad-llvm': (python('PY_TINYGRAD', 'tinygrad', 'peer_tinygrad.py'), 'CPU:LLVM'),
  'tinygrad-webgpu': (python('PY_TINYGRAD', 'tinygrad', 'peer_tinygrad.py'), 'WEBGPU'),
}
KILNS = {'kiln-cpu': 'cpu', 'kiln-wgpu': os.environ.get('KILN_ADAPTER', 'software')}

# On a slow adapter this product would take longer than all others together.
NO_CASE = {('kiln-wgpu', 'mm2048')}

def kiln_command(device, workload, steps):
  """The same first weights and data as the peers'; a product is one case of the kernels."""
  if workload.startswith('mm'):
    return [KILN, 'bench', 'kernels', '--device', device, '--filter', f'matmul {workload[2:]} NN', '--json']
  data = os.path.join(DATA, 'w3.csv') if workload == 'W3' else DATA
  init = os.path.join(DATA, f'init_{workload}.safetensors')
  return [KILN, 'bench', 'step', '--workload', workload.lower(), '--device', device, '--steps', str(steps), '--data', data,
          '--init', init, '--json']

def kiln_row(row, workload, steps):
  """kiln's JSON in the peers' words."""
  if workload.startswith('mm'):
    case = row['cases'][0]
    times = {'median_step_ms': case['median_us'] / 1e3, 'p10': case['p10'] / 1e3, 'p90': case['p90'] / 1e3}
    return {**times, 'gflops': case['gflops'], 'backend': row['device'], 'workload': workload, 'steps': steps}
  return {**row, 'backend': row['device'], 'workload': workload}

def busy():
  """CPU seconds that all processes together have used, or None where the system does not tell."""
  try:
    with open('/proc/stat') as f:
      fields = f.readline().split()
  except OSError:
    return None
  return sum(int(fields[i]) for i in (1, 2, 3, 6, 7)) / os.sysconf('SC_CLK_TCK')

def children():
  used = resource.getrusage(resource.RUSAGE_CHILDREN)
  return used.ru_utime + used.ru_stime

def wait_quiet(seconds):
  """Waits until the other processes leave 90% of the cores idle for 2 s, or until the time is up."""
  end = time.monotonic() + seconds
  while time.monotonic() < end and busy() is not None:
    before = busy()
    time.sleep(2)
    if busy() - before <= 0.2 * os.cpu_count(): return

def run(peer, workload, args):
  steps = STEPS[workload]
  env = {**os.environ, 'PEER_DATA': DATA}
  if args.cold: env['MESA_SHADER_CACHE_DISABLE'] = 'true'
  if peer in KILNS:
    command = kiln_command(KILNS[peer], workload, steps)
  else:
    command, backend = PEERS[peer]
    command = [*command, workload, str(steps)]
    if backend: env['PEER_BACKEND'] = backend
  wait_quiet(args.quiet)
  row = {'id': peer, 'workload': workload, 'cold': args.cold}
  start, all_before, own_before = time.monotonic(), busy(), children()
  try:
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=args.limit)
  except (OSError, subprocess.TimeoutExpired) as e:
    return {**row, 'error': str(e)[-280:]}
  took = time.monotonic() - start
  lines = [l for l in done.stdout.splitlines() if l.startswith('{')]
  if done.returncode != 0 or not lines:
    return {**row, 'error': (done.stderr.strip() or f'no output, exit code {done.returncode}')[-280:]}
  found = json.loads(lines[-1])
  if peer in KILNS: found = kiln_row(found, workload, steps)
  if all_before is not None:
    other = busy() - all_before - (children() - own_before)
    found['other_cores'] = round(max(0.0, other) / took, 2)
  return {**found, **row, 'wall_s': round(took, 2)}

def machine():
  """Processor, cores and system, for the table."""
  name = platform.processor() or platform.machine()
  try:
    with open('/proc/cpuinfo') as f:
      names = [l.split(':', 1)[1].strip() for l in f if l.startswith('model name')]
    name = names[0] if names else name
  except OSError: pass
  return f'{name}, {os.cpu_count()} logical cores, {platform.system()}'

def main():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('-w', '--workloads', default=' '.join(STEPS), help='of ' + ' '.join(STEPS))
  parser.add_argument('-p', '--peers', default=USUAL, help='of ' + ' '.join([*KILNS, *PEERS]))
  parser.add_argument('-o', '--out', default=os.path.join(HERE, 'results.jsonl'))
  parser.add_argument('--repeat', type=int, default=1, help='rounds')
  parser.add_argument('--quiet', type=float, default=0, help='wait up to so many seconds for an idle machine before each run')
  parser.add_argument('--limit', type=float, default=600, help='seconds that a run may take')
  parser.add_argument('--cold', action='store_true', help="without Mesa's shader cache on disk: for first_step_ms; give it "
                      "a file of its own with -o")
  args = parser.parse_args()
  workloads, peers = args.workloads.split(), args.peers.split()
  unknown = [w for w in workloads if w not in STEPS] + [p for p in peers if p not in KILNS and p not in PEERS]
  if unknown: parser.error(f'unknown: {" ".join(unknown)}')
  if not os.path.exists(os.path.join(DATA, 'init_W1.safetensors')): parser.error(f'{DATA} is empty: run data.py first')
  with open(args.out, 'a') as out:
    def record(row):
      out.write(json.dumps(row) + '\n')
      out.flush()
    record({'machine': machine()})
    for round in range(args.repeat):
      for workload in workloads:
        for i in range(len(peers)):
          peer = peers[(i + round) % len(peers)]
          if (peer, workload) in NO_CASE: continue
          row = run(peer, workload, args)
          record(row)
          said = row.get('error') or f"{row['median_step_ms']:.4g} ms, loss {row.get('final_loss', float('nan')):.6g}, " \
            f"other cores {row.get('other_cores', '?')}"
          print(f"{round + 1}/{args.repeat} {workload:7} {row['id']:20} {said}", flush=True)

if __name__ == '__main__':
  sys.exit(main())
