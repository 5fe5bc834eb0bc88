//! The program `unburn`; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    unburn::cli::main()
}
