//! Compiled pipelines, kept for the next process where the driver hands them out.

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::Read,
    path::{Path, PathBuf},
};

use wgpu::{Device, ErrorFilter, PipelineCache, PipelineCacheDescriptor};

use crate::files;

/// A larger file is not kiln's.
const MOST_BYTES: u64 = 256 << 20;

/// The pipelines of one adapter, and the file that they are kept in.
pub(crate) struct Cache {
    pipelines: PipelineCache,
    path: PathBuf,
}

impl Cache {
    /// The cache of the adapter called `key`, in the user's cache directory, if there is one; and a
    /// note if an earlier process's pipelines are not used.
    pub(super) fn of(device: &Device, key: &str) -> Option<(Cache, Option<String>)> {
        let path = files::cache_dir()?.join("pipelines").join(key);
        Cache::open(device, path)
    }

    fn open(device: &Device, path: PathBuf) -> Option<(Cache, Option<String>)> {
        let kept = read(&path).and_then(|data| match data {
            Some(data) => create(device, Some(&data)).map(Some),
            None => Ok(None),
        });
        let (pipelines, note) = match kept {
            Ok(Some(pipelines)) => (pipelines, None),
            Ok(None) => (create(device, None).ok()?, None),
            Err(why) => {
                let note = format!("{}: {why}; compiled anew", path.display());
                (create(device, None).ok()?, Some(note))
            }
        };
        Some((Cache { pipelines, path }, note))
    }

    /// What a pipeline is created with.
    pub(crate) fn pipelines(&self) -> &PipelineCache {
        &self.pipelines
    }

    /// Keeps what was compiled so far, if that is news. A cache that cannot be written costs the
    /// next process its time and nothing else, so nobody is told.
    pub(crate) fn save(&self) {
        let Some(data) = self.pipelines.get_data() else {
            return;
        };
        let sealed = [&digest(&data)[..], &data].concat();
        if fs::read(&self.path).is_ok_and(|kept| kept == sealed) {
            return;
        }
        let folder = self.path.parent().map(fs::create_dir_all);
        if folder.is_some_and(|made| made.is_ok()) {
            let _ = files::write_atomically(&self.path, &sealed);
        }
    }
}

/// # Errors
/// What the device says about `data`, or about having another cache.
#[allow(
    unsafe_code,
    reason = "wgpu has no other way to keep compiled shaders, which take seconds"
)]
fn create(device: &Device, data: Option<&[u8]>) -> Result<PipelineCache, String> {
    let scope = device.push_error_scope(ErrorFilter::Validation);
    // SAFETY: wgpu asks that the data come from `get_data`. It comes from a file in the user's own
    // cache directory that only `save` writes, whole or not at all, and whose digest is right;
    // wgpu and the driver check adapter, version and length.
    let pipelines = unsafe {
        device.create_pipeline_cache(&PipelineCacheDescriptor {
            label: Some("pipelines"),
            data,
            fallback: false,
        })
    };
    match pollster::block_on(scope.pop()) {
        None => Ok(pipelines),
        Some(e) => Err(e.to_string()),
    }
}

/// What `save` wrote; nothing if there is no file.
///
/// # Errors
/// If the file is damaged, or not of this version.
fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let Ok(file) = File::open(path) else {
        return Ok(None);
    };
    let mut sealed = Vec::new();
    let read = file.take(MOST_BYTES).read_to_end(&mut sealed);
    read.map_err(|e| e.to_string())?;
    match sealed.split_first_chunk() {
        Some((seal, data)) if *seal == digest(data) => Ok(Some(data.to_vec())),
        _ => Err("the file is damaged or another version's".into()),
    }
}

/// Tells damaged data from sound data: wgpu checks a header only, and the driver must not be given
/// anything else.
fn digest(data: &[u8]) -> [u8; 8] {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    data.hash(&mut hasher);
    hasher.finish().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Choice, Machine, Needs, open};

    /// A damaged, foreign or missing file costs a note at most, and the next process finds a sound
    /// one.
    #[test]
    fn whatever_the_file_holds_there_is_a_cache() {
        let wanted = std::env::var("KILN_TEST_DEVICE").unwrap_or("software".into());
        let choice: Choice = wanted.parse().unwrap();
        let (Machine::Gpu(gpu), _) = open(&choice, Needs::default()).unwrap() else {
            panic!("the test needs an adapter");
        };
        if !gpu
            .device
            .features()
            .contains(wgpu::Features::PIPELINE_CACHE)
        {
            println!("skipped: {} keeps no pipelines", gpu.description);
            return;
        }
        let compile = |cache: &Cache| {
            let text = "@compute @workgroup_size(1) fn main() {}";
            let module = gpu
                .device
                .create_shader_module(wgpu::ShaderModuleDescriptor {
                    label: None,
                    source: wgpu::ShaderSource::Wgsl(text.into()),
                });
            let descriptor = wgpu::ComputePipelineDescriptor {
                label: None,
                layout: None,
                module: &module,
                entry_point: Some("main"),
                compilation_options: Default::default(),
                cache: Some(cache.pipelines()),
            };
            gpu.device.create_compute_pipeline(&descriptor)
        };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/key");
        let note = || Cache::open(&gpu.device, path.clone()).unwrap().1;
        let save = || {
            let cache = Cache::open(&gpu.device, path.clone()).unwrap().0;
            compile(&cache);
            cache.save();
        };
        assert_eq!(note(), None, "nothing there");
        save();
        let sound = fs::read(&path).unwrap();
        println!("{} bytes are kept", sound.len());
        assert_eq!(note(), None, "just saved");
        let mut flipped = sound.clone();
        *flipped.last_mut().unwrap() ^= 1;
        // Sealed well, but nothing that a driver has made.
        let foreign = [&digest(b"foreign")[..], b"foreign"].concat();
        for bad in [
            &[][..],
            b"short",
            &sound[..sound.len() / 2],
            &flipped,
            &foreign,
        ] {
            fs::write(&path, bad).unwrap();
            let said = note().unwrap_or_default();
            assert!(said.contains("compiled anew"), "{bad:?}: {said}");
            save();
            assert_eq!(note(), None, "{bad:?} was replaced");
        }
        gpu.check().unwrap();
    }
}
