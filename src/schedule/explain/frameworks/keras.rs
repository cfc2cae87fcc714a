//! The schedules and callbacks of Keras. All but the callbacks give rates and ignore the optimiser's own.

use super::{Row, row};

pub(super) const ROWS: [Row; 8] = [
    row(
        "keras.ExponentialDecay",
        "initial_learning_rate, decay_steps, decay_rate, staircase=False",
        "initial_learning_rate * decay_rate ** (t / decay_steps); with staircase=True floor(t / decay_steps)",
        "exponential(gamma=decay_rate, every=decay_steps, staircase=staircase, from=initial_learning_rate)",
    ),
    row(
        "keras.PiecewiseConstantDecay",
        "boundaries, values",
        "values[number of boundaries < t]",
        "piecewise(values, at=[boundary + 1 for each of boundaries])",
    )
    .but("a boundary still has the old value: each change comes one update later than in torch and Optax; fractions of boundaries are cut off"),
    row(
        "keras.PolynomialDecay",
        "initial_learning_rate, decay_steps, end_learning_rate=1e-4, power=1, cycle=False",
        "end_learning_rate + (initial_learning_rate - end_learning_rate) * (1 - min(1, t / decay_steps)) ** power; with cycle=True decay_steps grows to the next multiple of itself that is not below t",
        "polynomial(to=end_learning_rate, over=decay_steps, from=initial_learning_rate, power=power)",
    )
    .but("with cycle=True a multiple of decay_steps itself still has end_learning_rate, and the jump up comes one update later"),
    row(
        "keras.InverseTimeDecay",
        "initial_learning_rate, decay_steps, decay_rate, staircase=False",
        "initial_learning_rate / (1 + decay_rate * t / decay_steps); with staircase=True floor(t / decay_steps)",
        "inverse_time(rate=decay_rate, every=decay_steps, staircase=staircase, from=initial_learning_rate)",
    ),
    row(
        "keras.CosineDecay",
        "initial_learning_rate, decay_steps, alpha=0, warmup_target=None, warmup_steps=0",
        "high * (alpha + (1 - alpha) * (1 + cos(pi * min(1, t' / decay_steps))) / 2), high = warmup_target and t' = t - warmup_steps after the warm-up, else high = initial_learning_rate and t' = t",
        "linear(initial_learning_rate -> warmup_target, warmup_steps) then cosine(to=alpha * warmup_target, over=decay_steps, from=warmup_target)",
    )
    .but("warmup_steps without warmup_target has no effect; decay_steps does not count the warm-up (Optax's does)"),
    row(
        "keras.CosineDecayRestarts",
        "initial_learning_rate, first_decay_steps, t_mul=2, m_mul=1, alpha=0",
        "initial_learning_rate * (alpha + (1 - alpha) * m_mul ** i * (1 + cos(pi * z)) / 2), z = share done of period i, which lasts first_decay_steps * t_mul ** i",
        "restart(cosine(to=alpha * initial_learning_rate, over=first_decay_steps, from=initial_learning_rate), every=first_decay_steps, grow=t_mul) where m_mul is 1",
    )
    .but("periods double by default; m_mul shrinks only what lies above alpha; the period is found by a logarithm, which misses some exact restarts"),
    row(
        "keras.LearningRateScheduler",
        "schedule",
        "rate -> schedule(epoch, rate) at the start of every epoch",
        "a formula of `epoch`, as 0.1 * 0.9 ** epoch",
    )
    .but("without updates per epoch in the run, every update counts as an epoch; Keras rounds the rate to float32 in every epoch"),
    row(
        "keras.ReduceLROnPlateau",
        "monitor='val_loss', factor=0.1, patience=10, verbose=0, mode='auto', min_delta=1e-4, cooldown=0, min_lr=0, observe=None",
        "rate -> max(min_lr, rate * factor) after `patience` observations in a row that did not improve on the best one by min_delta",
        "plateau(factor=factor, patience=patience, mode=mode, threshold=min_delta, threshold_mode=abs, cooldown=cooldown - 1, min_lr=min_lr, eps=0, counting=keras)",
    )
    .but("one observation earlier than torch; patience=0 counts as 1; a cooldown of c passes over c - 1 observations; if the first number is NaN, nothing ever improves on it"),
];
