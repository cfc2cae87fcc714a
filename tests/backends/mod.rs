//! Every shader for every backend: what naga makes of it with wgpu's options is judged by the programs
//! that know the languages. The files are kept, to be looked at: see `folder`.

mod judges;
mod snapshots;
mod texts;
mod translate;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use kiln::reflect::{Access, Reflection};
use naga::back::hlsl::ShaderModel;
use rayon::prelude::*;
use wgpu::Limits;
use xxhash_rust::xxh3::xxh3_64;

use judges::Verdicts;
use texts::Text;
use translate::Shader;

/// A text that was translated.
struct Translated {
    text: Text,
    reflection: Reflection,
    workgroup: [u32; 3],
    /// A digest of its MSL.
    msl: u64,
}

/// Where translations lie: `NAME.spv`, …
fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("backends")
}

/// Every text, translated once for all tests.
fn all() -> &'static [Translated] {
    static ALL: OnceLock<Vec<Translated>> = OnceLock::new();
    ALL.get_or_init(|| {
        fs::create_dir_all(folder()).unwrap();
        let texts = texts::all().into_par_iter();
        texts.map(Translated::new).collect()
    })
}

impl Translated {
    fn new(text: Text) -> Translated {
        let name = format!("{} {}", text.shader, text.settings);
        let shader = Shader::new(&text.wgsl).unwrap_or_else(|e| panic!("{name}: {e}"));
        let write = |language: &str, translation: Result<Vec<u8>, String>| {
            let bytes = translation.unwrap_or_else(|e| panic!("{name} as {language}: {e}"));
            fs::write(text.file(language), &bytes).unwrap();
            bytes
        };
        write("spv", shader.spirv(translate::OLDEST));
        write("newest.spv", shader.spirv(translate::NEWEST));
        write("hlsl", shader.hlsl(ShaderModel::V6_0).map(Vec::from));
        let msl = write("metal", shader.msl(translate::OLDEST_MSL).map(Vec::from));
        if text.is_plain() {
            write("comp", shader.glsl().map(Vec::from));
        }
        if !text.has_int64() {
            write("wgsl", Ok(text.for_browsers().into()));
        }
        Translated {
            workgroup: shader.workgroup(),
            reflection: shader.reflection,
            msl: xxh3_64(&msl),
            text,
        }
    }
}

impl Text {
    fn file(&self, language: &str) -> PathBuf {
        folder().join(format!("{}.{language}", self.stem))
    }
}

/// Fails with what a judge says of the files that it refuses.
fn demand(files: &[PathBuf], verdicts: Option<Verdicts>) {
    let judged = files.iter().zip(verdicts.into_iter().flatten());
    let refused = judged.filter_map(|(file, why)| Some(format!("{}: {}", file.display(), why?)));
    let refused: Vec<String> = refused.collect();
    let some = refused[..refused.len().min(5)].join("\n");
    assert!(refused.is_empty(), "{} refused:\n{some}", refused.len());
}

fn all_texts() -> impl Iterator<Item = &'static Text> {
    all().iter().map(|t| &t.text)
}

fn files<'t>(language: &str, texts: impl IntoIterator<Item = &'t Text>) -> Vec<PathBuf> {
    let texts = texts.into_iter();
    texts.map(|text| text.file(language)).collect()
}

#[test]
fn spirv_val_takes_every_shader() {
    let old = files("spv", all_texts());
    demand(&old, judges::spirv_val("vulkan1.1", &old));
    let new = files("newest.spv", texts::few(all_texts()));
    demand(&new, judges::spirv_val("vulkan1.3", &new));
}

#[test]
fn glslang_takes_every_shader() {
    let plain = files("comp", all_texts().filter(|text| text.is_plain()));
    demand(&plain, judges::glslang(&plain));
}

/// All texts would take minutes: those that have every value of every setting are compiled as wgpu does for
/// debugging, the shortest of each shader with optimisations.
#[test]
fn dxc_takes_every_shader() {
    let few = files("hlsl", texts::few(all_texts()));
    demand(&few, judges::dxc("cs_6_0 -Od", &few));
    let shortest = files("hlsl", texts::shortest(all_texts()));
    demand(&shortest, judges::dxc("cs_6_6", &shortest));
}

#[test]
fn tint_takes_every_shader() {
    let known = files("wgsl", all_texts().filter(|text| !text.has_int64()));
    demand(&known, judges::tint(&known));
}

/// The judges above see one version of a language; drivers of others are given the same.
#[test]
fn versions_of_a_language_are_alike() {
    texts::few(all_texts()).par_iter().for_each(|text| {
        let shader = Shader::new(&text.wgsl).unwrap();
        let hlsl = |model| shader.hlsl(model).unwrap();
        let others = [ShaderModel::V6_2, ShaderModel::V6_6, ShaderModel::V6_9];
        let fxc = text.is_plain().then_some(ShaderModel::V5_1);
        for model in others.into_iter().chain(fxc) {
            assert!(
                hlsl(model) == hlsl(ShaderModel::V6_0),
                "{} {model:?}",
                text.stem
            );
        }
        // The first line names the version.
        let msl = |version| {
            let text = shader.msl(version).unwrap();
            text.split_once('\n').unwrap().1.to_string()
        };
        let oldest = msl(translate::OLDEST_MSL);
        for version in [(3, 0), (4, 0)] {
            assert!(msl(version) == oldest, "{} {version:?}", text.stem);
        }
    });
}

