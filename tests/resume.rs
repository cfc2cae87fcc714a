//! A run that is stopped, killed or changed goes on as if nothing had happened, or says why not.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    cli::{folder, kiln, refusal, success},
    report::ended::environment,
};

/// Everything that has memory: momentum, averages, a controller on the host, one on the device; and an
/// epoch's tail, batches that share an update, changed pictures.
const RUN: &str = "--data digits --model small-cnn --batch-size 30 --accumulate 2 --epochs 12 --seed 3 --lr 0.037 \
                   --optimizer SGD(momentum=0.9,nesterov=True,weight_decay=1e-4) --clip-norm 2 --ema 0.97 \
                   --swa 100,every=7 --augment flip \
                   --schedule cosine*plateau(patience=0,factor=0.7,monitor=loss)*gradient_ratio()";

/// Starts the binary without waiting for it.
pub fn start(args: &str, dir: &Path) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln"));
    command.env("KILN_CACHE_DIR", dir.join("cache"));
    command.current_dir(dir).args(args.split_whitespace());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the binary runs")
}

fn read(dir: &Path, name: &str) -> Vec<u8> {
    fs::read(dir.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Both runs left the same weights and the same rows, to the byte.
fn same(dir: &Path, a: &str, b: &str) {
    let files = [
        "model.safetensors",
        "metrics.jsonl",
        "model_ema.safetensors",
    ];
    for file in files {
        if !dir.join(a).join(file).exists() && !dir.join(b).join(file).exists() {
            continue; // a run without averages
        }
        let (a, b) = (
            read(dir, &format!("{a}/{file}")),
            read(dir, &format!("{b}/{file}")),
        );
        assert!(a == b, "{file} differs: {} and {} bytes", a.len(), b.len());
    }
}

/// Kills a run again and again, after `moments` ms each, and lets it end at last.
fn killed(dir: &Path, out: &str, device: &str, moments: &[u64]) -> usize {
    let mut kills = 0;
    let mut command = format!("train {RUN} --device {device} --save-every 5 --quiet --out {out}");
    for &moment in moments {
        let mut child = start(&command, dir);
        std::thread::sleep(Duration::from_millis(moment));
        if child.try_wait().expect("it can be asked").is_none() {
            child.kill().expect("it can be killed"); // SIGKILL
            kills += 1;
        }
        child.wait().expect("it ends");
        let begun = fs::read_dir(dir.join(out).join("checkpoints"))
            .is_ok_and(|mut d| d.any(|e| e.is_ok_and(|e| e.file_name() == "last")));
        if begun {
            command = format!("resume {out} --quiet --device {device}");
        } else {
            // Killed before its first checkpoint: there is nothing to go on from.
            let _ = fs::remove_dir_all(dir.join(out));
        }
    }
    success(&command, dir);
    kills
}

/// The promise of a checkpoint: killed at any moment, the run ends with the same bits.
#[test]
fn a_killed_run_ends_with_the_same_bits() {
    let dir = folder();
    let dir = dir.path();
    success(
        &format!("train {RUN} --device cpu --quiet --out whole"),
        dir,
    );
    // Moments that differ from test run to test run find what chosen ones miss.
    let seed = u64::from(std::process::id());
    let moments: Vec<u64> = (0..12)
        .map(|i| 30 + (seed * 7919 + i * 104_729) % 370)
        .collect();
    let kills = killed(dir, "killed", "cpu", &moments);
    assert!(
        kills >= 3,
        "{kills} kills at {moments:?}: the run is too short for this test"
    );
    same(dir, "whole", "killed");
}

/// Whoever goes on on another machine is told that bits end there, and `environment.json` keeps both.
#[test]
fn another_machine_is_told_of() {
    let dir = folder();
    let dir = dir.path();
    success(
        "train --device cpu --limit 320 --max-steps 5 --quiet --out run",
        dir,
    );
    let device = std::env::var("KILN_TEST_DEVICE").unwrap_or("software".into());
    let on = format!("resume run --device {device} --max-steps 9 --on-change extend --quiet");
    let out = kiln(&on, dir);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(
        said.contains("until update 5 the run was on CPU executor"),
        "{said}"
    );
    let kept = String::from_utf8(read(dir, "run/environment.json")).unwrap();
    assert!(kept.contains("CPU executor until update 5"), "{kept}");
    let out = kiln(&format!("resume run --device {device}"), dir);
    assert!(!String::from_utf8_lossy(&out.stderr).contains("until update"));
}

/// The same on an adapter.
#[test]
fn a_killed_run_on_an_adapter_too() {
    let dir = folder();
    let dir = dir.path();
    let device = std::env::var("KILN_TEST_DEVICE").unwrap_or("software".into());
    success(
        &format!("train {RUN} --device {device} --quiet --out whole"),
        dir,
    );
    killed(dir, "killed", &device, &[1500, 900, 1100]);
    same(dir, "whole", "killed");
}

/// Ctrl-C finishes the update, saves and says how to go on; the rows have no gap and no double.
#[cfg(unix)]
#[test]
fn an_interrupted_run_goes_on() {
    let dir = folder();
    let dir = dir.path();
    let long = RUN.replace("--epochs 12", "--max-steps 3000");
    let mut child = start(&format!("train {long} --device cpu --quiet --out a"), dir);
    while !fs::metadata(dir.join("a/metrics.jsonl")).is_ok_and(|m| m.len() > 0) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.is_ok_and(|s| s.success()));
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    success("resume a --quiet --device cpu", dir);
    let rows = String::from_utf8(read(dir, "a/metrics.jsonl")).unwrap();
    let steps = rows.lines().filter(|row| row.contains("\"loss\""));
    let steps: Vec<u64> = steps
        .map(|row| {
            let row: serde_json::Value = serde_json::from_str(row).expect("a row is JSON");
            row["step"].as_u64().expect("a step")
        })
        .collect();
    assert!(steps.into_iter().eq(0..3000));
}

/// A live change of the rate counts from the next update on, is noted, and is replayed to the bit by a
/// run that is killed after it.
#[test]
fn a_live_factor_is_replayed() {
    let dir = folder();
    let dir = dir.path();
    let run = "--data digits --device cpu --quiet --save-every 40 --schedule linear";
    success(
        &format!("train {run} --max-steps 200 --until eval_accuracy>=0 --out a"),
        dir,
    );
    fs::write(dir.join("a/lr.factor"), "0.5").unwrap();
    success("resume a --quiet --unset until", dir);
    let noted = String::from_utf8(read(dir, "a/overrides.jsonl")).unwrap();
    assert_eq!(noted, "{\"step\":45,\"factor\":0.5}\n");
    success(&format!("train {run} --max-steps 200 --out b"), dir);
    let rate = |run: &str, step: u64| -> f64 {
        let rows = String::from_utf8(read(dir, &format!("{run}/metrics.jsonl"))).unwrap();
        let start = format!("{{\"step\":{step},");
        let starts = |row: &&str| row.starts_with(&start) && row.contains("\"lr\"");
        let row = rows.lines().find(starts).expect("a row");
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        row["lr"].as_f64().unwrap()
    };
    assert_eq!(rate("a", 44), rate("b", 44));
    assert_eq!(rate("a", 45), rate("b", 45) * 0.5);
    // From the checkpoint before the change once more: the notes decide up to the last of them.
    fs::rename(dir.join("a/overrides.jsonl"), dir.join("noted")).unwrap();
    let replayed = "--data digits --device cpu --quiet --save-every 40 --schedule linear";
    success(
        &format!("train {replayed} --max-steps 200 --until eval_accuracy>=0 --out c"),
        dir,
    );
    fs::rename(dir.join("noted"), dir.join("c/overrides.jsonl")).unwrap();
    success("resume c --quiet --unset until", dir);
    same(dir, "a", "c");
}

/// What cannot go on says so, with what differs and what to do.
#[test]
fn changes_need_a_word() {
    let dir = folder();
    let dir = dir.path();
    success(
        "train --data digits --epochs 2 --device cpu --quiet --schedule linear --out a",
        dir,
    );
    let refused = |args: &str, words: &[&str]| {
        let message = refusal(args, dir, 2);
        for word in words {
            assert!(message.contains(word), "{args}: {message}");
        }
    };
    refused(
        "resume a --epochs 4",
        &["epochs: 2 -> 4", "rewarm", "extend"],
    );
    refused("resume a --seed 1", &["seed: 0 -> 1", "--init"]);
    refused("resume a --on-change keep", &["no effect"]);
    refused("resume a --epochs 4 --on-change kep", &["keep, replace"]);
    refused("resume b", &["does not exist"]);
    fs::create_dir(dir.join("empty")).unwrap();
    refused("resume empty", &["config.toml"]);
    let out = success("resume a --quiet", dir);
    assert!(out.contains("complete: 90 updates"), "{out}");
    for (how, epochs) in [("extend", 3), ("rewarm", 4), ("replace", 5), ("keep", 6)] {
        success(
            &format!("resume a --quiet --epochs {epochs} --on-change {how}"),
            dir,
        );
    }
    let rows = String::from_utf8(read(dir, "a/metrics.jsonl")).unwrap();
    assert_eq!(
        rows.lines().filter(|row| row.contains("\"loss\"")).count(),
        6 * 45
    );
}

/// A damaged checkpoint is passed over for the one before it; none at all is said.
#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let dir = folder();
    let dir = dir.path();
    success(
        "train --data digits --epochs 3 --save-every 45 --device cpu --quiet --out a",
        dir,
    );
    success(
        "train --data digits --epochs 3 --save-every 45 --device cpu --quiet --out b",
        dir,
    );
    for file in ["model.safetensors", "state.json"] {
        let path = dir.join("a/checkpoints/last").join(file);
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(bytes.len() / 2);
        fs::write(&path, bytes).unwrap();
        let out = kiln("resume a --quiet --device cpu", dir);
        let message = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(
            out.status.success() && message.contains("damaged"),
            "{message}"
        );
        same(dir, "a", "b");
    }
    for entry in fs::read_dir(dir.join("a/checkpoints")).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("step-") {
            fs::write(entry.path().join("state.json"), "{}").unwrap();
        }
    }
    let message = refusal("resume a", dir, 2);
    assert!(message.contains("no checkpoint is whole"), "{message}");
}

