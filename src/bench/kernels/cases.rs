//! Which launches are timed: the products of the trade, every dispatch of a training step of
//! the workloads, and streams too large for any cache.

use bytemuck::Pod;

use crate::{
    bench::Workload,
    data::{Dataset, Features, Names, Split, Targets, Task},
    error::{Error, Result},
    kernel::Op,
    model::Model,
    ops::{self, Flat, grad_stats, matmul, max_pool2d, softmax_cross_entropy, update},
    plan::{Dispatch, Plan},
    train::Session,
};

/// One launch of one kernel.
#[derive(Clone, Debug)]
pub struct Case {
    /// Where it comes from, the kernel, and what tells it from its like: `matmul 512 NT`.
    pub name: String,
    /// The kernel.
    pub op: &'static Op,
    /// Its dims, as words.
    pub dims: Vec<u32>,
    /// The same launch for fewer rows or images, which the naive twin can check in reasonable
    /// time.
    pub smaller: Vec<u32>,
}

/// Samples in a step whose launches are small enough for the twin.
const SMALL_BATCH: u32 = 4;

/// Rows of a product that is small enough for it.
const SMALL_ROWS: u32 = 64;

/// All cases. The largest product is for the CPU executor alone: on a slow adapter it would take
/// longer than all others together.
///
/// # Errors
/// None that a user could cause.
pub fn all(on_cpu: bool) -> Result<Vec<Case>> {
    let mut cases = products(on_cpu)?;
    for workload in [Workload::W1, Workload::W2, Workload::W3, Workload::W4] {
        cases.extend(step(workload)?);
    }
    cases.extend(streams()?);
    Ok(cases)
}

/// The cases whose name or shapes contain `filter`, whatever the case of letters.
///
/// # Errors
/// If there are none: the names that there are.
pub fn select(cases: Vec<Case>, filter: &str) -> Result<Vec<Case>> {
    let names: Vec<String> = cases.iter().map(|c| c.name.clone()).collect();
    let wanted = filter.to_lowercase();
    let fits = |c: &Case| {
        let shapes = (c.op.describe)(&c.dims);
        format!("{} {shapes}", c.name)
            .to_lowercase()
            .contains(&wanted)
    };
    let selected: Vec<Case> = cases.into_iter().filter(fits).collect();
    if selected.is_empty() {
        return Err(Error::Usage(format!(
            "--filter {filter}: no case is called so; there are: {}",
            names.join(", ")
        )));
    }
    Ok(selected)
}

fn products(on_cpu: bool) -> Result<Vec<Case>> {
    let mut shapes = vec![[256; 3], [512; 3], [1024; 3], [128, 784, 512]];
    if on_cpu {
        shapes.push([2048; 3]);
    }
    let mut cases = Vec::new();
    for [m, k, n] in shapes {
        for (transposes, [ta, tb]) in [
            ("NN", [0, 0]),
            ("NT", [0, 1]),
            ("TN", [1, 0]),
            ("TT", [1, 1]),
        ] {
            let name = if m == k && k == n {
                format!("matmul {m} {transposes}")
            } else {
                format!("matmul {m}x{k}x{n} {transposes}")
            };
            let epilogue = ops::Epilogue::NONE.0;
            let dims = |m| matmul::Dims {
                m,
                n,
                k,
                ta,
                tb,
                epilogue,
                sums: 0,
            };
            cases.push(Case {
                smaller: words(dims(m.min(SMALL_ROWS))),
                ..case(name, "matmul", dims(m))?
            });
        }
    }
    Ok(cases)
}

/// Every different launch of a training step.
fn step(workload: Workload) -> Result<Vec<Case>> {
    let full = plan(workload, workload.batch_size())?;
    let small = plan(workload, SMALL_BATCH)?;
    let (full, small) = (train(&full), train(&small));
    let mut cases: Vec<Case> = Vec::new();
    for (i, d) in full.iter().enumerate() {
        let seen = |c: &Case| c.op.name == d.op.name && c.dims == d.dims;
        if cases.iter().any(seen) {
            continue;
        }
        let of_its_name = cases.iter().filter(|c| c.op.name == d.op.name).count();
        let number = match of_its_name {
            0 => String::new(),
            n => format!(" {}", n + 1),
        };
        // The same network has the same launches whatever the batch.
        let twin = small.get(i).filter(|s| s.op.name == d.op.name);
        cases.push(Case {
            name: format!("{workload} {}{number}", d.op.name),
            op: d.op,
            dims: d.dims.clone(),
            smaller: twin.map_or(&d.dims, |s| &s.dims).clone(),
        });
    }
    Ok(cases)
}

