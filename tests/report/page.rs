//! The page: whole, escaped, in need of nothing; and as a browser shows it, where there is one.

use std::{env, fs, path::Path, process::Command};

use kiln::{
    report::{
        html::{Confusion, Cost, Picture, RunReport, Sample, Setting, page},
        plots::Drawn,
    },
    schedule::{Run, Spec},
};

use super::{rows, skipped};

const CLASSES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

/// A report with every section, as of a run on Fashion-MNIST.
fn report() -> RunReport {
    let spec: Spec = "warmup(300) then cosine(to=1e-5)".parse().unwrap();
    let run = Run {
        updates: Some(3000),
        ..Run::new(0.0371)
    };
    let schedule = spec.resolve(&run).unwrap();
    let mut rows = rows(3000);
    for u in &mut rows.updates {
        u.lr = schedule.at(u.step);
    }
    let setting = |key: &str, value: &str, is_default| Setting {
        key: key.into(),
        value: value.into(),
        is_default,
    };
    let count = |row: usize, column: usize| match (row, column) {
        _ if row == column => 900 - 20 * row as u64,
        (0 | 2 | 4, 6) | (6, 0 | 2 | 4) => 55,
        _ if (row * 7 + column * 3).is_multiple_of(4) => (row + column) as u64,
        _ => 0,
    };
    let sample = |i: u32| Sample {
        label: CLASSES[i as usize % 10].into(),
        predicted: CLASSES[i as usize * 3 % 10].into(),
        probability: 0.999 - 0.03 * f64::from(i),
        loss: 9.0 - 0.5 * f64::from(i),
        picture: Some(Picture {
            channels: 1,
            height: 28,
            width: 28,
            pixels: (0..28 * 28)
                .map(|p| ((p % 28) * 5 + (p / 28) * 4 + i * 10) as u8)
                .collect(),
        }),
    };
    let cost = |op: &str, shapes: &str, flops, bytes| Cost {
        op: op.into(),
        shapes: shapes.into(),
        flops,
        bytes,
    };
    RunReport {
        name: "lenet-1".into(),
        summary: vec![
            "LeNet on Fashion-MNIST, 60,000 samples for training and 10,000 for evaluation".into(),
            "5 epochs of 600 updates in 14.2 s".into(),
        ],
        settings: vec![
            setting("data", "fashion-mnist", false),
            setting("model", "lenet", false),
            setting("schedule", "warmup(300) then cosine(to=1e-5)", false),
            setting("batch-size", "100", true),
            setting("optimizer", "SGD(momentum=0.9)", true),
        ],
        environment: vec![
            ("adapter".into(), "llvmpipe (LLVM 15.0.6, 256 bits)".into()),
            ("driver".into(), "Mesa 22.3.6".into()),
            ("kiln".into(), "0.1.0".into()),
        ],
        rows,
        schedule: Some(Drawn::of(schedule.to_string(), &schedule, 3000)),
        confusion: Some(Confusion {
            classes: CLASSES.map(String::from).into(),
            counts: (0..10)
                .map(|r| (0..10).map(|c| count(r, c)).collect())
                .collect(),
        }),
        worst: (0..12).map(sample).collect(),
        cost: vec![
            cost("gather_bytes", "100 of 60000 × 784", 0, 392_400),
            cost(
                "conv2d",
                "100 × 1 × 28 × 28, 6 of 5 × 5, ReLU",
                23_520_000,
                2_195_824,
            ),
            cost(
                "matmul",
                "100 × 400 by 400 × 120, bias, ReLU",
                9_600_000,
                400_480,
            ),
            cost("sgd", "61706", 370_236, 1_234_120),
        ],
        judged: "validation split, best weights, after 2700 updates".into(),
        notes: vec!["lint: the warm-up takes 10% of the run".into()],
    }
}

#[test]
fn a_page_has_every_section() {
    let page = page(&report());
    for section in [
        "<h1>lenet-1</h1>",
        "in 14.2 s",
        "Best accuracy",
        "<h2>Loss</h2>",
        "<h2>Accuracy</h2>",
        "<h2>Learning rate</h2>",
        "Joints",
        "<h2>Confusion <span class=\"of\">validation split, best weights, after 2700 updates</span></h2>",
        "evaluation, EMA",
        "EMA weights",
        "Ankle boot",
        "Most frequent mistakes",
        "<h2>Highest losses <span class=\"of\">validation split, best weights",
        "<h2>Settings</h2>",
        "2 left at their defaults",
        "llvmpipe",
        "<h2>A training step</h2>",
        "gather_bytes",
        "the warm-up takes 10%",
    ] {
        assert!(page.contains(section), "{section}");
    }
    assert_eq!(page.matches("data:image/png;base64,").count(), 12);
    // What each picture is given in two sizes.
    assert_eq!(page.matches("<svg").count(), 6);
    if let Some(file) = env::var_os("KILN_TEST_PAGE") {
        fs::write(file, page).unwrap();
    }
}

/// What there is none of leaves no heading behind, and nothing fails.
#[test]
fn an_empty_page_is_a_page() {
    let page = page(&RunReport::default());
    assert!(page.contains("</html>") && !page.contains("<h2>") && !page.contains("<svg"));
}

