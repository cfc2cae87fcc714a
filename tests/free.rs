//! Optimisers that set their own rate against the packages of their authors and Optax, in `golden/free.*`: every update
//! of every configuration, with rates that are halved, decay or are 0 on the way.
//!
//! The only oracle here that sees which distance an update takes, the one before it or the one after, and what a
//! schedule's factor enters.

use std::sync::Arc;

use kiln::{
    exec::{Executor, cpu::Cpu, gpu::GpuExecutor},
    ops::{LOG_WORDS, update::Segment},
    optim::{Optimizer, Places, memory_after},
    plan::{Plan, Slice},
    record::Recorder,
};
use serde_json::Value;

use crate::common::{buffer, compare_within, golden, gpu};

/// Elements of weight, bias and scale in the golden vectors.
const SIZES: [usize; 3] = [12, 3, 1];

/// Where kiln differs: the packages count no update before the first gradient that is not zero, kiln does; Optax's
/// moments go on decaying at a rate of 0, the packages' and kiln's do not.
const DIFFERS: [&str; 4] = [
    "prodigy_zero_first",
    "dadapt_zero_first",
    "prodigy_optax_decay_wd",
    "dadapt_optax_decay_wd",
];

/// A plan by which an optimiser updates the three of them, and where they lie.
fn plan(optimizer: &Optimizer) -> (Arc<Plan>, Vec<Slice>) {
    let mut r = Recorder::new(1);
    let params: Vec<Slice> = SIZES.iter().map(|&n| r.param(&[n as u32]).at).collect();
    r.seal();
    let [whole] = r.one_segment();
    let starts = params.iter().skip(1).map(|p| p.offset);
    let ends = starts.chain([whole.end]);
    let segments: Vec<Segment> = match optimizer.per_parameter() {
        true => ends.map(|end| Segment { end, ..whole }).collect(),
        false => vec![whole],
    };
    let state = r.state(optimizer, whole.end);
    let control = r.control(0, optimizer, &segments);
    r.begin("update", 1);
    optimizer.record(&mut r, &Places::new(control, state, &segments, 0));
    r.end();
    (Arc::new(r.finish()), params)
}

/// What the rate of an update is multiplied by.
type Factor = Box<dyn Fn(usize) -> f64>;

