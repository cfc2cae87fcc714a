//! Measured tables: what is kept of them, what is refused, and that the same table gives the same
//! bits. Which shader is faster is no matter here.

use std::{collections::BTreeMap, fs, path::Path};

use kiln::{
    exec::{
        Executor,
        gpu::GpuExecutor,
        tuning::{Choice, Key, Rows, Table, TableFile, Tuning, key},
    },
    ops::Hyper,
};
use serde_json::Value;

use crate::{
    cli::{folder, kiln, refusal, success},
    common::{
        gpu,
        network::{self, Network, network},
    },
};

fn row(variant: &str, tile: [u32; 2]) -> Choice {
    Choice {
        variant: variant.into(),
        tile,
    }
}

/// What is measured: these rows.
fn measured(rows: &[(&str, Choice)]) -> BTreeMap<String, Option<Choice>> {
    let rows = rows.iter().cloned();
    rows.map(|(key, choice)| (key.into(), Some(choice)))
        .collect()
}

fn here() -> Key {
    Key::of(&gpu().description)
}

/// The table of a file that was asked for by name.
fn load(path: &Path, key: &Key) -> Result<Table, String> {
    let asked: Tuning = path.to_str().unwrap().parse().unwrap();
    let tuned = asked.table(key, true).map_err(|e| {
        assert_eq!(e.exit_code(), 2, "{e}");
        e.to_string()
    })?;
    assert_eq!(tuned.remark, None);
    Ok(tuned.table)
}

/// The first variant, with its first tile, for every launch of the network that has one.
fn rows_of(network: &Network) -> Rows {
    let dispatches = network.plan.dispatches.iter();
    let with_variants = dispatches.filter_map(|d| {
        let variant = d.op.variants.first()?;
        Some((key(d.op, &d.dims), row(variant.name, variant.tiles[0])))
    });
    with_variants.collect()
}

/// Parameters and log after some steps, as bits.
fn train(network: &Network, table: &Table) -> Vec<u32> {
    let mut machine = GpuExecutor::tuned(gpu(), &network.plan, table).unwrap();
    network.load(&mut machine);
    let program = network.plan.program("train").expect("a program");
    let hypers: Vec<Hyper> = (0..4).map(|t| network::hyper(t, 0.0371)).collect();
    machine.run(program, &hypers).unwrap();
    let read = [network.params, network.log].map(|s| machine.read(s).unwrap());
    read.concat().iter().map(|x| x.to_bits()).collect()
}

/// Two runs with one table, and one with the table that comes back from a file, end in the same
/// bits; and the rows do reach the shaders.
#[test]
fn the_same_table_gives_the_same_bits() {
    let network = network();
    let table = Table {
        rows: rows_of(&network),
        ..Table::built_in(true)
    };
    let picks = |table: &Table| {
        let dispatches = network.plan.dispatches.iter();
        let picked = dispatches.filter_map(|d| table.pick(d.op, &d.dims, gpu().extras));
        picked.count()
    };
    let built_in = Table::built_in(true);
    assert!(picks(&table) > picks(&built_in) + 5, "{}", picks(&table));
    let dir = folder();
    let path = dir.path().join("table.json");
    let rows = table.rows.clone().into_iter();
    let rows = rows.map(|(key, choice)| (key, Some(choice))).collect();
    TableFile::save(&path, &here(), &rows).unwrap();
    let first = train(&network, &table);
    assert_eq!(first, train(&network, &table), "again");
    let loaded = load(&path, &here()).unwrap();
    assert_eq!(first, train(&network, &loaded), "from a file");
}

