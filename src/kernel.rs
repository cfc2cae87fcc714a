//! What a kernel is: one WGSL source, its CPU twin, and the shape of its launch.

use bytemuck::Pod;

use crate::{rng::Rng, variant::Variant};

/// The most loop iterations one invocation may make. Mesa 22.3 (Debian 12) silently stops an
/// invocation's loops after 65,535 iterations; the GPU executor splits or refuses what could.
pub const MAX_ITERATIONS: u64 = 65_000;

/// How many invocations a dispatch needs. The executor divides by what the WGSL declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launch {
    /// One invocation per element: divided by the workgroup size.
    Threads(u64),
    /// One workgroup per item, whatever its size.
    Groups(u64),
    /// One workgroup per tile of `TILE_ROWS × TILE_COLS`, both `const` in the WGSL, `batch` times.
    Tiles {
        /// Rows of the output.
        rows: u64,
        /// Columns of the output.
        cols: u64,
        /// How many such outputs.
        batch: u64,
    },
}

/// A kernel's long sums, whose terms several workgroups may share: launched with `parts` groups in
/// z, it stores each part's sums as they are, `words` apart, for `split_sum` to add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Terms of each sum.
    pub terms: u64,
    /// Words of the output.
    pub words: u32,
    /// Of these, elements that get the epilogue.
    pub size: u32,
    /// Elements of a row, which share a bias.
    pub cols: u32,
    /// From which word on the output goes on behind the elements.
    pub sums: u32,
    /// Flags of [`Epilogue`](crate::ops::Epilogue); its argument is the kernel's last read.
    pub epilogue: u32,
}

/// Runs one dispatch on the host: dims, what is read, what is written.
pub type HostFn<D> = fn(&D, &[&[f32]], &mut [&mut [f32]]);

/// A compute kernel and its reference. Implement it once per file in `ops/`.
///
/// Bindings are positional: 0 is the `Dims` uniform, then `READS`, then `WRITES`; reflection
/// proves both lists against the WGSL. Arguments are runs of 32-bit words, seen as `f32`; those
/// that hold integers are cast.
pub trait Kernel {
    /// The sizes of one dispatch: `u32` and `f32` fields only, equal to the WGSL's `struct Dims`.
    type Dims: Pod;
    /// The file stem of the shader, and the only name the kernel has.
    const NAME: &'static str;
    /// The shader, with its shared snippets in front.
    const WGSL: &'static str;
    /// Bindings that are read, in order.
    const READS: &'static [&'static str];
    /// Bindings that are written (and may be read), in order.
    const WRITES: &'static [&'static str];
    /// Ragged sizes for tests: 1, primes, not multiples of a tile.
    const CASES: &'static [Self::Dims];

    /// How many invocations.
    fn launch(d: &Self::Dims) -> Launch;

    /// Words that each argument must hold, `READS` then `WRITES`.
    fn lens(d: &Self::Dims) -> Vec<u64>;

    /// The most loop iterations one invocation makes, summed over its loops.
    fn iterations(_d: &Self::Dims) -> u64 {
        1
    }

    /// The sums that may be split, if there are any.
    fn split(_d: &Self::Dims) -> Option<Split> {
        None
    }

    /// Other shaders for it, tried in the order of a tuning table.
    const VARIANTS: &'static [Variant] = &[];

    /// Which launches are alike, for a tuning table: sizes rounded up to powers of two.
    fn class(_d: &Self::Dims) -> String {
        String::new()
    }

    /// The sizes, for people: shapes, and what is fused in.
    fn describe(d: &Self::Dims) -> String;

    /// Bytes that must cross the memory bus if nothing is cached.
    fn bytes(d: &Self::Dims) -> u64 {
        Self::lens(d).iter().sum::<u64>() * 4
    }

    /// Floating-point operations: one for each addition, multiplication, comparison.
    fn flops(d: &Self::Dims) -> u64;

    /// Random contents for argument `name` of `len` words, for tests; override where not every
    /// float is allowed.
    fn sample(_d: &Self::Dims, _name: &str, len: usize, rng: &mut Rng) -> Vec<f32> {
        rng.floats(len)
    }

    /// The textbook loop, summing in f64. Shares nothing with the WGSL but the formula.
    fn cpu(d: &Self::Dims, reads: &[&[f32]], writes: &mut [&mut [f32]]);

    /// A faster way to the same result for the CPU executor, if there is one.
    const FAST: Option<HostFn<Self::Dims>> = None;
}