/// A configuration as a user writes it, and what its rates are multiplied by; none where kiln has no such method.
fn configured(case: &Value) -> Option<(String, Factor)> {
    let h = &case["hyper"];
    let value = |key: &str| match &h[key] {
        Value::Bool(true) => "True".to_string(),
        Value::Bool(false) => "False".to_string(),
        Value::Array(pair) => format!("({}, {})", pair[0], pair[1]),
        number => number.to_string(),
    };
    let given = |keys: &[&str]| {
        let own = keys
            .iter()
            .filter(|k| !h[**k].is_null() && h[**k] != "Infinity");
        own.map(|k| format!("{k}={}", value(k)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let adam = [
        "betas",
        "beta3",
        "eps",
        "weight_decay",
        "decouple",
        "use_bias_correction",
    ];
    let distance = ["safeguard_warmup", "d0", "d_coef", "growth_rate"];
    let text = match case["optimizer"].as_str()? {
        "optax.contrib.dog" if h["init_step"][0] == "heuristic" => {
            let first = &h["init_step"][1];
            format!("DoG(reps_rel={first}, {})", given(&["eps", "weight_decay"]))
        }
        "dog.DoG" if h["init_eta"].is_null() => {
            format!("DoG({})", given(&["reps_rel", "eps", "weight_decay"]))
        }
        "optax.contrib.dowg" => {
            format!(
                "DoWG({})",
                given(&["eps", "init_estim_sq_dist", "weight_decay"])
            )
        }
        "prodigyopt.Prodigy" => {
            format!("prodigyopt.Prodigy({}, {})", given(&adam), given(&distance))
        }
        "optax.contrib.prodigy" => format!(
            "Prodigy({}, d0={}, d_coef={}, use_bias_correction=True)",
            given(&["betas", "beta3", "eps", "weight_decay", "safeguard_warmup"]),
            h["estim_lr0"],
            h["estim_lr_coef"]
        ),
        "dadaptation.DAdaptAdam" => format!(
            "DAdaptAdamW({}, {})",
            given(&[
                "betas",
                "eps",
                "weight_decay",
                "decouple",
                "use_bias_correction"
            ]),
            given(&["d0", "growth_rate"])
        ),
        "optax.contrib.dadapt_adamw" => format!(
            "DAdaptAdamW({}, d0={}, use_bias_correction=True)",
            given(&["betas", "eps", "weight_decay"]),
            h["estim_lr0"]
        ),
        "schedulefree.SGDScheduleFree" | "schedulefree.AdamWScheduleFree" => {
            let warmup = h["warmup_steps"].as_f64()?;
            let name = case["optimizer"].as_str()?;
            let text = given(&[
                "momentum",
                "betas",
                "eps",
                "weight_decay",
                "r",
                "weight_lr_power",
            ]);
            let warm = move |t: usize| ((t as f64 + 1.0) / warmup).min(1.0);
            return Some((format!("{name}({text})"), Box::new(warm)));
        }
        "optax.lion" => format!(
            "Lion(betas=({}, {}), {})",
            h["b1"],
            h["b2"],
            given(&["weight_decay"])
        ),
        "optax.lars" if h["trust_ratio_mask"] == true => format!(
            "LARS({})",
            given(&[
                "weight_decay",
                "trust_coefficient",
                "eps",
                "momentum",
                "nesterov"
            ])
        ),
        "optax.lamb" if h["mask"].is_null() && h["eps_root"] == 0.0 => format!(
            "LAMB(betas=({}, {}), {})",
            h["b1"],
            h["b2"],
            given(&["eps", "weight_decay"])
        ),
        "optax.polyak_sgd"
            if case["schedule"] == "constant" && case["name"] != "sps_negative_gap" =>
        {
            format!("SPS({})", given(&["max_learning_rate", "f_min", "eps"]))
        }
        "paper.SPS_max" => format!(
            "SPS(max_learning_rate={}, f_min={}, c={})",
            h["gamma_b"], h["f_star"], h["c"]
        ),
        "paper.SGD_HD"
            if [
                &h["nesterov"],
                &h["multiplicative"],
                &h["factor_in_hypergradient"],
            ]
            .iter()
            .all(|f| **f == false) =>
        {
            format!(
                "HypergradientSGD({})",
                given(&["alpha0", "hypergrad_lr", "momentum", "weight_decay"])
            )
        }
        _ => return None,
    };
    Some((text, Box::new(|_| 1.0)))
}

/// The words of the method's memory that a golden scalar has.
fn word(optimizer: &str, scalar: &str) -> Option<usize> {
    Some(match (optimizer, scalar) {
        (_, "r_bar" | "r_bar_sq" | "alpha" | "d" | "lr_max") => 0,
        ("dog.DoG", "sum_sq_grads") => return None, // with eps in it
        (_, "sum_sq_grads" | "weighted_sq_grads" | "d_max" | "weight_sum") => 1,
        (_, "d_numerator" | "numerator_weighted" | "ckp1") => 2,
        _ => return None,
    })
}

/// How far f32 is from f64 at an update, by the golden runs in f32.
fn allowed(case: &Value, step: usize) -> f32 {
    let own = golden::number(&case["max_abs_dev_f32_vs_f64"][step]) as f32;
    3e-6 + 2.0 * own
}

fn follow(
    case: &Value,
    optimizer: &Optimizer,
    factor: &dyn Fn(usize) -> f64,
    plan: &Plan,
    params: &[Slice],
    machine: &mut dyn Executor,
) -> Result<(), String> {
    let golden = golden::open("free");
    let name = case["name"].as_str().expect("a name");
    let split = |vector: &[f32]| -> Vec<Vec<f32>> {
        let mut rest = vector;
        SIZES
            .iter()
            .map(|&n| {
                let (own, behind) = rest.split_at(n);
                rest = behind;
                own.to_vec()
            })
            .collect()
    };
    let whole = |name: &str| buffer(plan, name);
    let state = whole(&optimizer.slots().join("+"));
    let moved = whole("params").len;
    let slot = |name: &str| {
        let place = optimizer
            .slots()
            .iter()
            .position(|s| *s == name)
            .expect("a slot");
        Slice {
            offset: place as u32 * moved,
            len: moved,
            ..state
        }
    };
    let in_arena = |arena: Slice, at: &Slice| Slice {
        buffer: arena.buffer,
        offset: arena.offset + at.offset,
        ..*at
    };
    let first = golden.floats("param0");
    let norm = first
        .iter()
        .map(|&x| f64::from(x).powi(2))
        .sum::<f64>()
        .sqrt();
    let (log, control) = (whole("log"), whole("control"));
    let mut begin = vec![1.0; control.len as usize];
    let memory = optimizer.memory(norm).unwrap_or_default();
    for (to, from) in begin[memory_after(0) as usize..].iter_mut().zip(memory) {
        *to = from as f32;
    }
    machine.write(control, &begin).unwrap();
    let held = optimizer.hold_weights().iter().map(|name| slot(name));
    for arena in [whole("params")].into_iter().chain(held) {
        for (at, values) in params.iter().zip(split(&first)) {
            machine.write(in_arena(arena, at), &values).unwrap();
        }
    }
    let grads = golden.floats(&format!("{name}/grads"));
    let want = golden.floats(&format!("{name}/params_f64cast"));
    let evaluated = optimizer
        .evaluated()
        .map(|slot| (slot, golden.floats(&format!("{name}/{slot}_f64cast"))));
    let program = plan.program("update").expect("a program");
    for (t, grad) in grads.chunks(16).enumerate() {
        for (at, values) in params.iter().zip(split(grad)) {
            machine
                .write(in_arena(whole("grads"), at), &values)
                .unwrap();
        }
        if let Some(loss) = case["loss"].get(t) {
            let mut slot = vec![0.0; LOG_WORDS as usize];
            slot[0] = golden::number(loss) as f32;
            machine
                .write(
                    Slice {
                        len: LOG_WORDS,
                        ..log
                    },
                    &slot,
                )
                .unwrap();
        }
        let lr = golden::number(&case["lr"][t]) * factor(t);
        machine
            .run(program, &[optimizer.hyper(lr, None, None, t as u64)])
            .unwrap();
        let mut read = |arena: Slice| -> Vec<f32> {
            params
                .iter()
                .flat_map(|at| machine.read(in_arena(arena, at)).unwrap())
                .collect()
        };
        compare_within(&want[16 * t..][..16], &read(whole("params")), |_| {
            allowed(case, t)
        })
        .map_err(|why| format!("{name} after update {t} {why}"))?;
        if let Some((slot_name, want)) = &evaluated {
            compare_within(&want[16 * t..][..16], &read(slot(slot_name)), |_| {
                allowed(case, t)
            })
            .map_err(|why| format!("{name}, {slot_name} after update {t} {why}"))?;
        }
        let memory = machine.read(control).unwrap();
        let scalars = case["scalars"].as_object().expect("scalars").iter();
        for (scalar, values) in scalars {
            let Some(word) = word(case["optimizer"].as_str().unwrap(), scalar) else {
                continue;
            };
            let (want, got) = (
                golden::number(&values[t]),
                f64::from(memory[memory_after(0) as usize + word]),
            );
            let own = golden::number(&case["scalar_dev_f32_vs_f64"][scalar]);
            // A sum of terms of both signs.
            let close = if scalar.contains("numerator") {
                2e-4
            } else {
                2e-5
            };
            if (got - want).abs() > (close + 4.0 * own) * want.abs() + 1e-9 {
                return Err(format!(
                    "{name}: {scalar} after update {t} is {got}, not {want}"
                ));
            }
        }
    }
    Ok(())
}

/// All of them, on the naive twin, the fast path and the GPU.
#[test]
fn optimizers_that_set_their_rate_match_their_authors() {
    let mut followed = 0;
    for case in golden::open("free").cases() {
        let Some((text, factor)) = configured(case) else {
            continue;
        };
        if DIFFERS.contains(&case["name"].as_str().unwrap_or_default()) {
            continue;
        }
        let optimizer = Optimizer::parse(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let (plan, params) = plan(&optimizer);
        let machines: [(Box<dyn Executor>, &str); 3] = [
            (Box::new(Cpu::naive(plan.clone()).unwrap()), "twin"),
            (Box::new(Cpu::new(plan.clone()).unwrap()), "fast path"),
            (Box::new(GpuExecutor::new(gpu(), &plan).unwrap()), "GPU"),
        ];
        for (mut machine, name) in machines {
            follow(case, &optimizer, &*factor, &plan, &params, &mut *machine)
                .unwrap_or_else(|why| panic!("{name}: {text}: {why}"));
        }
        followed += 1;
    }
    assert_eq!(followed, 58, "configurations");
}