/// What was measured comes back; what is measured again is replaced or, where the built-in rule is
/// as good, gone; everything else stays. The name tells the file and the rows.
#[test]
fn tables_are_kept_and_merged() {
    let dir = folder();
    let path = dir.path().join("deeper/table.json");
    let (a, b, c) = ("matmul nt m1 n1 k1", "matmul nt m2 n2 k2", "conv2d k3x3");
    let rows = [
        (a, row("register", [16, 1])),
        (b, row("portable", [0, 0])),
        (c, row("workgroup", [64, 64])),
    ];
    let saved = TableFile::save(&path, &here(), &measured(&rows)).unwrap();
    assert_eq!((saved.rows, saved.replaced), (3, None));
    let first = load(&path, &here()).unwrap();
    let want: Rows = rows
        .iter()
        .map(|(k, r)| (k.to_string(), r.clone()))
        .collect();
    assert_eq!(first.rows, want);
    assert!(
        first.name.starts_with("tuned, table.json (3 rows, "),
        "{}",
        first.name
    );
    assert_eq!(first, load(&path, &here()).unwrap(), "the name, too");

    let mut again = measured(&[(b, row("register", [32, 2]))]);
    again.insert(c.into(), None);
    assert_eq!(TableFile::save(&path, &here(), &again).unwrap().rows, 2);
    let second = load(&path, &here()).unwrap();
    assert_eq!(second.rows.keys().collect::<Vec<_>>(), [a, b]);
    assert_eq!(second.rows[b], row("register", [32, 2]));
    TableFile::save(&path, &here(), &measured(&[(b, row("register", [32, 1]))])).unwrap();
    assert_ne!(second.name, load(&path, &here()).unwrap().name);
}

/// What is broken or unknown is refused when it is loaded: the file, the row, what was expected,
/// what to do. Measuring again replaces it.
#[test]
fn broken_tables_are_refused() {
    let dir = folder();
    let path = dir.path().join("table.json");
    let good = measured(&[("matmul nt m1 n1 k1", row("register", [16, 1]))]);
    let write = || TableFile::save(&path, &here(), &good).unwrap();
    write();
    let text = fs::read_to_string(&path).unwrap();
    for (from, to, words) in [
        (
            "register",
            "registre",
            "has no variant \"registre\"; expected portable, register",
        ),
        (
            "matmul",
            "matmull",
            "no kernel \"matmull\" has variants; expected activation, activation_grad, add",
        ),
        (
            "16,",
            "17,",
            "matmul.register has no tile [17, 1]; expected [32, 2], [32, 1]",
        ),
        ("\"format\": 1", "\"format\": 7", "format 7, expected 1"),
        ("\"tile\"", "\"tiles\"", "unknown field `tiles`"),
        ("{", "", "not a table of `kiln tune`"),
        ("}", "", "not a table of `kiln tune`"),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let e = load(&path, &here()).expect_err(words);
        assert!(e.contains(words), "{e}");
        assert!(
            e.contains("table.json") && e.contains("run `kiln tune` again"),
            "{e}"
        );
        let replaced = write().replaced.expect("it says why");
        assert!(replaced.contains(words), "{replaced}");
        assert!(load(&path, &here()).is_ok());
    }
}

/// A table is for one adapter, driver and version: another one's is refused by name, and another
/// one's file has another name.
#[test]
fn tables_of_others_are_refused() {
    let dir = folder();
    let path = dir.path().join("table.json");
    TableFile::save(&path, &here(), &measured(&[])).unwrap();
    let changes: [fn(&mut Key) -> &mut String; 5] = [
        |k| &mut k.adapter,
        |k| &mut k.backend,
        |k| &mut k.driver,
        |k| &mut k.driver_info,
        |k| &mut k.kiln,
    ];
    for change in changes {
        let mut other = here();
        change(&mut other).push_str(" 2000");
        let e = load(&path, &other).expect_err("another's");
        assert!(e.contains("made for") && e.contains(" 2000\""), "{e}");
        assert!(e.contains("--tuning built-in"), "{e}");
        assert_ne!(other.file_name(), here().file_name());
    }
    let name = here().file_name();
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    assert!(name.chars().all(plain) && name.len() < 255, "{name}");
}

const NETWORK: &str = "--device software --model \"Flatten Linear(10)\" --batch-size 256";

