//! What the checks say of stored readings: flags that settle, episodes that end.

use super::*;

#[test]
fn impossible_values_are_stored_with_flag_4_and_become_one_anomaly() {
    let mut bench = Bench { arrival: at(60), ..Bench::new() };
    let hot = |seq, value| Reading {
        values: ByQuantity([Some(value), None, Some(104.0), Some(-1.0)]),
        ..reading(seq)
    };
    let effects = bench.live(hot(1, 1e300));
    let stored = &effects.readings[0];
    assert_eq!(stored.flags, [Flag::Fail, Flag::Missing, Flag::Fail, Flag::Fail]);
    assert_eq!(effects.anomalies.len(), 3);
    assert!(bench.live(hot(2, 1e300)).anomalies.is_empty());
    bench.restart();
    assert!(bench.live(hot(3, 1e300)).anomalies.is_empty(), "an open episode survives a restart");
    let closed = bench.live(reading(4)).anomalies;
    assert_eq!(closed.len(), 3);
    assert!(closed[0].evidence.contains("in 3 readings"), "{}", closed[0].evidence);
    let kept: f64 = bench
        .connection
        .query_row("SELECT temperature_c FROM observations WHERE seq = 1", [], |row| row.get(0))
        .unwrap();
    assert!((kept - 1e300).abs() < 1e285);
}

fn stored_flags(bench: &Bench) -> Vec<(u8, i64)> {
    let mut query = bench
        .connection
        .prepare(
            "SELECT temperature_flag, row <= (SELECT through FROM settlement) FROM readings ORDER BY seq",
        )
        .unwrap();
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Readings ten seconds apart; that of 5 stands 14.2 °C off.
fn with_a_spike(seq: u64) -> Reading {
    let off = if seq == 5 { 14.2 } else { 0.0 };
    let temperature = 21.43 + off + 0.01 * f64::from(u8::try_from(seq % 7).unwrap());
    Reading { values: ByQuantity([Some(temperature), Some(1013.25), Some(48.7), None]), ..reading(seq) }
}

#[test]
fn a_spike_shows_with_the_next_reading_and_is_one_anomaly_that_ends() {
    let mut bench = Bench { arrival: at(60), ..Bench::new() };
    let mut told = Vec::new();
    for seq in 1..=5 {
        told.extend(bench.live(with_a_spike(seq)).anomalies);
    }
    assert!(told.is_empty(), "nobody knows yet whether it is a spike: {told:?}");
    assert_eq!(stored_flags(&bench)[4], (3, 0), "a step that may yet be a spike");
    for seq in 6..=7 {
        told.extend(bench.live(with_a_spike(seq)).anomalies);
    }
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        told[0].evidence.as_str(),
        "roof temperature_c 35.68 °C stood 14.19 °C off the readings before and after it, limit 2.70 °C"
    );
    assert_eq!(stored_flags(&bench), [(1, 1), (1, 1), (1, 1), (1, 1), (4, 1), (1, 1), (1, 0)]);
    for seq in 8..=80 {
        bench.arrival = reading(seq).at;
        told.extend(bench.live(with_a_spike(seq)).anomalies);
    }
    let states: Vec<AnomalyState> = told.iter().map(|anomaly| anomaly.state).collect();
    assert_eq!(states, [AnomalyState::Open, AnomalyState::Closed]);
}

#[test]
fn what_is_beyond_a_gap_waits_and_a_restart_forgets_nothing_of_it() {
    let mut bench = Bench { arrival: at(60), ..Bench::new() };
    for seq in [1, 2, 3, 5, 6, 7] {
        bench.live(with_a_spike(seq));
    }
    let settled = |bench: &Bench| stored_flags(bench).iter().filter(|(_, settled)| *settled == 1).count();
    assert_eq!(settled(&bench), 2, "3 waits for 4");
    bench.restart();
    bench.live(with_a_spike(4));
    let flags: Vec<u8> = stored_flags(&bench).iter().map(|(flag, _)| *flag).collect();
    assert_eq!(flags, [1, 1, 1, 1, 4, 1, 1]);
    // What a restart found unsettled waits for its time.
    bench.arrival = at(60 + 900);
    bench.live(with_a_spike(97));
    assert_eq!(settled(&bench), 7);
}

