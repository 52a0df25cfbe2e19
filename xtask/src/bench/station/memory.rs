//! Resident memory after an hour of replay.

use std::fs;
use std::time::Duration;

use anyhow::Context;

use super::rig::{Link, Rig};
use super::say;

/// An hour at 10 s: as history, then as live readings that come one by one.
const READINGS: u64 = 360;
const HISTORY: &str = "history = \"1h\"";
const DAY: &str = "history = \"24h\"";
const LIVE: &str = "[sampling]\ninterval = \"250ms\"\nreport = \"250ms\"";

/// An hour of emulated time and its delivery, then an hour's worth of readings live, then a day.
pub fn measure(rig: &Rig) -> anyhow::Result<()> {
    for (what, link, bus, readings) in [
        ("an hour of history, delivered", Link::Plain, HISTORY, READINGS),
        ("an hour of history, delivered over TLS", Link::Tls, HISTORY, READINGS),
        ("an hour's 360 readings live over TLS", Link::Tls, LIVE, READINGS),
        ("a day of history, delivered over TLS", Link::Tls, DAY, 24 * READINGS),
    ] {
        let configuration = rig.configuration(link, bus)?;
        let subscriber = rig.subscribe()?;
        let station = rig.start(&configuration, &[])?;
        subscriber.hear(readings)?;
        // The last acknowledgements are still on their way.
        std::thread::sleep(Duration::from_secs(2));
        let status = fs::read_to_string(format!("/proc/{}/status", station.pid))?;
        let of = |key: &str| mib(&status, key);
        say(&format!("resident memory after {what}"), of("VmRSS:")?, "MiB", 6.0);
        println!(
            "  its own (anonymous) {:.2}, files (its code, libc) {:.2}, highest ever {:.2} MiB; {} threads",
            of("RssAnon:")?,
            of("RssFile:")?,
            of("VmHWM:")?,
            word(&status, "Threads:")?
        );
        station.stop()?;
    }
    Ok(())
}

fn word<'a>(status: &'a str, key: &str) -> anyhow::Result<&'a str> {
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|rest| rest.split_whitespace().next()).with_context(|| format!("no {key} in {status}"))
}

fn mib(status: &str, key: &str) -> anyhow::Result<f64> {
    let kib: f64 = word(status, key)?.parse()?;
    Ok(kib / 1024.0)
}
