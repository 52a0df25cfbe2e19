//! `minuano-setup`: see the library.

fn main() -> std::process::ExitCode {
    minuano_setup::cli::main()
}