/// The file and the flags say the same; flags win; what is wrong is named with its line.
#[test]
fn a_file_is_flags() {
    let dir = folder();
    let dir = dir.path();
    let file = "data = \"digits\"\nepochs = 1\nbatch_size = 64\nlr = 0.1\nstandardize = true\n\
                schedule = \"warmup(5) then cosine\"\n";
    fs::write(dir.join("run.toml"), file).unwrap();
    success("train run.toml --device cpu --quiet --out a --lr 0.02", dir);
    success(
        "train --data digits --epochs 1 --batch-size 64 --lr 0.02 --standardize --device cpu --quiet \
         --out b --schedule \"warmup(5) then cosine\"",
        dir,
    );
    same(dir, "a", "b");
    assert_eq!(read(dir, "a/config.toml"), read(dir, "b/config.toml"));
    success("train a/config.toml --quiet --out c", dir);
    same(dir, "a", "c");
    for (line, words) in [
        ("batchsize = 3", ["line 7", "batch-size"]),
        ("model = 1\nmodel = 2", ["duplicate key", "model"]),
        ("seed = \"x\"", ["line 7", "--seed"]),
        ("epochs-typo = 1", ["line 7", "epochs-typo"]),
        ("drop-last = 1", ["line 7", "true or false"]),
        ("limit = [1]", ["line 7", "array"]),
        ("quiet = true", ["line 7", "--quiet"]),
    ] {
        fs::write(dir.join("wrong.toml"), format!("{file}{line}\n")).unwrap();
        let message = refusal("train wrong.toml", dir, 2);
        for word in words {
            assert!(message.contains(word), "{line}: {message}");
        }
    }
    let message = refusal("train run.toml --unset momentum", dir, 2);
    assert!(message.contains("no such key"), "{message}");
    success("init starter.toml", dir);
    success("train starter.toml --quiet --no-out --epochs 2", dir);
    let message = refusal("init starter.toml", dir, 2);
    assert!(message.contains("exists"), "{message}");
}

