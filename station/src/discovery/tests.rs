use super::*;
use crate::config::tests::load;
use crate::sensors::Part;

fn announcer(mqtt: &str) -> (Config, Option<Announcer>) {
    let config = load(&format!("station = \"roof\"\n[mqtt]\n{mqtt}")).unwrap();
    let announcer = Announcer::new(&config);
    (config, announcer)
}

#[test]
fn it_is_announced_once_there_is_something_to_announce_and_when_that_changes() {
    let (config, announcer) = announcer("");
    let (mut announcer, board, now) = (announcer.unwrap(), Board::default(), Instant::now());
    assert_eq!(announcer.topic(), "homeassistant/device/minuano_roof/config");
    assert!(announcer.due(&config, &board, now).is_none(), "no sensor, no device");
    board.note(vec![(Part::Bme280, 0x76)], vec![]);
    assert!(announcer.due(&config, &board, now).is_some());
    assert!(announcer.due(&config, &board, now).is_none());
    board.note(vec![(Part::Bme280, 0x76), (Part::Bme280, 0x77)], vec![]);
    assert!(announcer.due(&config, &board, now).is_none(), "no other quantities");
    board.note(vec![(Part::Bme280, 0x76), (Part::Bh1750, 0x23)], vec![]);
    assert!(announcer.due(&config, &board, now).is_some());
}

#[test]
fn a_birth_is_answered_after_a_short_while_and_nothing_else_is() {
    let (config, announcer) = announcer("discovery_prefix = \"ha/x\"");
    let (mut announcer, board, now) = (announcer.unwrap(), Board::default(), Instant::now());
    assert_eq!(
        (announcer.birth_topic(), announcer.topic()),
        ("ha/x/status", "ha/x/device/minuano_roof/config")
    );
    board.note(vec![(Part::Bme280, 0x76)], vec![]);
    announcer.due(&config, &board, now).unwrap();
    for other in [&b"offline"[..], b"", b"ONLINE", &[0xFF; 10_000]] {
        announcer.heard(other, now);
    }
    assert!(announcer.wake().is_none());
    announcer.heard(b"online", now);
    let at = announcer.wake().unwrap();
    assert!(at <= now + LONGEST_DELAY);
    announcer.heard(b"online", now + Duration::from_secs(1));
    assert_eq!(announcer.wake(), Some(at), "one answer to many");
    if at > now {
        assert!(announcer.due(&config, &board, now).is_none());
    }
    assert!(announcer.due(&config, &board, at).is_some());
    assert!(announcer.due(&config, &board, at).is_none());
    assert!(announcer.wake().is_none());
}

#[test]
fn it_can_be_switched_off() {
    assert!(announcer("discovery = false").1.is_none());
}
