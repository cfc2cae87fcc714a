//! timm's schedulers.

use super::{Row, row};

pub(super) const ROWS: [Row; 7] = [
    row(
        "timm.CosineLRScheduler",
        "t_initial, lr_min=0, cycle_mul=1, cycle_decay=1, cycle_limit=1, warmup_t=0, warmup_lr_init=0, warmup_prefix=False, t_in_epochs=True, noise_range_t=None, noise_pct=0.67, noise_std=1, noise_seed=42, k_decay=1, initialize=True",
        "lr_min + (base * cycle_decay ** i - lr_min) * (1 + cos(pi * z ** k_decay)) / 2, z = share done of cycle i, which lasts t_initial * cycle_mul ** i; lr_min after cycle_limit cycles; first a line from warmup_lr_init up over warmup_t",
        "cosine(to=lr_min, over=t_initial), or k_decay(to=lr_min, over=t_initial, k=k_decay), in restart(..., every=t_initial, grow=cycle_mul, decay=cycle_decay, cycles=cycle_limit)",
    )
    .but("unless warmup_prefix=True the cosine counts the warm-up too, and jumps where that ends; the cycle is found by a logarithm, which misses some exact restarts"),
    row(
        "timm.TanhLRScheduler",
        "t_initial, lb=-7, ub=3, lr_min=0, cycle_mul=1, cycle_decay=1, cycle_limit=1, warmup_t=0, warmup_lr_init=0, warmup_prefix=False, t_in_epochs=True, noise_range_t=None, noise_pct=0.67, noise_std=1, noise_seed=42, initialize=True",
        "lr_min + (base * cycle_decay ** i - lr_min) * (1 - tanh(lb * (1 - z) + ub * z)) / 2, z = share done of cycle i; lr_min after cycle_limit cycles; first a line from warmup_lr_init up over warmup_t",
        "tanh(to=lr_min, over=t_initial, lb=lb, ub=ub), in restart(..., every=t_initial, grow=cycle_mul, decay=cycle_decay, cycles=cycle_limit)",
    )
    .but("it starts and ends a little off base and lr_min, as tanh never reaches 1"),
    row(
        "timm.PolyLRScheduler",
        "t_initial, power=0.5, lr_min=0, cycle_mul=1, cycle_decay=1, cycle_limit=1, warmup_t=0, warmup_lr_init=0, warmup_prefix=False, t_in_epochs=True, noise_range_t=None, noise_pct=0.67, noise_std=1, noise_seed=42, k_decay=1, initialize=True",
        "lr_min + (base * cycle_decay ** i - lr_min) * (1 - z ** k_decay) ** power, z = share done of cycle i; lr_min after cycle_limit cycles; first a line from warmup_lr_init up over warmup_t",
        "polynomial(to=lr_min, over=t_initial, power=power), in restart(..., every=t_initial, grow=cycle_mul, decay=cycle_decay, cycles=cycle_limit), where k_decay is 1",
    )
    .but("power is 0.5 by default, where torch's and Keras's is 1; unless warmup_prefix=True the decay counts the warm-up too"),
    row(
        "timm.StepLRScheduler",
        "decay_t, decay_rate=1, warmup_t=0, warmup_lr_init=0, warmup_prefix=True, t_in_epochs=True, noise_range_t=None, noise_pct=0.67, noise_std=1, noise_seed=42, initialize=True",
        "base * decay_rate ** floor(t / decay_t), t counted from the end of the warm-up; first a line from warmup_lr_init up over warmup_t",
        "step(every=decay_t, gamma=decay_rate)",
    )
    .but("decay_rate is 1 by default, which never decays"),
    row(
        "timm.MultiStepLRScheduler",
        "decay_t, decay_rate=1, warmup_t=0, warmup_lr_init=0, warmup_prefix=True, t_in_epochs=True, noise_range_t=None, noise_pct=0.67, noise_std=1, noise_seed=42, initialize=True",
        "base * decay_rate ** (number of decay_t <= t + 1), t counted from the end of the warm-up; first a line from warmup_lr_init up over warmup_t",
        "multistep(at=[t - 1 for each of decay_t], gamma=decay_rate)",
    )
    .but("each milestone applies one update earlier than torch's; decay_rate is 1 by default, which never decays"),
    row(
        "timm.WSDLRScheduler",
        "t_initial, decay_t, lr_min=0, stable_fn='constant', stable_timescale=None, stable_power=0.5, decay_fn='1-sqrt', decay_power=0.5, decay_ratio=0.1, warmup_t=0, warmup_lr_init=0, t_in_epochs=True, noise_range_t=None, noise_pct=0.67, noise_std=1, noise_seed=42, initialize=True",
        "base for t_initial - decay_t, then lr_min + (base - lr_min) * (1 - sqrt(z)) over decay_t (or another decay_fn), t counted from the end of the warm-up; first a line from warmup_lr_init up over warmup_t",
        "linear(warmup_lr_init -> 1x, warmup_t) then constant(1x, over=t_initial - decay_t) then one_minus_sqrt(to=lr_min, over=decay_t)",
    )
    .but("t_initial counts stable phase and decay, not the warm-up; stable_timescale=None means warmup_t"),
    row(
        "timm.PlateauLRScheduler",
        "decay_rate=0.1, patience_t=10, threshold=1e-4, cooldown_t=0, warmup_t=0, warmup_lr_init=0, lr_min=0, mode='max', noise_range_t=None, noise_type='normal', noise_pct=0.67, noise_std=1, noise_seed=None, initialize=True, monitor=None, observe=None",
        "rate -> max(lr_min, rate * decay_rate) after more than patience_t observations in a row that did not improve on the best one",
        "plateau(factor=decay_rate, patience=patience_t, mode=mode, threshold=threshold, cooldown=cooldown_t, min_lr=lr_min) where warmup_t is 0",
    )
    .but("mode is 'max' by default, for an accuracy: a loss needs mode='min'; the warm-up counts observations; its noise is refused here"),
];