/// The update of the best evaluation among a run's rows, and at each how many in a row were no better.
fn best_and_worse(rows: &str) -> (u64, Vec<u64>) {
    let rows = rows.lines().filter(|row| row.contains("eval_loss"));
    let rows = rows.map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap());
    let mut best = (0, -1.0, 0.0);
    let mut count = 0;
    let mut counts = Vec::new();
    for row in rows {
        let [accuracy, loss] = ["eval_accuracy", "eval_loss"].map(|key| row[key].as_f64().unwrap());
        if accuracy > best.1 || accuracy == best.1 && loss < best.2 {
            (best, count) = ((row["step"].as_u64().unwrap(), accuracy, loss), 0);
        } else {
            count += 1;
        }
        counts.push(count);
    }
    (best.0, counts)
}

/// Patience ends a run with its best weights; a target and a time end it too.
#[test]
fn runs_end_by_themselves() {
    let dir = folder();
    let dir = dir.path();
    let base = "train --data digits --device cpu --epochs 200";
    let out = success(&format!("{base} --lr 0.5 --patience 2 --out a"), dir);
    assert!(out.contains("stopped early"), "{out}");
    assert_eq!(
        read(dir, "a/model.safetensors"),
        read(dir, "a/checkpoints/best/model.safetensors")
    );
    let link = fs::canonicalize(dir.join("a/checkpoints/best")).unwrap();
    let out = success(&format!("{base} --until eval_accuracy>=0.5 --out b"), dir);
    assert!(out.contains("reached eval_accuracy>=0.5"), "{out}");
    let out = success(&format!("{base} --max-time 300ms --out c"), dir);
    assert!(out.contains("--max-time"), "{out}");
    let best = environment(dir, "a")["weights"].clone();
    let best = best.as_str().unwrap().trim_start_matches("best weights, ");
    let (step, worse) = best_and_worse(&String::from_utf8(read(dir, "a/metrics.jsonl")).unwrap());
    assert_eq!(best, format!("after {step} updates"));
    assert!(link.ends_with(format!("step-{step:09}")), "{link:?}");
    assert_eq!(
        worse.iter().position(|&worse| worse == 2),
        Some(worse.len() - 1)
    );
    let patience = format!("stopped early by --patience: the weights are those {best}");
    for (run, ended) in [
        ("a", patience.as_str()),
        ("b", "reached --until eval_accuracy>=0.5"),
        ("c", "stopped by --max-time"),
    ] {
        assert_eq!(environment(dir, run)["ended"], ended);
        let page = String::from_utf8(read(dir, &format!("{run}/report.html"))).unwrap();
        assert!(
            page.contains(&ended.replace(">=", "&gt;=")),
            "{run}: {ended}"
        );
    }
    for (flags, word) in [
        ("--until eval_accuracy>=2", "from 0 to 1"),
        ("--patience 2 --no-out", "run directory"),
        ("--data line --until eval_accuracy>=0.9", "no accuracy"),
        (
            "--data line --test-fraction 0 --patience 1",
            "nothing is evaluated",
        ),
        ("--best loss", "eval-loss"),
        ("--lr-scale linear --base-batch 32", "no effect"),
        ("--lr-scale linear", "base-batch"),
        ("--save-every 0", "above 0"),
    ] {
        let message = refusal(&format!("train {flags}"), dir, 2);
        assert!(message.contains(word), "{flags}: {message}");
    }
}