/// Every text declares what its kernel does.
#[test]
fn variants_declare_what_their_kernels_do() {
    let of = |t: &Translated| (t.text.op.name, t.reflection.bindings.clone());
    let portable: BTreeMap<_, _> = all().iter().map(of).take(kiln::ops::ALL.len()).collect();
    for t in all() {
        let (op, bindings) = of(t);
        assert_eq!(
            bindings, portable[op],
            "{} {}",
            t.text.shader, t.text.settings
        );
    }
}

/// What is beyond the limits that every WebGPU device has.
fn beyond_limits(reflection: &Reflection, workgroup: [u32; 3]) -> Option<String> {
    let most = Limits::downlevel_defaults(); // what kiln asks for
    let uniforms = reflection.bindings.iter();
    let uniforms = uniforms.filter(|b| b.access == Access::Uniform);
    let count = uniforms.clone().count();
    let storage = reflection.bindings.len() - count;
    let [x, y, z] = workgroup;
    [
        ("x", x, most.max_compute_workgroup_size_x),
        ("y", y, most.max_compute_workgroup_size_y),
        ("z", z, most.max_compute_workgroup_size_z),
        (
            "invocations",
            x * y * z,
            most.max_compute_invocations_per_workgroup,
        ),
        (
            "workgroup memory",
            reflection.workgroup_memory,
            most.max_compute_workgroup_storage_size,
        ),
        (
            "storage buffers",
            storage as u32,
            most.max_storage_buffers_per_shader_stage,
        ),
        (
            "uniform buffers",
            count as u32,
            most.max_uniform_buffers_per_shader_stage,
        ),
        (
            "uniform buffer's bytes",
            uniforms.map(|b| b.size).max().unwrap_or(0),
            most.max_uniform_buffer_binding_size as u32,
        ),
    ]
    .into_iter()
    .find(|(_, has, most)| has > most)
    .map(|(what, has, most)| format!("{what}: {has} of {most}"))
}

#[test]
fn every_pipeline_keeps_within_default_limits() {
    for t in all() {
        let beyond = beyond_limits(&t.reflection, t.workgroup);
        assert_eq!(beyond, None, "{} {}", t.text.shader, t.text.settings);
    }
}

#[test]
fn limits_are_seen() {
    let storage = |n: u32| {
        let buffer = |i| format!("@group(0) @binding({i}) var<storage> b{i}: array<f32>;\n");
        (0..n).map(buffer).collect::<String>()
    };
    let main = |size| format!("@compute @workgroup_size({size}) fn main() {{}}");
    let memory = |n| format!("var<workgroup> m: array<f32, {n}>;\n{}", main("1"));
    for (wgsl, want) in [
        (storage(4) + &main("256"), None),
        (storage(5) + &main("1"), Some("storage buffers: 5 of 4")),
        (main("257"), Some("x: 257 of 256")),
        (main("1, 257"), Some("y: 257 of 256")),
        (main("1, 1, 65"), Some("z: 65 of 64")),
        (main("32, 9"), Some("invocations: 288 of 256")),
        (memory(4088), None),
        (memory(4089), Some("workgroup memory: 16356 of 16352")),
    ] {
        let shader = Shader::new(&wgsl).unwrap();
        let beyond = beyond_limits(&shader.reflection, shader.workgroup());
        assert_eq!(beyond.as_deref(), want, "{wgsl}");
    }
}

/// A judge that takes everything proves nothing.
#[test]
fn judges_refuse_what_is_broken() {
    let dir = tempfile::tempdir().unwrap();
    let sound = all().iter().find(|t| t.text.stem == "relu").unwrap();
    let broken = |language: &str, from: &str, to: &str| {
        let text = fs::read_to_string(sound.text.file(language)).unwrap();
        let changed = text.replacen(from, to, 1);
        assert_ne!(text, changed, "{from}");
        let file = dir.path().join(format!("broken.{language}"));
        fs::write(&file, changed).unwrap();
        [sound.text.file(language), file]
    };
    let refused = |verdicts: Option<Verdicts>, want: &str| {
        let Some(verdicts) = verdicts else { return };
        let [sound, broken] = &verdicts[..] else {
            panic!("{verdicts:?}")
        };
        assert_eq!(*sound, None);
        let why = broken.as_deref().expect(want);
        assert!(why.contains(want), "{why}");
    };

    let mut spirv = fs::read(sound.text.file("spv")).unwrap();
    spirv[12] = 5; // the bound of ids, in the header's fourth word
    let file = dir.path().join("broken.spv");
    fs::write(&file, spirv).unwrap();
    let files = [sound.text.file("spv"), file];
    refused(judges::spirv_val("vulkan1.1", &files), "bound");

    let files = broken("comp", "uint ", "vec4 ");
    refused(judges::glslang(&files), "ERROR");

    let files = broken("hlsl", "uint ", "uint4 nothing, ");
    refused(judges::dxc("cs_6_0", &files), "error");

    // naga lets it pass.
    let files = broken("wgsl", "y[i] =", "workgroupBarrier(); y[i] =");
    Shader::new(&fs::read_to_string(&files[1]).unwrap()).unwrap();
    refused(judges::tint(&files), "uniform control flow");
}
