//! Files, texts and flags that somebody damaged on purpose: every kind of input that `fuzz/` knows, its corpus and ten
//! thousand random changes of it. None panics, takes a second, or takes more memory than its target says.
//! A binary of its own, as it replaces the global allocator.
//!
//! An input that fails is kept under `target/hostile`; put it into `fuzz/corpus/TARGET` with a name that says what it
//! is. Where the process is killed instead (the stack is full, or memory), `KILN_HOSTILE_KEEP=1` keeps every input
//! before it is read, so that the last one is left.

mod heap;
mod mutate;
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::{
    collections::BTreeSet,
    env, fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use mutate::Mutator;
use targets::{ALL, FREE, Target};

/// Inputs made of each corpus; `KILN_HOSTILE_INPUTS` asks for more.
const INPUTS: usize = 10_000;

/// The longest that one may take, and when it is taken for one that never ends.
const SLOW: Duration = Duration::from_secs(1);
const HUNG: Duration = Duration::from_secs(30);

/// Memory is counted for all threads together, so one input is read at a time.
static ONE: Mutex<()> = Mutex::new(());

/// The corpus of a target, then what random changes make of it.
fn withstands(name: &str) {
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let target = targets::named(name);
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "fuzz/corpus/{name} is empty");
    let seeds: Vec<Vec<u8>> = corpus
        .iter()
        .map(|path| fs::read(path).expect("a seed"))
        .collect();
    let inputs = env::var("KILN_HOSTILE_INPUTS")
        .ok()
        .and_then(|n| n.parse().ok());
    let mut mutator = Mutator::new(&seeds);
    let random = std::iter::repeat_with(|| mutator.next()).take(inputs.unwrap_or(INPUTS));
    let watchdog = Watchdog::start(name);
    // What is made once, such as tables and threads' stacks, is nobody's.
    (target.read)(&seeds[0]);
    let wrong: Vec<String> = seeds
        .iter()
        .cloned()
        .chain(random)
        .filter_map(|input| watchdog.watch(target, &input))
        .take(10)
        .collect();
    drop(one);
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
}

/// The files of a target's corpus, in order: what a fuzzer found has no extension, and is not kept.
fn corpus(name: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let files = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some());
    files.sort();
    files
}

/// Reads inputs one by one, and ends the process if one is never read to its end.
struct Watchdog {
    name: String,
    begun: mpsc::Sender<Option<Vec<u8>>>,
}

impl Watchdog {
    fn start(name: &str) -> Watchdog {
        let (begun, receiver) = mpsc::channel::<Option<Vec<u8>>>();
        let own = name.to_owned();
        thread::spawn(move || {
            while let Ok(input) = receiver.recv() {
                let Some(input) = input else { continue };
                if let Err(mpsc::RecvTimeoutError::Timeout) = receiver.recv_timeout(HUNG) {
                    eprintln!("{own}: hangs on {}", kept(&own, &input).display());
                    std::process::exit(101);
                }
            }
        });
        Watchdog {
            name: name.into(),
            begun,
        }
    }

    /// What is wrong with how a target reads an input.
    fn watch(&self, target: &Target, input: &[u8]) -> Option<String> {
        if env::var_os("KILN_HOSTILE_KEEP").is_some() {
            kept(&self.name, input);
        }
        self.begun
            .send(Some(input.to_vec()))
            .expect("the watchdog runs");
        let begun = Instant::now();
        let mut panicked = false;
        let bytes = heap::most_during(|| {
            panicked = catch_unwind(AssertUnwindSafe(|| (target.read)(input))).is_err();
        });
        let mut took = begun.elapsed();
        // Others may be using the machine: what is slow is slow every time.
        for _ in 0..3 {
            if took >= SLOW && !panicked {
                let begun = Instant::now();
                (target.read)(input);
                took = took.min(begun.elapsed());
            }
        }
        self.begun.send(None).expect("the watchdog runs");
        let most = FREE + target.per_byte * input.len() as u64;
        let why = match () {
            () if panicked => "panics".to_owned(),
            () if took >= SLOW => format!("takes {took:?}"),
            () if bytes > most => format!("takes {bytes} bytes of memory, more than {most},"),
            () => return None,
        };
        Some(format!("{why} at {}", kept(&self.name, input).display()))
    }
}

/// The file that an input is kept in.
fn kept(name: &str, input: &[u8]) -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/hostile");
    let path = match env::var_os("KILN_HOSTILE_KEEP") {
        Some(_) => dir.join(format!("{name}-last.bin")),
        None => dir.join(format!(
            "{name}-{:016x}.bin",
            xxhash_rust::xxh3::xxh3_64(input)
        )),
    };
    fs::create_dir_all(&dir).expect("target can be written");
    fs::write(&path, input).expect("target can be written");
    path
}

macro_rules! withstand {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            withstands(stringify!($name));
        })*

        /// No kind of input is passed over, here or by a fuzzer.
        #[test]
        fn every_target_is_tested() {
            let names = ALL.each_ref().map(|target| target.name);
            assert_eq!([$(stringify!($name)),*], names);
            let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
            let files = fs::read_dir(dir).expect("fuzz targets").flatten();
            let names_of = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
            let found: BTreeSet<String> = files.map(names_of).collect();
            assert_eq!(found, names.iter().map(|name| format!("{name}.rs")).collect());
        }
    };
}

withstand! {
    idx gzip csv npy npz picture form safetensors checkpoint tuning report config flags model schedule controller
    optimizer group
}