/// What a run leaves for people is there, and can be written again.
#[test]
fn a_run_leaves_its_report() {
    let dir = folder();
    let dir = dir.path();
    success("train --data digits --epochs 2 --device cpu --quiet", dir);
    let run = "runs/small-cnn-digits-1";
    let files = [
        "report.html",
        "metrics.csv",
        "loss.svg",
        "accuracy.svg",
        "lr.svg",
        "environment.json",
    ];
    for file in files {
        assert!(dir.join(run).join(file).is_file(), "{file}");
    }
    assert_eq!(
        fs::read_dir(dir.join(run).join("tensorboard"))
            .unwrap()
            .count(),
        1
    );
    let page = read(dir, &format!("{run}/report.html"));
    fs::remove_file(dir.join(run).join("report.html")).unwrap();
    success(&format!("report {run}"), dir);
    assert!(
        read(dir, &format!("{run}/report.html")) == page,
        "another page"
    );
    // A second run does not touch the first.
    success("train --data digits --epochs 1 --device cpu --quiet", dir);
    assert!(dir.join("runs/small-cnn-digits-2/report.html").is_file());
}

/// The rate grows with the samples of an update, as it was asked to, and with nothing else.
#[test]
fn the_rate_scales_with_the_batch() {
    let dir = folder();
    let dir = dir.path();
    let first = |flags: &str, out: &str| -> f64 {
        let run =
            "train --data digits --max-steps 1 --lr 0.037 --batch-size 64 --quiet --device cpu";
        success(&format!("{run} {flags} --out {out}"), dir);
        let rows = String::from_utf8(read(dir, &format!("{out}/metrics.jsonl"))).unwrap();
        let row: serde_json::Value = serde_json::from_str(rows.lines().next().unwrap()).unwrap();
        row["lr"].as_f64().unwrap()
    };
    let scaled = "--base-batch 16 --lr-scale";
    assert_eq!(first("", "a"), 0.037);
    assert_eq!(first(&format!("{scaled} linear"), "b"), 0.037 * 4.0);
    assert_eq!(
        first(&format!("{scaled} sqrt --accumulate 4"), "c"),
        0.037 * 4.0
    );
}

