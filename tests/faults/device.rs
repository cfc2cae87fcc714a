//! Devices that are lost, too small or given what they do not take.

use kiln::{exec::gpu::GpuExecutor, kernel::Op};

use super::{command, demand, device, failed, read, said, same, with};
use crate::{
    cli::{folder, success},
    common::gpu,
    ops::op,
    optim,
};

fn run(out: &str) -> String {
    format!(
        "train --data digits --model mlp --epochs 2 --device {} --quiet --save-every 20 --clip-norm 1 --ema 0.9 --out {out}",
        device()
    )
}

/// A device that is lost ends the run with its checkpoints whole, and says how to go on: to the same bits.
#[test]
fn a_lost_device_ends_the_run() {
    let dir = folder();
    let dir = dir.path();
    success(&run("whole"), dir);
    let text = failed(&with("device-lost@52", &run("a"), dir), 1);
    demand(
        &text,
        &[
            "the device was lost",
            "after 45 updates is whole",
            "kiln resume a",
        ],
    );
    let ended = String::from_utf8(read(dir, "a/environment.json")).unwrap();
    demand(&ended, &["failed: the device was lost"]);
    success("resume a --quiet", dir);
    same(dir, "whole", "a");
    let text = failed(&with("device-lost@1", &run("b"), dir), 1);
    demand(&text, &["no checkpoint yet", "kiln resume b"]);
    success("resume b --quiet", dir);
    same(dir, "whole", "b");
}

/// Where it may, the run goes on on the device opened again, to the same bits; not for ever.
#[test]
fn a_lost_device_is_opened_again() {
    let dir = folder();
    let dir = dir.path();
    success(&run("whole"), dir);
    let retry = |out: &str| format!("{} --on-device-lost retry", run(out));
    // As often as may be before one checkpoint, and more often before several.
    for (run, losses) in [
        ("a", &[1, 52, 30][..]),
        ("e", &[3, 3, 3]),
        ("f", &[25, 25, 25, 25]),
    ] {
        let faults: Vec<String> = losses.iter().map(|n| format!("device-lost@{n}")).collect();
        let out = with(&faults.join(","), &retry(run), dir);
        let text = said(&out);
        assert!(out.status.success(), "{text}");
        let times = text.matches("opened again").count();
        assert_eq!(times, losses.len(), "{text}");
        same(dir, "whole", run);
    }
    let always = ["device-lost@3"; 9].join(",");
    let text = failed(&with(&always, &retry("b"), dir), 1);
    demand(&text, &["3 times before", "--save-every", "kiln resume b"]);
    let text = failed(
        &command(
            &retry("c")
                .replace("--out c", "--no-out")
                .replace("--save-every 20", ""),
            dir,
        )
        .output()
        .unwrap(),
        2,
    );
    demand(&text, &["--on-device-lost retry", "run directory"]);
    let idle =
        "train --data digits --max-steps 1 --device cpu --quiet --on-device-lost retry --out d";
    let out = command(idle, dir).output().unwrap();
    assert!(out.status.success());
    demand(&said(&out), &["nothing to do on the CPU executor"]);
}

/// What the device has no room for is said, with its size and use, and a batch that fits: it does, and one more
/// would not.
#[test]
fn a_small_device_names_a_batch_that_fits() {
    let dir = folder();
    let dir = dir.path();
    let fault = "no-memory@2000000";
    let train = |batch: &str| {
        let run = format!(
            "train --data digits --model small-cnn --max-steps 1 --device {} --quiet --no-out --batch-size {batch}",
            device()
        );
        with(fault, &run, dir)
    };
    let text = failed(&train("256"), 2);
    demand(
        &text,
        &[
            "has no room for",
            "written by",
            "MiB",
            "in all",
            "--accumulate 3",
        ],
    );
    let (_, rest) = text.split_once("--batch-size ").unwrap();
    let fits: u32 = rest.split(' ').next().unwrap().parse().unwrap();
    let out = train(&fits.to_string());
    assert!(out.status.success(), "{fits}: {}", said(&out));
    let none = with(
        "no-memory@40000",
        "train --data digits --batch-size 256 --no-out --device software",
        dir,
    );
    demand(&failed(&none, 2), &["No --batch-size would fit", "--limit"]);
}

/// The largest buffer that the adapter allows is a limit too, said before anything is trained.
#[test]
fn a_buffer_that_no_device_allows_names_a_batch() {
    let dir = folder();
    let run = format!(
        "train --data digits --device {} --no-out --quiet --batch-size 1438 --model",
        device()
    );
    let most = gpu().description.max_binding;
    let channels = most / (1438 * 64 * 4) + 2;
    let mut command = command(&run, dir.path());
    command.arg(format!(
        "Conv2d({channels},1) Conv2d(1,1) Flatten Linear(10)"
    ));
    let text = failed(&command.output().unwrap(), 2);
    demand(
        &text,
        &["too small", "binding of", "--batch-size", "would fit"],
    );
}

/// What a device refuses is said with the name of the op that it is for.
#[test]
fn errors_name_the_op() {
    for edit in [
        ("@compute", "@compute wrong"),
        (
            "table: array<Segment, 256> }",
            "table: array<Segment, 256>, more: vec4<u32> }",
        ),
    ] {
        let wgsl = op("sgd").wgsl.replace(edit.0, edit.1);
        assert_ne!(wgsl, op("sgd").wgsl);
        let broken = Op {
            name: "broken_sgd",
            wgsl: Box::leak(wgsl.into_boxed_str()),
            variants: &[],
            ..*op("sgd")
        };
        let plan = optim::plan(&Default::default(), Some(Box::leak(Box::new(broken))));
        let e = GpuExecutor::new(gpu(), &plan)
            .err()
            .expect("it is broken")
            .to_string();
        demand(&e, &["broken_sgd"]);
    }
}
