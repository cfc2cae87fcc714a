//! Checkpoints: directories that are there whole or not at all.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{CONFIG, RunDir};
use crate::{
    error::{Error, Result},
    files::sync_dir,
    model::{Kind, Param},
    train::{Slot, Snapshot, State, Weights, weights},
};

const WEIGHTS: &str = "model.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
const STATE: &str = "state.json";
/// The digest of the state, which has those of all other files.
const DIGEST: &str = "state.digest";

/// Averages, and the files that they are in.
const AVERAGES: [(Weights, &str); 2] = [
    (Weights::Ema, "ema.safetensors"),
    (Weights::Swa, "swa.safetensors"),
];

/// All files whose digests a state may hold: a name from a file leads nowhere else.
const FILES: [&str; 5] = [WEIGHTS, OPTIMIZER, AVERAGES[0].1, AVERAGES[1].1, CONFIG];

/// What stands in front of the name of a checkpoint that is being written.
const DRAFT: &str = ".draft-";

/// What stands in front of the update of a checkpoint that has stepped aside.
const ASIDE: &str = ".aside-";

/// What a run notes about itself beside its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notes {
    /// The version that wrote it.
    pub kiln: String,
    /// Bytes of `metrics.jsonl` at that moment: what comes after belongs to no update before it.
    pub metrics_bytes: u64,
    /// A digest of the data.
    pub data: u64,
    /// Seconds spent on the run so far.
    pub seconds: f64,
}

/// `state.json`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    notes: Notes,
    state: State,
    /// Digests of the files beside it.
    digests: BTreeMap<String, u64>,
}

/// A checkpoint as it was read.
pub struct Checkpoint {
    /// Where it lies.
    pub path: PathBuf,
    /// The run at that moment.
    pub snapshot: Snapshot,
    /// What else was noted.
    pub notes: Notes,
}

/// The checkpoints of a run.
pub struct Checkpoints {
    dir: PathBuf,
    /// How many of the latest are kept, besides the best.
    keep: usize,
    /// The settings of the run, which every checkpoint has a copy of.
    config: Option<String>,
}

impl Checkpoints {
    /// Of a run; `keep` of the latest are kept, at least 1, and the best one.
    pub fn of(run: &Path, keep: usize) -> Checkpoints {
        Checkpoints {
            dir: run.join("checkpoints"),
            keep: keep.max(1),
            config: None,
        }
    }

    /// Those that are written from now on hold these settings, so that what a run was made with is known
    /// whatever becomes of its `config.toml`.
    pub fn with_config(self, config: String) -> Checkpoints {
        Checkpoints {
            config: Some(config),
            ..self
        }
    }

    /// The directory of the latest one that holds its settings as they were written.
    pub fn configured(&self) -> Option<PathBuf> {
        let paths = self
            .steps()
            .into_iter()
            .rev()
            .map(|step| self.dir.join(name_of(step)));
        let whole = |path: &PathBuf| {
            let saved = state_of(path).ok();
            let digest = saved.and_then(|s| s.digests.get(CONFIG).copied());
            let text = fs::read(path.join(CONFIG)).ok();
            digest.is_some() && text.map(|text| xxh3_64(&text)) == digest
        };
        paths.into_iter().find(whole)
    }

    /// Updates applied before the checkpoint in a directory, by its name.
    pub fn step_in(dir: &Path) -> Option<u64> {
        dir.file_name()?.to_str().and_then(step_of)
    }

    /// The latest, by its name.
    pub fn last(&self) -> Option<u64> {
        self.steps().pop()
    }

    /// Whether there is none, not even a damaged one.
    pub fn is_empty(&self) -> bool {
        self.steps().is_empty()
    }

