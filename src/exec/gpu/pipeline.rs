//! Pipelines: one per shader text, whatever the number of launches.

use std::num::NonZeroU64;

use wgpu::*;

use crate::{
    device::Gpu,
    error::{Error, Result},
    kernel::Op,
    ops::Epilogue,
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

    /// What runs for a part of a split sum: the epilogue is for the sum of all parts.
    pub(super) fn of_a_part(mut self) -> Source {
        if let Some((_, settings)) = &mut self.variant
            && settings.0.contains_key("bias")
        {
            *settings = std::mem::take(settings).with(Epilogue::NONE);
        }
        self
    }

    /// # Errors
    /// A mistake in the text, with the kernel's name.
    pub(super) fn text(&self) -> Result<Text> {
        let wgsl = match &self.variant {
            None => Ok(self.op.wgsl.into()),
            Some((variant, settings)) => variant.render(settings),
        };
        let text = wgsl.and_then(|wgsl| {
            let reflection = reflect(&wgsl)?;
            Ok(Text { wgsl, reflection })
        });
        text.map_err(|why| does_not_build(&self.key(), &why))
    }
}

fn does_not_build(key: &str, why: &str) -> Error {
    Error::Device(format!("kernel {key} does not build: {why}"))
}

/// The WGSL of a source, and what it says about itself.
#[derive(Clone, Debug)]
pub(super) struct Text {
    wgsl: String,
    pub(super) reflection: Reflection,
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
    pub(super) fn build(gpu: &Gpu, key: &str, text: Text) -> Result<Pipeline> {
        let Text { wgsl, reflection } = text;
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
                label: Some(key),
                entries: &entries.collect::<Vec<_>>(),
            });
        let module = gpu.device.create_shader_module(ShaderModuleDescriptor {
            label: Some(key),
            source: ShaderSource::Wgsl(wgsl.into()),
        });
        let pipeline_layout = gpu
            .device
            .create_pipeline_layout(&PipelineLayoutDescriptor {
                label: Some(key),
                bind_group_layouts: &[Some(&layout)],
                immediate_size: 0,
            });
        let pipeline = gpu
            .device
            .create_compute_pipeline(&ComputePipelineDescriptor {
                label: Some(key),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some("main"),
                compilation_options: Default::default(),
                cache: gpu.cache.as_ref().map(|c| c.pipelines()),
            });
        if let Some(e) = pollster::block_on(scope.pop()) {
            return Err(does_not_build(key, &e.to_string()));
        }
        Ok(Pipeline {
            pipeline,
            layout,
            reflection,
        })
    }
}
