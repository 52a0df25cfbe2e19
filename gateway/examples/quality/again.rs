//! Faults that come again and again in one file, and checks that are off: what they find and what they cry for nothing.

use minuano_gateway::quality::check::Check;
use minuano_gateway::quality::limits::Limits;
use minuano_gateway::quality::place::Place;
use minuano_gateway::quality::series;
use minuano_gateway::quality::station::Observation;
use minuano_telemetry::{Flag, Quantity};

use crate::faults::{Fault, QUANTITIES, Random};
use crate::{LASTING, cadence_s, injected};

/// Readings between two faults: 12 h, and up to 33 h more.
const REST: usize = 72;
const REST_MORE: usize = 200;
/// Episodes in the table of checks that are off.
const FEW: u64 = 100;

/// Prints what share of the faults is found where one follows the other for months.
pub fn report(series: &[Observation]) {
    println!(
        "## A part that fails again and again\n\nThe whole Jena series with a fault each one to two days: what a station's \
         checks learn must not be that this is usual.\n\n| | temperature | humidity | pressure |\n|---|---|---|---|"
    );
    for (label, fault, spared) in [
        ("spike 3x", Fault::Spike(3.0), 0),
        ("offset 1x for 6 h", Fault::Offset, 0),
        ("stuck for 3 h", Fault::Stuck(3), 0),
        ("drift to 3x in 24 h", Fault::Drift, 0),
        (LASTING, Fault::Drift, 1),
    ] {
        print!("| {label} |");
        for quantity in QUANTITIES {
            let length = usize::try_from(fault.seconds() / cadence_s(series)).unwrap_or(0).max(1);
            let mut random = Random(7 + quantity as u64);
            let (mut faulty, mut episodes) = (series.to_vec(), Vec::new());
            let mut start = 3 * 144;
            while start + length < faulty.len() {
                fault.put(&mut faulty[start..start + length], quantity, &mut random);
                episodes.push(start..start + length - spared);
                start += length + REST + random.below(REST_MORE);
            }
            let flags = series::flags_of(&Limits::default(), &Place::default(), &faulty);
            let found =
                episodes.iter().filter(|episode| is_flagged(&flags[(*episode).clone()], quantity)).count();
            print!(" {:.2} of {} |", found as f64 / episodes.len() as f64, episodes.len());
        }
        println!();
    }
    println!();
}

/// Prints each check that is off, by itself.
pub fn off(series: &[Observation], (from, to): (usize, usize)) {
    println!(
        "## Checks that are off\n\nEach by itself on Jena, May and June: flags 3 a day on good data, and the share of \
         drifts found. With these figures none of them earns a place beside the others.\n\n\
         | | temperature | drift | humidity | drift | pressure | drift |\n|---|---|---|---|---|---|---|"
    );
    let place = Place::default();
    let days = (series[to - 1].at.get() - series[from].at.get()) as f64 / 86_400_000.0;
    for check in [Check::Attenuated, Check::Percentile, Check::Hampel, Check::Cusum] {
        let limits = Limits::default().only(&[check]);
        let clean = series::flags_of(&limits, &place, series);
        print!("| {} |", serde_json::to_value(check).unwrap_or_default().as_str().unwrap_or_default());
        for quantity in QUANTITIES {
            let flags = &clean[from..to];
            let cried = flags.iter().filter(|flags| flags[quantity as usize] == Flag::Suspect).count();
            let found = (0..FEW)
                .filter(|seed| {
                    let (part, start, end) = injected(series, (from, to), Fault::Drift, quantity, *seed);
                    is_flagged(&series::flags_of(&limits, &place, &part)[start..end], quantity)
                })
                .count();
            print!(" {:.2} | {:.2} |", cried as f64 / days, found as f64 / FEW as f64);
        }
        println!();
    }
    println!();
}

/// Whether any of them says something against that quantity.
pub fn is_flagged(flags: &[[Flag; 4]], quantity: Quantity) -> bool {
    flags.iter().any(|flags| matches!(flags[quantity as usize], Flag::Suspect | Flag::Fail))
}
