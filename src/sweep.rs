//! Sweeps: which settings are tried, what the runs are called, which of them came furthest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The settings that tell one run of a sweep from the others, in the order in which they were given.
pub type Settings = Vec<(String, String)>;

/// A run that a sweep makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Its directory's name.
    pub name: String,
    /// What is set, apart from the seed.
    pub settings: Settings,
    /// Its seed, where a sweep gives one.
    pub seed: Option<u64>,
}

/// Reads `key=value,value` or `key=value;value`: semicolons separate if there are any, else commas; neither
/// within parentheses or brackets.
///
/// # Errors
/// If a value is missing or stands there twice.
pub fn axis(text: &str) -> Result<(String, Vec<String>), String> {
    let expected = "expected KEY=VALUE,VALUE,… or KEY=VALUE;VALUE;…, such as lr=0.01,0.1";
    let (key, values) = text
        .split_once('=')
        .ok_or_else(|| format!("`{text}` has no `=`; {expected}"))?;
    let key = key.trim().trim_start_matches("--").replace('_', "-");
    if key.is_empty() {
        return Err(format!("`{text}` names no setting; {expected}"));
    }
    let parts = match split(values, ';') {
        parts if parts.len() > 1 => parts,
        _ => split(values, ','),
    };
    for (i, value) in parts.iter().enumerate() {
        if value.is_empty() {
            return Err(format!("`{text}`: value {} is empty; {expected}", i + 1));
        }
        if parts.iter().take(i).any(|before| before == value) {
            return Err(format!(
                "`{text}`: `{value}` stands there twice; remove one"
            ));
        }
    }
    Ok((key, parts))
}

