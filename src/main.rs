//! `kiln`: parse, run, exit code. Everything else is the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    kiln::cli::main()
}