/// A schedule with other controllers, or none, can take over: they begin anew. Momentum schedules go
/// along. What would leave a new setting without effect is refused, and what is refused leaves the run
/// as it was.
#[test]
fn another_schedule_takes_over() {
    let dir = folder();
    let dir = dir.path();
    let run = "train --data digits --max-steps 60 --device cpu --quiet --schedule plateau(patience=0) \
               --momentum-schedule linear(to=0.5)";
    success(&format!("{run} --out a"), dir);
    let config = read(dir, "a/config.toml");
    for (args, word) in [
        (
            "--max-steps 90 --lr 0.01 --on-change keep",
            "without effect",
        ),
        ("--schedule cosine --on-change extend", "no effect"),
        (
            "--max-steps 90 --schedule cosinus --on-change replace",
            "cosine",
        ),
        (
            "--max-steps 90 --momentum-schedule 2x --on-change replace",
            "never forgets",
        ),
    ] {
        let message = refusal(&format!("resume a {args}"), dir, 2);
        assert!(message.contains(word), "{args}: {message}");
        assert!(
            config == read(dir, "a/config.toml"),
            "{args} changed the run"
        );
    }
    success(
        "resume a --quiet --max-steps 90 --schedule cosine --on-change extend",
        dir,
    );
    success(
        "resume a --quiet --max-steps 120 --schedule greedy*gradient_ratio() --on-change rewarm",
        dir,
    );
    success("resume a --quiet --max-steps 150 --on-change keep", dir);
    let rows = String::from_utf8(read(dir, "a/metrics.jsonl")).unwrap();
    let momentum = |step: u64| -> f64 {
        let start = format!("{{\"step\":{step},");
        let starts = |row: &&str| row.starts_with(&start) && row.contains("\"lr\"");
        let row = rows.lines().find(starts).expect("a row");
        let row: serde_json::Value = serde_json::from_str(row).unwrap();
        row["momentum"].as_f64().unwrap()
    };
    // From 0.9 to 0.5 over each window: 60 updates, then the 30 that were added.
    let close = |step, want: f64| assert!((momentum(step) - want).abs() < 1e-12, "{step}");
    close(0, 0.9);
    close(30, 0.7);
    close(60, 0.9);
    close(75, 0.7);
    assert_eq!(momentum(149), 0.5);
}

