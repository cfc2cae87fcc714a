//! kiln's own controllers: names, signatures, what they are for.

use crate::schedule::Page;

/// A row of [`TABLE`].
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The name in an expression.
    pub name: &'static str,
    /// The arguments in positional order with their defaults.
    pub signature: &'static str,
    /// What each argument means, in the same order.
    pub params: &'static [(&'static str, &'static str)],
    /// What to tell a person; the formula is that of the factor.
    pub page: Page,
}

const MONITOR: (&str, &str) = (
    "monitor",
    "loss | eval_loss | eval_accuracy | gradient_norm: the number it is shown",
);

const OBSERVE: (&str, &str) = (
    "observe",
    "update | epoch: how often it is shown the number",
);

const MODE: (&str, &str) = (
    "mode",
    "auto | min | max: which direction is better; auto knows it from the monitor",
);

const THRESHOLD: (&str, &str) = (
    "threshold",
    "by how much a number must beat the best one to count as better",
);

const THRESHOLD_MODE: (&str, &str) = (
    "threshold_mode",
    "rel | abs: whether threshold is a share of the best one's size or an amount",
);

const EPS: (&str, &str) = ("eps", "a change of the rate of at most this is not made");

/// Every controller of kiln's own; the frameworks' are read by their names besides.
pub const TABLE: [Entry; 6] = [
    Entry {
        name: "plateau",
        signature: "plateau(factor=0.1, patience=10, mode=auto, threshold=1e-4, threshold_mode=rel, cooldown=0, min_lr=0, eps=1e-8, counting=torch, nan=bad, monitor=None, observe=None)",
        params: &[
            (
                "factor",
                "what the rate is multiplied by, from 0 to below 1",
            ),
            (
                "patience",
                "observations in a row without improvement that are borne; the next one reduces",
            ),
            MODE,
            THRESHOLD,
            THRESHOLD_MODE,
            (
                "cooldown",
                "observations after a reduction that do not count as bad",
            ),
            ("min_lr", "the lowest rate"),
            EPS,
            (
                "counting",
                "torch | keras: keras reduces at the last one that patience counts, one earlier",
            ),
            (
                "nan",
                "bad | ignore: whether NaN counts as no improvement or is passed over",
            ),
            MONITOR,
            OBSERVE,
        ],
        page: Page {
            formula: "rate -> max(min_lr, rate * factor) after more than `patience` observations in a row without improvement",
            origin: "torch ReduceLROnPlateau, Keras ReduceLROnPlateau, Optax reduce_on_plateau, timm PlateauLRScheduler; texts that say \"when the performance reaches a threshold\" of it mean threshold(...)",
            when: "For runs whose length is not known, with a validation metric.",
            pros: "Needs no horizon; waits exactly as long as the metric improves.",
            cons: "Noisy metrics need patience or a threshold; the rate depends on the course of the run, so that it cannot be drawn beforehand.",
        },
    },
    Entry {
        name: "loss_drop",
        signature: "loss_drop(by=10%, factor=0.5, monitor=None, observe=None)",
        params: &[
            (
                "by",
                "the fall since the last cut: a share with %, or an amount without",
            ),
            (
                "factor",
                "what the rate is multiplied by, from 0 to below 1",
            ),
            MONITOR,
            OBSERVE,
        ],
        page: Page {
            formula: "rate -> rate * factor whenever the number has fallen by `by` since the last cut",
            origin: "texts that demand to \"reduce the rate after the loss fell by a certain amount\" and call that a scheduler; no framework has it",
            when: "When progress, not time, is to lower the rate.",
            pros: "Lowers the rate as the loss falls, whatever time that takes.",
            cons: "A loss that stops falling keeps its rate: combine it with a schedule that ends; a share of a loss near 0 is soon noise.",
        },
    },
    Entry {
        name: "threshold",
        signature: "threshold(below=None, above=None, factor=0.1, monitor=None, observe=None)",
        params: &[
            (
                "below",
                "a level or a list of levels that the number reaches from above, as a loss does",
            ),
            (
                "above",
                "a level or a list of levels that it reaches from below, as an accuracy does; either this or `below`",
            ),
            (
                "factor",
                "what the rate is multiplied by at each level, from 0 to below 1",
            ),
            MONITOR,
            OBSERVE,
        ],
        page: Page {
            formula: "factor ** (number of levels that the number has reached so far)",
            origin: "texts that demand to reduce the rate \"when performance reaches a threshold\" and call that a callback, or a plateau; no framework has it",
            when: "For known levels, as above=[0.9, 0.95] of eval_accuracy.",
            pros: "Says exactly when; each level cuts once, and falling back does not undo it.",
            cons: "A level that is never reached never fires, and one noisy number is enough to fire.",
        },
    },
    Entry {
        name: "greedy",
        signature: "greedy(factor=0.95, patience=10, mode=auto, threshold=1e-6, threshold_mode=rel, cooldown=0, warmup=0, min_lr=0, max_lr=None, eps=1e-8, window=1, monitor=None, observe=None)",
        params: &[
            (
                "factor",
                "what the rate is multiplied by after failures and divided by after improvements, from 0 to below 1",
            ),
            (
                "patience",
                "observations in a row of one kind that are borne; the next one changes the rate",
            ),
            MODE,
            THRESHOLD,
            THRESHOLD_MODE,
            (
                "cooldown",
                "observations after a reduction that do not count",
            ),
            ("warmup", "observations after a raise that do not count"),
            ("min_lr", "the lowest rate"),
            ("max_lr", "the highest rate; None for no limit"),
            EPS,
            ("window", "observations whose mean is compared"),
            MONITOR,
            OBSERVE,
        ],
        page: Page {
            formula: "rate -> min(max_lr, rate / factor) after more than `patience` improvements in a row, max(min_lr, rate * factor) after as many failures",
            origin: "GreedyLR; HF transformers greedy",
            when: "When no good rate is known, and the run can afford to try.",
            pros: "Finds a rate by trying, in both directions.",
            cons: "Without max_lr improvements raise the rate without end, until the run diverges.",
        },
    },
    Entry {
        name: "gradient_ratio",
        signature: "gradient_ratio(floor=0.1, smoothing=0.9, reference=10)",
        params: &[
            ("floor", "the lowest factor, from 0 to 1"),
            (
                "smoothing",
                "the weight of the past in the running mean, from 0 to below 1",
            ),
            (
                "reference",
                "updates whose mean norm is the reference; until then the factor is 1",
            ),
        ],
        page: Page {
            formula: "clip(running mean of |g| before update t / mean of |g| over the first `reference` updates, floor, 1)",
            origin: "the sane reading of the \"average gradient\" decay that some texts print as lr_t = lr_0 * G_(t-1) / G_0, where G is no number and G_0 may be 0; no framework has it",
            when: "Where the rate is to fall as the gradient does, near the end of a smooth problem.",
            pros: "Gentle near a minimum; never above the schedule it multiplies.",
            cons: "Slows down exactly where gradients vanish early, which texts claim it prevents and `floor` only bounds; AdaGrad goes the other way.",
        },
    },
    Entry {
        name: "adagrad_norm",
        signature: "adagrad_norm(b0=1)",
        params: &[(
            "b0",
            "the start of the sum, above 0: the larger, the later gradients count",
        )],
        page: Page {
            formula: "1 / sqrt(b0 ** 2 + |g_1| ** 2 + ... + |g_t| ** 2), update t's own gradient included",
            origin: "AdaGrad-Norm (arXiv 1806.01811); the sane reading of \"network online learning\", printed in some texts as lr_t = 1 / sqrt(sum of the squared gradients of the loss)",
            when: "Where nothing is known about the scale of the gradients.",
            pros: "Robust to the choice of the rate; converges without knowing smoothness or noise.",
            cons: "Never rises again, so that long runs starve; scaling the loss scales the factor.",
        },
    },
];