/// The dispatches of a training step, of the smaller one where no batch is full.
pub(in crate::bench) fn train(plan: &Plan) -> &[Dispatch] {
    let program = plan.program("train").or(plan.program("train tail"));
    program.map_or(&[], |p| &plan.dispatches[p.range.clone()])
}

/// The plan of a workload, recorded over blank samples: only the shapes count.
///
/// # Errors
/// None that a user could cause.
pub fn plan(workload: Workload, batch: u32) -> Result<Plan> {
    let (classes, samples) = (10, batch as usize);
    let shape = workload.shape();
    let words = samples * shape.iter().product::<u32>() as usize;
    let features = match workload {
        Workload::W3 => Features::Floats(vec![0.0; words]),
        _ => Features::Bytes {
            data: vec![0; words].into(),
            table: vec![0.0; 256],
        },
    };
    let data = Dataset {
        columns: Vec::new(),
        name: "blank".into(),
        shape,
        task: Task::Classification {
            classes: (0..classes).map(|c| c.to_string()).collect(),
        },
        train: Split {
            features,
            targets: Targets::Classes(vec![0; samples]),
            len: samples,
            names: Names::None,
        },
        val: None,
        test: None,
        test_fraction: None,
        standardization: None,
        summary: String::new(),
    };
    let network =
        Model::parse(workload.model(), &data.shape, classes)?.fit(&data.shape, classes)?;
    let config = crate::train::Config {
        batch_size: batch,
        ..workload.config()
    };
    let session = Session::record(&network, &data, &config)?;
    Ok(session.plan.as_ref().clone())
}

/// Kernels that only move memory, and the update of ten million parameters.
fn streams() -> Result<Vec<Case>> {
    let flat = |n: u32| Flat { n };
    let (elements, parameters) = (1 << 22, 10_000_000);
    let pool = max_pool2d::Dims {
        planes: 64 * 32,
        h: 56,
        w: 56,
        oh: 28,
        ow: 28,
        kh: 2,
        kw: 2,
        stride_h: 2,
        stride_w: 2,
        padding_h: 0,
        padding_w: 0,
        count_include_pad: 1,
        mask: 0,
    };
    let softmax = softmax_cross_entropy::Dims {
        rows: 4096,
        cols: 1000,
        smoothing: 0.0,
    };
    Ok(vec![
        case("add 4M".into(), "add", flat(elements))?,
        case("relu 4M".into(), "relu", flat(elements))?,
        case("relu_grad 4M".into(), "relu_grad", flat(elements))?,
        case("sgd 10M".into(), "sgd", update::Dims::flat(parameters))?,
        case("adam 10M".into(), "adam", update::Dims::flat(parameters))?,
        case(
            "grad_stats 10M".into(),
            "grad_stats",
            grad_stats::Dims::new(parameters),
        )?,
        case("max_pool2d 6M".into(), "max_pool2d", pool)?,
        case("max_pool2d_grad 6M".into(), "max_pool2d_grad", pool)?,
        case("avg_pool2d 6M".into(), "avg_pool2d", pool)?,
        case("avg_pool2d_grad 6M".into(), "avg_pool2d_grad", pool)?,
        case("softmax 4096x1000".into(), "softmax_cross_entropy", softmax)?,
    ])
}

fn case<D: Pod>(name: String, op: &str, dims: D) -> Result<Case> {
    let dims = words(dims);
    Ok(Case {
        name,
        op: find(op)?,
        smaller: dims.clone(),
        dims,
    })
}

/// A kernel by its name.
pub(super) fn find(name: &str) -> Result<&'static Op> {
    let found = ops::ALL.iter().find(|op| op.name == name);
    found
        .copied()
        .ok_or_else(|| Error::Usage(format!("there is no kernel {name}")))
}

pub(super) fn words<D: Pod>(dims: D) -> Vec<u32> {
    bytemuck::cast_slice(bytemuck::bytes_of(&dims)).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No two cases share a name, and all passes of the convolutions are among them.
    #[test]
    fn cases_are_told_apart() {
        let cases = all(true).unwrap();
        let mut names: Vec<&str> = cases.iter().map(|c| c.name.as_str()).collect();
        for wanted in [
            "w1 conv2d",
            "w4 conv2d_dx",
            "w4 conv2d_dw 3",
            "sgd 10M",
            "adam 10M",
            "matmul 2048 TT",
        ] {
            assert!(names.contains(&wanted), "{wanted}: {names:?}");
        }
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    /// What the twin checks is no larger than what is timed, and small enough for it.
    #[test]
    fn smaller_is_smaller() {
        for c in all(true).unwrap() {
            let (full, small) = ((c.op.flops)(&c.dims), (c.op.flops)(&c.smaller));
            assert!(
                small <= full && small < 1_000_000_000,
                "{}: {small} of {full}",
                c.name
            );
        }
    }
}
