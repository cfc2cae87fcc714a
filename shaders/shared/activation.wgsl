
// Functions that stand between layers, and their slopes. Mirrors `ops::activation::Function`.
const LEAKY_RELU: u32 = 0u;
const ELU: u32 = 1u;
const TANH: u32 = 2u;
const SIGMOID: u32 = 3u;
const SILU: u32 = 4u;
const GELU: u32 = 5u;
const GELU_TANH: u32 = 6u;

// exp(x) - 1 for x <= 0: a series where the difference would cancel.
fn exp_minus_one(x: f32) -> f32 {
    let near = x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (0.008333334 + x * 0.0013888889)))));
    return select(exp(max(x, -80.0)) - 1.0, near, x > -0.4);
}

// No infinity on the way, whatever x: drivers may assume that there is none.
fn logistic(x: f32) -> f32 {
    let e = exp(-min(abs(x), 88.0));
    return select(e, 1.0, x >= 0.0) / (1.0 + e);
}

// Moshier's tanhf: a polynomial near 0, where the quotient would cancel.
fn hyperbolic_tangent(x: f32) -> f32 {
    let s = x * x;
    let near = (((((-5.70498872745e-3 * s + 2.06390887954e-2) * s - 5.37397155531e-2) * s + 1.33314422036e-1) * s
        - 3.33332819422e-1) * s) * x + x;
    let far = 1.0 - 2.0 / (exp(2.0 * min(abs(x), 15.0)) + 1.0);
    return select(select(far, -far, x < 0.0), near, abs(x) < 0.625);
}

// N. Juffa's erff: two minimax polynomials, within a unit in the last place.
fn error_function(x: f32) -> f32 {
    let t = min(abs(x), 4.0);
    let s = x * x;
    var r = (-1.72853470e-5 * t + 3.83197126e-4) * t * t + (-3.88396438e-3 * t + 2.42546219e-2);
    r = ((r * t - 1.06777877e-1) * t - 6.34846687e-1) * t - 1.28717512e-1;
    let far = 1.0 - exp(r * t - t);
    let near = (((((-5.96761703e-4 * s + 4.99119423e-3) * s - 2.67681349e-2) * s + 1.12819925e-1) * s
        - 3.76125336e-1) * s + 1.28379166e-1) * x + x;
    return select(select(far, -far, x < 0.0), near, abs(x) <= 0.927734375);
}

// The argument of GELU's tangent; beyond 15 the tangent is 1 anyway.
fn gelu_argument(x: f32) -> f32 {
    let c = clamp(x, -15.0, 15.0);
    return 0.7978845608 * (c + 0.044715 * c * c * c);
}

fn activate(x: f32) -> f32 {
    if is_nan(x) { return x; }
    switch dims.function {
        case LEAKY_RELU: { return select(x, dims.alpha * x, x < 0.0); }
        case ELU: { return select(x, dims.alpha * exp_minus_one(x), x < 0.0); }
        case TANH: { return hyperbolic_tangent(x); }
        case SIGMOID: { return logistic(x); }
        case SILU: { return x * logistic(x); }
        case GELU: { return x * (0.5 + 0.5 * error_function(0.70710678 * x)); }
        default: { return x * (0.5 + 0.5 * hyperbolic_tangent(gelu_argument(x))); }
    }
}

// x > 0, for what drivers take for 0 too: they may flush numbers below 1.2e-38. Compares bits.
fn positive(x: f32) -> bool { return bitcast<u32>(x) - 1u < 0x7f800000u; }

fn slope(x: f32) -> f32 {
    if is_nan(x) && dims.function != LEAKY_RELU { return x; }
    switch dims.function {
        case LEAKY_RELU: { return select(dims.alpha, 1.0, positive(x)); }
        case ELU: { return select(dims.alpha * exp(max(x, -88.0)), 1.0, positive(x)); }
        case TANH: {
            let e = exp(-2.0 * min(abs(x), 44.0));
            return 4.0 * e / ((1.0 + e) * (1.0 + e));
        }
        case SIGMOID: {
            let p = logistic(x);
            return p * logistic(-x);
        }
        case SILU: {
            let p = logistic(x);
            return p * (1.0 + x * logistic(-x));
        }
        case GELU: {
            let c = clamp(x, -13.0, 13.0);
            return 0.5 + 0.5 * error_function(0.70710678 * x) + c * 0.3989422804 * exp(-0.5 * c * c);
        }
        default: {
            let c = clamp(x, -15.0, 15.0);
            let t = hyperbolic_tangent(gelu_argument(x));
            return 0.5 + 0.5 * t + 0.5 * c * (1.0 - t * t) * 0.7978845608 * (1.0 + 0.134145 * c * c);
        }
    }
}