/// A [`Kernel`] with its types erased, so that plans are plain data and the registry is a table.
pub struct Op {
    /// See [`Kernel::NAME`].
    pub name: &'static str,
    /// See [`Kernel::WGSL`].
    pub wgsl: &'static str,
    /// See [`Kernel::READS`].
    pub reads: &'static [&'static str],
    /// See [`Kernel::WRITES`].
    pub writes: &'static [&'static str],
    /// Bytes of the dims.
    pub dims_size: usize,
    /// See [`Kernel::launch`].
    pub launch: fn(&[u32]) -> Launch,
    /// See [`Kernel::lens`].
    pub lens: fn(&[u32]) -> Vec<u64>,
    /// See [`Kernel::iterations`].
    pub iterations: fn(&[u32]) -> u64,
    /// See [`Kernel::split`].
    pub split: fn(&[u32]) -> Option<Split>,
    /// See [`Kernel::VARIANTS`].
    pub variants: &'static [Variant],
    /// See [`Kernel::class`].
    pub class: fn(&[u32]) -> String,
    /// See [`Kernel::describe`].
    pub describe: fn(&[u32]) -> String,
    /// See [`Kernel::bytes`].
    pub bytes: fn(&[u32]) -> u64,
    /// See [`Kernel::flops`].
    pub flops: fn(&[u32]) -> u64,
    /// See [`Kernel::sample`].
    pub sample: fn(&[u32], &str, usize, &mut Rng) -> Vec<f32>,
    /// The naive twin.
    pub cpu: CpuFn,
    /// The fast path of the CPU executor; the twin where there is none.
    pub fast: CpuFn,
    /// See [`Kernel::CASES`], as words.
    pub cases: fn() -> Vec<Vec<u32>>,
}

/// A [`HostFn`] over the dims' words.
pub type CpuFn = HostFn<[u32]>;

/// The dims of `K` as a plan's words hold them: fields of 32 bits, so that they may lie where words do.
fn dims<K: Kernel>(words: &[u32]) -> &K::Dims {
    bytemuck::from_bytes(bytemuck::cast_slice(words))
}

impl Op {
    /// Erases the types of `K`.
    pub const fn of<K: Kernel>() -> Op {
        Op {
            name: K::NAME,
            wgsl: K::WGSL,
            reads: K::READS,
            writes: K::WRITES,
            dims_size: size_of::<K::Dims>(),
            launch: |d| K::launch(dims::<K>(d)),
            lens: |d| K::lens(dims::<K>(d)),
            iterations: |d| K::iterations(dims::<K>(d)),
            split: |d| K::split(dims::<K>(d)),
            variants: K::VARIANTS,
            class: |d| K::class(dims::<K>(d)),
            describe: |d| K::describe(dims::<K>(d)),
            bytes: |d| K::bytes(dims::<K>(d)),
            flops: |d| K::flops(dims::<K>(d)),
            sample: |d, name, len, rng| K::sample(dims::<K>(d), name, len, rng),
            cpu: |d, r, w| K::cpu(dims::<K>(d), r, w),
            fast: |d, r, w| K::FAST.unwrap_or(K::cpu)(dims::<K>(d), r, w),
            cases: || {
                let words = |d: &K::Dims| bytemuck::cast_slice(bytemuck::bytes_of(d)).to_vec();
                K::CASES.iter().map(words).collect()
            },
        }
    }
}

impl std::fmt::Debug for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Size `n` rounded up to a power of two: what a [`Kernel::class`] is made of.
pub fn rounded(n: u32) -> u32 {
    n.checked_next_power_of_two().unwrap_or(n)
}

/// The text of a variant: files of `shaders/` by stem, one after the other.
#[macro_export]
macro_rules! template {
    ($($file:literal),+ $(,)?) => {
        concat!($(include_str!(concat!("../../shaders/", $file, ".wgsl"))),+)
    };
}

/// Declares the kernel's name, sources and bindings; the file stem is its one name.
/// `+ "hyper"` puts `shaders/shared/hyper.wgsl` in front: WGSL has no imports.
#[macro_export]
macro_rules! sources {
    ($name:literal $(+ $shared:literal)*, [$($r:literal),* $(,)?] -> [$($w:literal),* $(,)?]) => {
        const NAME: &'static str = $name;
        const WGSL: &'static str = concat!(
            include_str!("../../shaders/shared/launch.wgsl"),
            $(include_str!(concat!("../../shaders/shared/", $shared, ".wgsl")),)*
            include_str!(concat!("../../shaders/", $name, ".wgsl"))
        );
        const READS: &'static [&'static str] = &[$($r),*];
        const WRITES: &'static [&'static str] = &[$($w),*];
    };
}