/// Splits where the separator stands outside of parentheses, brackets and quotes.
fn split(text: &str, separator: char) -> Vec<String> {
    let (mut depth, mut quoted) = (0i32, false);
    let mut parts = vec![String::new()];
    for c in text.chars() {
        match c {
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            '"' => quoted = !quoted,
            _ => {}
        }
        if c == separator && depth <= 0 && !quoted {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
        .into_iter()
        .map(|part| part.trim().to_string())
        .collect()
}

/// Every combination of the axes' values; the last axis changes fastest.
pub fn grid(axes: &[(String, Vec<String>)]) -> Vec<Settings> {
    axes.iter().fold(vec![Vec::new()], |rows, (key, values)| {
        let with = |row: &Settings, value: &String| {
            let mut row = row.clone();
            row.push((key.clone(), value.clone()));
            row
        };
        let all = rows
            .iter()
            .flat_map(|row| values.iter().map(move |v| with(row, v)));
        all.collect()
    })
}

/// The runs of all settings, each with each of the seeds, with names of their own.
pub fn plan(settings: &[Settings], seeds: &[u64]) -> Vec<Planned> {
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    let mut planned = Vec::new();
    for row in settings {
        let seeds: Vec<Option<u64>> = match seeds {
            [] => vec![None],
            seeds => seeds.iter().copied().map(Some).collect(),
        };
        let mut name = name(row);
        let count = used.entry(name.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            name += &format!("-no{count}");
        }
        planned.extend(seeds.into_iter().map(|seed| Planned {
            name: match seed {
                Some(seed) => format!("{name}_seed-{seed}"),
                None => name.clone(),
            },
            settings: row.clone(),
            seed,
        }));
    }
    planned
}

/// `lr-0.1_schedule-cosine`: what every file system takes.
fn name(settings: &Settings) -> String {
    let plain = |text: &str| {
        let mut plain = String::new();
        for c in text.chars() {
            match c {
                c if c.is_ascii_alphanumeric() || c == '.' => plain.push(c),
                _ if plain.ends_with('-') => {}
                _ => plain.push('-'),
            }
        }
        plain.truncate(40);
        plain.trim_matches(['-', '.']).to_string()
    };
    let parts: Vec<String> = settings
        .iter()
        .map(|(key, value)| plain(&format!("{key}-{value}")))
        .collect();
    match parts.is_empty() {
        true => "run".into(),
        false => parts.join("_"),
    }
}

/// How far the runs of some settings came.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// The settings.
    pub settings: Settings,
    /// The mean of the runs' best values.
    pub mean: f64,
    /// Their standard deviation (of a sample); none for one run.
    pub spread: Option<f64>,
    /// The directories' names.
    pub runs: Vec<String>,
}

/// The settings in order, the best first. Runs without a value are left out.
pub fn rank(runs: &[(Planned, Option<f64>)], higher_is_better: bool) -> Vec<Place> {
    let mut groups: Vec<(Settings, Vec<(String, f64)>)> = Vec::new();
    for (run, value) in runs {
        let Some(value) = value.filter(|v| v.is_finite()) else {
            continue;
        };
        let entry = (run.name.clone(), value);
        match groups
            .iter_mut()
            .find(|(settings, _)| *settings == run.settings)
        {
            Some((_, list)) => list.push(entry),
            None => groups.push((run.settings.clone(), vec![entry])),
        }
    }
    let place = |(settings, list): (Settings, Vec<(String, f64)>)| {
        let n = list.len() as f64;
        let mean = list.iter().map(|(_, v)| v).sum::<f64>() / n;
        let squares: f64 = list.iter().map(|(_, v)| (v - mean).powi(2)).sum();
        Place {
            settings,
            mean,
            spread: (list.len() > 1).then(|| (squares / (n - 1.0)).sqrt()),
            runs: list.into_iter().map(|(name, _)| name).collect(),
        }
    };
    let mut places: Vec<Place> = groups.into_iter().map(place).collect();
    places.sort_by(|a, b| match higher_is_better {
        true => b.mean.total_cmp(&a.mean),
        false => a.mean.total_cmp(&b.mean),
    });
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(pairs: &[(&str, &str)]) -> Settings {
        let own = |&(k, v): &(&str, &str)| (k.into(), v.into());
        pairs.iter().map(own).collect()
    }

    /// Commas within a call belong to the value; semicolons separate what holds commas.
    #[test]
    fn axes_are_read_as_people_write_them() {
        let of = |text: &str| axis(text).unwrap().1;
        assert_eq!(of("lr=0.01, 0.05,0.1"), ["0.01", "0.05", "0.1"]);
        assert_eq!(
            of("schedule=wsd(10%, 20%),cosine"),
            ["wsd(10%, 20%)", "cosine"]
        );
        assert_eq!(of("schedule=a, b;c"), ["a, b", "c"]);
        assert_eq!(of("data=\"a,b\",c"), ["\"a,b\"", "c"]);
        assert_eq!(axis("--batch_size=16").unwrap().0, "batch-size");
        for (text, why) in [
            ("lr", "has no `=`"),
            ("=1", "names no setting"),
            ("lr=", "value 1 is empty"),
            ("lr=1,,2", "value 2 is empty"),
            ("lr=1,2,1", "stands there twice"),
        ] {
            assert!(axis(text).unwrap_err().contains(why), "{text}");
        }
    }

    /// Every combination once, each seed of it, names that differ.
    #[test]
    fn grids_are_complete() {
        let axes = [axis("lr=1,2").unwrap(), axis("schedule=a(x);a{x}").unwrap()];
        let rows = grid(&axes);
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[1], row(&[("lr", "1"), ("schedule", "a{x}")]));
        let planned = plan(&rows, &[3, 4]);
        let names: Vec<&str> = planned.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names[0], "lr-1_schedule-a-x_seed-3");
        assert_eq!(names[2], "lr-1_schedule-a-x-no2_seed-3");
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!((names.len(), distinct.len()), (8, 8));
        assert_eq!(plan(&[row(&[("lr", "0.05")])], &[])[0].name, "lr-0.05");
    }

    /// Seeds are averaged; runs without a value do not count; the order follows the direction.
    #[test]
    fn ranking_averages_seeds() {
        let planned = plan(&grid(&[axis("lr=1,2,3").unwrap()]), &[0, 1]);
        let values = [Some(0.9), Some(0.8), Some(0.95), None, None, Some(f64::NAN)];
        let runs: Vec<_> = planned.into_iter().zip(values).collect();
        let places = rank(&runs, true);
        let means: Vec<f64> = places.iter().map(|p| p.mean).collect();
        assert_eq!(means.len(), 2);
        assert_eq!(means[0], 0.95);
        assert!((means[1] - 0.85).abs() < 1e-12);
        assert_eq!(places[0].spread, None);
        assert!((places[1].spread.unwrap() - 0.005f64.sqrt()).abs() < 1e-12);
        assert_eq!(rank(&runs, false)[0].settings, row(&[("lr", "1")]));
    }
}
