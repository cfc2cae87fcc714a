//! From WGSL to what the drivers are given: naga with the options that wgpu 30 passes to it
//! (`wgpu-hal`: `vulkan/adapter.rs`, `metal/device.rs`, `dx12/device.rs`, `gles/device.rs`) for
//! pipelines laid out as in `src/exec/gpu/pipeline.rs`.

use kiln::reflect::{Access, Binding, Reflection, reflect_module};
use naga::{
    Module, ResourceBinding, ShaderStage,
    back::{glsl, hlsl, msl, spv},
    proc::{BoundsCheckPolicies, BoundsCheckPolicy},
    valid::{Capabilities, ModuleInfo, ValidationFlags, Validator},
};

/// A shader that naga took: what every back end starts from.
pub struct Shader {
    module: Module,
    info: ModuleInfo,
    /// What kiln reads off it.
    pub reflection: Reflection,
}

/// A driver of Vulkan, as far as naga is told about it.
#[derive(Clone, Copy)]
pub struct Vulkan {
    spirv: (u8, u8),
    /// It keeps accesses within their buffers (`robustBufferAccess2`), and zeroes workgroup memory.
    robust: bool,
}

/// Vulkan 1.1, the first with subgroups: naga writes the most checks.
pub const OLDEST: Vulkan = Vulkan {
    spirv: (1, 3),
    robust: false,
};

/// Vulkan 1.3 and later: the driver has them.
pub const NEWEST: Vulkan = Vulkan {
    spirv: (1, 6),
    robust: true,
};

/// The oldest version of Metal's language with 64-bit integers (macOS 11).
pub const OLDEST_MSL: (u8, u8) = (2, 3);

const STAGE: ShaderStage = ShaderStage::Compute;

fn restricted(buffer: BoundsCheckPolicy) -> BoundsCheckPolicies {
    BoundsCheckPolicies {
        index: BoundsCheckPolicy::Restrict,
        buffer,
        image_load: BoundsCheckPolicy::Restrict,
        binding_array: BoundsCheckPolicy::Unchecked,
    }
}

fn at(binding: usize) -> ResourceBinding {
    ResourceBinding {
        group: 0,
        binding: binding as u32,
    }
}

impl Shader {
    /// # Errors
    /// What naga's parser or validator says.
    pub fn new(wgsl: &str) -> Result<Shader, String> {
        let module = naga::front::wgsl::parse_str(wgsl).map_err(|e| e.emit_to_string(wgsl))?;
        let capabilities = Capabilities::SUBGROUP | Capabilities::SHADER_INT64;
        let info = Validator::new(ValidationFlags::all(), capabilities)
            .validate(&module)
            .map_err(|e| e.emit_to_string(wgsl))?;
        Ok(Shader {
            info,
            reflection: reflect_module(&module)?,
            module,
        })
    }

    /// Invocations of a workgroup in x, y and z.
    pub fn workgroup(&self) -> [u32; 3] {
        self.module.entry_points[0].workgroup_size
    }

    /// For Vulkan.
    ///
    /// # Errors
    /// What naga cannot write.
    pub fn spirv(&self, driver: Vulkan) -> Result<Vec<u8>, String> {
        use spv::{Capability as C, ZeroInitializeWorkgroupMemoryMode as Zero};
        let capabilities = [
            C::Shader,
            C::Matrix,
            C::Sampled1D,
            C::Image1D,
            C::ImageQuery,
            C::DerivativeControl,
            C::StorageImageExtendedFormats,
            C::GroupNonUniform,
            C::GroupNonUniformVote,
            C::GroupNonUniformArithmetic,
            C::GroupNonUniformBallot,
            C::GroupNonUniformShuffle,
            C::GroupNonUniformShuffleRelative,
            C::GroupNonUniformQuad,
            C::Int64,
        ];
        let binding_map = (0..self.reflection.bindings.len()).map(|i| {
            let info = spv::BindingInfo {
                descriptor_set: 0,
                binding: i as u32,
                binding_array_size: None,
            };
            (at(i), info)
        });
        let options = spv::Options {
            lang_version: driver.spirv,
            flags: spv::WriterFlags::LABEL_VARYINGS | spv::WriterFlags::FORCE_POINT_SIZE,
            capabilities: Some(capabilities.into_iter().collect()),
            bounds_check_policies: restricted(match driver.robust {
                true => BoundsCheckPolicy::Unchecked,
                false => BoundsCheckPolicy::Restrict,
            }),
            zero_initialize_workgroup_memory: match driver.robust {
                true => Zero::Native,
                false => Zero::Polyfill,
            },
            fake_missing_bindings: false,
            binding_map: binding_map.collect(),
            use_storage_input_output_16: false,
            ..Default::default()
        };
        let pipeline = spv::PipelineOptions {
            shader_stage: STAGE,
            entry_point: "main".into(),
        };
        let words = spv::write_vec(&self.module, &self.info, &options, Some(&pipeline));
        let words = words.map_err(|e| e.to_string())?;
        Ok(words.iter().flat_map(|word| word.to_le_bytes()).collect())
    }

