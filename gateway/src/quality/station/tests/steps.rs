//! What jumps: spikes and steps.

use super::*;

#[test]
fn a_spike_is_found_at_its_reading_and_a_great_one_fails() {
    let spike =
        |size| found(1, move |at, values| added(values, if at == 50 { [size, 0.0, 0.0] } else { FLAT }));
    for (size, flag) in [(4.0, Flag::Suspect), (-4.0, Flag::Suspect), (9.0, Flag::Fail)] {
        let found = spike(size);
        assert_eq!(kinds(&found), [(50, Check::Spike)]);
        let finding = found[50][T].unwrap();
        assert_eq!(finding.flag, flag);
        assert!((finding.change - size).abs() < 0.5, "{finding:?}");
    }
    assert_eq!(kinds(&spike(1.0)), [], "a third of what is suspect");
}

#[test]
fn a_step_that_stays_is_suspect_where_it_is_and_not_where_it_stays() {
    let found = found(1, |at, values| added(values, if at >= 50 { [4.0, 0.0, 0.0] } else { FLAT }));
    assert_eq!(what(&found, 50, T), Some((Check::Step, Flag::Suspect)));
    assert!((found[50][T].unwrap().change - 4.0).abs() < 0.5);
    assert!(
        kinds(&found).iter().all(|(at, check)| *at == 50 || *check == Check::Drift),
        "{:?}",
        kinds(&found)
    );
}

/// Which temperatures are flagged at a station of which nothing is known yet, so many seconds apart.
fn flagged(seconds: i64, temperatures: &[f64]) -> Vec<(usize, Flag)> {
    flagged_by(&Limits::default(), seconds, temperatures)
}

fn flagged_by(limits: &Limits, seconds: i64, temperatures: &[f64]) -> Vec<(usize, Flag)> {
    let series: Vec<Observation> = (0..)
        .zip(temperatures)
        .map(|(index, value)| observation(index * seconds * 1000, [Some(*value), None, None]))
        .collect();
    let flags = series::flags_of(limits, &Place::default(), &series);
    flags.iter().map(|flags| flags[T]).enumerate().filter(|(_, flag)| *flag != Flag::Good).collect()
}

const SUSPECT: Flag = Flag::Suspect;

#[test]
fn of_a_step_that_no_air_makes_both_sides_are_in_doubt_and_it_is_told_once() {
    let step = [20.0, 20.1, 20.0, 28.0, 28.1];
    assert_eq!(flagged(600, &step), [(2, SUSPECT), (3, SUSPECT)]);
    assert_eq!(flagged(600, &step.map(|value| -value)), [(2, SUSPECT), (3, SUSPECT)]);
    assert_eq!(of_a_new_one(10, &step.map(Some)), [(3, Check::Step)]);
    assert_eq!(flagged(600, &[20.0, 20.1, 20.0, 25.9, 26.0]), [(3, SUSPECT)], "a cold front makes that");
    assert_eq!(flagged(1800, &step), [(3, SUSPECT)], "8 °C in half an hour");
}

#[test]
fn a_spike_explains_the_doubt_of_the_reading_before_it_where_they_are_close_in_time() {
    let spike = [20.0, 20.1, 20.0, 29.0, 20.1];
    let failed = (3, Flag::Fail);
    assert_eq!(flagged(300, &spike), [failed]);
    assert_eq!(flagged(330, &spike), [failed]);
    assert_eq!(flagged(331, &spike), [(2, SUSPECT), failed], "it may be settled when the spike is seen");
    let mut limits = Limits::default();
    limits.tuning.second_look_s = 1200.0;
    assert_eq!(flagged_by(&limits, 600, &spike), [failed]);
    assert_eq!(
        flagged(60, &[20.0, 20.1, 23.5, 32.5, 23.6]),
        [(2, SUSPECT), failed],
        "a step of its own stays"
    );
    let late = |ms: [i64; 5]| {
        let series: Vec<Observation> =
            ms.into_iter().zip(spike).map(|(at, value)| observation(at, [Some(value), None, None])).collect();
        series::flags_of(&Limits::default(), &Place::default(), &series)[2][T]
    };
    assert_eq!(late([0, 60_000, 120_000, 180_000, 780_000]), Flag::Good);
    assert_eq!(late([0, 60_000, 120_000, 180_000, 780_001]), SUSPECT, "the last one comes too late");
}