    /// Writes one, under a name of its own first: whoever looks sees it whole or not at all. It becomes
    /// `last`, and `best` if it is; older ones go.
    ///
    /// # Errors
    /// If it cannot be written; those before it are as they were.
    pub fn save(
        &self,
        params: &[&Param],
        snapshot: &Snapshot,
        notes: Notes,
        best: bool,
    ) -> Result<PathBuf> {
        fs::create_dir_all(&self.dir).map_err(Error::io(&self.dir))?;
        let draft = draft_in(&self.dir)?;
        let mut slots: Vec<(Param, &[f32])> = Vec::new();
        for slot in &snapshot.slots {
            let values = slot.values.iter().map(Vec::as_slice);
            // What is frozen has none.
            let kept = trained(params).zip(values).filter(|(_, v)| !v.is_empty());
            slots.extend(kept.map(|(p, values)| (slot_of(&slot.name, p), values)));
        }
        let (slots, values): (Vec<Param>, Vec<&[f32]>) = slots.into_iter().unzip();
        let slots: Vec<&Param> = slots.iter().collect();
        let mut files = vec![
            (WEIGHTS, weights::serialize(params, &snapshot.weights)?),
            (OPTIMIZER, weights::serialize(&slots, &values)?),
        ];
        for (which, name) in AVERAGES {
            if let Some((_, values)) = snapshot.averages.iter().find(|(w, _)| *w == which) {
                files.push((name, weights::serialize(params, values)?));
            }
        }
        if let Some(config) = &self.config {
            files.push((CONFIG, config.clone().into_bytes()));
        }
        let digests = files
            .iter()
            .map(|(name, bytes)| (name.to_string(), xxh3_64(bytes)));
        let saved = Saved {
            notes,
            state: snapshot.state.clone(),
            digests: digests.collect(),
        };
        let state = serde_json::to_vec_pretty(&saved)
            .map_err(|e| Error::file(&self.dir, format!("the state does not serialise: {e}")))?;
        files.push((DIGEST, format!("{:016x}\n", xxh3_64(&state)).into_bytes()));
        files.push((STATE, state));
        let path = self.dir.join(name_of(snapshot.state.step));
        for (name, bytes) in &files {
            // A person is told of the checkpoint, not of a draft that is gone.
            write_synced(&draft.path().join(name), bytes).map_err(Error::io(&path.join(name)))?;
        }
        sync_dir(draft.path())?;
        self.put(draft.keep(), snapshot.state.step)?;
        self.point("last", &path)?;
        if best {
            self.point("best", &path)?;
        }
        self.prune()?;
        Ok(path)
    }

    /// Gives a draft its place. One that is there already (a resumed run has come here again) steps aside
    /// until the new one is in.
    fn put(&self, draft: PathBuf, step: u64) -> Result<()> {
        let (path, aside) = (self.dir.join(name_of(step)), self.dir.join(aside(step)));
        if path.exists() {
            fs::rename(&path, &aside).map_err(Error::io(&path))?;
        }
        fs::rename(&draft, &path).map_err(Error::io(&path))?;
        sync_dir(&self.dir)?;
        match aside.exists() {
            true => fs::remove_dir_all(&aside).map_err(Error::io(&aside)),
            false => Ok(()),
        }
    }

