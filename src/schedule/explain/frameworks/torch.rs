//! PyTorch's schedulers.

use super::{Row, row};

pub(super) const ROWS: [Row; 16] = [
    row(
        "torch.LambdaLR",
        "lr_lambda",
        "base * lr_lambda(t)",
        "1x * (the body of lr_lambda, with `step` for its argument)",
    )
    .but("in a ChainedScheduler it overwrites what the schedulers before it did"),
    row(
        "torch.MultiplicativeLR",
        "lr_lambda",
        "base * lr_lambda(1) * lr_lambda(2) * ... * lr_lambda(t)",
        "exponential(gamma=c) where lr_lambda is the constant c; otherwise the product written out as a formula of `step`",
    )
    .but("in a SequentialLR it goes on from the last rate, where the others start again from base"),
    row(
        "torch.StepLR",
        "step_size, gamma=0.1",
        "base * gamma ** floor(t / step_size)",
        "step(every=step_size, gamma=gamma)",
    )
    .but("t counts calls of scheduler.step(): stepped once per epoch it is `stretch(torch.StepLR(30), 1ep)`"),
    row(
        "torch.MultiStepLR",
        "milestones, gamma=0.1",
        "base * gamma ** (number of milestones <= t)",
        "multistep(at=milestones, gamma=gamma)",
    )
    .but("equal milestones count once each; the milestone 0 decays before the first update"),
    row(
        "torch.ConstantLR",
        "factor=1/3, total_iters=5",
        "base * factor while t < total_iters, then base",
        "constant((factor)x, over=total_iters) then constant",
    )
    .but("total_iters=0 applies factor for ever; factor=0 raises ZeroDivisionError at total_iters"),
    row(
        "torch.LinearLR",
        "start_factor=1/3, end_factor=1, total_iters=5",
        "base * (start_factor + (end_factor - start_factor) * min(1, t / total_iters))",
        "linear((start_factor)x -> (end_factor)x, total_iters)",
    )
    .but("total_iters=0 applies start_factor for ever; start_factor=0 is refused"),
    row(
        "torch.ExponentialLR",
        "gamma",
        "base * gamma ** t",
        "exponential(gamma=gamma)",
    )
    .but("usually stepped once per epoch, `exponential(gamma=0.95, every=1ep, staircase=True)`; the same gamma per update decays far faster"),
    row(
        "torch.PolynomialLR",
        "total_iters=5, power=1",
        "base * (1 - min(1, t / total_iters)) ** power",
        "polynomial(to=0, over=total_iters, power=power)",
    )
    .but("total_iters=0 raises ZeroDivisionError if it is part of a SequentialLR; the default of 5 updates is seldom meant"),
    row(
        "torch.CosineAnnealingLR",
        "T_max, eta_min=0",
        "eta_min + (base - eta_min) * (1 + cos(pi * t / T_max)) / 2",
        "mirror(cosine(to=eta_min, over=T_max))",
    )
    .but("after T_max it climbs back to base, with the period 2 * T_max; cosine(to=eta_min, over=T_max) holds its end"),
    row(
        "torch.CosineAnnealingWarmRestarts",
        "T_0, T_mult=1, eta_min=0",
        "eta_min + (base - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2, T_cur updates into a period of T_i = T_0 * T_mult ** i",
        "restart(cosine(to=eta_min, over=T_0), every=T_0, grow=T_mult)",
    )
    .but("eta_min itself is never reached; torch's step(epoch) misses some restarts (T_0=1, T_mult=3 at 121), its step() and this do not"),
    row(
        "torch.CyclicLR",
        "base_lr, max_lr, step_size_up=2000, step_size_down=None, mode='triangular', gamma=1, scale_fn=None, scale_mode='cycle', cycle_momentum=True, base_momentum=0.8, max_momentum=0.9",
        "base_lr + (max_lr - base_lr) * triangle(t) * scale; scale: 1, 1/2 per cycle (triangular2), gamma ** t (exp_range) or scale_fn; step_size_down=None means step_size_up",
        "cyclic(from=base_lr, to=max_lr, up=step_size_up, down=step_size_down, mode=mode, gamma=gamma, cycle_momentum=cycle_momentum, base_momentum=base_momentum, max_momentum=max_momentum)",
    )
    .but("ignores the optimiser's rate, and cycles momentum (the first beta of Adam) unless told not to, even where SGD had none"),
    row(
        "torch.OneCycleLR",
        "max_lr, total_steps=None, epochs=None, steps_per_epoch=None, pct_start=0.3, anneal_strategy='cos', cycle_momentum=True, base_momentum=0.85, max_momentum=0.95, div_factor=25, final_div_factor=1e4, three_phase=False",
        "max_lr / div_factor -> max_lr up to pct_start * total_steps - 1, then -> max_lr / div_factor / final_div_factor at total_steps - 1; total_steps=None means epochs * steps_per_epoch",
        "one_cycle(over=total_steps - 1, peak=max_lr, pct_start=(pct_start * total_steps - 1) / (total_steps - 1), div_factor=div_factor, final_div_factor=final_div_factor), the peak moved to a whole update",
    )
    .but("its rate at total_steps turns back up, and falls below 0 with anneal_strategy='linear'; the next one raises ValueError; ignores the optimiser's rate and cycles momentum"),
    row(
        "torch.SWALR",
        "swa_lr, anneal_epochs=10, anneal_strategy='cos'",
        "swa_lr + (base - swa_lr) * (1 + cos(pi * min(1, t / anneal_epochs))) / 2, or the straight line between the two",
        "cosine(to=swa_lr, over=anneal_epochs), or linear(to=swa_lr, over=anneal_epochs)",
    )
    .but("behind another scheduler it starts from whatever rate it finds; anneal_epochs=0 sets swa_lr at once"),
    row(
        "torch.SequentialLR",
        "schedulers, milestones",
        "schedulers[i] at t - milestones[i - 1], i = number of milestones <= t",
        "until(a, over=m) then b",
    )
    .but("each starts again from base; a SequentialLR or ChainedScheduler runs one update ahead as the first scheduler and raises NotImplementedError as a later one"),
    row(
        "torch.ChainedScheduler",
        "schedulers",
        "every scheduler's step, one after the other, on the same rate; the product where all of them are factors",
        "a * b",
    )
    .but("LambdaLR, CosineAnnealingWarmRestarts, CyclicLR and OneCycleLR overwrite what came before; with eta_min the cosine is no factor"),
    row(
        "torch.ReduceLROnPlateau",
        "mode='min', factor=0.1, patience=10, threshold=1e-4, threshold_mode='rel', cooldown=0, min_lr=0, eps=1e-8, monitor=None, observe=None",
        "rate -> max(min_lr, rate * factor) after more than `patience` observations in a row that did not improve on the best one",
        "plateau(factor=factor, patience=patience, mode=mode, threshold=threshold, threshold_mode=threshold_mode, cooldown=cooldown, min_lr=min_lr, eps=eps)",
    )
    .but("one observation later than Keras and Optax; with a negative metric the relative threshold points the wrong way; NaN counts as bad"),
];
