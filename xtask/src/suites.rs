//! Runs every suite and adds up what they say.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};

use crate::arm64;
use crate::chaos;
use crate::containers::{self, Extent};
use crate::deny;
use crate::image::prove;
use crate::install;
use crate::panel::{self, npm};
use crate::process::{cargo, must, shown, target};

/// Which suites run.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cargo xtask test\n  cargo xtask test --only rust\n  cargo xtask test --only arm64\n  cargo xtask test --only deny\n  \
                  cargo xtask test chaos\n  cargo xtask test chaos --long\n  cargo xtask test chaos -- --seed 7 --embedded\n  \
                  cargo xtask test fuzz --long\n  cargo xtask test brokers\n  cargo xtask test containers\n  cargo xtask test containers -- kubernetes alert_rules\n  cargo xtask test image\n  cargo xtask test image -- --only first-reading"
)]
pub struct Options {
    /// Runs one suite: format, clippy, panel-types, panel-units, rust, chaos, arm64, containers (this
    /// machine's images alone), or deny, which runs only when it is named.
    #[arg(long, value_name = "SUITE")]
    only: Option<String>,
    /// Runs this alone, and with --long for as long as it deserves.
    #[arg(value_enum, conflicts_with = "only")]
    which: Option<Proof>,
    /// Chaos with 200 stations and a million readings; a hundred times the cases of fuzz; release images; every page of
    /// the panel judged by axe in each size, theme and language.
    #[arg(long, requires = "which")]
    long: bool,
    /// What chaos, image or (by Playwright) panel itself is told, see cargo xtask test chaos -- --help; of containers, words
    /// in the names of the tests that run.
    #[arg(last = true, requires = "which")]
    arguments: Vec<String>,
}

/// What can be tested longer than a test run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Proof {
    /// Everything between the stations and the lake breaks, and nothing is lost.
    Chaos,
    /// Any bytes at every door.
    Fuzz,
    /// RabbitMQ and ActiveMQ in mosquitto's place; installs 63 MB of Debian packages.
    Brokers,
    /// Both images for both architectures built, pushed, pulled and run, and every stack; needs root.
    Containers,
    /// The panel in Chromium before a real gateway.
    Panel,
    /// The card image boots in QEMU with emulated sensors; takes an hour and a half, after cargo xtask image.
    Image,
}

/// How many tests of a suite went how.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// The suites that are more than one command.
const ARM64: &str = "arm64";
const CHAOS: &str = "chaos";
const CONTAINERS: &str = "containers";
/// Runs only when it is named: its tool takes a minute to install.
const DENY: &str = "deny";

