//! Three stations, of which two corroborate.

use std::collections::BTreeMap;

use minuano_gateway::quality::engine::{Engine, Held, Rules};
use minuano_gateway::quality::limits::Limits;
use minuano_gateway::quality::place::Place;
use minuano_gateway::quality::station::Observation;
use minuano_telemetry::{Flag, Quantity};

use crate::faults::{Fault, QUANTITIES, Random, unit};
use crate::{EPISODES, LASTING, injected, share};

const DAY_MS: i64 = 86_400_000;

/// Prints recall with two neighbours, and what is said of weather that all share.
pub fn report(series: &[Observation], (from, to): (usize, usize)) {
    println!(
        "## Three stations, two of them sound\n\nThe same series (Jena, May and June), each station with an offset of its own and noise of \
         a tenth of 1x; the fault is in one.\n\n| | temperature | humidity | pressure |\n|---|---|---|---|"
    );
    let clean = judge(&series[from - 432..to], None, 7);
    let days = (series[to - 1].at.get() - series[from].at.get()) as f64 / DAY_MS as f64;
    print!("| **untouched: flags a day, 3 / 4** |");
    for quantity in QUANTITIES {
        let count = |wanted| {
            let own = clean.iter().skip(432).filter(|flags| flags[quantity as usize] == wanted);
            own.count() as f64 / days
        };
        print!(" {:.2} / {:.3} |", count(Flag::Suspect), count(Flag::Fail));
    }
    println!();
    for (label, fault, spared) in [
        ("offset 1x for 6 h", Fault::Offset, 0),
        ("drift to 3x in 24 h", Fault::Drift, 0),
        (LASTING, Fault::Drift, 1),
    ] {
        print!("| {label} |");
        for quantity in QUANTITIES {
            let (found, failed) = found(series, (from, to), fault, quantity, spared, EPISODES);
            print!(" {:.2} / {:.2} |", share(found), share(failed));
        }
        println!();
    }
    println!();
}

/// How many of so many episodes have a flag on that quantity, and how many a flag 4; the last `spared` readings do
/// not count.
pub fn found(
    series: &[Observation],
    (from, to): (usize, usize),
    fault: Fault,
    quantity: Quantity,
    spared: usize,
    episodes: u64,
) -> (usize, usize) {
    let (mut found, mut failed) = (0, 0);
    for seed in 0..episodes {
        let (part, start, end) = injected(series, (from, to), fault, quantity, seed);
        let sound = sound_part(series, &part);
        let begin = start.saturating_sub(4 * 144);
        let flags = judge(&sound[begin..], Some(&part[begin..]), seed);
        let own = &flags[start - begin..end - begin - spared];
        let bad = |flag: Flag| own.iter().any(|flags| flags[quantity as usize] == flag);
        found += usize::from(bad(Flag::Suspect) || bad(Flag::Fail));
        failed += usize::from(bad(Flag::Fail));
    }
    (found, failed)
}

/// The untouched series over the time of `part`.
fn sound_part<'a>(series: &'a [Observation], part: &[Observation]) -> &'a [Observation] {
    let first = series.partition_point(|observation| observation.at < part[0].at);
    &series[first..first + part.len()]
}

/// The final flags of the first of three stations; `own` is its series where that is not the others'.
fn judge(sound: &[Observation], own: Option<&[Observation]>, seed: u64) -> Vec<[Flag; 4]> {
    let mut engine = Engine::new(Rules {
        limits: Limits::default(),
        settle_after_ms: 900_000,
        neighbours_km: 15.0,
        neighbours_height_m: 150.0,
        places: BTreeMap::new(),
    });
    for station in 0..3_u8 {
        let latitude = Some(50.9 + 0.01 * f64::from(station));
        engine.place(station.into(), Place { latitude, longitude: Some(11.6), altitude_m: None });
    }
    let mut random = Random(seed);
    let mut flags = vec![[Flag::Good; 4]; sound.len()];
    let mut row = 0;
    for (index, shared) in sound.iter().enumerate() {
        for station in 0..3_u8 {
            let mut observation = if station == 0 { own.map_or(*shared, |own| own[index]) } else { *shared };
            for quantity in Quantity::ALL {
                let Some(value) = observation.values.get(quantity) else { continue };
                let noise = unit(quantity) * (0.1 * random.normal() + 0.2 * f64::from(station));
                let mut value = ((value + noise) * 100.0).round() / 100.0;
                if quantity == Quantity::Humidity {
                    value = value.min(100.0);
                }
                observation.values.set(quantity, Some(value));
            }
            row += 1;
            let held = Held {
                row,
                seq: index as u64,
                observation,
                received_at: shared.at,
                complete: true,
                stored: [Flag::Good; 4],
            };
            engine.hold(station.into(), held);
        }
        for verdict in engine.conclude(shared.at, true) {
            if verdict.station == 0 {
                let place = usize::try_from((verdict.row - 1) / 3).unwrap_or(0);
                flags[place] = verdict.flags;
            }
        }
    }
    flags
}