/// The weights that a run began with are needed once.
#[test]
fn initial_weights_may_go() {
    let dir = folder();
    let dir = dir.path();
    success(
        "train --data digits --max-steps 5 --device cpu --quiet --out a",
        dir,
    );
    fs::copy(dir.join("a/model.safetensors"), dir.join("w.safetensors")).unwrap();
    let run = "train --data digits --epochs 2 --device cpu --quiet --init w.safetensors";
    success(&format!("{run} --out whole"), dir);
    success(&format!("{run} --until eval_accuracy>=0 --out b"), dir);
    fs::remove_file(dir.join("w.safetensors")).unwrap();
    success("resume b --quiet --unset until", dir);
    success("report b", dir);
    same(dir, "whole", "b");
}

/// A run that has ended by itself stays ended, with the same result.
#[test]
fn an_ended_run_stays_ended() {
    let dir = folder();
    let dir = dir.path();
    success(
        "train --data digits --epochs 9 --device cpu --quiet --lr 0.9 --patience 2 --out a",
        dir,
    );
    let files = ["model.safetensors", "metrics.jsonl"].map(|file| format!("a/{file}"));
    let before = files.each_ref().map(|file| read(dir, file));
    let said = success("resume a --device cpu", dir);
    assert!(said.contains("stopped early"), "{said}");
    assert!(before == files.each_ref().map(|file| read(dir, file)));
}

/// What a run writes is as open as any other file, and a kill leaves no litter once the run goes on.
#[cfg(unix)]
#[test]
fn directories_follow_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder();
    let script = format!(
        "umask 077; {} train --data digits --max-steps 3 --device cpu --quiet --out a",
        env!("CARGO_BIN_EXE_kiln")
    );
    let status = Command::new("sh")
        .args(["-c", &script])
        .current_dir(&dir)
        .status();
    assert!(status.is_ok_and(|s| s.success()));
    let checkpoint = dir.path().join("a/checkpoints/last");
    let mode = fs::metadata(&checkpoint).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let litter = dir.path().join("a/checkpoints/.draft-x");
    fs::create_dir(&litter).unwrap();
    success(
        "resume a --quiet --max-steps 4 --on-change keep",
        dir.path(),
    );
    assert!(!litter.exists());
}

/// A small run that ends by itself, with a copy of what it left.
fn small(dir: &Path) -> (String, [Vec<u8>; 2]) {
    let train = "train --device cpu --limit 320 --epochs 2 --ema 0.9 --quiet --out run";
    success(train, dir);
    let left = ["run/model.safetensors", "run/metrics.jsonl"].map(|name| read(dir, name));
    (train.into(), left)
}

