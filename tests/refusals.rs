//! Settings that would change nothing, the settings that a run keeps, and what messages say.

use std::{fs, path::Path};

use crate::cli::{folder, kiln, refusal, success};

/// Six updates, two an epoch, three evaluations.
const SHORT: &str = "train --device cpu --limit 64 --epochs 3 --quiet";

fn config(run: &Path) -> String {
    fs::read_to_string(run.join("config.toml")).expect("config.toml")
}

/// Protects the person who believes that a setting does something which it cannot in a run of this length; the
/// greatest value that still does something is taken.
#[test]
fn settings_without_effect_are_refused() {
    let dir = folder();
    for (args, part) in [
        ("--patience 3", "the run has 3 evaluations"),
        ("--patience 3", "expected at most 2"),
        ("--max-steps 2 --patience 1", "the run has 1 evaluation,"),
        ("--save-every 7", "the run ends after 6 updates"),
        ("--save-every 4ep", "before 4 epochs have passed"),
        ("--until eval_loss<=-0.1", "expected a level from 0"),
        ("--swa 100%", "takes in no weights before the last of 6"),
        ("--swa 6", "start earlier"),
        (
            "--lr-scale linear --base-batch 16 --schedule torch.OneCycleLR(max_lr=0.1,total_steps=6)",
            "every rate of",
        ),
        (
            "--lr-scale linear --base-batch 16 --schedule \"linear(0.1 -> 0)\"",
            "none a multiple of --lr",
        ),
        ("--lr-scale sqrt --base-batch 32", "has no effect"),
        ("--monitor loss", "no controller"),
    ] {
        let e = refusal(&format!("{SHORT} {args} --out run"), dir.path(), 2);
        assert!(
            e.contains("has no effect") && e.contains(part),
            "{args}: {e}"
        );
        assert!(!dir.path().join("run").exists(), "{args}");
    }
    let most = "--patience 2 --save-every 6 --until eval_loss<=0 --swa 5,every=1 --lr-scale linear --base-batch 16";
    success(&format!("{SHORT} {most} --out run"), dir.path());
    // A base rate beside rates of their own is only noted.
    let own = "--lr 0.3 --schedule torch.OneCycleLR(max_lr=0.1,total_steps=6) --no-out";
    let said = success(
        &format!("{SHORT} {own}").replace(" --quiet", ""),
        dir.path(),
    );
    assert!(said.contains("the base rate (--lr) is not used"), "{said}");
}

/// A sweep gives all of its runs the same flags: those that have no effect in one of them are left out there, and the
/// run can be trained again by its own settings.
#[test]
fn a_sweep_may_hold_what_has_no_effect_in_one_run() {
    let dir = folder();
    let sweep = "sweep --out s --grid batch-size=16,32 -- --device cpu --limit 64 --epochs 1 --lr-scale linear \
                 --base-batch 32 --patience 4";
    success(sweep, dir.path());
    let [scaled, same] =
        ["16", "32"].map(|b| config(&dir.path().join(format!("s/batch-size-{b}"))));
    assert!(
        scaled.contains("base-batch") && !same.contains("base-batch"),
        "{same}"
    );
    assert!(
        !scaled.contains("patience") && !scaled.contains("useless"),
        "{scaled}"
    );
    success(
        "train s/batch-size-32/config.toml --quiet --out again",
        dir.path(),
    );
}

/// Protects runs that go on: what had an effect when they began is never a reason to refuse them, what is given with
/// `resume` is, and the file that they leave can be trained with.
#[test]
fn a_run_that_goes_on_keeps_its_settings() {
    let dir = folder();
    let run = "train --device cpu --limit 64 --epochs 6 --patience 4 --save-every 11 --schedule plateau \
               --until eval_accuracy>=0 --quiet --out a";
    success(run, dir.path());
    let a = dir.path().join("a");
    assert!(
        config(&a).contains("monitor = \"eval-loss\""),
        "{}",
        config(&a)
    );
    let shorter = "resume a --unset until --epochs 3 --schedule cosine --on-change replace --quiet";
    let e = refusal(&format!("{shorter} --patience 5"), dir.path(), 2);
    assert!(e.contains("--patience has no effect: the run has 3"), "{e}");
    let out = kiln(shorter, dir.path());
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    for gone in ["patience", "save-every", "until"] {
        assert!(
            !config(&a).contains(&format!("\n{gone} =")),
            "{gone}: {}",
            config(&a)
        );
    }
    success("train a/config.toml --quiet --out b", dir.path());
    let same = |name: &str| fs::read(dir.path().join(name).join("config.toml")).unwrap();
    assert_eq!(same("a"), same("b"));
    // A branch has rates of its own, which no scale of the base rate changes.
    success(
        "train --device cpu --limit 64 --epochs 6 --save-every 6 --keep 9 --lr-scale linear --base-batch 16 --out c --quiet",
        dir.path(),
    );
    success(
        "cooldown --from c --at 6 --over 2 --device cpu --quiet --out d",
        dir.path(),
    );
    success("train d/config.toml --quiet --out e", dir.path());
}