/// Classes whose names would be cut off at the head of a column have numbers, in both directions.
#[test]
fn classes_with_long_names_have_numbers() {
    let mut report = report();
    let short = page(&report);
    assert!(short.contains("<span>Ankle boot</span>") && !short.contains("<b>9</b>"));
    report.confusion.as_mut().unwrap().classes[9] = "a rather long class".into();
    let long = page(&report);
    assert_eq!(long.matches("<b>9</b>").count(), 2);
    assert_eq!(long.matches("title=\"a rather long class\"").count(), 2);
}

/// Nothing is fetched: no scheme but `data:`, no script, no sheet, no import.
#[test]
fn a_page_refers_to_nothing_outside() {
    let page = page(&report()).replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for outside in [
        "http:", "https:", "//", "<script", "<link", "<iframe", "@import", "url(", "href", "srcset",
    ] {
        // Base64 may hold two slashes.
        let found = page
            .split("data:image/png;base64,")
            .enumerate()
            .any(|(i, part)| {
                let text = if i == 0 {
                    part
                } else {
                    part.split_once('"').unwrap().1
                };
                text.contains(outside)
            });
        assert!(!found, "{outside}");
    }
    for (at, _) in page.match_indices("src=") {
        assert!(page[at..].starts_with("src=\"data:image/png;base64,"));
    }
}

/// Whatever a file or a flag held, it stays text.
#[test]
fn what_comes_from_outside_is_escaped() {
    const EVIL: &str = "\"'><script>alert(1)</script><img src=x onerror=y>&";
    let evil = || EVIL.to_string();
    let mut report = report();
    report.name = evil();
    report.summary = vec![evil()];
    report.notes = vec![evil()];
    report.environment = vec![(evil(), evil())];
    report.settings = vec![
        Setting {
            key: evil(),
            value: evil(),
            is_default: true,
        },
        Setting {
            key: evil(),
            value: evil(),
            is_default: false,
        },
    ];
    report.schedule.as_mut().unwrap().text = evil();
    report.confusion.as_mut().unwrap().classes[0] = evil();
    for sample in &mut report.worst {
        (sample.label, sample.predicted) = (evil(), evil());
    }
    (report.cost[0].op, report.cost[0].shapes) = (evil(), evil());
    let page = page(&report);
    assert!(!page.contains("<script") && !page.contains("<img src=x"));
    assert!(page.matches("&lt;script&gt;").count() > 20);
    assert!(!page.contains("\"'>"), "an attribute was left");
}

/// A matrix that is not square and a picture without its pixels leave a gap, not a panic; hundreds
/// of classes are listed by their mistakes.
#[test]
fn what_does_not_fit_is_left_out() {
    let mut wrong = report();
    wrong.confusion.as_mut().unwrap().counts.pop();
    wrong.worst[0].picture.as_mut().unwrap().pixels.pop();
    let text = page(&wrong);
    assert!(!text.contains("Confusion"));
    assert_eq!(text.matches("data:image/png").count(), 11);
    let mut many = report();
    many.confusion = Some(Confusion {
        classes: (0..300).map(|i| format!("class {i}")).collect(),
        counts: (0..300).map(|_| vec![1; 300]).collect(),
    });
    let text = page(&many);
    assert!(
        text.contains("class 0 taken for class 1") && !text.contains("<table class=\"matrix\"")
    );
}

fn chromium() -> Option<String> {
    let named = env::var("KILN_TEST_CHROMIUM").unwrap_or_else(|_| "chromium".into());
    let out = Command::new(&named).arg("--version").output();
    let there = out.is_ok_and(|out| out.status.success());
    if !there {
        let why =
            format!("there is no {named}; install Chromium or name it with KILN_TEST_CHROMIUM");
        skipped("report::page::a_browser_shows_the_page", &why);
    }
    there.then_some(named)
}

fn browse(chromium: &str, dir: &Path, flags: &[&str]) -> Vec<u8> {
    let out = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ])
        .arg(format!("--user-data-dir={}", dir.join("profile").display()))
        .args(flags)
        .arg(format!("file://{}", dir.join("report.html").display()))
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    out.stdout
}

/// A browser finds a page without errors in it, and draws something, wide and narrow.
#[test]
fn a_browser_shows_the_page() {
    let Some(chromium) = chromium() else { return };
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("report.html"), page(&report())).unwrap();
    let dom = String::from_utf8(browse(&chromium, dir.path(), &["--dump-dom"])).unwrap();
    assert!(dom.contains("<h2>A training step</h2>") && dom.contains("Written by kiln"));
    // What a browser mends, it moves: the tree still has what was written, in its place.
    assert_eq!(
        dom.matches("<section").count(),
        dom.matches("</section>").count()
    );
    assert_eq!(dom.matches("<svg").count(), 6);
    for width in [1200, 400] {
        let file = dir.path().join(format!("{width}.png"));
        let shot = format!("--screenshot={}", file.display());
        browse(
            &chromium,
            dir.path(),
            &[&shot, &format!("--window-size={width},900")],
        );
        let picture = image::open(&file).unwrap().to_rgb8();
        let colours: std::collections::BTreeSet<_> = picture.pixels().map(|p| p.0).collect();
        assert_eq!(picture.height(), 900);
        assert!(colours.len() > 100, "{} colours at {width}", colours.len());
    }
}
