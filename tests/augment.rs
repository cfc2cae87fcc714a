//! Changes of training images: pure, as likely as they should be, none where none is asked for, and the
//! same in a run that is entered in the middle of an epoch.

use std::collections::BTreeMap;

use kiln::{
    ops::{
        Hyper, as_words,
        augment_bytes::{Dims, Picture},
    },
    rng::{Purpose, Rng},
    train::{Augment, Erase, picture_key},
};

use crate::{
    cli::{folder, refusal, success},
    common::{Case, compare, words},
    ops::op,
};

/// Images of 12×10 pixels.
const SIZE: [u32; 2] = [12, 10];

fn dims(padding: u32, flip: f64, erase: f64, sizes: u32) -> Dims {
    let of_2_31 = |p: f64| (p * f64::from(1u32 << 31)) as u32;
    Dims {
        rows: 40,
        channels: 2,
        h: SIZE[0],
        w: SIZE[1],
        padding_h: padding,
        padding_w: padding,
        flip: of_2_31(flip),
        erase: of_2_31(erase),
        sizes,
    }
}

/// A launch on random images with an epoch's key.
fn case(name: &str, dims: Vec<u32>, sizes: &[u32], key: [u32; 2]) -> Case {
    let mut rng = Rng::new(5, Purpose::Test, 0);
    let bytes: Vec<u8> = (0..40 * 240).map(|_| rng.below(256) as u8).collect();
    let hyper = Hyper {
        picture_key: key,
        ..Hyper::default()
    };
    let order: Vec<u32> = (0..40).rev().collect();
    let mut table = rng.floats(512);
    table.extend_from_slice(as_words(sizes));
    let reads = vec![
        bytemuck::cast_slice(&[hyper]).to_vec(),
        as_words(&order).to_vec(),
        bytemuck::pod_collect_to_vec(&bytes),
        table,
    ];
    Case::given(op(name), dims, reads)
}

/// With nothing to change, pictures are what gathering alone gives; every change shows.
#[test]
fn nothing_asked_for_changes_nothing() {
    let plain = [40u32, 2, 120].to_vec();
    let plain = case("gather_bytes", plain, &[], [1, 2]);
    let want = plain.on_host(plain.op.cpu).remove(0);
    let changed = |padding, flip, erase| {
        let sizes = [3 << 16 | 4];
        let case = case(
            "augment_bytes",
            words(dims(padding, flip, erase, 1)),
            &sizes,
            [1, 2],
        );
        let [twin, fast] = [case.op.cpu, case.op.fast].map(|run| case.on_host(run).remove(0));
        compare(&twin, &fast, 0.0, 0.0).unwrap();
        twin
    };
    assert!(changed(0, 0.0, 0.0) == want);
    assert!(changed(1, 0.0, 0.0) != want);
    assert!(changed(0, 0.5, 0.0) != want);
    assert!(changed(0, 0.0, 0.5) != want);
    // Twice mirrored is not mirrored.
    let lines = |pixels: &[f32]| -> Vec<f32> {
        let lines = pixels.chunks(SIZE[1] as usize);
        lines.flat_map(|line| line.iter().rev().copied()).collect()
    };
    assert!(lines(&changed(0, 1.0, 0.0)) == want);
}

/// The fast path and the twin agree for any padding, also one as large as the image.
#[test]
fn any_padding_is_alike() {
    for padding in [1, 2, 5, 9, 10, 12] {
        for flip in [0.0, 0.5] {
            let dims = words(dims(padding, flip, 0.3, 2));
            let case = case("augment_bytes", dims, &[2 << 16 | 9, 11 << 16 | 1], [7, 9]);
            case.judge(&case.on_host(case.op.fast)).unwrap();
        }
    }
}

