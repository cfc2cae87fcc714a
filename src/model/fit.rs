//! The shape after a layer, and the parameters that it needs.

use super::{Fitted, Init, Kind, Layer, Param, numbers, show};
use crate::record::Window;

/// A parameter's own name, its shape, its values at first and what becomes of it.
type Shapes = Vec<(&'static str, Vec<u32>, Init, Kind)>;

/// Layers that follow each other, from an input of this shape on, and the shape at their end.
pub(super) fn chain<'a>(
    layers: impl Iterator<Item = &'a (String, Layer)>,
    mut shape: Vec<u32>,
) -> Result<(Vec<Fitted>, Vec<u32>), String> {
    let mut fitted = Vec::new();
    for (name, layer) in layers {
        let l = place(name, layer, &shape)?;
        shape.clone_from(&l.shape);
        fitted.push(l);
    }
    Ok((fitted, shape))
}

/// A layer in its place.
fn place(name: &str, layer: &Layer, shape: &[u32]) -> Result<Fitted, String> {
    let (after, params, branches) = match layer {
        Layer::Residual { body, shortcut } => residual(name, body, shortcut, shape)?,
        _ => {
            let (after, params) =
                fit(layer, shape).map_err(|why| format!("{name}, {layer}: {why}"))?;
            (after, params, Default::default())
        }
    };
    let rename = |(kind, shape, init, becomes): (&str, Vec<u32>, Init, Kind)| Param {
        name: format!("{name}.{kind}"),
        shape,
        init,
        kind: becomes,
    };
    Ok(Fitted {
        name: name.into(),
        layer: layer.clone(),
        shape: after,
        params: params.into_iter().map(rename).collect(),
        branches,
    })
}

type Placed = (Vec<u32>, Shapes, [Vec<Fitted>; 2]);

/// Both ways around must give the same shape.
fn residual(
    name: &str,
    body: &[Layer],
    shortcut: &[Layer],
    shape: &[u32],
) -> Result<Placed, String> {
    let named = |part: &str, layers: &[Layer]| -> Vec<(String, Layer)> {
        let numbered = layers.iter().enumerate();
        numbered
            .map(|(i, l)| (format!("{name}.{part}.{i}"), l.clone()))
            .collect()
    };
    let (body, after) = chain(named("body", body).iter(), shape.to_vec())?;
    let (shortcut, beside) = chain(named("shortcut", shortcut).iter(), shape.to_vec())?;
    if after != beside {
        return Err(format!(
            "{name}, Residual: its body gives {}, but its shortcut {}; expected the same shape, by \
             shortcut=Sequential(Conv2d(…, 1, stride=…), …)",
            show(&after),
            show(&beside)
        ));
    }
    Ok((after, vec![], [body, shortcut]))
}

/// Pixels that an image may have in one direction: shaders count them exactly in floats, with room
/// for padding.
const LARGEST_IMAGE: u32 = 1 << 19;

