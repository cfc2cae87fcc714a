// What the host sets before every step. Mirrors `ops::Hyper`; reflection checks the layout.
struct Hyper {
    cursor: u32, slot: u32, clip_norm: f32, clip_value: f32,
    share: f32, begin: u32, ema: f32, swa: f32,
    picture_key0: u32, picture_key1: u32, leave_out: u32, spare0: u32,
    dropout_key0: u32, dropout_key1: u32, spare1: u32, spare2: u32,
    groups: array<Group, 8>,
}

// The numbers of one group of parameters. Mirrors `ops::Group`.
struct Group {
    lr: f32, step_size: f32, momentum: f32, gradient_scale: f32,
    square_decay: f32, square_scale: f32, correction: f32, eps: f32,
    weight_decay: f32, trust: f32, nesterov: u32, maximize: u32,
    first: u32, s_decay: f32, spare0: u32, spare1: u32,
}

// Words of one slot of the log. Mirrors `ops::LOG_WORDS`.
const LOG_WORDS: u32 = 5u;

