//! Several shaders for one kernel: the same bindings, the same twin, another shape of work.
//!
//! What a GPU likes (workgroup memory, many invocations) a software driver does not, and the other
//! way round, so the heavy kernels have variants beside their portable shader:
//! `shaders/KERNEL.VARIANT.wgsl`. Register tiles cannot be sized by WGSL constants, so a variant is a
//! template: lines that begin with `//%` are its statements, `${…}` its values (minijinja's syntax
//! between these marks). The text that runs is [`Variant::render`]ed once per group of settings.

use std::{collections::BTreeMap, fmt};

use minijinja::{Environment, UndefinedBehavior, syntax::SyntaxConfig};

use crate::{kernel::Launch, ops::Epilogue};

/// Rows and columns of what one invocation (or one subgroup) keeps in registers; what exactly they
/// count is the variant's business.
pub type Tile = [u32; 2];

/// What the text of a variant depends on, by name: few values, so that pipelines stay few.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Settings(pub BTreeMap<&'static str, u32>);

impl<const N: usize> From<[(&'static str, u32); N]> for Settings {
    fn from(pairs: [(&'static str, u32); N]) -> Settings {
        Settings(BTreeMap::from(pairs))
    }
}

impl Settings {
    /// With the epilogue as settings `bias`, `relu` and `mask`: software drivers would execute both
    /// sides of every question at run time.
    pub fn with(mut self, epilogue: Epilogue) -> Settings {
        let flags = [
            ("bias", Epilogue::BIAS),
            ("relu", Epilogue::RELU),
            ("mask", Epilogue::MASK),
        ];
        let flags = flags.map(|(name, flag)| (name, u32::from(epilogue.0 & flag.0 != 0)));
        self.0.extend(flags);
        self
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let pairs: Vec<String> = self.0.iter().map(|(k, v)| format!("{k}={v}")).collect();
        f.write_str(&pairs.join(" "))
    }
}

/// What a device's shaders may use beyond plain WGSL, and how long they may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extras {
    /// Lanes of every subgroup, where shaders may rely on that; else 0.
    pub subgroup: u32,
    /// 64-bit integers.
    pub int64: bool,
    /// Bytes of the longest WGSL that its compiler takes: SwiftShader's, and Mesa's for OpenGL on the CPU, need
    /// minutes and gigabytes for loops that others compile in a second.
    pub longest: usize,
}

impl Extras {
    /// What every device has.
    pub const NONE: Extras = Extras {
        subgroup: 0,
        int64: false,
        longest: usize::MAX,
    };

    /// Lanes of a workgroup that is one subgroup, and whether its lanes can broadcast: 8 lanes that
    /// cannot where subgroups are of no use.
    pub fn lanes(self) -> (u32, bool) {
        match self.subgroup {
            lanes @ (4 | 8 | 16 | 32) => (lanes, true),
            _ => (8, false),
        }
    }
}

/// One more way to compute a kernel on a GPU.
pub struct Variant {
    /// Between the dots of its file name.
    pub name: &'static str,
    /// The template, with the kernel's shared snippets in front.
    pub wgsl: &'static str,
    /// Sizes worth trying.
    pub tiles: &'static [Tile],
    /// The size for a launch of these dims that nobody has measured; `None` where the portable
    /// shader is as good.
    pub tile: fn(dims: &[u32]) -> Option<Tile>,
    /// The settings for a launch of these dims with this tile on a device with these extras. `None`
    /// where the variant cannot compute it.
    pub settings: fn(dims: &[u32], tile: Tile, extras: Extras) -> Option<Settings>,
    /// How many invocations, where not as many as the portable shader's.
    pub launch: Option<fn(dims: &[u32]) -> Launch>,
    /// The most loop iterations that one invocation makes, if the sum is not split.
    pub iterations: fn(dims: &[u32], settings: &Settings) -> u64,
}

impl Variant {
    /// The settings for a launch, as [`Variant::settings`] says. `None` also where the text would be longer
    /// than the device takes.
    pub fn fit(&self, dims: &[u32], tile: Tile, extras: Extras) -> Option<Settings> {
        let settings = (self.settings)(dims, tile, extras)?;
        // A mistake in the template is for whoever builds it to tell.
        let too_long = |wgsl: String| wgsl.len() > extras.longest;
        let refused = extras.longest != usize::MAX && self.render(&settings).is_ok_and(too_long);
        (!refused).then_some(settings)
    }

    /// The WGSL for these settings.
    ///
    /// # Errors
    /// A mistake in the template, with its line.
    pub fn render(&self, settings: &Settings) -> Result<String, String> {
        let syntax = SyntaxConfig::builder()
            .block_delimiters("//{%", "%}")
            .variable_delimiters("${", "}")
            .comment_delimiters("//{#", "#}")
            .line_statement_prefix("//%")
            .build()
            .map_err(|e| e.to_string())?;
        let mut templates = Environment::empty();
        templates.add_function("range", minijinja::functions::range);
        templates.add_filter("trim", minijinja::filters::trim);
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_syntax(syntax);
        templates
            .render_str(self.wgsl, &settings.0)
            .map_err(|e| format!("{}: {e:#}", self.name))
    }
}

/// A variant with one size only says so with this.
pub const ONE_TILE: Tile = [1, 1];

/// The dims that a variant's functions are given, as words.
pub fn dims<D: bytemuck::Pod>(words: &[u32]) -> D {
    bytemuck::pod_read_unaligned(bytemuck::cast_slice(words))
}

impl fmt::Debug for Variant {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name)
    }
}
