// A controller that watches the gradient's norm. Mirrors `gradient_control::Dims`. Rule 0 is the
// norm's ratio, 1 is AdaGrad-Norm.
struct Controller {
    rule: u32, index: u32, count: u32, slots: u32, reference: u32,
    floor: f32, smoothing: f32, b0: f32,
}

// Words of one controller's memory: mean or sum, reference, norms seen, factor.
const STATE: u32 = 4u;

// Takes one more norm, given as its square, into a controller's memory and sets its factor. A norm
// of a gradient with `bad` elements is passed over.
fn take_in(c: Controller, squares: f32, bad: f32) {
    let s = 1u + c.index * STATE;
    var mean = control[s];
    var reference = control[s + 1u];
    var seen = control[s + 2u];
    var factor = 1.0;
    let usable = !is_non_finite(squares) && bad == 0.0;
    if c.rule == 0u {
        let norm = sqrt(squares);
        if usable && seen < f32(c.reference) {
            seen += 1.0;
            reference += (norm - reference) / seen;
            mean = reference;
        } else if usable {
            mean = c.smoothing * mean + (1.0 - c.smoothing) * norm;
        }
        if seen >= f32(c.reference) && reference != 0.0 {
            factor = clamp(mean / reference, c.floor, 1.0);
        }
    } else {
        if usable { mean += squares; }
        factor = 1.0 / sqrt(c.b0 * c.b0 + mean);
    }
    control[s] = mean;
    control[s + 1u] = reference;
    control[s + 2u] = seen;
    control[s + 3u] = factor;
}

// The product of the factors of `count` controllers.
fn all_factors(count: u32) -> f32 {
    var product = 1.0;
    for (var i = 1u; i <= count; i += 1u) { product *= control[i * STATE]; }
    return product;
}

