//! What jumps: spikes and steps.

use super::*;

#[test]
fn a_spike_is_found_at_its_reading_and_a_great_one_fails() {
    let spike =
        |size| found(1, move |at, values| added(values, if at == 50 { [size, 0.0, 0.0] } else { FLAT }));
    for (size, flag) in [(4.0, Flag::Suspect), (-4.0, Flag::Suspect), (9.0, Flag::Fail)] {
        let found = spike(size);
        assert_eq!(what(&found, 50, T), Some((Check::Spike, flag)));
        assert!(kinds(&found).iter().all(|(at, _)| *at == 50 || flag == Flag::Fail && *at == 49));
        let finding = found[50][T].unwrap();
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

#[test]
fn of_a_step_that_no_air_makes_both_sides_are_in_doubt() {
    let step =
        |size| found(1, move |at, values| added(values, if at >= 50 { [0.0, size, 0.0] } else { FLAT }));
    let pressure = Quantity::Pressure as usize;
    for size in [1.5, -1.5] {
        let found = step(size);
        assert_eq!(what(&found, 49, pressure), Some((Check::Step, Flag::Suspect)));
        assert_eq!(found[49][pressure], found[50][pressure], "it is one step, and told as one");
        assert_eq!(kinds(&found).len(), 2, "{:?}", kinds(&found));
    }
    assert_eq!(kinds(&step(0.8)), [(50, Check::Step)], "a squall makes that");
    let after = |minutes| of_a_new_one(minutes, &[20.0, 20.1, 20.0, 28.0, 28.1].map(Some));
    assert_eq!(after(10), [(2, Check::Step), (3, Check::Step)]);
    assert_eq!(after(30), [(3, Check::Step)], "8 °C in half an hour");
}

#[test]
fn a_drift_that_comes_back_at_once_is_found_at_its_last_reading() {
    let found = found(2, |at, values| {
        let drift = if (50..194).contains(&at) { (at - 49) as f64 / 144.0 * 1.5 } else { 0.0 };
        added(values, [0.0, drift, 0.0])
    });
    assert_eq!(kinds(&found), [(193, Check::Step), (194, Check::Step)]);
}

#[test]
fn a_spike_explains_the_doubt_of_the_reading_before_it_where_they_are_close_in_time() {
    let spike = |minutes| of_a_new_one(minutes, &[20.0, 20.1, 20.0, 29.0, 20.1].map(Some));
    assert_eq!(spike(5), [(3, Check::Spike)]);
    assert_eq!(spike(6), [(2, Check::Step), (3, Check::Spike)], "it may be settled when the spike is seen");
    let smaller = of_a_new_one(6, &[20.0, 20.1, 20.0, 24.0, 20.1].map(Some));
    assert_eq!(smaller, [(3, Check::Spike)]);
    let behind_a_step = of_a_new_one(1, &[20.0, 20.1, 23.5, 32.5, 23.6].map(Some));
    assert_eq!(behind_a_step, [(2, Check::Step), (3, Check::Spike)], "a step of its own stays");
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
    let found = of_a_new_one(5, &[20.0, 20.1, 29.1, 20.1, 17.0, 17.1].map(Some));
    assert_eq!(found, [(2, Check::Spike), (4, Check::Step)]);
}