/// A picture is a function of seed, epoch and sample: the same again, others for others.
#[test]
fn pictures_are_pure() {
    let d = dims(3, 0.5, 0.5, 3);
    let sizes = [2 << 16 | 3, 4 << 16 | 2, 5 << 16 | 5];
    let pictures = |seed, epoch| -> Vec<Picture> {
        let key = picture_key(seed, epoch);
        (0..500)
            .map(|sample| Picture::of(&d, key, sample, &sizes))
            .collect()
    };
    assert_eq!(pictures(1, 2), pictures(1, 2));
    let same = |a: Vec<Picture>, b: Vec<Picture>| a.iter().zip(&b).filter(|(a, b)| a == b).count();
    // 49 crops, two directions, and half of them without a rectangle: one in two hundred is alike.
    assert!(same(pictures(1, 2), pictures(1, 3)) < 20);
    assert!(same(pictures(1, 2), pictures(2, 2)) < 20);
    let [mut a, b] = [pictures(1, 2), pictures(1, 2)];
    a.rotate_left(1);
    assert!(same(a, b) < 20);
}

/// Every crop, direction and rectangle is as likely as it should be, over samples and over epochs.
#[test]
fn pictures_are_as_likely_as_they_should_be() {
    let d = dims(2, 0.3, 0.7, 4);
    let sizes = [1 << 16 | 1, 2 << 16 | 3, 11 << 16 | 9, 4 << 16 | 4];
    let draws = 40_000;
    for over_epochs in [false, true] {
        let picture = |i: u32| {
            let (epoch, sample) = if over_epochs { (i, 11) } else { (3, i) };
            Picture::of(&d, picture_key(9, epoch.into()), sample, &sizes)
        };
        let mut counts: BTreeMap<(&str, [u32; 2]), u32> = BTreeMap::new();
        let mut both = 0;
        for i in 0..draws {
            let p = picture(i);
            *counts.entry(("crop", p.crop)).or_default() += 1;
            *counts.entry(("flip", [p.flip as u32, 0])).or_default() += 1;
            *counts
                .entry(("erase", [p.erase.is_some() as u32, 0]))
                .or_default() += 1;
            both += u32::from(p.flip && p.erase.is_some());
            if let Some([top, left, h, w]) = p.erase {
                assert!(top + h <= SIZE[0] && left + w <= SIZE[1]);
                *counts.entry(("size", [h, w])).or_default() += 1;
                if [h, w] == [11, 9] {
                    *counts.entry(("place", [top, left])).or_default() += 1;
                }
            }
        }
        let expect = |what: &'static str, key: [u32; 2], p: f64| {
            let got = f64::from(counts.get(&(what, key)).copied().unwrap_or(0));
            let (want, n) = (f64::from(draws) * p, f64::from(draws));
            let deviation = (n * p * (1.0 - p)).sqrt();
            assert!(
                (got - want).abs() < 4.5 * deviation,
                "{what} {key:?}: {got} of {want}"
            );
        };
        for y in 0..5 {
            (0..5).for_each(|x| expect("crop", [y, x], 1.0 / 25.0));
        }
        expect("flip", [1, 0], 0.3);
        expect("erase", [1, 0], 0.7);
        sizes
            .iter()
            .for_each(|s| expect("size", [s >> 16, s & 0xffff], 0.7 / 4.0));
        for place in [[0, 0], [0, 1], [1, 0], [1, 1]] {
            expect("place", place, 0.7 / 16.0);
        }
        let want = 0.21 * f64::from(draws);
        assert!(
            (f64::from(both) - want).abs() < 4.5 * want.sqrt(),
            "{both} of {want}"
        );
    }
}