    /// Puts in order what a crash has left: a checkpoint that had stepped aside comes back, drafts go.
    /// For the one process that writes to the run.
    pub(super) fn recover(&self) {
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let aside = name.strip_prefix(ASIDE).and_then(|n| n.parse().ok());
            let home = aside.map(|step| self.dir.join(name_of(step)));
            // Whatever cannot be mended is no worse than not there.
            let _ = match home {
                Some(home) if !home.exists() => fs::rename(entry.path(), home),
                Some(_) => fs::remove_dir_all(entry.path()),
                None if name.starts_with(DRAFT) => fs::remove_dir_all(entry.path()),
                None => Ok(()),
            };
        }
    }

    /// Where `last` or `best` leads, if there is one.
    pub fn named(&self, name: &str) -> Option<PathBuf> {
        let link = self.dir.join(name);
        let target = match fs::read_link(&link) {
            Ok(target) => target,
            Err(_) => fs::read_to_string(&link).ok()?.trim().into(),
        };
        let step = target.file_name()?.to_str().and_then(step_of)?;
        let path = self.dir.join(name_of(step));
        path.is_dir().then_some(path)
    }

    /// The latest one that is whole, and what is wrong with those after it.
    ///
    /// # Errors
    /// If there is none.
    pub fn latest(&self, params: &[&Param]) -> Result<(Checkpoint, Vec<Error>)> {
        let mut wrong = Vec::new();
        for step in self.steps().into_iter().rev() {
            match load(&self.dir.join(name_of(step)), params) {
                Ok(checkpoint) => return Ok((checkpoint, wrong)),
                Err(e) => wrong.push(e),
            }
        }
        let why = match wrong.first() {
            Some(e) => format!("no checkpoint is whole: {e}"),
            None => "there is no checkpoint to go on from; start the run again".into(),
        };
        Err(Error::file(&self.dir, why))
    }

    /// The one after `step` updates.
    ///
    /// # Errors
    /// If there is none (the message lists those that there are), or it is damaged.
    pub fn at(&self, step: u64, params: &[&Param]) -> Result<Checkpoint> {
        let steps = self.steps();
        if steps.contains(&step) {
            return load(&self.dir.join(name_of(step)), params);
        }
        let known: Vec<String> = steps.iter().map(u64::to_string).collect();
        let why = match known.is_empty() {
            true => "there are no checkpoints".into(),
            false => format!("there are those after {} updates", known.join(", ")),
        };
        let missing = format!("has no checkpoint after {step} updates; {why}");
        Err(Error::file(&self.dir, missing))
    }

    /// Updates before which checkpoints exist, ascending.
    fn steps(&self) -> Vec<u64> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut steps: Vec<u64> = entries
            .filter_map(|e| step_of(e.file_name().to_str()?))
            .collect();
        steps.sort_unstable();
        steps
    }

    /// Removes all but the latest and the best.
    fn prune(&self) -> Result<()> {
        let steps = self.steps();
        let best = self.named("best");
        let old = steps.len().saturating_sub(self.keep);
        let paths = steps
            .into_iter()
            .take(old)
            .map(|step| self.dir.join(name_of(step)));
        for path in paths.filter(|path| Some(path) != best.as_ref()) {
            fs::remove_dir_all(&path).map_err(Error::io(&path))?;
        }
        Ok(())
    }

    /// Lets a name lead to a checkpoint, at once for whoever looks.
    fn point(&self, name: &str, path: &Path) -> Result<()> {
        let Some(target) = path.file_name() else {
            return Ok(());
        };
        let link = self.dir.join(name);
        #[cfg(unix)]
        {
            let draft = self.dir.join(format!(".{name}"));
            let _ = fs::remove_file(&draft); // what a crash may have left
            std::os::unix::fs::symlink(target, &draft).map_err(Error::io(&draft))?;
            fs::rename(&draft, &link).map_err(Error::io(&link))
        }
        #[cfg(not(unix))]
        crate::files::write_atomically(&link, target.to_string_lossy().as_bytes())
    }
}

/// An optimiser's slot of a parameter, as a parameter: `exp_avg.fc1.weight`.
fn slot_of(name: &str, param: &Param) -> Param {
    Param {
        name: format!("{name}.{}", param.name),
        ..param.clone()
    }
}

/// Of what a model has in its `state_dict`, what is trained: only that has slots.
fn trained<'a>(params: &'a [&Param]) -> impl Iterator<Item = &'a Param> {
    params.iter().copied().filter(|p| p.kind == Kind::Trained)
}

/// Reads a checkpoint of a model with these parameters.
///
/// # Errors
/// If a file is missing, damaged, or of another model.
fn load(path: &Path, params: &[&Param]) -> Result<Checkpoint> {
    let saved = state_of(path)?;
    if Checkpoints::step_in(path).is_some_and(|step| step != saved.state.step) {
        let found = format!("holds the state after {} updates", saved.state.step);
        return Err(Error::file(path, found + ", not what its name says"));
    }
    for (name, &digest) in &saved.digests {
        if !FILES.contains(&name.as_str()) {
            let message = format!("names {name:?}, which is no file of a checkpoint");
            return Err(Error::file(&path.join(STATE), message));
        }
        let file = path.join(name);
        let bytes = fs::read(&file).map_err(Error::io(&file))?;
        if xxh3_64(&bytes) != digest {
            return Err(Error::file(
                &file,
                format!("is not what was written: its digest differs from the one in {STATE}"),
            ));
        }
    }
    let slots = saved.state.slots.iter().map(|name| {
        let moved = trained(params).filter(|p| !saved.state.frozen.contains(&p.name));
        let own: Vec<Param> = moved.map(|p| slot_of(name, p)).collect();
        (name, own)
    });
    let slots: Vec<(&String, Vec<Param>)> = slots.collect();
    let all: Vec<&Param> = slots.iter().flat_map(|s| &s.1).collect();
    let mut values = weights::load(&path.join(OPTIMIZER), &all)?.into_iter();
    let mut slot = |(name, _): &(&String, Vec<Param>)| {
        let value = |p: &Param| match saved.state.frozen.contains(&p.name) {
            true => Some(Vec::new()),
            false => values.next(),
        };
        Slot {
            name: name.to_string(),
            values: trained(params).filter_map(value).collect(),
        }
    };
    let slots = slots.iter().map(&mut slot).collect();
    let mut averages = Vec::new();
    for (which, name) in AVERAGES {
        if saved.digests.contains_key(name) {
            averages.push((which, weights::load(&path.join(name), params)?));
        }
    }
    Ok(Checkpoint {
        path: path.into(),
        snapshot: Snapshot {
            state: saved.state,
            weights: weights::load(&path.join(WEIGHTS), params)?,
            slots,
            averages,
        },
        notes: saved.notes,
    })
}

