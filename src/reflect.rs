//! What the WGSL itself says about a kernel: the one source of truth for layouts and launches.

use naga::{AddressSpace, Expression, Literal, Module, StorageAccess, TypeInner};

use crate::kernel::Launch;

/// How a binding is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A uniform.
    Uniform,
    /// Storage that is only read.
    Read,
    /// Storage that is written.
    Write,
}

/// One `@binding`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The variable's name.
    pub name: String,
    /// How it is used.
    pub access: Access,
    /// Bytes of the type; 0 for an array without a length.
    pub size: u32,
}

/// A kernel's declarations.
#[derive(Clone, Debug)]
pub struct Reflection {
    /// Invocations of a workgroup.
    pub workgroup: u32,
    /// Bindings in order; `dims` first.
    pub bindings: Vec<Binding>,
    /// Bytes of workgroup memory.
    pub workgroup_memory: u32,
    constants: Vec<(String, u32)>,
}

/// Parses a kernel's WGSL.
///
/// # Errors
/// naga's message with the line it is about.
pub fn reflect(wgsl: &str) -> Result<Reflection, String> {
    let module = naga::front::wgsl::parse_str(wgsl).map_err(|e| e.emit_to_string(wgsl))?;
    reflect_module(&module)
}

/// The same of what was parsed.
///
/// # Errors
/// If there is not one entry point.
pub fn reflect_module(module: &Module) -> Result<Reflection, String> {
    let [entry] = &module.entry_points[..] else {
        return Err("a kernel has one entry point".into());
    };
    let size = |ty| module.types[ty].inner.size(module.to_ctx());
    let mut bindings = Vec::new();
    let mut workgroup_memory = 0;
    for (_, v) in module.global_variables.iter() {
        let access = match v.space {
            AddressSpace::Uniform => Access::Uniform,
            AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => {
                Access::Write
            }
            AddressSpace::Storage { .. } => Access::Read,
            AddressSpace::WorkGroup => {
                workgroup_memory += size(v.ty);
                continue;
            }
            _ => continue,
        };
        let at = v.binding.as_ref().map_or(u32::MAX, |b| b.binding);
        let size = match module.types[v.ty].inner {
            TypeInner::Array { .. } => 0,
            _ => size(v.ty),
        };
        let name = v.name.clone().unwrap_or_default();
        bindings.push((at, Binding { name, access, size }));
    }
    bindings.sort_by_key(|b| b.0);
    let constants =
        module
            .constants
            .iter()
            .filter_map(|(_, c)| match module.global_expressions[c.init] {
                Expression::Literal(Literal::U32(value)) => Some((c.name.clone()?, value)),
                _ => None,
            });
    Ok(Reflection {
        workgroup: entry.workgroup_size.iter().product(),
        constants: constants.collect(),
        bindings: bindings.into_iter().map(|(_, b)| b).collect(),
        workgroup_memory,
    })
}

/// The most workgroups that one dimension of a launch may have.
const MAX_GROUPS: u64 = 65_535;

impl Reflection {
    /// A `const NAME: u32` of the shader.
    pub fn constant(&self, name: &str) -> Option<u32> {
        let named = self.constants.iter().find(|(n, _)| n == name);
        named.map(|&(_, value)| value)
    }

    /// Workgroups of a launch in x, y and z. Long launches are split over x and y; the kernels
    /// put the linear index together again (`group_index`) and leave if it is beyond the end.
    ///
    /// # Errors
    /// If even that does not hold them all.
    pub fn groups(&self, launch: Launch) -> Result<[u32; 3], String> {
        let tiles = |n: u64, name| {
            let tile = self
                .constant(name)
                .ok_or(format!("the WGSL has no {name}"))?;
            Ok::<u64, String>(n.div_ceil(tile.into()))
        };
        let groups = match launch {
            Launch::Threads(n) => n.div_ceil(self.workgroup.into()),
            Launch::Groups(n) => n,
            Launch::Tiles { rows, cols, batch } => {
                let across = tiles(cols, "TILE_COLS")?;
                tiles(rows, "TILE_ROWS")? * across * batch
            }
        };
        let rows = groups.div_ceil(MAX_GROUPS).max(1);
        if rows > MAX_GROUPS || groups > u32::MAX.into() {
            return Err(format!(
                "{groups} workgroups are more than a launch can hold"
            ));
        }
        let across = groups.div_ceil(rows);
        Ok([across as u32, rows as u32, 1])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::ops;

    /// Every declaration in Rust equals the WGSL: names, order, access, sizes, and the limits
    /// that every WebGPU device has.
    #[test]
    fn declarations_match_the_wgsl() {
        for op in ops::ALL {
            let r = reflect(op.wgsl).unwrap_or_else(|e| panic!("{}: {e}", op.name));
            let found: Vec<&str> = r.bindings.iter().map(|b| b.name.as_str()).collect();
            let declared = ["dims"].iter().chain(op.reads).chain(op.writes);
            assert_eq!(declared.copied().collect::<Vec<_>>(), found, "{}", op.name);
            assert_eq!(r.bindings[0].size as usize, op.dims_size, "{}", op.name);
            for b in &r.bindings[1..] {
                let written = op.writes.contains(&b.name.as_str());
                assert_eq!(written, b.access == Access::Write, "{} {}", op.name, b.name);
                if b.name == "hyper" {
                    assert_eq!((b.access, b.size), (Access::Uniform, ops::HYPER_WORDS * 4));
                }
            }
            let storage = r.bindings.iter().filter(|b| b.access != Access::Uniform);
            assert!(
                storage.count() <= 4,
                "{}: downlevel devices bind 4",
                op.name
            );
            assert!(
                r.workgroup <= 256 && r.workgroup_memory <= 16 << 10,
                "{}",
                op.name
            );
        }
    }

    /// A shader without a row in the registry is never tested; a row without a shader lies.
    #[test]
    fn the_registry_is_the_folder() {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/shaders");
        let files = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
        let stem = |p: &std::path::Path| p.file_stem().unwrap().to_str().unwrap().to_string();
        let stems: BTreeSet<String> = files.filter(|p| p.is_file()).map(|p| stem(&p)).collect();
        let names = ops::ALL.iter().flat_map(|op| {
            let variants = op.variants.iter();
            let variants = variants.map(|v| format!("{}.{}", op.name, v.name));
            variants.chain([op.name.to_string()])
        });
        assert_eq!(stems, names.collect());
    }

    /// More than 65,535 workgroups are split over two dimensions and none is lost.
    #[test]
    fn long_launches_are_split() {
        let r = reflect(ops::ALL[0].wgsl).unwrap();
        for n in [1, 64, 65_535 * 64, 65_536 * 64, 10_000_019 * 64] {
            let [x, y, z] = r.groups(Launch::Threads(n)).unwrap().map(u64::from);
            assert!(x <= MAX_GROUPS && y <= MAX_GROUPS && z == 1);
            assert!(x * y >= n.div_ceil(64) && x * (y - 1) < n.div_ceil(64));
        }
        assert!(r.groups(Launch::Groups(1 << 33)).is_err());
    }
}
