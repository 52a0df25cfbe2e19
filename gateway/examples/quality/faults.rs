// Known faults put into real series: how many are found, and how often good data is called bad.
//
// cargo run --release -p minuano-gateway --example faults -- FOLDER-OF-SERIES [--tune]

use std::path::Path;

use crate::quality::limits::Limits;
use crate::quality::place::Place;
use crate::quality::station::{Observation, Station};
use minuano_telemetry::{ByQuantity, Flag, Millis, Quantity};

const KEPT: [Quantity; 3] = [Quantity::Temperature, Quantity::Humidity, Quantity::Pressure];
const UNIT: [f64; 3] = [3.0, 10.0, 0.5];
const STEPS: [f64; 3] = [100.0; 3];

struct Rng(u64);
impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 ^ (self.0 >> 29)).wrapping_mul(0xBF58476D1CE4E5B9) >> 16
    }
    fn below(&mut self, n: usize) -> usize { (self.next() % n as u64) as usize }
    fn unit(&mut self) -> f64 { (self.next() & 0xFFFFFFFF) as f64 / 4294967296.0 }
    fn normal(&mut self) -> f64 { (0..12).map(|_| self.unit()).sum::<f64>() - 6.0 }
    fn sign(&mut self) -> f64 { if self.next() & 1 == 0 { 1.0 } else { -1.0 } }
}

fn read(path: &Path) -> Vec<Observation> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut out: Vec<Observation> = lines.map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let at: jiff::Timestamp = cells[0].parse().unwrap();
        let mut values = ByQuantity::default();
        for (name, cell) in header.iter().zip(&cells) {
            if let Some(q) = Quantity::from_key(name) { values.set(q, cell.parse().ok()); }
        }
        Observation { at: Millis::new(at.as_millisecond()).unwrap(), values }
    }).collect();
    out.sort_by_key(|o| o.at.get());
    out
}

#[derive(Clone, Copy, PartialEq)]
enum Fault { Spike(f64), Offset, Stuck(i64), Drift, Noise, Gain, BitFlip, Zero }
const FAULTS: [(&str, Fault); 10] = [("spike 1x", Fault::Spike(1.0)), ("spike 3x", Fault::Spike(3.0)), ("offset 1x 6 h", Fault::Offset),
 ("stuck 3 h", Fault::Stuck(3)), ("stuck 12 h", Fault::Stuck(12)), ("drift 3x 24 h", Fault::Drift), ("noise", Fault::Noise), ("gain 1.5", Fault::Gain), ("bit flip", Fault::BitFlip), ("zero row", Fault::Zero)];

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let jena = read(&Path::new(&folder).join("jena_2020-01_06_10min.csv"));
    let arm = read(&Path::new(&folder).join("arm_sgp_e13_2019-01-01_04_1min.csv"));
    let may = "2020-05-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let split = jena.iter().position(|o| o.at.get() >= may).unwrap();
    evaluate("Jena Jan-Apr", &jena, 144 * 3, split);
    evaluate("Jena May-Jun", &jena, split, jena.len());
    evaluate("Jena May-Jun cold", &jena[split..], 0, jena.len() - split);
    evaluate("ARM", &arm, 60, arm.len());
}

fn evaluate(name: &str, series: &[Observation], from: usize, to: usize) {
    let limits = Limits::default();
    let place = Place::default();
    // Clean run with checkpoints.
    let mut station = Station::default();
    let mut states: Vec<Station> = Vec::new();
    let mut flags: Vec<[u8; 4]> = Vec::new();
    let mut by: std::collections::BTreeMap<String, usize> = Default::default();
    for (i, o) in series.iter().enumerate() {
        if i % 72 == 0 { states.push(station.clone()); }
        let judged = station.push(&limits, &place, o);
        flags.push(judged.findings.map(|f| f.map_or(1, |f| f.flag.number())));
        if i >= from && i < to { for (q, f) in judged.findings.iter().enumerate() { if let Some(f) = f { *by.entry(format!("{:?} {q} {}", f.check, f.flag.number())).or_default() += 1; } }
        for (q, f) in judged.before.iter().enumerate() { if let Some(f) = f { *by.entry(format!("{:?} {q} {}", f.check, f.flag.number())).or_default() += 1; } } }
        if i > 0 { for q in 0..4 { if let Some(f) = judged.before[q] { flags[i - 1][q] = flags[i - 1][q].max(f.flag.number()); } } }
    }
    let days = (series[to - 1].at.get() - series[from].at.get()) as f64 / 86_400_000.0;
    print!("{name:18} clean a day (3/4):");
    for q in KEPT {
        let n = |flag| flags[from..to].iter().filter(|f| f[q as usize] == flag).count() as f64 / days;
        print!("  {} {:.2}/{:.3}", q.key(), n(3), n(4));
    }
    println!("   {by:?}");
    let cadence = (series[1].at.get() - series[0].at.get()) / 1000;
    for (label, fault) in FAULTS {
        print!("   {label:14}");
        for (k, q) in KEPT.into_iter().enumerate() {
            let mut rng = Rng(42 + k as u64);
            let (mut hit, mut failed, mut total) = (0, 0, 0);
            while total < 200 {
                let seconds = match fault { Fault::Spike(_) | Fault::BitFlip | Fault::Zero => 0, Fault::Stuck(h) => h * 3600, Fault::Drift => 86400, _ => 6 * 3600 };
                let length = (seconds / cadence).max(1) as usize;
                if from + length + 10 >= to { break; }
                let start = from + 5 + rng.below(to - from - length - 8);
                let sign = rng.sign();
                let unit = UNIT[k];
                let base = start / 72;
                let mut s = states[base].clone();
                let stuck = series[start].values.get(q).unwrap_or(0.0);
                let (mut h, mut f) = (false, false);
                let end = (start + length + 1).min(series.len());
                let bit = rng.below(8) + 3;
                for (i, o) in series[base * 72..end].iter().enumerate() {
                    let i = i + base * 72;
                    let mut o = *o;
                    if i >= start && i < start + length {
                        if let Some(x) = o.values.get(q) {
                            let x = match fault {
                                Fault::Spike(m) => x + sign * m * unit,
                                Fault::Offset => x + sign * unit,
                                Fault::Stuck(_) => stuck,
                                Fault::Drift => x + sign * 3.0 * unit * (i - start + 1) as f64 / length as f64,
                                Fault::Noise => x + rng.normal() * unit,
                                Fault::Gain => x * 1.5,
                                Fault::BitFlip => (((x * STEPS[k]).round() as i64) ^ (1 << bit)) as f64 / STEPS[k],
                                Fault::Zero => 0.0,
                            };
                            o.values.set(q, Some((x * 100.0).round() / 100.0));
                            if fault == Fault::Zero { for q in KEPT { o.values.set(q, Some(0.0)); } }
                        }
                    }
                    let judged = s.push(&limits, &place, &o);
                    let inside = |i: usize| i >= start && i < start + length;
                    for (found, at) in [(judged.findings[q as usize], i), (judged.before[q as usize], i.wrapping_sub(1))] {
                        if let (Some(found), true) = (found, inside(at)) { h = true; f |= found.flag == Flag::Fail; }
                    }
                }
                total += 1; hit += u32::from(h); failed += u32::from(f);
            }
            print!("  {} {:.2}/{:.2}", q.key(), f64::from(hit) / f64::from(total.max(1)), f64::from(failed) / f64::from(total.max(1)));
        }
        println!();
    }
}