impl Tally {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// A hundred times what a test run takes.
const LONG_CASES: &str = "25600";

/// How the output of a suite is read.
#[derive(Clone, Copy)]
enum Counts {
    /// One check: it passes or fails as a whole.
    Whole,
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; …`, once for each binary.
    Cargo,
    /// `Tests  12 passed | 1 skipped (13)`.
    Vitest,
    /// `  12 passed (1.2m)`, `  1 failed`, each on a line of its own at the end.
    Playwright,
}

/// The panel's suite in Chromium.
fn browser() -> Command {
    let mut browser = npm("tests/browser");
    browser.args(["test", "--silent"]).env("NO_COLOR", "1").env("MINUANO_BINARIES", target().join("debug"));
    browser
}

fn browser_alone(options: &Options, begun: Instant) -> anyhow::Result<()> {
    panel::packages("tests/browser")?;
    panel::build()?;
    build_binaries()?;
    let mut browser = browser();
    browser.arg("--").args(&options.arguments);
    if options.long {
        browser.env("MINUANO_AXE", "all");
    }
    sum(run_suite("panel-browser", &mut browser, Counts::Playwright)?, begun)
}

/// Installs, builds and runs; an error if anything failed.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let begun = Instant::now();
    match options.which {
        Some(Proof::Chaos) => {
            chaos::build(options.long)?;
            return chaos::run(options.long, &options.arguments).map(drop);
        }
        Some(Proof::Fuzz) => return fuzz(options.long),
        Some(Proof::Brokers) => return brokers(begun),
        Some(Proof::Panel) => return browser_alone(options, begun),
        Some(Proof::Image) => return prove::run(&options.arguments),
        Some(Proof::Containers) => {
            panel::build()?;
            let extent = if options.long { Extent::Released } else { Extent::All };
            return sum(run_containers(extent, &options.arguments), begun);
        }
        None => {}
    }
    if options.only.as_deref() == Some(CHAOS) {
        chaos::build(false)?;
        return sum(run_chaos(), begun);
    }
    if options.only.as_deref() == Some(ARM64) {
        // It needs neither panel nor Python.
        return sum(run_arm64(), begun);
    }
    if options.only.as_deref() == Some(CONTAINERS) {
        panel::build()?;
        return sum(run_containers(Extent::Amd64, &[]), begun);
    }
    if options.only.as_deref() == Some(DENY) {
        return sum(run_suite(DENY, &mut deny::command()?, Counts::Whole)?, begun);
    }
    install::room()?;
    install::debian_packages()?;
    let python = install::python()?;
    panel::packages("tests/browser")?;
    panel::packages("tests/azurite")?;
    // The gateway embeds the panel, so the panel comes first.
    panel::build()?;

    let mut clippy = cargo();
    clippy.args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"]);
    let mut format = cargo();
    format.args(["fmt", "--all", "--check"]);
    let mut types = npm("dashboard");
    types.args(["run", "--silent", "check"]);
    let mut units = npm("dashboard");
    units.args(["test", "--silent"]).env("NO_COLOR", "1").env("CI", "true");
    let mut rust = cargo();
    rust.args(["test", "--workspace", "--no-fail-fast"]).env("MINUANO_PYTHON", python);

    let mut total = Tally::default();
    let browser = browser();
    let suites: [(&str, Command, Counts); 6] = [
        ("format", format, Counts::Whole),
        ("panel-types", types, Counts::Whole),
        ("panel-units", units, Counts::Vitest),
        ("clippy", clippy, Counts::Whole),
        ("rust", rust, Counts::Cargo),
        ("panel-browser", browser, Counts::Playwright),
    ];
    let chosen = |name: &str| options.only.as_deref().is_none_or(|only| only == name);
    ensure!(
        suites.iter().any(|(name, ..)| chosen(name)),
        "there is no such suite; see cargo xtask test --help"
    );
    for (name, mut command, counts) in suites.into_iter().filter(|(name, ..)| chosen(name)) {
        match name {
            "rust" => build_tests()?,
            "panel-browser" if options.only.is_some() => build_binaries()?,
            _ => {}
        }
        let tally = run_suite(name, &mut command, counts)?;
        total.add(tally);
    }
    if options.only.is_none() {
        total.add(run_chaos());
        total.add(run_arm64());
        total.add(run_containers(Extent::Amd64, &[]));
    }
    sum(total, begun)
}

/// The last lines, and the exit status.
fn sum(total: Tally, begun: Instant) -> anyhow::Result<()> {
    println!("\nall suites took {} s", begun.elapsed().as_secs());
    println!("{} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
    ensure!(total.failed == 0, "{} failed", total.failed);
    Ok(())
}

/// Tests and every binary that they, the browser and chaos run, with one set of features: built one by one, they would
/// compile most crates three times, which is minutes and gigabytes.
fn build_tests() -> anyhow::Result<()> {
    must(cargo().args(["build", "--workspace", "--lib", "--bins", "--tests", "--examples"]))
}

/// The end-to-end tests run the binaries as users do.
pub fn build_binaries() -> anyhow::Result<()> {
    must(cargo().args(["build", "--package", "minuano-station", "--package", "minuano-gateway"]))?;
    ensure!(target().join("debug/minuano-gateway").exists(), "cargo built no gateway");
    Ok(())
}

/// The end-to-end tests that need brokers which no other test needs.
fn brokers(begun: Instant) -> anyhow::Result<()> {
    install::debian_packages()?;
    install::programs(&install::BROKERS)?;
    panel::build()?;
    build_binaries()?;
    let mut command = cargo();
    command.args(["test", "--package", "minuano-tests", "--test", "whole_path", "other_brokers", "--"]);
    // One at a time: each of them takes a core to start.
    command.args(["--include-ignored", "--test-threads", "1"]);
    sum(run_suite("brokers", &mut command, Counts::Cargo)?, begun)
}

/// The targets of fuzzing, which are tests like others, with more cases.
fn fuzz(long: bool) -> anyhow::Result<()> {
    let mut command = cargo();
    command.args(["test", "--package", "minuano-telemetry", "--package", "minuano-gateway"]);
    command.args(["--package", "minuano-station", "fuzz"]);
    if long {
        command.env("PROPTEST_CASES", LONG_CASES);
    }
    must(&mut command)
}

/// Everything between the stations and the lake breaks.
fn run_chaos() -> Tally {
    own(CHAOS, "gateway, broker, disk and lake break under 40 stations", || {
        Ok(arm64::Outcome { passed: chaos::run(false, &[])?, ..arm64::Outcome::default() })
    })
}

/// Builds for the Raspberry Pi and runs that.
fn run_arm64() -> Tally {
    own(ARM64, "the station for aarch64-unknown-linux-gnu, under qemu-aarch64-static", arm64::run)
}

/// Builds both images and runs them.
fn run_containers(extent: Extent, words: &[String]) -> Tally {
    own(CONTAINERS, "both images, by an engine and a registry of this run's own", || {
        containers::run(extent, words)
    })
}

/// Runs a suite that is no command of its own.
fn own(name: &str, what: &str, suite: impl Fn() -> anyhow::Result<arm64::Outcome>) -> Tally {
    println!("\n── {name}: {what}");
    let begun = Instant::now();
    let tally = match suite() {
        Ok(outcome) => Tally { passed: outcome.passed, failed: outcome.failed, skipped: outcome.skipped },
        Err(error) => {
            println!("{error:#}");
            Tally { failed: 1, ..Tally::default() }
        }
    };
    say(name, tally, begun);
    tally
}

fn say(name: &str, tally: Tally, begun: Instant) {
    println!(
        "── {name}: {} passed, {} failed, {} skipped in {} s",
        tally.passed,
        tally.failed,
        tally.skipped,
        begun.elapsed().as_secs()
    );
}

/// Runs one suite, shows what it prints, and counts.
fn run_suite(name: &str, command: &mut Command, counts: Counts) -> anyhow::Result<Tally> {
    println!("\n── {name}: {}", shown(command));
    let begun = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{} did not start", shown(command)))?;
    let mut tally = Tally::default();
    let stdout = child.stdout.take().context("no standard output")?;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        println!("{line}");
        match counts {
            Counts::Cargo if line.starts_with("test result:") => count(&line, &mut tally),
            Counts::Vitest if line.trim_start().starts_with("Tests ") => count(&line, &mut tally),
            Counts::Playwright
                if line.starts_with("  ") && line.trim_start().starts_with(|c: char| c.is_ascii_digit()) =>
            {
                count(&line, &mut tally);
            }
            _ => {}
        }
    }
    let status = child.wait()?;
    if matches!(counts, Counts::Whole) {
        tally.passed = u64::from(status.success());
    }
    // A suite that could not be built or counted has failed as well.
    if tally.failed == 0 && (!status.success() || tally.passed == 0) {
        tally.failed = 1;
    }
    say(name, tally, begun);
    Ok(tally)
}

/// Adds `3 passed`, `0 failed`, `1 ignored` or `1 skipped`, wherever they stand in the line.
fn count(line: &str, tally: &mut Tally) {
    let words: Vec<&str> =
        line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    for pair in words.windows(2) {
        let Ok(number) = pair[0].parse::<u64>() else { continue };
        match pair[1] {
            "passed" => tally.passed += number,
            "failed" => tally.failed += number,
            "ignored" | "skipped" | "todo" => tally.skipped += number,
            _ => {}
        }
    }
}
