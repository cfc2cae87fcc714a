#!/usr/bin/env python3
"""Prints what run.py found, as Markdown: medians over the rounds, with the ratios peer / kiln, and whether the losses agree.

  ./table.py [results.jsonl] [--field median_step_ms] [--other-cores 0.15]

field: median_step_ms (GFLOP/s for the products), pipelined_step_ms, min_ms, cpu_ms_per_step, first_step_ms, setup_ms,
peak_rss_mb. Of several runs it takes the median; runs during which other processes kept more than --other-cores cores busy are
left out where there are better ones, and marked * where there are not.
"""
import argparse, json, os, statistics

HERE = os.path.dirname(os.path.abspath(__file__))
WORKLOADS = ['W1', 'W2', 'W3', 'W4', 'mm256', 'mm512', 'mm1024', 'mm2048']
ON_ADAPTER = ('kiln-wgpu', 'burn-wgpu', 'burn-wgpu-nofusion', 'burn-vulkan', 'tinygrad-webgpu')
# candle-core divides the gradient of max-pooling wrongly where a window has ties: its losses of W1 and W4 are its own.
LOSS_DIFFERS = {('candle', 'W1'), ('candle', 'W4')}
LOSS_TOLERANCE = 1e-3

def is_product(workload):
  return workload.startswith('mm')

def value(rows, workload, field, most_others):
  """The median over the better runs, and whether there are none; None if nothing ran."""
  name = 'gflops' if is_product(workload) and field == 'median_step_ms' else field
  rows = [r for r in rows if r.get(name) is not None]
  if not rows: return None
  quiet = [r for r in rows if r.get('other_cores', 9) <= most_others]
  return statistics.median(r[name] for r in quiet or rows), not quiet

def text(found):
  return '-' if found is None else f"{found[0]:.4g}{'*' if found[1] else ''}"

def table(title, ids, cell):
  print(f'\n{title}\n')
  print('| | ' + ' | '.join(WORKLOADS) + ' |\n|---|' + '---:|' * len(WORKLOADS))
  for i in ids:
    cells = [cell(i, w) for w in WORKLOADS]
    if any(c != '-' for c in cells): print(f'| {i} | ' + ' | '.join(cells) + ' |')

def main():
  parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
  parser.add_argument('file', nargs='?', default=os.path.join(HERE, 'results.jsonl'))
  parser.add_argument('--field', default='median_step_ms')
  parser.add_argument('--other-cores', type=float, default=0.15)
  args = parser.parse_args()
  with open(args.file) as f: rows = [json.loads(l) for l in f]
  machines = list(dict.fromkeys(r['machine'] for r in rows if 'machine' in r))
  rows = [r for r in rows if 'id' in r]
  ids = list(dict.fromkeys(r['id'] for r in rows))
  of = lambda i, w: [r for r in rows if r['id'] == i and r['workload'] == w]
  ran = lambda i, w: [r for r in of(i, w) if 'error' not in r]
  get = lambda i, w: value(ran(i, w), w, args.field, args.other_cores)

  print('Machine: ' + '; '.join(machines))
  adapters = {r['backend'] for r in rows if r['id'] == 'kiln-wgpu' and 'backend' in r}
  if adapters: print('Adapter of kiln-wgpu: ' + '; '.join(sorted(adapters)))
  rounds = max((len(ran(i, w)) for i in ids for w in WORKLOADS), default=0)
  products = ', mm* in GFLOP/s' if args.field == 'median_step_ms' else ''
  failed = lambda i, w: 'fail' if of(i, w) and not ran(i, w) else None
  table(f'`{args.field}`, medians of up to {rounds} rounds{products}', ids, lambda i, w: failed(i, w) or text(get(i, w)))

  def ratio(i, w):
    mine = get('kiln-wgpu' if i in ON_ADAPTER else 'kiln-cpu', w)
    theirs = get(i, w)
    if mine is None or theirs is None or mine[0] == 0 or theirs[0] == 0: return '-'
    faster = mine[0] / theirs[0] if is_product(w) and args.field == 'median_step_ms' else theirs[0] / mine[0]
    return f"{faster:.3g}{'*' if mine[1] or theirs[1] else ''}"
  peers = [i for i in ids if not i.startswith('kiln')]
  table('How many times kiln is better (peer ÷ kiln; for GFLOP/s kiln ÷ peer), each against kiln on the same kind of device',
        peers, ratio)

  print('\nFinal losses:')
  for w in WORKLOADS:
    losses = {i: ran(i, w)[-1]['final_loss'] for i in ids if ran(i, w) and 'final_loss' in ran(i, w)[-1]}
    if is_product(w) or not losses: continue
    judged = [l for i, l in losses.items() if (i, w) not in LOSS_DIFFERS]
    apart = max(judged) - min(judged) if judged else 0.0
    verdict = 'agree' if apart <= LOSS_TOLERANCE else f'DISAGREE by {apart:.3g}: the times do not compare'
    print(f'- {w}: ' + ', '.join(f'{i} {l:.6f}' for i, l in losses.items()) + f': {verdict}')

if __name__ == '__main__':
  main()
