//! The schedulers of Hugging Face transformers, by their names in `get_scheduler`.

use super::{Row, row};

const IDLE: &str = "the warm-up starts at the rate 0, so that the first update changes nothing; kiln's warmup(n) starts at 1/n";

pub(super) const ROWS: [Row; 12] = [
    row(
        "hf.linear",
        "num_warmup_steps=0, num_training_steps=length of the run",
        "base * t / num_warmup_steps, then base * max(0, (num_training_steps - t) / (num_training_steps - num_warmup_steps))",
        "linear(0 -> 1x, num_warmup_steps) then linear(to=0, over=num_training_steps - num_warmup_steps)",
    )
    .but(IDLE),
    row(
        "hf.cosine",
        "num_warmup_steps=0, num_training_steps=length of the run, num_cycles=0.5",
        "base * t / num_warmup_steps, then base * (1 + cos(2 * pi * num_cycles * z)) / 2 with z = (t - num_warmup_steps) / (num_training_steps - num_warmup_steps)",
        "linear(0 -> 1x, num_warmup_steps) then cosine(to=0, over=num_training_steps - num_warmup_steps)",
    )
    .but("past num_training_steps, or with num_cycles above 0.5, it climbs again; the warm-up starts at the rate 0"),
    row(
        "hf.cosine_with_restarts",
        "num_warmup_steps=0, num_training_steps=length of the run, num_cycles=1",
        "base * t / num_warmup_steps, then base * (1 + cos(pi * (num_cycles * z mod 1))) / 2 with z = (t - num_warmup_steps) / (num_training_steps - num_warmup_steps), 0 from z = 1 on",
        "linear(0 -> 1x, num_warmup_steps) then restart(cosine, every=(num_training_steps - num_warmup_steps) / num_cycles, cycles=num_cycles)",
    )
    .but("with num_cycles=1, the default, there is no restart; the warm-up starts at the rate 0"),
    row(
        "hf.polynomial",
        "num_warmup_steps=0, num_training_steps=length of the run, lr_end=1e-7, power=1",
        "base * t / num_warmup_steps, then lr_end + (base - lr_end) * (1 - z) ** power with z = (t - num_warmup_steps) / (num_training_steps - num_warmup_steps), lr_end from z = 1 on",
        "linear(0 -> 1x, num_warmup_steps) then polynomial(to=lr_end, over=num_training_steps - num_warmup_steps, power=power)",
    )
    .but("lr_end is a rate and must be below base; the warm-up starts at the rate 0"),
    row("hf.constant", "", "base", "constant"),
    row(
        "hf.constant_with_warmup",
        "num_warmup_steps=0",
        "base * min(1, t / num_warmup_steps)",
        "linear(0 -> 1x, num_warmup_steps)",
    )
    .but(IDLE),
    row(
        "hf.inverse_sqrt",
        "num_warmup_steps=0, timescale=None",
        "base * t / num_warmup_steps, then base / sqrt((t - num_warmup_steps + timescale) / timescale); timescale=None means num_warmup_steps, or 10000 if that is 0",
        "linear(0 -> 1x, num_warmup_steps) then inverse_sqrt(every=timescale)",
    )
    .but(IDLE),
    row(
        "hf.cosine_with_min_lr",
        "num_warmup_steps=0, num_training_steps=length of the run, num_cycles=0.5, last_epoch=-1, min_lr=None, min_lr_rate=None",
        "base * t / num_warmup_steps, then base * (m + (1 - m) * (1 + cos(2 * pi * num_cycles * z)) / 2) with m = min_lr_rate or min_lr / base, z as in hf.cosine",
        "linear(0 -> 1x, num_warmup_steps) then cosine(to=min_lr, over=num_training_steps - num_warmup_steps)",
    )
    .but("needs min_lr or min_lr_rate, and refuses both; the warm-up starts at the rate 0"),
    row(
        "hf.cosine_warmup_with_min_lr",
        "num_warmup_steps=0, num_training_steps=length of the run, num_cycles=0.5, last_epoch=-1, min_lr=None, min_lr_rate=None, warmup_lr_rate=None",
        "base * (t + 1) / num_warmup_steps (from warmup_lr_rate in a line of num_warmup_steps - 1 if that is given), then as hf.cosine_with_min_lr at t + 1",
        "warmup(num_warmup_steps) then cosine(to=min_lr, over=num_training_steps - num_warmup_steps), the cosine one update early",
    )
    .but("unlike the others it does not start at 0, and its last update already has the lowest rate"),
    row(
        "hf.warmup_stable_decay",
        "num_warmup_steps, num_decay_steps, num_training_steps=length of the run, num_stable_steps=None, warmup_type='linear', decay_type='cosine', min_lr_ratio=0, num_cycles=0.5",
        "base * min_lr_ratio -> base over num_warmup_steps, base for num_stable_steps, base -> base * min_lr_ratio over num_decay_steps; num_stable_steps=None means what is left of num_training_steps",
        "linear((min_lr_ratio)x -> 1x, num_warmup_steps) then constant(1x, over=num_stable_steps) then cosine(1x -> (min_lr_ratio)x, num_decay_steps)",
    )
    .but("the warm-up starts at min_lr_ratio, by default at the rate 0, so that the first update changes nothing"),
    row(
        "hf.reduce_lr_on_plateau",
        "mode='min', factor=0.1, patience=10, threshold=1e-4, threshold_mode='rel', cooldown=0, min_lr=0, eps=1e-8, monitor=None, observe=None",
        "as torch.ReduceLROnPlateau: rate -> max(min_lr, rate * factor) after more than `patience` observations in a row that did not improve on the best one",
        "plateau(factor=factor, patience=patience, mode=mode, threshold=threshold, threshold_mode=threshold_mode, cooldown=cooldown, min_lr=min_lr, eps=eps)",
    )
    .but("with a negative metric the relative threshold points the wrong way; NaN counts as bad"),
    row(
        "hf.greedy",
        "mode='min', factor=0.95, patience=10, threshold=1e-6, threshold_mode='abs', cooldown=0, warmup=0, min_lr=1e-3, max_lr=1, eps=1e-8, verbose=False, smooth=False, window_size=50, reset_start=500, monitor=None, observe=None",
        "rate -> min(max_lr, rate / factor) after more than `patience` improvements in a row; rate -> max(min_lr, rate * factor) after as many failures",
        "greedy(factor=factor, patience=patience, mode=mode, threshold=threshold, threshold_mode=threshold_mode, cooldown=cooldown, warmup=warmup, min_lr=min_lr, max_lr=max_lr, eps=eps), with window=window_size for smooth=True; it never starts afresh",
    )
    .but("never lowers a rate that is below min_lr=1e-3, only raises it; after reset_start reductions at min_lr it forgets all it has seen"),
];