/// The shape after a layer, and its parameters with their fan-in.
fn fit(layer: &Layer, shape: &[u32]) -> Result<(Vec<u32>, Shapes), String> {
    let image = || match *shape {
        [_, h, w] if h.max(w) > LARGEST_IMAGE => Err(format!(
            "its input is {}, larger than {LARGEST_IMAGE} pixels in one direction",
            show(shape)
        )),
        [c, h, w] => Ok([c, h, w]),
        _ => Err(format!(
            "it needs images [N, C, H, W], but its input is {}",
            show(shape)
        )),
    };
    let slide = |window: &Window, [_, h, w]: [u32; 3]| {
        window
            .output([h, w])
            .filter(|out| !out.contains(&0))
            .ok_or_else(|| {
                format!(
                    "its window does not fit its input {} with that padding",
                    show(shape)
                )
            })
    };
    let agrees = |given: &Option<u32>, found: u32| match given {
        Some(n) if *n != found => Err(format!(
            "it says {n} inputs, but its input is {}: {found}",
            show(shape)
        )),
        _ => Ok(()),
    };
    let with_bias = |weight: Vec<u32>, outputs: u32, fan_in: u32, bias: bool| {
        let init = Init::Inputs(fan_in);
        let mut params = vec![("weight", weight, init, Kind::Trained)];
        params.extend(bias.then(|| ("bias", vec![outputs], init, Kind::Trained)));
        params
    };
    let normal = |shape: Vec<u32>, affine: bool| match affine {
        false => vec![],
        true => vec![
            ("weight", shape.clone(), Init::All(1.0), Kind::Trained),
            ("bias", shape, Init::All(0.0), Kind::Trained),
        ],
    };
    let total = numbers(shape);
    Ok(match layer {
        Layer::Linear {
            inputs,
            outputs,
            bias,
        } => {
            // As in torch, over the last dimension; of images that is hardly meant.
            let (rows, features) = match *shape {
                [features] => (vec![], features),
                [rows, features] => (vec![rows], features),
                _ => {
                    return Err(format!(
                        "it needs [N, features], but its input is {}: put Flatten before it",
                        show(shape)
                    ));
                }
            };
            agrees(inputs, features)?;
            (
                [rows, vec![*outputs]].concat(),
                with_bias(vec![*outputs, features], *outputs, features, *bias),
            )
        }
        Layer::Conv2d {
            inputs,
            outputs,
            window,
            bias,
        } => {
            let x = image()?;
            agrees(inputs, x[0])?;
            let groups = window.groups;
            if !x[0].is_multiple_of(groups) || !outputs.is_multiple_of(groups) {
                return Err(format!(
                    "groups={groups} must divide its {} input and {outputs} output channels",
                    x[0]
                ));
            }
            let [oh, ow] = slide(window, x)?;
            let ([kh, kw], group_c) = (window.kernel, x[0] / groups);
            let fan_in = group_c.saturating_mul(kh).saturating_mul(kw);
            let weight = vec![*outputs, group_c, kh, kw];
            (
                vec![*outputs, oh, ow],
                with_bias(weight, *outputs, fan_in, *bias),
            )
        }
        Layer::ConvTranspose2d {
            inputs,
            outputs,
            window,
            output_padding,
            bias,
        } => {
            let [c, h, w] = image()?;
            agrees(inputs, c)?;
            let size = window
                .transposed([h, w], *output_padding)
                .filter(|[oh, ow]| oh.max(ow) <= &LARGEST_IMAGE);
            let [oh, ow] = size.ok_or_else(|| {
                format!(
                    "its input is {}, of which it makes nothing, or more than {LARGEST_IMAGE} pixels in one direction",
                    show(shape)
                )
            })?;
            let [kh, kw] = window.kernel;
            // As torch counts: the second dimension of the weight, which is its outputs.
            let fan_in = outputs.saturating_mul(kh).saturating_mul(kw);
            let weight = vec![c, *outputs, kh, kw];
            (
                vec![*outputs, oh, ow],
                with_bias(weight, *outputs, fan_in, *bias),
            )
        }
        Layer::Embedding { rows, size } => match *shape {
            [length] => {
                let table = vec![*rows, *size];
                let weight = ("weight", table, Init::Normal, Kind::Trained);
                (vec![length, *size], vec![weight])
            }
            _ => {
                return Err(format!(
                    "it needs indices [N, L], but its input is {}",
                    show(shape)
                ));
            }
        },
        Layer::Relu | Layer::Activation(_) => (shape.to_vec(), vec![]),
        Layer::BatchNorm(norm) => {
            let channels = match (norm.images, shape) {
                (true, _) => image()?[0],
                (false, &[features]) => features,
                (false, _) => {
                    return Err(format!(
                        "it needs [N, features], but its input is {}: use BatchNorm2d for images",
                        show(shape)
                    ));
                }
            };
            agrees(&norm.features, channels)?;
            let all = |x| Init::All(x);
            let mut params = Vec::new();
            if norm.affine {
                params.push(("weight", vec![channels], all(1.0), Kind::Trained));
                params.push(("bias", vec![channels], all(0.0), Kind::Trained));
            }
            params.push(("running_mean", vec![channels], all(0.0), Kind::Buffer));
            params.push(("running_var", vec![channels], all(1.0), Kind::Buffer));
            params.push(("num_batches_tracked", vec![], all(0.0), Kind::Counter));
            (shape.to_vec(), params)
        }
        Layer::LayerNorm {
            shape: last,
            affine,
            ..
        } => {
            let given = match last.is_empty() {
                true => shape.last().copied().into_iter().collect(),
                false => last.clone(),
            };
            if !shape.ends_with(&given) {
                return Err(format!(
                    "it normalises {given:?}, which the last dimensions of its input {} are not",
                    show(shape)
                ));
            }
            (shape.to_vec(), normal(given, *affine))
        }
        Layer::GroupNorm {
            groups,
            channels,
            affine,
            ..
        } => {
            let c = shape.first().copied().unwrap_or(0);
            agrees(channels, c)?;
            if !c.is_multiple_of(*groups) {
                return Err(format!("its {groups} groups must divide the {c} channels"));
            }
            (shape.to_vec(), normal(vec![c], *affine))
        }
        Layer::Dropout(_) => (shape.to_vec(), vec![]),
        Layer::Transpose => match *shape {
            [a, b] => (vec![b, a], vec![]),
            _ => {
                return Err(format!(
                    "it needs [N, A, B], but its input is {}",
                    show(shape)
                ));
            }
        },
        Layer::FlattenImages => {
            let [c, h, w] = image()?;
            let pixels = h.checked_mul(w).ok_or("its input is too large")?;
            (vec![c, pixels], vec![])
        }
        Layer::GlobalAvgPool1d => match *shape {
            [c, l] if l <= LARGEST_IMAGE => (vec![c, 1], vec![]),
            _ => {
                return Err(format!(
                    "it needs [N, C, L], but its input is {}",
                    show(shape)
                ));
            }
        },
        Layer::Residual { .. } => return Err("it is made of layers".into()),
        Layer::Softmax { .. } => match shape {
            [_] => (shape.to_vec(), vec![]),
            _ => {
                return Err(format!(
                    "it needs [N, features], but its input is {}: put Flatten before it",
                    show(shape)
                ));
            }
        },
        Layer::MaxPool2d(window) | Layer::AvgPool2d { window, .. } => {
            let x = image()?;
            let [oh, ow] = slide(window, x)?;
            (vec![x[0], oh, ow], vec![])
        }
        Layer::AdaptiveAvgPool2d([oh, ow]) => {
            let [c, h, w] = image()?;
            // Where windows begin and end is counted in integers.
            let counted =
                |size: u32, out: u32| (u64::from(size) + 1) * (u64::from(out) + 1) < 1 << 31;
            let alike = h.is_multiple_of(*oh) && w.is_multiple_of(*ow);
            let fits = alike || counted(h, *oh) && counted(w, *ow);
            if !fits {
                return Err(format!(
                    "its input is {}: input and output are too large together",
                    show(shape)
                ));
            }
            (vec![c, *oh, *ow], vec![])
        }
        Layer::Flatten => (
            vec![u32::try_from(total).map_err(|_| "its input is too large")?],
            vec![],
        ),
    })
}