/// Whoever edits `config.toml` is told what differs, as if it had been said by a flag: nothing of a run is
/// replaced in silence.
#[test]
fn an_edited_config_is_a_change() {
    let dir = folder();
    let dir = dir.path();
    small(dir);
    let file = dir.join("run/config.toml");
    let text = fs::read_to_string(&file).unwrap();
    for (key, value, why) in [
        ("seed", "5", "seed: 0 -> 5"),
        ("batch-size", "16", "batch-size: 32 -> 16"),
        ("lr", "0.01", "lr: 0.05 -> 0.01"),
    ] {
        let line = |l: &str| match l.split(" = ").next() == Some(key) {
            true => format!("{key} = {value}\n"),
            false => format!("{l}\n"),
        };
        let edited: String = text.lines().map(line).collect();
        assert_ne!(edited, text, "{key}");
        fs::write(&file, edited).unwrap();
        let e = refusal("resume run --device cpu", dir, 2);
        assert!(e.contains(why), "{why}: {e}");
    }
    fs::write(&file, &text).unwrap();
    assert!(success("resume run", dir).contains("is complete"));
    for (flags, why) in [
        ("--keep 9", "is complete, so these have no effect"),
        (
            "--epochs 1 --on-change replace",
            "would end before where it is",
        ),
    ] {
        let e = refusal(&format!("resume run {flags}"), dir, 2);
        assert!(e.contains(why), "{flags}: {e}");
    }
}

/// A kill between the last checkpoint and the last file leaves a run that looks complete: resume writes what
/// is missing, and only that.
#[test]
fn what_a_kill_left_out_is_written() {
    let dir = folder();
    let dir = dir.path();
    let (_, left) = small(dir);
    let missing = [
        "model.safetensors",
        "model_ema.safetensors",
        "report.html",
        "metrics.csv",
        "loss.svg",
    ];
    for name in missing {
        fs::remove_file(dir.join("run").join(name)).unwrap();
    }
    fs::write(dir.join("run/lock"), "").unwrap();
    success("resume run", dir);
    for name in missing {
        assert!(dir.join("run").join(name).is_file(), "{name}");
    }
    let now = ["run/model.safetensors", "run/metrics.jsonl"].map(|name| read(dir, name));
    assert!(now == left);
    assert!(success("resume run", dir).contains("is complete"));
}

/// A run that was killed before its first checkpoint is no dead end: everything follows from its settings.
#[test]
fn a_run_without_a_checkpoint_begins_again() {
    let dir = folder();
    let dir = dir.path();
    let (train, left) = small(dir);
    fs::remove_dir_all(dir.join("run/checkpoints")).unwrap();
    fs::remove_file(dir.join("run/model.safetensors")).unwrap();
    fs::write(dir.join("run/lock"), "").unwrap();
    let e = refusal("resume run --lr 0.3 --on-change replace", dir, 2);
    assert!(e.contains("has no checkpoint yet"), "{e}");
    let e = refusal(&train, dir, 2);
    assert!(e.contains("kiln resume run"), "{e}");
    let said = success("resume run --device cpu", dir);
    assert!(said.contains("it begins again"), "{said}");
    let now = ["run/model.safetensors", "run/metrics.jsonl"].map(|name| read(dir, name));
    assert!(now == left);
}

/// Data that has moved is the same data, by its digest; other data is not, whatever it is called.
#[test]
fn data_may_move() {
    let dir = folder();
    let dir = dir.path();
    let row = |i: i32| format!("{i},{},{}\n", i * i % 7, i % 3);
    let table: String = (0..60).map(row).collect();
    fs::write(dir.join("a.csv"), format!("p,q,y\n{table}")).unwrap();
    success(
        "train --device cpu --data a.csv --target y --task classification --model mlp --max-steps 5 --quiet --out run",
        dir,
    );
    fs::rename(dir.join("a.csv"), dir.join("b.csv")).unwrap();
    let on = "resume run --max-steps 9 --on-change extend --quiet";
    let e = refusal(on, dir, 2);
    assert!(e.contains("--data WHERE"), "{e}");
    fs::write(
        dir.join("c.csv"),
        format!("p,q,y\n{}", table.replace("1,", "2,")),
    )
    .unwrap();
    let e = refusal(&format!("{on} --data c.csv"), dir, 2);
    assert!(e.contains("is not what the run was started with"), "{e}");
    success(&format!("{on} --data b.csv"), dir);
    assert!(success("resume run", dir).contains("is complete: 9 updates"));
}

