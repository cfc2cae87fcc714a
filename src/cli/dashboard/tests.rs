//! Pictures of a run that was made up, at several sizes.

use std::path::PathBuf;

use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
};

use super::{
    Message,
    state::{Action, State},
    view,
};
use crate::{
    cli::screen::About,
    report::plots::Drawn,
    schedule::Schedule,
    train::{Evaluation, Update},
};

const STEPS: u64 = 1000;

fn schedule() -> Schedule {
    Schedule::warmup(0.1, 200).then(200, Schedule::cosine(0.1, 0.0, 800))
}

fn begun() -> State {
    State::new(About {
        kiln: "0",
        run: Some("runs/lenet-digits-1".into()),
        model: "lenet".into(),
        parameters: 21840,
        data: "digits: 1438 training and 359 test samples".into(),
        device: "CPU executor, 2 threads".into(),
        schedule: "warmup then cosine".into(),
        optimizer: "SGD".into(),
        step: 0,
        steps: STEPS,
        updates_per_epoch: 100,
        batch_size: 32,
        remarks: vec!["the rate is nearly 0 at the end".into()],
        rates: Drawn::of("warmup then cosine", &schedule(), STEPS),
    })
}

/// 400 updates, four evaluations, a checkpoint, and a change of the rate.
fn under_way() -> State {
    let mut state = begun();
    for epoch in 0..4 {
        let row = |i: u64| {
            let step = epoch * 100 + i;
            let noise = (step * 7919 % 101) as f64 / 100.0;
            Update {
                step,
                epoch: step as f64 / 100.0,
                lr: schedule().at(step) * if step < 300 { 1.0 } else { 0.9 },
                groups: Default::default(),
                momentum: None,
                loss: 2.3 * (-(step as f64) / 150.0).exp() + 0.2 * noise,
                skipped: 0,
                grad_norm: 1.0,
            }
        };
        let step = (epoch + 1) * 100;
        state.take(Message::Rows((0..100).map(row).collect()));
        state.take(Message::Evaluation(Evaluation {
            step,
            epoch: step as f64 / 100.0,
            eval_loss: 2.5 * (-(step as f64) / 150.0).exp() + 0.1,
            eval_accuracy: Some(1.0 - 0.8 * (-(step as f64) / 150.0).exp()),
            ..Evaluation::default()
        }));
    }
    let path = PathBuf::from("runs/lenet-digits-1/checkpoints/step-400");
    state.take(Message::Checkpoint(400, path));
    state.take(Message::Factor(300, 0.9));
    state
}

fn picture(state: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| view::draw(frame, state, 10.0))
        .unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y: u16| {
        let cells = (0..width).map(|x| buffer[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_string() + "\n"
    };
    (0..height).map(line).collect()
}

/// The picture is the one that somebody has looked at. `KILN_BLESS=1` writes a new one, to be
/// looked at.
#[test]
fn pictures_are_as_they_were() {
    let state = under_way();
    for (width, height) in [(100, 30), (60, 20)] {
        let seen = picture(&state, width, height);
        let name = format!("src/cli/dashboard/{width}x{height}.txt");
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(&name);
        if std::env::var_os("KILN_BLESS").is_some() {
            std::fs::write(&file, &seen).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(seen == kept, "{name} differs; now it is\n{seen}");
    }
}

/// A run without a row, a window of a few cells, help over it: nothing panics.
#[test]
fn no_size_is_too_small() {
    let mut helped = under_way();
    helped.key(KeyEvent::from(KeyCode::Char('?')));
    for state in [begun(), under_way(), helped] {
        for (width, height) in [
            (1, 1),
            (2, 3),
            (7, 7),
            (20, 5),
            (5, 40),
            (300, 2),
            (300, 100),
        ] {
            picture(&state, width, height);
        }
    }
}

/// A run that goes on shows what was evaluated before, in its curves and not in its log.
#[test]
fn the_past_is_drawn() {
    let mut state = begun();
    let row = |step| Evaluation {
        step,
        epoch: step as f64 / 100.0,
        eval_loss: 1.0,
        eval_accuracy: Some(0.875),
        ..Evaluation::default()
    };
    state.take(Message::Past(vec![row(100), row(200)]));
    let seen = picture(&state, 100, 30);
    assert!(seen.contains("accuracy 87.50%") && !seen.contains("epoch 2.00"));
}

/// Keys ask of the run what the footer says; factors add up before the run has taken them.
#[test]
fn keys_do_what_they_say() {
    let mut state = begun();
    let press = |state: &mut State, c| state.key(KeyEvent::from(KeyCode::Char(c)));
    assert_eq!(press(&mut state, '+'), Some(Action::Factor(1.1)));
    state.wanted = 1.1;
    assert_eq!(press(&mut state, '+'), Some(Action::Factor(1.21)));
    assert_eq!(press(&mut state, '-'), Some(Action::Factor(0.99)));
    assert_eq!(press(&mut state, '0'), Some(Action::Factor(1.0)));
    assert_eq!(press(&mut state, 'q'), Some(Action::Stop));
    assert_eq!(press(&mut state, 'c'), None);
    let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(state.key(control), Some(Action::Stop));
    assert_eq!(press(&mut state, 'p'), None);
    assert!(!state.raw && picture(&state, 100, 30).contains("1.1 asked for"));
}