/// kiln's words, torchvision's, and back; what is wrong is said where it is.
#[test]
fn changes_are_read_and_printed() {
    let own = "crop(padding=2) flip erase(p=0.25, scale=(0.02, 0.2))";
    let torch = "transforms.RandomCrop(28, padding=2) RandomHorizontalFlip() \
                 torchvision.transforms.v2.RandomErasing(0.25, (0.02, 0.2), ratio=(0.3, 3.3))";
    let want = Augment {
        padding: [2, 2],
        flip: 0.5,
        erase: Some(Erase {
            p: 0.25,
            scale: [0.02, 0.2],
        }),
    };
    for text in [own, torch, &want.to_string()] {
        assert_eq!(Augment::parse(text, [28, 28]).unwrap(), want, "{text}");
    }
    let wide = Augment::parse("crop((3, 1))", [28, 28]).unwrap();
    assert_eq!(wide.padding, [1, 3], "torch's pairs: left and right first");
    for (text, hint) in [
        ("cropp(padding=2)", "crop"),
        ("crop", "changes nothing"),
        ("crop(padding=29)", "at most"),
        ("RandomCrop(24, padding=2)", "28×28"),
        ("flip(p=0)", "above 0"),
        ("flip(p=1.5)", "at most 1"),
        ("flip flip", "once"),
        ("erase crop(padding=1)", "order"),
        ("erase(scale=(0.5, 0.2))", "least"),
        ("erase(scale=0.2)", "pair"),
        ("erase(ratio=(1, 2))", "ratio"),
        ("erase(scale=(1, 1), p=1)", "no rectangle"),
        ("", "expected"),
    ] {
        let why = Augment::parse(text, [28, 28]).unwrap_err().to_string();
        assert!(why.contains(hint), "{text}: {why}");
    }
}

/// Changed pictures are learnt from and evaluated as they are; the seed decides; what has none is
/// refused.
#[test]
fn runs_change_their_pictures() {
    let dir = folder();
    let train = |name: &str, more: &str| {
        let args = format!("train --device cpu --limit 300 --epochs 3 --out {name} --quiet {more}");
        success(&args, dir.path());
        std::fs::read(dir.path().join(name).join("model.safetensors")).unwrap()
    };
    let changes = "--augment \"crop(padding=1) erase(p=0.3)\"";
    let plain = train("plain", "");
    let a = train("a", changes);
    assert!(a == train("b", changes) && a != plain);
    let refused = |args: &str| refusal(&format!("train --device cpu {args}"), dir.path(), 2);
    assert!(refused("--data line --augment flip").contains("no effect"));
    assert!(refused("--augment flap").contains("flip"));
}

/// The sizes that rectangles have are torch's: areas evenly, ratios evenly by their logarithm.
#[test]
fn rectangles_have_torchs_sizes() {
    let data = kiln::data::load("digits", &Default::default()).unwrap();
    let config = kiln::train::Config {
        augment: Some(Augment::parse("erase(p=1, scale=(0.1, 0.3))", [8, 8]).unwrap()),
        ..Default::default()
    };
    let network = kiln::model::Model::parse("mlp", &data.shape, 10).unwrap();
    let network = network.fit(&data.shape, 10).unwrap();
    let session = kiln::train::Session::record(&network, &data, &config).unwrap();
    let uses = |name: &str, op: &str| {
        let program = session.plan.program(name).unwrap();
        let mut dispatches = session.plan.dispatches[program.range.clone()].iter();
        dispatches.any(|d| d.op.name == op)
    };
    assert!(uses("train", "augment_bytes") && !uses("train", "gather_bytes"));
    assert!(uses("eval", "gather_bytes") && !uses("eval", "augment_bytes"));
    let sizes = session.rectangles();
    assert!(sizes.len() > 3000);
    let mean = sizes
        .iter()
        .map(|s| f64::from((s >> 16) * (s & 0xffff)))
        .sum::<f64>();
    let mean = mean / sizes.len() as f64 / 64.0;
    assert!((mean - 0.2).abs() < 0.02, "a share of {mean}");
    let ratio = sizes
        .iter()
        .map(|s| (f64::from(s >> 16) / f64::from(s & 0xffff)).ln());
    let ratio = ratio.sum::<f64>() / sizes.len() as f64;
    assert!(ratio.abs() < 0.1, "a mean logarithm of {ratio}");
}
