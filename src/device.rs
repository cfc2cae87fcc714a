//! Which machine computes: the adapters that wgpu sees, and the choice among them.

mod cache;
mod fault;

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, Mutex},
};

use wgpu::{Adapter, AdapterInfo, Backend, Backends, DeviceType, Features, Limits};

use crate::{
    error::{Error, Result, Room},
    exec::tuning::{Key, Table, Tuned, Tuning},
    plan::Plan,
    variant::Extras,
};
use cache::Cache;
use fault::Fault;

/// What `--device` asks for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Choice {
    /// A real GPU if there is one, else the CPU executor.
    #[default]
    Auto,
    /// The best real GPU.
    Gpu,
    /// A software adapter, such as Mesa's lavapipe: slower than the CPU executor, for tests.
    Software,
    /// The CPU executor.
    Cpu,
    /// The adapter whose name, backend or driver contains this text, case ignored.
    Named(String),
}

impl FromStr for Choice {
    type Err = String;

    /// # Errors
    /// For an empty text, which every adapter's name contains.
    fn from_str(s: &str) -> Result<Choice, String> {
        Ok(match s {
            "" => {
                return Err(
                    "expected auto, gpu, software, cpu or part of an adapter's name".into(),
                );
            }
            "auto" => Choice::Auto,
            "gpu" => Choice::Gpu,
            "software" => Choice::Software,
            "cpu" => Choice::Cpu,
            other => Choice::Named(other.into()),
        })
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Choice::Auto => "auto",
            Choice::Gpu => "gpu",
            Choice::Software => "software",
            Choice::Cpu => "cpu",
            Choice::Named(name) => name,
        })
    }
}

/// An adapter, for people.
#[derive(Clone, Debug)]
pub struct Description {
    /// As the driver calls it.
    pub name: String,
    /// Vulkan, Metal, DX12 or GL.
    pub backend: String,
    /// The driver.
    pub driver: String,
    /// Its version, as it words it.
    pub driver_info: String,
    /// `discrete GPU`, `integrated GPU`, `software`, …
    pub kind: &'static str,
    /// Bytes of the largest binding.
    pub max_binding: u64,
    /// Bytes of the largest buffer.
    pub max_buffer: u64,
    /// Invocations of the largest workgroup.
    pub max_invocations: u32,
    /// Bytes of a workgroup's memory.
    pub workgroup_memory: u32,
    /// Storage buffers that one kernel may bind.
    pub storage_buffers: u32,
    /// Why kiln cannot use it, if it cannot.
    pub unusable: Option<String>,
}

/// What a plan asks of a device.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// Bytes of the largest binding.
    pub binding: u64,
    /// Bytes of the largest buffer.
    pub buffer: u64,
}

impl Needs {
    /// Read off a plan.
    pub fn of(plan: &Plan) -> Needs {
        let buffers = plan.buffers.iter().map(|b| b.len as u64 * 4);
        Needs {
            binding: plan.largest_binding(),
            buffer: buffers.max().unwrap_or(0),
        }
    }
}

/// An opened device.
pub struct Gpu {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    /// What was opened.
    pub description: Description,
    /// A software adapter: the host's own cores behind a driver.
    pub software: bool,
    /// What shaders may use beyond plain WGSL.
    pub extras: Extras,
    /// Which shaders it runs, unless an executor is given another table.
    pub table: Table,
    /// What a person should know about how it was opened.
    pub note: Option<String>,
    /// Pipelines that earlier processes compiled, where that helps.
    pub(crate) cache: Option<Cache>,
    fault: Arc<Mutex<Fault>>,
}

impl Gpu {
    /// Bytes of all that is allocated on the device, and in how many pieces, where the backend counts
    /// them: Vulkan and DX12.
    pub fn memory(&self) -> Option<(u64, usize)> {
        let report = self.device.generate_allocator_report()?;
        Some((report.total_allocated_bytes, report.allocations.len()))
    }
}

/// The machine that a choice led to.
pub enum Machine {
    /// The CPU executor.
    Cpu,
    /// An adapter.
    Gpu(Arc<Gpu>),
}

/// A machine, and what is to be said about it.
pub struct Opened {
    /// The machine.
    pub machine: Machine,
    /// What was chosen and why, in one line.
    pub line: String,
    /// Why a table that might have been meant is not used.
    pub remark: Option<String>,
}

