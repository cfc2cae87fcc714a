//! What kiln's models need of an adapter, and what it has.

use super::{Check, Verdict};
use crate::device::Description;

/// What every kernel keeps to, the defaults of WebGPU on older devices: invocations and bytes of a workgroup.
const INVOCATIONS: u32 = 256;
const WORKGROUP_BYTES: u32 = 16_352;
/// Storage buffers that a kernel may bind, in WebGPU's downlevel defaults.
const STORAGE_BUFFERS: u32 = 4;
/// Bytes of WebGPU's smallest largest binding.
const BINDING: u64 = 128 << 20;

/// Limits against needs. A small binding bounds models and data; `kiln train` refuses what does not fit.
pub(super) fn checks(d: &Description) -> Vec<Check> {
    let few = [
        ("invocations of a workgroup", d.max_invocations, INVOCATIONS),
        (
            "bytes of workgroup memory",
            d.workgroup_memory,
            WORKGROUP_BYTES,
        ),
        (
            "storage buffers of a kernel",
            d.storage_buffers,
            STORAGE_BUFFERS,
        ),
    ];
    let short: Vec<String> = few
        .iter()
        .filter(|(_, has, needs)| has < needs)
        .map(|(what, has, needs)| format!("{has} {what}, needed are {needs}"))
        .collect();
    let held = format!(
        "workgroups of {} with {} KiB, {} storage buffers, bindings of {} MiB",
        d.max_invocations,
        d.workgroup_memory >> 10,
        d.storage_buffers,
        d.max_binding >> 20
    );
    let fault = (!short.is_empty()).then(|| short.join("; "));
    let mut checks = vec![Check::of("limits", held, fault)];
    if d.max_binding < BINDING {
        checks.push(Check {
            verdict: Verdict::Note,
            ..Check::of(
                "bindings",
                format!(
                    "only {} MiB at a time: a data set or a layer that needs more is refused",
                    d.max_binding >> 20
                ),
                None,
            )
        });
    }
    checks
}
