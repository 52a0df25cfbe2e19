//! Instructions for a reading, by callgrind: the difference of two lengths, so that the start does not count.

use anyhow::Context;

use super::rig::{Link, Rig};

/// Ten samples a reading: emulated time, without a link.
const TEN: [&str; 2] = ["history = \"1h\"", "history = \"3h\""];
/// The same, one sample a reading.
const ONE: [&str; 2] = [
    "history = \"6m\"\n[sampling]\ninterval = \"1s\"\nreport = \"1s\"",
    "history = \"18m\"\n[sampling]\ninterval = \"1s\"\nreport = \"1s\"",
];
/// Live readings of one sample.
const LIVE: &str = "[sampling]\ninterval = \"300ms\"\nreport = \"300ms\"";
const READINGS: [u64; 2] = [60, 180];

/// Measures the halves of the way, and adds them up.
pub fn measure(rig: &Rig) -> anyhow::Result<()> {
    let ten = difference(TEN.map(|bus| history(rig, bus)))?;
    let one = difference(ONE.map(|bus| history(rig, bus)))?;
    println!("instructions a reading, ten samples, mean, log: {ten:.0}");
    println!("instructions a reading, one sample, mean, log: {one:.0}");
    for (link, what) in [(Link::Plain, "without TLS"), (Link::Tls, "with TLS")] {
        let live = difference(READINGS.map(|readings| delivered(rig, link, readings)))?;
        println!(
            "instructions a live reading {what}: {live:.0} with one sample; with ten, by sum, {:.0}",
            live + ten - one
        );
    }
    Ok(())
}

type Count = anyhow::Result<(u64, u64)>;

/// Instructions for one reading more.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn difference([short, long]: [Count; 2]) -> anyhow::Result<f64> {
    let ((fewer, less), (more, longer)) = (short?, long?);
    Ok((longer as f64 - less as f64) / (more as f64 - fewer as f64))
}

fn history(rig: &Rig, bus: &str) -> Count {
    let configuration = rig.configuration(Link::Nobody, bus)?;
    let mut station = rig.start(&configuration, &callgrind(rig))?;
    station.wait_until_said("history lived through")?;
    finish(station, rig)
}

fn delivered(rig: &Rig, link: Link, readings: u64) -> Count {
    let configuration = rig.configuration(link, LIVE)?;
    let subscriber = rig.subscribe()?;
    let station = rig.start(&configuration, &callgrind(rig))?;
    subscriber.hear(readings)?;
    finish(station, rig)
}

fn callgrind(rig: &Rig) -> Vec<String> {
    let out = rig.file("callgrind.out");
    let options = ["valgrind", "--tool=callgrind"];
    let mut words: Vec<String> = options.iter().map(|word| (*word).to_owned()).collect();
    words.push(format!("--callgrind-out-file={}", out.display()));
    words
}

/// Readings, and instructions.
fn finish(station: super::rig::Running, rig: &Rig) -> Count {
    let measured = station.stop()?;
    let out = std::fs::read_to_string(rig.file("callgrind.out"))?;
    let line =
        out.lines().find_map(|line| line.strip_prefix("summary: ")).context("callgrind counted nothing")?;
    Ok((measured, line.trim().parse()?))
}