/// Opens what `choice` asks for, for plans that need `needs`, with the built-in table. The text
/// says in one line what was chosen and why.
///
/// # Errors
/// No such adapter, or one that is too small: what there is and what to do.
pub fn open(choice: &Choice, needs: Needs) -> Result<(Machine, String)> {
    let opened = open_tuned(choice, needs, &Tuning::BuiltIn)?;
    Ok((opened.machine, opened.line))
}

/// As [`open`], with the shaders that `tuning` asks for.
///
/// # Errors
/// As [`open`], and a table that is broken or was asked for by name and cannot be used here.
pub fn open_tuned(choice: &Choice, needs: Needs, tuning: &Tuning) -> Result<Opened> {
    let cpu = |why: &str| match tuning {
        Tuning::File(path) => Err(Error::Usage(format!(
            "--tuning {}: the CPU executor runs no shaders ({why}); remove it, or name an adapter \
             with --device",
            path.display()
        ))),
        _ => Ok(Opened {
            machine: Machine::Cpu,
            line: cpu_line(why),
            remark: None,
        }),
    };
    if *choice == Choice::Cpu {
        return cpu("--device cpu");
    }
    let adapters = adapters();
    let Some((adapter, description)) = select(choice, &adapters)? else {
        return cpu("no GPU found");
    };
    if let Some(why) = &description.unusable {
        return Err(Error::Device(format!(
            "{description} cannot be used: {why}"
        )));
    }
    let software = description.kind == SOFTWARE;
    let Tuned { table, remark } = tuning.table(&Key::of(description), software)?;
    let gpu = open_adapter(adapter, description, needs, table)?;
    let why = match choice {
        Choice::Auto => "the best GPU found".to_string(),
        other => format!("--device {other}"),
    };
    Ok(Opened {
        machine: Machine::Gpu(Arc::new(gpu)),
        line: format!("device: {description} ({why})"),
        remark,
    })
}

/// The adapter that `choice` means, best first; none if it means the CPU executor.
fn select<'a>(
    choice: &Choice,
    adapters: &'a [(Adapter, Description)],
) -> Result<Option<&'a (Adapter, Description)>> {
    let fits = |d: &Description| match choice {
        Choice::Auto | Choice::Gpu => d.kind != SOFTWARE,
        Choice::Software => d.kind == SOFTWARE,
        Choice::Cpu => false,
        Choice::Named(name) => d.to_string().to_lowercase().contains(&name.to_lowercase()),
    };
    let usable = |d: &Description| fits(d) && (d.unusable.is_none() || *choice != Choice::Auto);
    let found = adapters.iter().find(|(_, d)| usable(d));
    if found.is_some() || *choice == Choice::Auto {
        return Ok(found);
    }
    let all: Vec<String> = adapters.iter().map(|(_, d)| d.to_string()).collect();
    let among = match all.join("; ").as_str() {
        "" => "wgpu finds no adapter on this machine".to_string(),
        list => format!("wgpu finds: {list}"),
    };
    Err(Error::Device(match choice {
        Choice::Software => format!(
            "no software adapter: {among}. On Debian and Ubuntu `apt install \
             mesa-vulkan-drivers` brings one (lavapipe); `--device cpu` needs none"
        ),
        _ => format!(
            "no adapter matches --device {choice}: {among}. `kiln devices` lists them; \
             `--device cpu` needs none"
        ),
    }))
}

fn cpu_line(why: &str) -> String {
    let threads = rayon::current_num_threads();
    format!("device: CPU executor, {threads} threads ({why})")
}

/// Everything wgpu sees, best first.
pub fn list() -> Vec<Description> {
    adapters().into_iter().map(|(_, d)| d).collect()
}

const SOFTWARE: &str = "software";

fn adapters() -> Vec<(Adapter, Description)> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapters = pollster::block_on(instance.enumerate_adapters(Backends::all()));
    let describe = |a: Adapter| {
        let description = describe(&a);
        (a, description)
    };
    let mut all: Vec<_> = adapters.into_iter().map(describe).collect();
    all.sort_by_key(|(a, _)| rank(&a.get_info()));
    all
}

/// Discrete before integrated before virtual before software; native APIs before GL.
fn rank(info: &AdapterInfo) -> (u8, bool) {
    let kind = match info.device_type {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    };
    (kind, info.backend == Backend::Gl)
}