    /// For Metal.
    ///
    /// # Errors
    /// What naga cannot write.
    pub fn msl(&self, lang_version: (u8, u8)) -> Result<String, String> {
        let resources = self.reflection.bindings.iter().enumerate().map(|(i, b)| {
            let target = msl::BindTarget {
                buffer: Some(i as u8),
                mutable: b.access == Access::Write,
                ..Default::default()
            };
            (at(i), target)
        });
        let resources = msl::EntryPointResources {
            resources: resources.collect(),
            immediates_buffer: None,
            sizes_buffer: Some(self.reflection.bindings.len() as u8),
        };
        let options = msl::Options {
            lang_version,
            per_entry_point_map: [("main".to_string(), resources)].into(),
            fake_missing_bindings: false,
            bounds_check_policies: restricted(BoundsCheckPolicy::Restrict),
            ..Default::default()
        };
        let pipeline = msl::PipelineOptions {
            entry_point: Some((STAGE, "main".into())),
            vertex_pulling_transform: true,
            ..Default::default()
        };
        let written = msl::write_string(&self.module, &self.info, &options, &pipeline);
        written.map(|(text, _)| text).map_err(|e| e.to_string())
    }

    /// For DX12: registers are counted by kind, those of uniforms with dynamic offsets last.
    ///
    /// # Errors
    /// What naga cannot write.
    pub fn hlsl(&self, shader_model: hlsl::ShaderModel) -> Result<String, String> {
        let is_dynamic = |b: &Binding| b.name == "hyper";
        let (dynamic, fixed): (Vec<_>, Vec<_>) =
            (self.reflection.bindings.iter().enumerate()).partition(|(_, b)| is_dynamic(b));
        let mut next = [0, 0, 0];
        let mut target = |access| {
            let register = &mut next[access as usize];
            *register += 1;
            hlsl::BindTarget {
                register: *register - 1,
                ..Default::default()
            }
        };
        let bound = fixed.into_iter().chain(dynamic);
        let binding_map = bound.map(|(i, b)| {
            let restrict_indexing = is_dynamic(b);
            let target = target(b.access);
            (
                at(i),
                hlsl::BindTarget {
                    restrict_indexing,
                    ..target
                },
            )
        });
        let options = hlsl::Options {
            shader_model,
            binding_map: binding_map.collect(),
            fake_missing_bindings: false,
            special_constants_binding: Some(target(Access::Uniform)),
            ..Default::default()
        };
        let pipeline = hlsl::PipelineOptions {
            entry_point: Some((STAGE, "main".into())),
        };
        let mut text = String::new();
        hlsl::Writer::new(&mut text, &options, &pipeline)
            .write(&self.module, &self.info, None)
            .map_err(|e| e.to_string())?;
        Ok(text)
    }

    /// For OpenGL ES 3.1: slots are counted by kind.
    ///
    /// # Errors
    /// What naga cannot write.
    pub fn glsl(&self) -> Result<String, String> {
        let mut next = [0, 0];
        let binding_map = self.reflection.bindings.iter().enumerate().map(|(i, b)| {
            let slot = &mut next[usize::from(b.access != Access::Uniform)];
            *slot += 1;
            (at(i), *slot - 1)
        });
        let options = glsl::Options {
            version: glsl::Version::Embedded {
                version: 310,
                is_webgl: false,
            },
            writer_flags: glsl::WriterFlags::ADJUST_COORDINATE_SPACE
                | glsl::WriterFlags::FORCE_POINT_SIZE,
            binding_map: binding_map.collect(),
            zero_initialize_workgroup_memory: true,
        };
        let pipeline = glsl::PipelineOptions {
            shader_stage: STAGE,
            entry_point: "main".into(),
            multiview: None,
        };
        let mut text = String::new();
        let unchecked = BoundsCheckPolicies::default();
        glsl::Writer::new(
            &mut text,
            &self.module,
            &self.info,
            &options,
            &pipeline,
            unchecked,
        )
        .and_then(|mut writer| writer.write())
        .map_err(|e| e.to_string())?;
        Ok(text)
    }
}
