//! The programs that judge what naga wrote: `spirv-val`, `glslangValidator`, DXC and Tint. A judge
//! that is not here fails its tests, unless `KILN_TEST_WITHOUT` names it: `"dxc tint"`.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rayon::prelude::*;

use crate::report::skipped;

/// What a judge says of each file: nothing if it takes it.
pub type Verdicts = Vec<Option<String>>;

fn run(command: &mut Command) -> Result<Output, String> {
    command.output().map_err(|e| format!("{command:?}: {e}"))
}

fn said(out: &Output) -> String {
    [&out.stdout, &out.stderr]
        .map(|text| String::from_utf8_lossy(text))
        .concat()
}

/// Whether the judge called `name` can be asked, as `command` shows.
fn is_here(name: &str, command: &mut Command) -> bool {
    let why = match run(command) {
        Ok(out) if out.status.success() => return true,
        Ok(out) => said(&out),
        Err(why) => why,
    };
    let without = env::var("KILN_TEST_WITHOUT").unwrap_or_default();
    let waived = without.split_whitespace().any(|word| word == name);
    assert!(
        waived,
        "there is no {name}: run `scripts/test`, which installs it, or set KILN_TEST_WITHOUT to \
         the names of judges to do without ({why})"
    );
    skipped("backends", &format!("KILN_TEST_WITHOUT names {name}"));
    false
}

/// Asks about one file after the other.
fn one_by_one(files: &[PathBuf], command: impl Fn(&Path) -> Command + Sync) -> Verdicts {
    let judged = files.par_iter().map(|file| {
        let out = run(&mut command(file)).unwrap_or_else(|why| panic!("{why}"));
        (!out.status.success()).then(|| said(&out))
    });
    judged.collect()
}

/// Asks scripts that take many files and answer each with a line of JSON.
fn in_parts(files: &[PathBuf], command: impl Fn() -> Command + Sync) -> Verdicts {
    // More parts than cores, as some take longer.
    let judged = files.par_chunks(files.len().div_ceil(8)).flat_map(|part| {
        let out = run(command().args(part)).unwrap_or_else(|why| panic!("{why}"));
        let lines = String::from_utf8_lossy(&out.stdout);
        let verdicts: Result<Verdicts, _> = lines.lines().map(serde_json::from_str).collect();
        let verdicts = verdicts.unwrap_or_else(|e| panic!("{e}: {}", said(&out)));
        assert_eq!(verdicts.len(), part.len(), "{}", said(&out));
        verdicts
    });
    judged.collect()
}

/// Khronos's validator of SPIR-V, for an environment such as `vulkan1.1`.
pub fn spirv_val(environment: &str, files: &[PathBuf]) -> Option<Verdicts> {
    let command = || Command::new("spirv-val");
    is_here("spirv-val", command().arg("--version")).then(|| {
        one_by_one(files, |file| {
            let mut command = command();
            command.args(["--target-env", environment]).arg(file);
            command
        })
    })
}

/// Khronos's front end of GLSL.
pub fn glslang(files: &[PathBuf]) -> Option<Verdicts> {
    let command = || {
        let mut command = Command::new("glslangValidator");
        command.args(["-S", "comp"]);
        command
    };
    let about = |files: &[PathBuf]| {
        let mut command = command();
        command.args(files);
        command
    };
    is_here("glslang", command().arg("--version")).then(|| {
        // It takes longer to start than to read a file.
        let parts = files.par_chunks(files.len().div_ceil(8));
        let judged = parts.flat_map(|part| match run(&mut about(part)) {
            Ok(out) if out.status.success() => vec![None; part.len()],
            _ => one_by_one(part, |file| about(&[file.to_path_buf()])),
        });
        judged.collect()
    })
}

fn script(program: String, name: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(root().join("tests/backends").join(name));
    command
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What `scripts/test` installed, or what a variable of the environment names instead.
fn installed(variable: &str, path: &str) -> PathBuf {
    let named = env::var_os(variable).map(PathBuf::from);
    named.unwrap_or_else(|| root().join("target/validators").join(path))
}

/// Microsoft's compiler of HLSL, for a shader model and with options: `cs_6_0 -Od`.
pub fn dxc(target: &str, files: &[PathBuf]) -> Option<Verdicts> {
    let command = || {
        let python = env::var("KILN_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
        let mut command = script(python, "dxc.py");
        let library = installed("KILN_TEST_DXC", "libdxcompiler.so");
        command.arg(library).arg(target);
        command
    };
    is_here("dxc", &mut command()).then(|| in_parts(files, command))
}

/// Chromium's compiler of WGSL, with WebGPU's default limits.
pub fn tint(files: &[PathBuf]) -> Option<Verdicts> {
    let command = || {
        let mut command = script("node".into(), "tint.mjs");
        command.arg(installed("KILN_TEST_WEBGPU", "node_modules/webgpu"));
        command
    };
    is_here("tint", &mut command()).then(|| in_parts(files, command))
}
