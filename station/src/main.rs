//! `minuano-station`.

fn main() -> std::process::ExitCode {
    minuano_station::cli::main()
}
