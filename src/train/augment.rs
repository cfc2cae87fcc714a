//! Random changes of training images, in the words of torchvision: read from an expression, and what
//! the kernel that applies them needs.

use std::fmt;

use super::Trainer;
use crate::{
    expr::{self, Args, Expr, Node},
    ops::{Hyper, augment_bytes::Dims},
    rng::{Purpose, Rng},
};

/// How training images are changed: cropped, then mirrored, then partly erased. Evaluation is never
/// changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Augment {
    /// `torchvision.transforms.RandomCrop` to the size that images have anyway, after so many black
    /// pixels were added above and below, left and right: a random shift.
    pub padding: [u32; 2],
    /// `RandomHorizontalFlip`: its probability.
    pub flip: f64,
    /// `RandomErasing` of a black rectangle.
    pub erase: Option<Erase>,
}

/// `torchvision.transforms.RandomErasing(p, scale)`, with torch's ratios of 0.3 to 3.3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Erase {
    /// Its probability.
    pub p: f64,
    /// The least and the largest share of the image's area.
    pub scale: [f64; 2],
}

const NAMES: [&str; 3] = ["crop", "flip", "erase"];
const TORCH: [&str; 3] = ["RandomCrop", "RandomHorizontalFlip", "RandomErasing"];

/// Torch's ratios of height to width.
const RATIOS: [f64; 2] = [0.3, 3.3];

/// Pixels in one direction of images that can be changed.
const LARGEST: u32 = 1 << 14;

/// Steps in which areas and ratios of rectangles are taken.
const STEPS: u32 = 64;

impl Augment {
    /// Reads `crop(padding=2) flip erase(p=0.5, scale=(0.02, 0.2))`, or the same in torch's words, for
    /// images of `[height, width]`.
    ///
    /// # Errors
    /// What is unknown (with the nearest name), out of range, out of order, or changes nothing.
    pub fn parse(text: &str, [h, w]: [u32; 2]) -> Result<Augment, expr::Error> {
        let mut augment = Augment::default();
        let calls = expr::parse_sequence(text)?;
        let mut before = None;
        for call in &calls {
            let (place, args) = bind(text, call)?;
            if before.is_some_and(|before| before >= place) {
                let message = "write each change once, in the order in which they are applied: \
                               crop, flip, erase";
                return Err(expr::Error::at(text, call.span, message));
            }
            before = Some(place);
            match place {
                0 => augment.padding = crop(&args, [h, w])?,
                1 => augment.flip = probability(&args)?,
                _ => augment.erase = Some(erase(&args, [h, w])?),
            }
            args.finish()?;
        }
        if before.is_none() {
            let message = "expected crop, flip or erase: nothing would be changed";
            return Err(expr::Error::at(text, expr::Span::default(), message));
        }
        Ok(augment)
    }

    /// The kernel's sizes for images of `[channels, height, width]`; the batch is still open.
    pub(super) fn dims(&self, [channels, h, w]: [u32; 3]) -> Dims {
        let of_2_31 = |p: f64| (p * f64::from(1u32 << 31)).round() as u32;
        Dims {
            rows: 0,
            channels,
            h,
            w,
            padding_h: self.padding[0],
            padding_w: self.padding[1],
            flip: of_2_31(self.flip),
            erase: self.erase.map_or(0, |erase| of_2_31(erase.p)),
            sizes: self.sizes([h, w]).len() as u32,
        }
    }

    /// Sizes of rectangles, `height << 16 | width`, each as likely as the others: those of torch's
    /// that fit the image, which takes areas evenly and ratios evenly by their logarithm, in
    /// [`STEPS`] steps each. Roots and products alone, so that they are the same everywhere.
    pub(super) fn sizes(&self, [h, w]: [u32; 2]) -> Vec<u32> {
        self.erase.map_or(Vec::new(), |erase| erase.sizes([h, w]))
    }
}

impl Erase {
    fn sizes(&self, [h, w]: [u32; 2]) -> Vec<u32> {
        let [low, high] = self.scale;
        // The 128th root: half a step of ratios.
        let half = (0..7).fold(RATIOS[1] / RATIOS[0], |root, _| root.sqrt());
        let mut sizes = Vec::new();
        let mut ratio = RATIOS[0] * half;
        for _ in 0..STEPS {
            for step in 0..STEPS {
                let share = low + (high - low) * (f64::from(step) + 0.5) / f64::from(STEPS);
                let area = share * f64::from(h) * f64::from(w);
                let size = [(area * ratio).sqrt(), (area / ratio).sqrt()].map(|x| x.round() as u32);
                if size[0] < h && size[1] < w && size[0] > 0 && size[1] > 0 {
                    sizes.push(size[0] << 16 | size[1]);
                }
            }
            ratio *= half * half;
        }
        sizes
    }
}

/// Which change a call is, and its arguments.
fn bind<'a>(text: &'a str, call: &'a Expr) -> Result<(usize, Args<'a>), expr::Error> {
    let full = match &call.node {
        Node::Name(name) => name,
        Node::Call { callee, .. } => callee,
        _ => {
            let message = format!("expected a change of images, found {}", call.kind());
            return Err(expr::Error::at(text, call.span, message).expected(NAMES));
        }
    };
    let name = expr::without_modules(full, &["torchvision", "transforms", "v2", "T"]);
    let found = |names: &[&str]| names.iter().position(|&n| n == name);
    let names: &[&str] = match (found(&NAMES), found(&TORCH)) {
        (Some(0), _) => &["padding"],
        (_, Some(0)) => &["size", "padding"],
        (Some(1), _) | (_, Some(1)) => &["p"],
        (Some(2), _) | (_, Some(2)) => &["p", "scale", "ratio"],
        _ => {
            let known = [NAMES, TORCH].concat();
            let message = format!("unknown change of images `{full}`");
            return Err(expr::Error::at(text, call.span, message).suggest(name, &known));
        }
    };
    let place = found(&NAMES).or(found(&TORCH)).expect("one was found");
    Ok((place, Args::bind(text, call, names)?))
}

