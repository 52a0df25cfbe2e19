//! From exec to the first reading at a subscriber.

use super::rig::{Link, Rig};
use super::say;

const RUNS: usize = 9;

/// The default rhythm: a sample each second, a reading each ten.
pub fn measure(rig: &Rig) -> anyhow::Result<()> {
    for (link, what) in [(Link::Plain, "without TLS"), (Link::Tls, "with TLS")] {
        let mut seconds = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let configuration = rig.configuration(link, "")?;
            let subscriber = rig.subscribe()?;
            let station = rig.start(&configuration, &[])?;
            let (at, _) = subscriber.next()?;
            seconds.push(at.duration_since(station.began).as_secs_f64());
            station.stop()?;
        }
        seconds.sort_by(f64::total_cmp);
        let median = seconds.get(RUNS / 2).copied().unwrap_or(f64::NAN);
        let worst = seconds.last().copied().unwrap_or(f64::NAN);
        say(&format!("start to first reading at a subscriber, {what}, median of {RUNS}"), median, "s", 0.5);
        println!("  slowest {worst:.2} s");
    }
    Ok(())
}