fn describe(adapter: &Adapter) -> Description {
    let (info, limits) = (adapter.get_info(), adapter.limits());
    let capabilities = adapter.get_downlevel_capabilities();
    let computes = capabilities
        .flags
        .contains(wgpu::DownlevelFlags::COMPUTE_SHADERS);
    Description {
        backend: match info.backend {
            Backend::Gl => "GL".into(),
            Backend::Dx12 => "DX12".into(),
            other => format!("{other:?}"),
        },
        driver: info.driver,
        driver_info: info.driver_info,
        name: info.name,
        kind: match info.device_type {
            DeviceType::DiscreteGpu => "discrete GPU",
            DeviceType::IntegratedGpu => "integrated GPU",
            DeviceType::VirtualGpu => "virtual GPU",
            DeviceType::Other => "GPU of unknown type",
            DeviceType::Cpu => SOFTWARE,
        },
        max_binding: limits.max_storage_buffer_binding_size,
        max_buffer: limits.max_buffer_size,
        max_invocations: limits.max_compute_invocations_per_workgroup,
        workgroup_memory: limits.max_compute_workgroup_storage_size,
        storage_buffers: limits.max_storage_buffers_per_shader_stage,
        unusable: (!computes).then(|| "it has no compute shaders".to_string()),
    }
}

impl Description {
    /// The driver with its version.
    pub fn driver_line(&self) -> String {
        let line = [self.driver.as_str(), &self.driver_info].join(" ");
        line.trim().into()
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (name, backend, kind) = (&self.name, &self.backend, self.kind);
        match self.driver_line().as_str() {
            "" => write!(f, "{name} ({kind}, {backend})"),
            driver => write!(f, "{name} ({kind}, {backend}, {driver})"),
        }
    }
}

/// WebGPU's defaults for GL-class devices, and more only where the plan needs it.
fn open_adapter(
    adapter: &Adapter,
    description: &Description,
    needs: Needs,
    table: Table,
) -> Result<Gpu> {
    let mut limits = Limits::downlevel_defaults();
    limits.max_storage_buffer_binding_size =
        limits.max_storage_buffer_binding_size.max(needs.binding);
    limits.max_buffer_size = limits.max_buffer_size.max(needs.buffer);
    let too_small = |what: &str, need: u64, most: u64| {
        Err(Error::TooLarge {
            message: format!(
                "{description} is too small: the plan needs a {what} of {}, the adapter allows {}. \
                 Use a smaller batch, a smaller data set (--limit) or another device",
                mebibytes(need),
                mebibytes(most)
            ),
            room: Room {
                total: u64::MAX,
                buffer: description.max_buffer,
                binding: description.max_binding,
            },
        })
    };
    if needs.binding > description.max_binding {
        return too_small("binding", needs.binding, description.max_binding);
    }
    if needs.buffer > description.max_buffer {
        return too_small("buffer", needs.buffer, description.max_buffer);
    }
    let info = adapter.get_info();
    let even = info.subgroup_min_size == info.subgroup_max_size;
    let wanted = Features::SUBGROUP
        | Features::SHADER_INT64
        | Features::PIPELINE_CACHE
        | Features::TIMESTAMP_QUERY;
    let features = adapter.features() & wanted;
    let extras = Extras {
        subgroup: match even && features.contains(Features::SUBGROUP) {
            true => info.subgroup_min_size,
            false => 0,
        },
        int64: features.contains(Features::SHADER_INT64),
        longest: longest_text(description),
    };
    let descriptor = wgpu::DeviceDescriptor {
        label: Some("kiln"),
        required_features: features,
        required_limits: limits,
        ..Default::default()
    };
    let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
        .map_err(|e| Error::Device(format!("{description} cannot be opened: {e}")))?;
    let fault = Fault::watch(&device);
    let software = description.kind == SOFTWARE;
    // Software drivers put nothing into such a cache: they have one of their own.
    let key = wgpu::util::pipeline_cache_key(&info)
        .filter(|_| !software && features.contains(Features::PIPELINE_CACHE));
    let (cache, note) = key.and_then(|key| Cache::of(&device, &key)).unzip();
    Ok(Gpu {
        device,
        queue,
        description: description.clone(),
        software,
        extras,
        table,
        note: note.flatten(),
        cache,
        fault,
    })
}

/// See [`Extras::longest`]. What is just below it takes a second to compile; what is just above, up to a minute.
fn longest_text(description: &Description) -> usize {
    let software_gl = description.kind == SOFTWARE && description.backend == "GL";
    match description.driver.contains("SwiftShader") {
        true => 16_000,
        false if software_gl => 8_500,
        false => usize::MAX,
    }
}

/// Bytes, for people.
pub fn mebibytes(bytes: u64) -> String {
    match bytes {
        0..=99_999 => format!("{bytes} B"),
        _ => format!("{:.1} MiB", bytes as f64 / (1 << 20) as f64),
    }
}