/// `kiln tune`, then runs that say which table they used; a table that does not fit is said to be
/// passed over, one that is broken stops the run, and tuning again mends it.
#[test]
fn runs_use_what_was_tuned_and_say_so() {
    let dir = folder();
    let train = format!("train {NETWORK} --max-steps 2");
    let shaders = |args: &str| {
        let said = success(args, dir.path());
        let line = said.lines().find(|l| l.starts_with("device: "));
        let line = line.unwrap_or_else(|| panic!("no device in {said}"));
        line.split("; shaders: ")
            .nth(1)
            .expect("shaders")
            .to_string()
    };
    assert_eq!(shaders(&train), "built-in, software");

    let said = success(&format!("tune {NETWORK} --dry-run --json"), dir.path());
    let report: Value = serde_json::from_str(&said).unwrap();
    let path = Path::new(report["file"].as_str().unwrap()).to_path_buf();
    assert_eq!(report["written"], false);
    assert!(!path.exists() && path.starts_with(dir.path().join("cache")));
    for launch in report["launches"].as_array().unwrap() {
        assert_eq!(launch["checked"], "twin");
        assert!(launch["trials"].as_array().unwrap().len() > 1, "{launch}");
        assert!(launch["built_in_us"].as_f64() >= launch["chosen_us"].as_f64());
    }

    let said = success(&format!("tune {NETWORK}"), dir.path());
    assert!(
        said.contains(&format!("wrote {}", path.display())),
        "{said}"
    );
    assert!(said.contains("ms a step instead of"), "{said}");
    let name = path.file_name().unwrap().to_str().unwrap();
    let tuned = shaders(&train);
    assert!(tuned.starts_with(&format!("tuned, {name} (")), "{tuned}");
    assert_eq!(
        shaders(&format!("{train} --tuning built-in")),
        "built-in, software"
    );
    let said = success(
        &format!("bench step {NETWORK} --steps 40 --json"),
        dir.path(),
    );
    let row: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(row["tuning"].as_str(), Some(&tuned[..]));

    let text = fs::read_to_string(&path).unwrap();
    let kiln_line = "\"kiln\": \"";
    fs::write(&path, text.replacen(kiln_line, "\"kiln\": \"9", 1)).unwrap();
    assert_eq!(shaders(&train), "built-in, software");
    let note = String::from_utf8(kiln(&train, dir.path()).stderr).unwrap();
    assert!(
        note.contains("note: ") && note.contains("made for kiln"),
        "{note}"
    );
    let other = path.with_file_name(name.replace("--kiln-", "--kiln-9"));
    fs::rename(&path, other).unwrap();
    let note = String::from_utf8(kiln(&train, dir.path()).stderr).unwrap();
    assert!(note.contains("another driver or version of kiln"), "{note}");

    fs::write(&path, "no table").unwrap();
    let e = refusal(&train, dir.path(), 2);
    assert!(
        e.contains(name) && e.contains("run `kiln tune` again"),
        "{e}"
    );
    let out = kiln(&format!("tune {NETWORK}"), dir.path());
    let note = String::from_utf8(out.stderr).unwrap();
    assert!(
        out.status.success() && note.contains("earlier run is replaced"),
        "{note}"
    );
    assert!(shaders(&train).starts_with("tuned, "));
}

/// Nothing is passed over.
#[test]
fn mistakes_are_explained() {
    let dir = folder();
    for (args, hint) in [
        ("tune --device cpu", "nothing to tune"),
        ("tune --workload w3 --batch-size 4", "cannot be used with"),
        ("tune --workload w5", "expected w1, w2, w3 or w4"),
        ("train --device cpu --tuning t.json", "runs no shaders"),
        ("train --device software --tuning t.json", "t.json"),
        (
            "bench kernels --device software --tuning \"\"",
            "expected auto, built-in",
        ),
    ] {
        let e = refusal(args, dir.path(), 2);
        assert!(e.contains(hint), "kiln {args}: {e}");
    }
}