/// A number or a pair, as torchvision takes `(height, width)` and `(left and right, top and bottom)`.
fn pair(args: &Args, name: &str) -> Result<Option<[u32; 2]>, expr::Error> {
    let whole = |e: &Expr| {
        e.as_u64()
            .filter(|&v| v <= LARGEST.into())
            .map(|v| v as u32)
    };
    let Some(given) = args.opt_expr(name) else {
        return Ok(None);
    };
    let read = match &given.node {
        Node::Tuple(items) | Node::List(items) => match &items[..] {
            [a, b] => whole(a).zip(whole(b)).map(|(a, b)| [a, b]),
            _ => None,
        },
        _ => whole(given).map(|v| [v, v]),
    };
    read.map(Some).ok_or_else(|| {
        let message =
            format!("`{name}` is a whole number of pixels up to {LARGEST}, or two of them");
        args.error(name, message)
    })
}

fn crop(args: &Args, [h, w]: [u32; 2]) -> Result<[u32; 2], expr::Error> {
    if args.callee().ends_with(TORCH[0])
        && let Some(size) = pair(args, "size")?
        && size != [h, w]
    {
        let message =
            format!("images stay {h}×{w} pixels: write RandomCrop(({h}, {w}), padding=2)");
        return Err(args.error("size", message));
    }
    let [across, down] = pair(args, "padding")?.unwrap_or([0, 0]);
    if [across, down] == [0, 0] {
        return Err(args.error(
            "padding",
            "without padding a crop of all pixels changes nothing",
        ));
    }
    if down > h || across > w {
        let message = format!("`padding` may be at most the image's size, {h}×{w}");
        return Err(args.error("padding", message));
    }
    Ok([down, across])
}

fn probability(args: &Args) -> Result<f64, expr::Error> {
    let p = args.opt_f64("p")?.unwrap_or(0.5);
    if p > 0.0 && p <= 1.0 {
        return Ok(p);
    }
    let message = format!("`p` must be above 0 and at most 1, not {p}");
    Err(args.error("p", message))
}

fn erase(args: &Args, [h, w]: [u32; 2]) -> Result<Erase, expr::Error> {
    let numbers = |name: &str| -> Result<Option<[f64; 2]>, expr::Error> {
        let Some(given) = args.opt_expr(name) else {
            return Ok(None);
        };
        let items = match &given.node {
            Node::Tuple(items) | Node::List(items) => &items[..],
            _ => &[],
        };
        match items {
            [a, b] => Ok(a.as_f64().zip(b.as_f64()).map(|(a, b)| [a, b])),
            _ => Ok(None),
        }
        .and_then(|pair| {
            let message = format!("`{name}` is a pair of numbers: (0.02, 0.33)");
            pair.ok_or_else(|| args.error(name, message)).map(Some)
        })
    };
    if numbers("ratio")?.is_some_and(|ratio| ratio != RATIOS) {
        return Err(args.error("ratio", "only torch's ratio=(0.3, 3.3) is supported"));
    }
    let scale = numbers("scale")?.unwrap_or([0.02, 0.33]);
    if !(0.0 < scale[0] && scale[0] <= scale[1] && scale[1] <= 1.0) {
        let message = "`scale` is the least and the largest share of the area, above 0 and up to 1";
        return Err(args.error("scale", message));
    }
    let p = probability(args)?;
    let erase = Erase { p, scale };
    if erase.sizes([h, w]).is_empty() {
        let message = format!("no rectangle of that size fits into {h}×{w} pixels");
        return Err(args.error("scale", message));
    }
    Ok(erase)
}

/// The text that parses back to it.
impl fmt::Display for Augment {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let [down, across] = self.padding;
        let mut parts = Vec::new();
        if self.padding != [0, 0] {
            parts.push(format!("crop(padding=({across}, {down}))"));
        }
        if self.flip > 0.0 {
            parts.push(format!("flip(p={:?})", self.flip));
        }
        if let Some(Erase { p, scale: [a, b] }) = self.erase {
            parts.push(format!("erase(p={p:?}, scale=({a:?}, {b:?}))"));
        }
        f.write_str(&parts.join(" "))
    }
}

impl Trainer<'_> {
    /// The uniform with the key of the epoch's pictures.
    pub(super) fn augmented(&self, step: u64, hyper: Hyper) -> Hyper {
        if self.config.augment.is_none() {
            return hyper;
        }
        let (epoch, _) = self.session.epochs.locate(step);
        Hyper {
            picture_key: picture_key(self.config.seed, epoch),
            ..hyper
        }
    }
}

/// What, with a sample's index, decides how its picture is changed in an epoch.
pub fn picture_key(seed: u64, epoch: u64) -> [u32; 2] {
    let mut rng = Rng::new(seed, Purpose::Augment, epoch);
    [rng.below(u32::MAX), rng.below(u32::MAX)]
}
