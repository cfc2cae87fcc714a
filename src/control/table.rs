//! kiln's own controllers: names, signatures, what they are for.

/// A row of [`TABLE`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// The name in an expression.
    pub name: &'static str,
    /// The arguments in positional order with their defaults.
    pub signature: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// When to use it and when not.
    pub advice: &'static str,
}

/// Every controller of kiln's own; the frameworks' are read by their names besides.
pub const TABLE: [Entry; 6] = [
    Entry {
        name: "plateau",
        signature: "plateau(factor=0.1, patience=10, mode=auto, threshold=1e-4, threshold_mode=rel, cooldown=0, min_lr=0, eps=1e-8, counting=torch, nan=bad, monitor=None, observe=None)",
        summary: "multiplies the rate by `factor` after more than `patience` observations in a row without improvement",
        advice: "for validation metrics of runs whose length is not known; noisy metrics need patience or a threshold; \
                 counting=keras reduces one observation earlier, nan=ignore passes over NaN",
    },
    Entry {
        name: "loss_drop",
        signature: "loss_drop(by=10%, factor=0.5, monitor=None, observe=None)",
        summary: "multiplies the rate by `factor` whenever the number has fallen by `by` (a share, or an amount without %) since the last cut",
        advice: "lowers the rate as the loss falls, whatever time that takes; a loss that stops falling keeps its rate, \
                 so combine it with a schedule that ends",
    },
    Entry {
        name: "threshold",
        signature: "threshold(below=None, above=None, factor=0.1, monitor=None, observe=None)",
        summary: "multiplies the rate by `factor` once for every level that the number reaches",
        advice: "for known levels, as `above=[0.9, 0.95]` of accuracy; a level that is never reached never fires",
    },
    Entry {
        name: "greedy",
        signature: "greedy(factor=0.95, patience=10, mode=auto, threshold=1e-6, threshold_mode=rel, cooldown=0, warmup=0, min_lr=0, max_lr=None, eps=1e-8, window=1, monitor=None, observe=None)",
        summary: "divides the rate by `factor` after more than `patience` improvements in a row, multiplies it after as many failures",
        advice: "finds a rate by trying; give `max_lr`, since improvements raise the rate without end",
    },
    Entry {
        name: "gradient_ratio",
        signature: "gradient_ratio(floor=0.1, smoothing=0.9, reference=10)",
        summary: "clip(mean norm of the gradient / mean norm of the first `reference` updates, floor, 1)",
        advice: "gentle near a minimum; wrong where gradients vanish early, which `floor` bounds",
    },
    Entry {
        name: "adagrad_norm",
        signature: "adagrad_norm(b0=1)",
        summary: "1 / sqrt(b0^2 + the sum of the squared norms of the gradient)",
        advice: "robust to the choice of the rate on convex problems; never rises again, so long runs starve",
    },
];