#[test]
fn a_clock_a_day_off_is_one_anomaly() {
    let mut bench = Bench::new();
    let told: Vec<_> = (1..=50).flat_map(|seq| bench.live(with_a_spike(seq)).anomalies).collect();
    let of_clock: Vec<_> =
        told.iter().filter(|anomaly| anomaly.kind == minuano_telemetry::AnomalyKind::ClockSkew).collect();
    assert_eq!(of_clock.len(), 1);
    assert!(of_clock[0].evidence.contains("99990 s behind"), "{}", of_clock[0].evidence);
}

/// A ledger that makes this check alone, and the kind of episode that it opens.
fn only(check: Check) -> Bench {
    let mut bench = Bench::new();
    let mut rules = QualityConfig::default().rules();
    rules.limits = rules.limits.only(&[check]);
    bench.ledger = Ledger::load(&bench.connection, &rules).unwrap();
    bench
}

fn told(effects: &Effects) -> Vec<(minuano_telemetry::AnomalyKind, AnomalyState, &str)> {
    effects.anomalies.iter().map(|one| (one.kind, one.state, one.evidence.as_str())).collect()
}

#[test]
fn readings_that_come_hours_late_are_one_anomaly_until_one_is_in_time() {
    use minuano_telemetry::AnomalyKind::Late;
    let mut bench = only(Check::Late);
    // Six hours are well.
    bench.arrival = Millis::new(reading(1).at.get() + 6 * 3_600_000).unwrap();
    assert!(bench.backlog(1, 0, 1, [1]).anomalies.is_empty());
    bench.arrival = Millis::new(bench.arrival.get() + 1_800_000).unwrap();
    let opened = bench.backlog(1, 0, 1, [2, 3]);
    let evidence = "roof sent what it had measured 6.5 h before, limit 6.0 h";
    assert_eq!(told(&opened), [(Late, AnomalyState::Open, evidence)]);
    assert!(bench.backlog(1, 0, 1, 4..=60).anomalies.is_empty());
    bench.arrival = reading(61).at;
    assert_eq!(told(&bench.live(reading(61))), [(Late, AnomalyState::Closed, evidence)]);
    let mut usual = Bench { arrival: at(100_000), ..Bench::new() };
    assert!(usual.backlog(1, 0, 1, [1]).anomalies.is_empty(), "it does not run unless it is named");
}

#[test]
fn a_part_that_another_does_not_confirm_is_one_anomaly_while_the_station_says_so() {
    use minuano_telemetry::AnomalyKind::CrossCheck;
    let golden = include_str!("../../../../../telemetry/tests/golden/health.json");
    let mut health: minuano_telemetry::Health = serde_json::from_str(golden).unwrap();
    health.sensors.truncate(1);
    health.sensors[0].part = "bme280".try_into().unwrap();
    let mut says = |bench: &mut Bench, warning: Option<&str>| {
        health.sensors[0].warning = warning.map(|text| text.try_into().unwrap());
        bench.say(Payload::Health(health.clone()))
    };
    let mut bench = Bench::new();
    assert!(says(&mut bench, None).anomalies.is_empty());
    let opened = says(&mut bench, Some("temperature_c 25.1, sht4x 21.4"));
    let evidence = "roof bme280: temperature_c 25.1, sht4x 21.4";
    assert_eq!(told(&opened), [(CrossCheck, AnomalyState::Open, evidence)]);
    assert!(says(&mut bench, Some("temperature_c 25.3, sht4x 21.4")).anomalies.is_empty());
    assert_eq!(told(&says(&mut bench, None)), [(CrossCheck, AnomalyState::Closed, evidence)]);
    let mut deaf = only(Check::Late);
    assert!(says(&mut deaf, Some("temperature_c 25.1, sht4x 21.4")).anomalies.is_empty());
}

#[test]
fn what_the_checks_have_learned_outlives_a_restart() {
    let mut bench = Bench::new();
    // Two readings a day, from 20:00 on.
    for seq in 1_u8..=6 {
        let taken = at(i64::from(seq) * 43_200);
        bench.arrival = taken;
        bench.live(Reading { at: taken, ..reading(seq.into()) });
        if seq == 4 {
            bench.restart();
        }
    }
    let learned: Vec<u8> =
        bench.connection.query_row("SELECT learned FROM quality_learned", [], |row| row.get(0)).unwrap();
    let days = learned[5];
    assert_eq!(days, 2, "the day before the restart and the one after it");
}