#[test]
fn a_reading_of_the_same_millisecond_takes_no_part() {
    let flags = |values: [(i64, f64); 6]| {
        let series: Vec<Observation> =
            values.map(|(at, value)| observation(at * 1000, [Some(value), None, None])).into();
        series::flags_of(&Limits::default(), &Place::default(), &series)
            .iter()
            .map(|f| f[T])
            .collect::<Vec<_>>()
    };
    let (good, fail) = (Flag::Good, Flag::Fail);
    let step = flags([(0, 20.0), (10, 20.1), (20, 20.0), (20, 29.0), (30, 29.0), (40, 29.1)]);
    assert_eq!(step, [good, good, SUSPECT, good, SUSPECT, good]);
    let spike = flags([(0, 20.0), (10, 20.1), (20, 29.0), (20, 20.1), (30, 20.0), (40, 20.1)]);
    assert_eq!(spike, [good, good, fail, good, good, good]);
}

#[test]
fn a_drift_that_comes_back_at_once_is_found_at_its_last_reading() {
    let pressure = Quantity::Pressure as usize;
    let series: Vec<Observation> = (0..THEN + 2 * DAY)
        .map(|index| {
            let drift = index.saturating_sub(THEN) as f64 / DAY as f64 * 1.5;
            let drift = if index <= THEN + DAY { drift } else { 0.0 };
            let values = added(weather(index), [0.0, drift, 0.0]);
            observation(index as i64 * 600_000, values.map(|value| Some((value * 100.0).round() / 100.0)))
        })
        .collect();
    let flags = series::flags_of(&Limits::default(), &Place::default(), &series);
    let flagged: Vec<usize> =
        (0..flags.len()).filter(|index| flags[*index][pressure] != Flag::Good).collect();
    assert_eq!(flagged, [THEN + DAY, THEN + DAY + 1]);
}

/// Air of the same vapour: what another temperature makes of a humidity.
fn at_the_same_vapour([temperature, pressure, humidity]: [f64; 3], warmer: f64) -> [f64; 3] {
    let dew_point = vapour::dew_point(temperature, humidity);
    // Bisection for the humidity that has this dew point at the new temperature.
    let (mut low, mut high) = (1.0, 100.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if vapour::dew_point(temperature + warmer, middle) < dew_point { low = middle } else { high = middle }
    }
    [temperature + warmer, pressure, low]
}

#[test]
fn what_humidity_explains_is_air_and_no_fault() {
    let warm = found(2, |at, values| if at >= 50 { at_the_same_vapour(values, 5.0) } else { values });
    assert_eq!(kinds(&warm), [], "warmer air with the same vapour");
    let broken = found(2, |at, values| added(values, if at >= 50 { [5.0, 0.0, 0.0] } else { FLAT }));
    assert!(kinds(&broken).contains(&(50, Check::Step)));
    assert!(kinds(&broken).iter().any(|(_, check)| *check == Check::Drift));
}

#[test]
fn after_half_an_hour_without_a_reading_the_weather_may_have_done_anything() {
    let jump = |gap_ms: i64| {
        let mut series: Vec<Observation> = (0..30)
            .map(|index| observation(index * 600_000, [Some(20.0 + 0.01 * (index % 7) as f64), None, None]))
            .collect();
        series.push(observation(29 * 600_000 + gap_ms, [Some(28.0), None, None]));
        what(&findings(&Limits::default(), &Place::default(), &series), 30, T)
    };
    assert_eq!(jump(1_800_000), Some((Check::Step, Flag::Suspect)));
    assert_eq!(jump(1_800_001), None);
}

#[test]
fn a_rise_that_goes_on_is_no_step() {
    let rise = [20.0, 20.1, 22.4, 24.7, 27.0, 29.3, 32.0].map(Some);
    assert_eq!(of_a_new_one(10, &rise), [], "2.7 °C after 2.3 each time");
    assert_eq!(of_a_new_one(10, &[20.0, 20.1, 20.0, 20.1, 20.0, 20.1, 22.8].map(Some)), [(6, Check::Step)]);
}

#[test]
fn the_longer_ago_the_further_weather_may_have_gone() {
    let jump = [20.0, 20.1, 23.6].map(Some);
    assert_eq!(of_a_new_one(10, &jump), [(2, Check::Step)]);
    assert_eq!(of_a_new_one(30, &jump), [], "3.5 °C in half an hour");
}

#[test]
fn a_value_after_one_that_is_missing_has_nothing_before_it() {
    assert_eq!(of_a_new_one(5, &[Some(20.0), Some(20.1), None, Some(26.0), Some(26.1)]), []);
}

#[test]
fn a_step_behind_a_spike_is_a_step() {
    let found = of_a_new_one(10, &[20.0, 20.1, 29.1, 20.1, 17.0, 17.1].map(Some));
    assert_eq!(found, [(2, Check::Spike), (4, Check::Step)]);
}