/// What a checkpoint says of itself.
fn state_of(path: &Path) -> Result<Saved> {
    let (file, digest) = (path.join(STATE), path.join(DIGEST));
    let state = fs::read(&file).map_err(Error::io(&file))?;
    let written = fs::read_to_string(&digest).map_err(Error::io(&digest))?;
    if written.trim() != format!("{:016x}", xxh3_64(&state)) {
        return Err(Error::file(
            &file,
            format!("is not what was written: its digest differs from {DIGEST}"),
        ));
    }
    serde_json::from_slice(&state)
        .map_err(|e| Error::file(&file, format!("is not the state of a checkpoint: {e}")))
}

/// What a checkpoint is called while another one takes its place.
fn aside(step: u64) -> String {
    format!("{ASIDE}{step}")
}

fn name_of(step: u64) -> String {
    format!("step-{step:09}")
}

fn step_of(name: &str) -> Option<u64> {
    name.strip_prefix("step-")?.parse().ok()
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A directory that nobody else knows, and which goes if nothing comes of it.
fn draft_in(dir: &Path) -> Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // Like any new directory: what the umask allows.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder
        .prefix(DRAFT)
        .tempdir_in(dir)
        .map_err(Error::io(dir))
}

impl RunDir {
    /// Its checkpoints.
    pub fn checkpoints(&self, keep: usize) -> Checkpoints {
        Checkpoints::of(self.path(), keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param() -> Param {
        Param {
            name: "fc.weight".into(),
            shape: vec![2, 2],
            init: crate::model::Init::Inputs(2),
            kind: Kind::Trained,
        }
    }

    fn snapshot(step: u64) -> Snapshot {
        Snapshot {
            state: State {
                step,
                evaluated: None,
                controllers: Vec::new(),
                control: vec![0x7fc0_0000, 1],
                epoch_sums: [0.1, 0.2, 3.0],
                left_out: [2, 1],
                left_out_first: 0,
                slots: vec!["momentum_buffer".into()],
                frozen: Vec::new(),
            },
            weights: vec![vec![step as f32, 1.0, -0.0, 1e-40]],
            slots: vec![Slot {
                name: "momentum_buffer".into(),
                values: vec![vec![0.5; 4]],
            }],
            averages: vec![(Weights::Ema, vec![vec![0.25; 4]])],
        }
    }

    fn notes() -> Notes {
        Notes {
            kiln: "0".into(),
            metrics_bytes: 12,
            data: u64::MAX,
            seconds: 0.1,
        }
    }

    /// What was saved comes back to the bit, old ones go, the best one stays.
    #[test]
    fn the_latest_and_the_best_are_kept() {
        let root = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::of(root.path(), 2);
        let param = param();
        for step in 1..=5 {
            let best = step == 2;
            checkpoints
                .save(&[&param], &snapshot(step), notes(), best)
                .unwrap();
        }
        assert_eq!(checkpoints.steps(), [2, 4, 5]);
        let (latest, wrong) = checkpoints.latest(&[&param]).unwrap();
        assert_eq!((latest.snapshot, latest.notes), (snapshot(5), notes()));
        assert!(wrong.is_empty());
        assert!(
            checkpoints
                .named("best")
                .unwrap()
                .ends_with("step-000000002")
        );
        assert!(
            checkpoints
                .named("last")
                .unwrap()
                .ends_with("step-000000005")
        );
        // Coming to the same update again replaces it, and a crash on the way loses nothing.
        checkpoints
            .save(&[&param], &snapshot(5), notes(), false)
            .unwrap();
        let dir = root.path().join("checkpoints");
        fs::rename(dir.join(name_of(5)), dir.join(aside(5))).unwrap();
        fs::create_dir(dir.join(".draft-x")).unwrap();
        checkpoints.recover();
        assert!(!dir.join(".draft-x").exists());
        let (latest, _) = checkpoints.latest(&[&param]).unwrap();
        assert_eq!(latest.snapshot.state.step, 5);
    }

    /// Whoever wants none keeps the latest.
    #[test]
    fn one_is_always_kept() {
        let root = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::of(root.path(), 0);
        for step in 1..=2 {
            checkpoints
                .save(&[&param()], &snapshot(step), notes(), false)
                .unwrap();
        }
        assert_eq!(checkpoints.steps(), [2]);
    }

    /// What fails on its way to its place leaves names and checkpoints as they were.
    #[test]
    fn a_failed_save_changes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::of(root.path(), 3);
        let save = |step| checkpoints.save(&[&param()], &snapshot(step), notes(), false);
        let last = || Checkpoints::step_in(&checkpoints.named("last").unwrap());
        save(1).unwrap();
        save(2).unwrap();
        let dir = root.path().join("checkpoints");
        fs::create_dir_all(dir.join(aside(1)).join("in the way")).unwrap();
        assert!(save(1).is_err());
        assert_eq!(last(), Some(2));
        assert!(checkpoints.put(dir.join(".draft-gone"), 2).is_err());
        checkpoints.recover();
        assert_eq!(last(), Some(2));
        assert_eq!(
            checkpoints.latest(&[&param()]).unwrap().0.snapshot,
            snapshot(2)
        );
    }

    /// Settings are those of the latest checkpoint that has them whole.
    #[test]
    fn settings_go_with_checkpoints() {
        let root = tempfile::tempdir().unwrap();
        let param = param();
        for (step, config) in [(1, "lr = 0.1"), (2, "lr = 0.2")] {
            let checkpoints = Checkpoints::of(root.path(), 3).with_config(config.into());
            checkpoints
                .save(&[&param], &snapshot(step), notes(), false)
                .unwrap();
        }
        let checkpoints = Checkpoints::of(root.path(), 3);
        let of = |step| root.path().join("checkpoints").join(name_of(step));
        assert_eq!(checkpoints.configured(), Some(of(2)));
        fs::write(of(2).join(CONFIG), "lr = 0.3").unwrap();
        assert_eq!(checkpoints.configured(), Some(of(1)));
        assert!(
            checkpoints.latest(&[&param]).unwrap().1.len() == 1,
            "damage"
        );
    }

    /// A damaged checkpoint is passed over, and said to be.
    #[test]
    fn damage_is_found() {
        let root = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::of(root.path(), 3);
        let param = param();
        for step in 1..=2 {
            checkpoints
                .save(&[&param], &snapshot(step), notes(), false)
                .unwrap();
        }
        let file = root.path().join("checkpoints/step-000000002").join(WEIGHTS);
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file, bytes).unwrap();
        let (latest, wrong) = checkpoints.latest(&[&param]).unwrap();
        assert_eq!(latest.snapshot.state.step, 1);
        assert!(wrong[0].to_string().contains("digest"), "{}", wrong[0]);
        fs::remove_dir_all(root.path().join("checkpoints/step-000000002")).unwrap();
        let state = root.path().join("checkpoints/step-000000001").join(STATE);
        let text = fs::read_to_string(&state).unwrap();
        let edited = text.replace("\"step\": 1", "\"step\": 7");
        assert_ne!(text, edited);
        fs::write(&state, edited).unwrap();
        let e = checkpoints.latest(&[&param]).err().unwrap().to_string();
        assert!(e.contains("state.digest"), "{e}");
        fs::write(&state, text).unwrap();
        assert!(checkpoints.latest(&[&param]).is_ok());
        fs::remove_file(state).unwrap();
        assert!(checkpoints.latest(&[&param]).is_err());
    }
}
