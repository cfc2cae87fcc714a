//! One binary for what users see. `docs/testing.md` says what each oracle protects, what it is
//! blind to, and which mutants prove it.

mod common;

mod augment;
mod backends;
mod bench;
mod cli;
mod controllers;
mod cooldown;
mod data;
mod device;
mod doctor;
mod escape;
mod eval;
mod examples;
mod export;
mod extremes;
mod faults;
mod golden_conversion;
mod golden_ops;
mod golden_schedules;
mod grad;
mod layers;
mod licences;
mod long;
mod lr_find;
mod methods;
mod mutants;
mod ops;
mod optim;
mod others;
mod pasted_lines;
mod pictures;
mod plan;
mod refusals;
mod report;
mod resume;
mod step;
mod sweep;
mod threads;
mod tidy;
mod trajectories;
mod tuning;
mod watching;
