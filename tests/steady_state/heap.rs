//! Who allocates: every block of the global allocator with its stack, by way of dhat.

use std::fs;

use serde_json::Value;

use super::Counts;

#[global_allocator]
static HEAP: dhat::Alloc = dhat::Alloc;

/// The owner of what kiln allocates.
pub const KILN: &str = "kiln";

/// The owner of a block whose stack names neither kiln nor any of those below, so that no step has
/// asked for it: the test harness, which says after a minute that a test takes long.
const ELSEWHERE: &str = "elsewhere";

/// Libraries whose calls may allocate for themselves. A block belongs to them if one of them
/// stands between the allocator and kiln's innermost function. Any other library is a tool in
/// kiln's hand, and what it allocates is kiln's.
const MACHINES: [&str; 8] = [
    "wgpu",
    "wgpu_core",
    "wgpu_hal",
    "wgpu_types",
    "rayon",
    "rayon_core",
    "crossbeam_deque",
    "crossbeam_epoch",
];

/// Blocks that are allocated or grown on any thread while `f` runs, by owner. Stacks go to standard
/// output, which a failing test shows.
pub fn during(f: impl FnOnce()) -> Counts {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("heap.json");
    let profiler = dhat::Profiler::builder()
        .file_name(&path)
        .trim_backtraces(Some(usize::MAX))
        .build();
    f();
    drop(profiler);
    let profile: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut owners = Counts::new();
    for point in profile["pps"].as_array().unwrap() {
        let frames = point["fs"].as_array().unwrap().iter();
        let frames = frames.map(|i| profile["ftbl"][i.as_u64().unwrap() as usize].as_str());
        let stack: Vec<&str> = frames.map(Option::unwrap).collect();
        let owner = owner(&stack);
        if [KILN, ELSEWHERE].contains(&owner) {
            println!("{owner} allocates:\n  {}", stack.join("\n  "));
        }
        if owner == ELSEWHERE {
            continue;
        }
        *owners.entry(owner.to_string()).or_default() += point["tbk"].as_u64().unwrap();
    }
    owners
}

/// Of a stack, innermost frame first.
fn owner<'a>(stack: &[&'a str]) -> &'a str {
    let mut crates = stack.iter().map(|frame| library(frame));
    let owner = crates.find(|name| *name == KILN || MACHINES.contains(name));
    owner.unwrap_or(ELSEWHERE)
}

/// The crate of `0x1234: <kiln::a::B as core::c::D>::e (src/a.rs:1:2)`.
fn library(frame: &str) -> &str {
    let function = frame
        .split_once(": ")
        .map_or(frame, |(_, function)| function);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let path = function.trim_start_matches(|c| !is_word(c));
    path.split(|c| !is_word(c)).next().unwrap_or_default()
}

/// The rules above, on stacks made up.
pub fn stacks_have_owners() {
    let alloc = "0x1: alloc::vec::Vec<T>::with_capacity (src/vec.rs:1:2)";
    let kiln = "0x2: <kiln::exec::cpu::Cpu as kiln::exec::Executor>::run (src/exec/cpu.rs:3:4)";
    let json = "0x3: serde_json::to_string";
    let wgpu = "0x4: wgpu_core::device::queue::submit";
    for (stack, want) in [
        (vec![alloc, kiln, wgpu], KILN),
        (vec![alloc, json, kiln], KILN),
        (vec![alloc, wgpu, kiln], "wgpu_core"),
        (vec![alloc, json], ELSEWHERE),
    ] {
        assert_eq!(owner(&stack), want, "{stack:?}");
    }
}
