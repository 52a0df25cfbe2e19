//! Reads the command line and answers with an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    minuano_gateway::cli::main()
}
