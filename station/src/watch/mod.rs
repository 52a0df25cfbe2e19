//! How the station shows that it works: to systemd (readiness, watchdog, status text), to health checks (a socket) and to
//! people (a LED).
//!
//! The watchdog is fed only while the sampler and the log make progress. What MQTT does never counts: a restart
//! mends no broker, and would cost what is in RAM.

mod led;
mod signs;
mod socket;
mod status;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;
use tokio::task::JoinHandle;
use tracing::{debug, error, info};

pub use self::signs::{Allowed, Signs};
pub use self::socket::{WELL, place};
use crate::config::Config;
use crate::station::Station;

/// The longest time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What watches the station, until it is dropped.
pub struct Watch {
    tasks: Vec<JoinHandle<()>>,
}

impl Watch {
    /// The station is ready: it measures and keeps. Says so, and goes on saying how it is.
    pub fn start(config: &Arc<Config>, station: &Arc<Station>) -> Self {
        tell(&[NotifyState::Ready]);
        let mut tasks = vec![
            tokio::spawn(look(config.clone(), station.clone())),
            tokio::spawn(socket::answer(config.clone(), station.clone())),
        ];
        if let Some(lamp) = config.led.and_then(led::open) {
            tasks.push(tokio::spawn(led::shine(lamp, station.clone())));
        }
        Self { tasks }
    }

    /// The station stops. systemd asks no more for signs of life then.
    pub fn stopping(&self) {
        tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn look(config: Arc<Config>, station: Arc<Station>) {
    let watchdog = sd_notify::watchdog_enabled();
    if let Some(within) = watchdog {
        info!(?within, "systemd watches this service");
    }
    let every = watchdog.map_or(LOOK_EVERY, |within| (within / 3).min(LOOK_EVERY));
    let mut eye = Eye::new(Allowed::of(&config.sampling, &config.run));
    loop {
        if eye.sees_progress(&station.signs, Instant::now()) && watchdog.is_some() {
            tell(&[NotifyState::Watchdog]);
        }
        if let Some(text) = eye.news(status::text(&config, &station)) {
            tell(&[NotifyState::Status(&text)]);
        }
        tokio::time::sleep(every).await;
    }
}

/// What was seen last.
struct Eye {
    allowed: Allowed,
    stuck: Option<&'static str>,
    text: String,
}

impl Eye {
    fn new(allowed: Allowed) -> Self {
        Self { allowed, stuck: None, text: String::new() }
    }

    fn sees_progress(&mut self, signs: &Signs, now: Instant) -> bool {
        let stuck = signs.stuck(&self.allowed, now);
        match stuck {
            Some(part) if self.stuck != stuck => error!("{part} makes no progress"),
            None if self.stuck.is_some() => info!("progress again"),
            _ => {}
        }
        self.stuck = stuck;
        stuck.is_none()
    }

    /// The status text, if it is another than before.
    fn news(&mut self, text: String) -> Option<String> {
        let text = match self.stuck {
            Some(part) => format!("{part} makes no progress; {text}"),
            None => text,
        };
        (text != self.text).then(|| {
            self.text.clone_from(&text);
            text
        })
    }
}

fn tell(what: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell, which is no error.
    if let Err(error) = sd_notify::notify(what) {
        debug!(%error, "systemd does not listen");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_stuck_takes_the_watchdogs_food_away_and_is_named() {
        let second = Duration::from_secs(1);
        let allowed = Allowed { sampler: second * 61, log: second * 70, disk: second * 60 };
        let (mut eye, signs, start) = (Eye::new(allowed), Signs::default(), Instant::now());
        assert!(eye.sees_progress(&signs, start));
        assert_eq!(eye.news("fine".to_owned()).as_deref(), Some("fine"));
        assert_eq!(eye.news("fine".to_owned()), None);
        signs.link(false);
        assert!(eye.sees_progress(&signs, start + Duration::from_secs(60)), "no link is no reason");
        assert!(!eye.sees_progress(&signs, start + Duration::from_secs(65)));
        assert_eq!(eye.news("fine".to_owned()).as_deref(), Some("the sampler makes no progress; fine"));
        signs.sampled();
        assert!(eye.sees_progress(&signs, Instant::now()));
        assert!(!eye.sees_progress(&signs, Instant::now() + Duration::from_secs(80)));
    }

    #[test]
    fn a_disk_that_hangs_is_found_though_readings_still_come() {
        let hour = Duration::from_secs(3_600);
        let (signs, start) = (Signs::default(), Instant::now());
        let stuck = |seconds| {
            let disk = Duration::from_secs(60);
            signs.stuck(&Allowed { sampler: hour, log: hour, disk }, start + Duration::from_secs(seconds))
        };
        assert_eq!(stuck(1_000), None, "it rests");
        signs.keeping(true);
        assert_eq!((stuck(50), stuck(100)), (None, Some("the log's disk")));
        signs.keeping(false);
        assert_eq!(stuck(100), None);
    }
}
