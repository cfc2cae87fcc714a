//! Pipelines: one per shader text, whatever the number of launches.

use std::num::NonZeroU64;

use wgpu::*;

use crate::{
    device::Gpu,
    error::{Error, Result},
    kernel::Op,
    reflect::{Access, Reflection, reflect},
    variant::{Settings, Variant},
};

/// Which text of a kernel: the portable one, or a variant's with its settings.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) op: &'static Op,
    pub(super) variant: Option<(&'static Variant, Settings)>,
}

impl Source {
    /// `matmul`, `matmul.register lanes=8 rows=32 …`: tells texts apart.
    pub(super) fn key(&self) -> String {
        match &self.variant {
            None => self.op.name.into(),
            Some((variant, settings)) => format!("{}.{} {settings}", self.op.name, variant.name),
        }
    }

    fn wgsl(&self) -> Result<String, String> {
        match &self.variant {
            None => Ok(self.op.wgsl.into()),
            Some((variant, settings)) => variant.render(settings),
        }
    }
}

/// A compiled shader and what its text says about itself.
pub(super) struct Pipeline {
    pub(super) pipeline: ComputePipeline,
    pub(super) layout: BindGroupLayout,
    pub(super) reflection: Reflection,
}

impl Pipeline {
    /// # Errors
    /// What the shader compiler says, with the kernel's name.
    pub(super) fn build(gpu: &Gpu, source: &Source) -> Result<Pipeline> {
        let key = source.key();
        let failed = |why: String| Error::Device(format!("kernel {key} does not build: {why}"));
        let wgsl = source.wgsl().map_err(failed)?;
        let reflection = reflect(&wgsl).map_err(failed)?;
        let scope = gpu.device.push_error_scope(ErrorFilter::Validation);
        let entries =
            reflection
                .bindings
                .iter()
                .zip(0..)
                .map(|(b, binding)| BindGroupLayoutEntry {
                    binding,
                    visibility: ShaderStages::COMPUTE,
                    ty: BindingType::Buffer {
                        ty: match b.access {
                            Access::Uniform => BufferBindingType::Uniform,
                            access => BufferBindingType::Storage {
                                read_only: access == Access::Read,
                            },
                        },
                        has_dynamic_offset: b.name == "hyper",
                        min_binding_size: NonZeroU64::new(b.size.into()),
                    },
                    count: None,
                });
        let layout = gpu
            .device
            .create_bind_group_layout(&BindGroupLayoutDescriptor {
                label: Some(&key),
                entries: &entries.collect::<Vec<_>>(),
            });
        let module = gpu.device.create_shader_module(ShaderModuleDescriptor {
            label: Some(&key),
            source: ShaderSource::Wgsl(wgsl.into()),
        });
        let pipeline_layout = gpu
            .device
            .create_pipeline_layout(&PipelineLayoutDescriptor {
                label: Some(&key),
                bind_group_layouts: &[Some(&layout)],
                immediate_size: 0,
            });
        let pipeline = gpu
            .device
            .create_compute_pipeline(&ComputePipelineDescriptor {
                label: Some(&key),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some("main"),
                compilation_options: Default::default(),
                cache: gpu.cache.as_ref().map(|c| c.pipelines()),
            });
        if let Some(e) = pollster::block_on(scope.pop()) {
            return Err(failed(e.to_string()));
        }
        Ok(Pipeline {
            pipeline,
            layout,
            reflection,
        })
    }
}