/// Protects runs from depending on what is usual in the version that reads their settings.
#[test]
fn a_run_keeps_every_setting_as_it_was_resolved() {
    let dir = folder();
    let train = |args: &str, name: &str| {
        let args = format!("train --device cpu --epochs 1 --quiet --out {name} {args}");
        success(&args, dir.path());
        config(&dir.path().join(name))
    };
    let line = train("--data line", "line");
    for part in [
        "test-fraction = 0.2\n",
        "best = \"eval-loss\"\n",
        "keep = 3\n",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(
        !line.contains("monitor") && !line.contains("observe"),
        "{line}"
    );
    let digits = train("--limit 64 --schedule plateau(patience=0)", "digits");
    for part in [
        "best = \"eval-accuracy\"\n",
        "monitor = \"eval-loss\"\n",
        "observe = \"epoch\"\n",
    ] {
        assert!(digits.contains(part), "{part}: {digits}");
    }
    assert!(!digits.contains("test-fraction"), "{digits}");
    let none = train("--data line --test-fraction 0", "none");
    assert!(
        !none.contains("best") && none.contains("test-fraction = 0"),
        "{none}"
    );
    for name in ["line", "digits", "none"] {
        success(
            &format!("train {name}/config.toml --quiet --no-out"),
            dir.path(),
        );
        let said = success(&format!("resume {name}"), dir.path());
        assert!(said.contains("is complete"), "{said}");
    }
}

/// Protects the person who mistypes: what was expected, in words, before anything is printed or written.
#[test]
fn mistakes_are_answered_in_words() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("img_color")).unwrap();
    fs::write(at("afile"), "").unwrap();
    fs::write(at("words.toml"), "epochs = \"three\"\n").unwrap();
    let prices: String = (0..200)
        .map(|i| format!("{i},{}\n", 1000 + 7 * i))
        .collect();
    fs::write(at("reg.csv"), format!("size,price\n{prices}")).unwrap();
    for (args, part) in [
        ("--accumulate 0", "expected at least 1"),
        ("--patience 0", "expected at least 1"),
        ("--keep 0", "expected at least 1"),
        ("--lr-scale linear --base-batch 0", "expected at least 1"),
        ("--lr abc", "expected a number, such as 0.05"),
        (
            "words.toml",
            "line 1: invalid value 'three' for '--epochs <N>': expected a whole number, such as 20",
        ),
        (
            "--swa \"75%, every=0\"",
            "expected at least one from one taking in to the next",
        ),
        ("--data img_colr", "did you mean `img_color`?"),
        ("--data ./reg.cvs", "did you mean `./reg.csv`?"),
        (
            "--data reg.csv --target price --task classification",
            "`--task regression`",
        ),
        ("--out afile/x", "afile is a file; name a directory"),
    ] {
        let args = format!("train --device cpu {args}");
        let out = kiln(&args, dir.path());
        assert!(
            out.stdout.is_empty(),
            "{args}: {}",
            String::from_utf8_lossy(&out.stdout)
        );
        let e = refusal(&args, dir.path(), 2);
        assert!(e.contains(part), "{args}: {e}");
    }
    let e = refusal(
        "train --data line --device cpu --lr 1e6 --no-out",
        dir.path(),
        1,
    );
    assert!(
        e.contains("Nothing was written") && !e.contains("--out"),
        "{e}"
    );
    let e = refusal(
        "train --data line --device cpu --lr 1e6 --out gone",
        dir.path(),
        1,
    );
    assert!(e.contains("gone keeps the rows up to here"), "{e}");
}

/// Protects whoever judges, asks or exports a run from messages about flags that are not there.
#[test]
fn what_a_run_says_itself_is_not_said_beside_it() {
    let dir = folder();
    success(
        "train --device cpu --limit 64 --max-steps 1 --quiet --out run",
        dir.path(),
    );
    fs::create_dir(dir.path().join("empty")).unwrap();
    for (args, part) in [
        (
            "eval run --standardize",
            "--standardize belongs to a model put together by hand",
        ),
        ("eval run --target c", "as run says it itself"),
        ("eval run --test-fraction 0", "--test-fraction belongs to"),
        ("eval run --top 0", "expected at least 1"),
        (
            "predict run --data X f.png",
            "--data belongs to a model put together by hand",
        ),
        ("predict run empty", "there are no pictures in this folder"),
        ("export run --data X --onnx x.onnx", "--data belongs to"),
        (
            "export run --onnx none/x.onnx",
            "there is no directory none; make it first",
        ),
        ("export run --onnx empty", "--onnx empty: it is a directory"),
        ("eval run --data x.npy", "has no targets to judge by"),
    ] {
        let e = refusal(args, dir.path(), 2);
        assert!(e.contains(part), "{args}: {e}");
    }
    let held = "train --data line --device cpu --epochs 1 --test-fraction 0 --val-fraction 0.2 --quiet --out held";
    success(held, dir.path());
    let e = refusal("eval held --device cpu", dir.path(), 2);
    assert!(e.contains("use --split val"), "{e}");
}