/// What is evaluated steers controllers and decides what is best: other validation data is another run, the same
/// elsewhere is not.
#[test]
fn validation_data_is_data() {
    let dir = folder();
    let dir = dir.path();
    let table = |from: i32| -> String {
        let rows = (from..from + 60).map(|i| format!("{i},{},{}\n", i * i % 7, i % 3));
        format!("p,q,y\n{}", rows.collect::<String>())
    };
    fs::write(dir.join("t.csv"), table(0)).unwrap();
    fs::write(dir.join("v.csv"), table(60)).unwrap();
    success(
        "train --device cpu --data t.csv --val v.csv --target y --task classification --model mlp --max-steps 5 \
         --quiet --out run",
        dir,
    );
    let on = "resume run --max-steps 9 --on-change extend --quiet";
    fs::rename(dir.join("v.csv"), dir.join("w.csv")).unwrap();
    let e = refusal(on, dir, 2);
    assert!(e.contains("--val WHERE"), "{e}");
    fs::write(dir.join("v.csv"), table(61)).unwrap();
    let e = refusal(on, dir, 2);
    assert!(e.contains("is not what the run was started with"), "{e}");
    success(&format!("{on} --val w.csv"), dir);
}

/// A run whose time is up says so, instead of training one more update each time it is asked.
#[test]
fn time_that_is_up_is_said() {
    let dir = folder();
    let dir = dir.path();
    success(
        "train --device cpu --epochs 100000 --max-time 300ms --quiet --out run",
        dir,
    );
    let rows = read(dir, "run/metrics.jsonl");
    let e = refusal("resume run", dir, 2);
    assert!(e.contains("--max-time allows 0.3 s"), "{e}");
    assert!(read(dir, "run/metrics.jsonl") == rows);
    success("resume run --max-time 700ms", dir);
    assert!(read(dir, "run/metrics.jsonl").len() > rows.len());
}

/// A run that was killed after its settings had changed, before another checkpoint, is planned for what was
/// agreed: a second extension begins where the first one ends.
#[test]
fn a_second_extension_begins_where_the_first_ends() {
    let dir = folder();
    let dir = dir.path();
    success(
        "train --device cpu --limit 320 --epochs 2 --schedule cosine --save-every 20 --quiet --out run",
        dir,
    );
    let extend = |epochs: u32| format!("resume run --epochs {epochs} --on-change extend --quiet");
    success(&extend(4), dir);
    let rows = read(dir, "run/metrics.jsonl");
    success(&extend(6), dir);
    let whole = ["run/model.safetensors", "run/metrics.jsonl"].map(|name| read(dir, name));
    // As a kill after the first extension's last row leaves it, had it not saved before.
    for step in [40, 60] {
        fs::remove_dir_all(dir.join(format!("run/checkpoints/step-{step:09}"))).unwrap();
    }
    fs::write(dir.join("run/metrics.jsonl"), rows).unwrap();
    let changes = String::from_utf8(read(dir, "run/changes.jsonl")).unwrap();
    let first = changes.lines().next().unwrap();
    fs::write(dir.join("run/changes.jsonl"), format!("{first}\n")).unwrap();
    let config = String::from_utf8(read(dir, "run/config.toml")).unwrap();
    fs::write(
        dir.join("run/config.toml"),
        config.replace("epochs = 6", "epochs = 4"),
    )
    .unwrap();
    success(&extend(6), dir);
    let again = || ["run/model.safetensors", "run/metrics.jsonl"].map(|name| read(dir, name));
    assert!(again() == whole);
    // What was agreed last holds when nothing is said any more.
    fs::remove_dir_all(dir.join("run/checkpoints/step-000000060")).unwrap();
    fs::write(dir.join("run/lock"), "").unwrap();
    success("resume run --quiet", dir);
    assert!(again() == whole);
}
