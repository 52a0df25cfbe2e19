//! The formulas against MetPy and psychrolib, by the numbers that `vectors.py` wrote into `vectors.csv`.

use super::comfort::heat_index_c;
use super::moisture::{dew_point_c, wet_bulb_c};

/// What the two libraries say of one state of the air.
struct Vector {
    temperature: f64,
    humidity: f64,
    pressure: f64,
    dew_point: f64,
    heat_index: Option<f64>,
    wet_bulb: f64,
}

fn vectors() -> Vec<Vector> {
    let mut table = csv::Reader::from_reader(include_bytes!("vectors.csv").as_slice());
    let number = |line: &csv::StringRecord, column: usize| line[column].parse::<f64>();
    let vectors: Vec<Vector> = table
        .records()
        .map(|line| {
            let line = line.unwrap();
            Vector {
                temperature: number(&line, 0).unwrap(),
                humidity: number(&line, 1).unwrap(),
                pressure: number(&line, 2).unwrap(),
                dew_point: number(&line, 3).unwrap(),
                heat_index: number(&line, 4).ok(),
                wet_bulb: number(&line, 5).unwrap(),
            }
        })
        .collect();
    assert!(vectors.len() > 500);
    vectors
}

/// The largest distance, and where.
fn worst(distances: impl Iterator<Item = (f64, f64, f64)>) -> (f64, f64, f64) {
    distances.fold((0.0, f64::NAN, f64::NAN), |worst, one| if one.0 > worst.0 { one } else { worst })
}

#[test]
fn dew_point_within_0_15_of_metpy() {
    let at = |vector: &&Vector| (0.0..=40.0).contains(&vector.temperature);
    let distance = |vector: &Vector| {
        (dew_point_c(vector.temperature, vector.humidity).unwrap() - vector.dew_point).abs()
    };
    let vectors = vectors();
    let (error, t, rh) = worst(
        vectors.iter().filter(at).map(|vector| (distance(vector), vector.temperature, vector.humidity)),
    );
    println!("dew point: at most {error:.3} °C from MetPy, at {t} °C {rh} %");
    assert!(error <= 0.15, "{error} at {t} °C {rh} %");
}

#[test]
fn heat_index_within_0_2_of_metpy_and_absent_where_it_is_masked() {
    let vectors = vectors();
    for vector in &vectors {
        let ours = heat_index_c(vector.temperature, vector.humidity);
        assert_eq!(ours.is_some(), vector.heat_index.is_some(), "{} °C", vector.temperature);
    }
    let (error, t, rh) = worst(vectors.iter().filter_map(|vector| {
        let ours = heat_index_c(vector.temperature, vector.humidity)?;
        Some(((ours - vector.heat_index?).abs(), vector.temperature, vector.humidity))
    }));
    println!("heat index: at most {error:.4} °C from MetPy, at {t} °C {rh} %");
    assert!(error <= 0.01, "{error} at {t} °C {rh} %");
}

#[test]
fn wet_bulb_beside_psychrolib() {
    let vectors = vectors();
    let distance = |vector: &Vector| {
        let ours = wet_bulb_c(vector.temperature, vector.humidity, vector.pressure).unwrap();
        ((ours - vector.wet_bulb).abs(), vector.temperature, vector.humidity)
    };
    let of = |which: fn(&Vector) -> bool| worst(vectors.iter().filter(|vector| which(vector)).map(distance));
    let thawed = of(|vector| vector.wet_bulb > 0.5);
    let frozen = of(|vector| vector.wet_bulb <= 0.5 && vector.temperature >= 0.0);
    let frost = of(|vector| vector.temperature < 0.0);
    println!(
        "wet bulb from psychrolib, bulb of water {thawed:?}; of ice in thawing air {frozen:?}; in frost {frost:?}"
    );
    assert!(thawed.0 <= 0.03, "{thawed:?}");
    assert!(frozen.0 <= 0.03, "{frozen:?}");
    assert!(frost.0 <= 0.4, "{frost:?}");
}
