//! Optax's schedules. They give rates and ignore any other.

use super::{Row, row};

pub(super) const ROWS: [Row; 15] = [
    row("optax.constant_schedule", "value", "value", "constant(value)"),
    row(
        "optax.linear_schedule",
        "init_value, end_value, transition_steps, transition_begin=0",
        "init_value + (end_value - init_value) * z, z = (t - transition_begin) / transition_steps between 0 and 1",
        "linear(init_value -> end_value, transition_steps)",
    )
    .but("transition_steps <= 0 means init_value for ever, not end_value"),
    row(
        "optax.polynomial_schedule",
        "init_value, end_value, power, transition_steps, transition_begin=0",
        "end_value + (init_value - end_value) * (1 - z) ** power, z = (t - transition_begin) / transition_steps between 0 and 1",
        "polynomial(to=end_value, over=transition_steps, from=init_value, power=power)",
    )
    .but("transition_steps <= 0 means init_value for ever, not end_value"),
    row(
        "optax.exponential_decay",
        "init_value, transition_steps, decay_rate, transition_begin=0, staircase=False, end_value=None",
        "init_value * decay_rate ** max(0, (t - transition_begin) / transition_steps), never past end_value; with staircase=True the exponent rounded down",
        "exponential(gamma=decay_rate, every=transition_steps, staircase=staircase, from=init_value), in clamp(..., min=end_value) if there is one and decay_rate is below 1",
    )
    .but("end_value bounds the rate before transition_begin too; decay_rate=0 or transition_steps <= 0 means init_value for ever"),
    row(
        "optax.cosine_decay_schedule",
        "init_value, decay_steps, alpha=0, exponent=1",
        "init_value * (alpha + (1 - alpha) * ((1 + cos(pi * min(1, t / decay_steps))) / 2) ** exponent)",
        "cosine(to=alpha * init_value, over=decay_steps, from=init_value) where exponent is 1",
    )
    .but("alpha is a share of init_value, not a rate; in float32 the last updates of a long run are far off, here they are exact"),
    row(
        "optax.piecewise_constant_schedule",
        "init_value, boundaries_and_scales",
        "init_value * the product of the scales whose boundary is <= t",
        "piecewise(rates, at=boundaries), rates = the cumulative products",
    )
    .but("scales multiply cumulatively: {10: 0.5, 20: 0.1} ends at 0.05 * init_value"),
    row(
        "optax.piecewise_interpolate_schedule",
        "interpolate_type, init_value, boundaries_and_scales",
        "a line (interpolate_type 'linear') or half a cosine ('cosine') from each cumulative product to the next",
        "piecewise(rates, at=boundaries, shape=interpolate_type), rates = init_value and the cumulative products",
    )
    .but("scales multiply cumulatively; after the last boundary the rate holds"),
    row(
        "optax.linear_onecycle_schedule",
        "transition_steps, peak_value, pct_start=0.3, pct_final=0.85, div_factor=25, final_div_factor=1e4",
        "lines: peak_value / div_factor -> peak_value at floor(pct_start * transition_steps) -> peak_value / div_factor at floor(pct_final * transition_steps) -> peak_value / div_factor / final_div_factor at transition_steps",
        "linear(...) then linear(...) then linear(...)",
    )
    .but("phases that fall on one update replace each other: a very short cycle may never reach its peak, and pct_start=0 starts there"),
    row(
        "optax.cosine_onecycle_schedule",
        "transition_steps, peak_value, pct_start=0.3, div_factor=25, final_div_factor=1e4",
        "half cosines: peak_value / div_factor -> peak_value at floor(pct_start * transition_steps) -> peak_value / div_factor / final_div_factor at transition_steps",
        "one_cycle(over=transition_steps, peak=peak_value, pct_start=pct_start, div_factor=div_factor, final_div_factor=final_div_factor, cycle_momentum=False)",
    )
    .but("the peak lies one update later than torch's, and momentum is left alone; phases that fall on one update replace each other"),
    row(
        "optax.warmup_constant_schedule",
        "init_value, peak_value, warmup_steps",
        "init_value + (peak_value - init_value) * min(1, t / warmup_steps)",
        "linear(init_value -> peak_value, warmup_steps)",
    )
    .but("with init_value=0 the first update changes nothing"),
    row(
        "optax.warmup_cosine_decay_schedule",
        "init_value, peak_value, warmup_steps, decay_steps, end_value=0, exponent=1",
        "a line from init_value to peak_value over warmup_steps, then half a cosine to end_value at decay_steps",
        "linear(init_value -> peak_value, warmup_steps) then cosine(to=end_value, over=decay_steps - warmup_steps, from=peak_value) where exponent is 1",
    )
    .but("decay_steps counts the warm-up too (Keras's does not); with init_value=0 the first update changes nothing"),
    row(
        "optax.warmup_exponential_decay_schedule",
        "init_value, peak_value, warmup_steps, transition_steps, decay_rate, transition_begin=0, staircase=False, end_value=None",
        "a line from init_value to peak_value over warmup_steps, then exponential_decay from peak_value, counted from there",
        "linear(init_value -> peak_value, warmup_steps) then exponential(gamma=decay_rate, every=transition_steps, staircase=staircase, from=peak_value)",
    )
    .but("with init_value=0 the first update changes nothing; transition_begin counts from the end of the warm-up"),
    row(
        "optax.sgdr_schedule",
        "cosine_kwargs",
        "one warmup_cosine_decay_schedule after the other, each decay_steps long",
        "linear(...) then until(cosine(...), over=...) then linear(...) and so on; restart(...) where all cycles are alike",
    )
    .but("each cycle's decay_steps counts its own warm-up"),
    row(
        "optax.join_schedules",
        "schedules, boundaries",
        "schedules[i] at t - boundaries[i - 1], i = number of boundaries <= t",
        "until(a, over=boundary) then b",
    )
    .but("each schedule counts from its boundary"),
    row(
        "optax.reduce_on_plateau",
        "factor=0.1, patience=10, rtol=1e-4, atol=0, cooldown=0, accumulation_size=1, min_scale=0, monitor=None, observe=None",
        "scale -> max(min_scale, scale * factor) after `patience` means of accumulation_size numbers in a row that were not below (1 - rtol) * best - atol",
        "plateau(factor=factor, patience=patience, threshold=rtol, cooldown=cooldown, counting=keras) at accumulation_size=1, atol=0 and min_scale=0, but that acts from the next update on",
    )
    .but("the very update that delivers the number is already scaled; one observation earlier than torch; patience=0 reduces when the number improves"),
];
