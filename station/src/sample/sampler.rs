//! The thread that measures. I²C blocks, so it has a thread of its own.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use minuano_telemetry::{Fault, Quantity};
use tokio::sync::oneshot;
use tracing::{info, trace, warn};

use super::{Mean, Schedule};
use crate::bus::{Bus, Delay};
use crate::config::{BusConfig, Config};
use crate::emulated::{self, Weather};
use crate::sensors::{Measurement, Sensors, Settings};
use crate::station::Station;

/// The longest wait before the bus is opened again.
const LONGEST_RETRY: Duration = Duration::from_secs(60);

/// The running thread.
pub struct Sampler {
    stop: mpsc::Sender<()>,
    lived: Option<oneshot::Receiver<()>>,
    ended: oneshot::Receiver<()>,
}

/// The thread ended by itself, which it never should.
#[derive(Debug, thiserror::Error)]
#[error("the sampling thread has failed")]
pub struct Failed;

impl Sampler {
    /// Starts to measure: first through the history, if there is one, then each interval.
    pub fn start(
        config: &Config,
        station: Arc<Station>,
        emulated: Option<emulated::Clock>,
    ) -> Result<Self, std::io::Error> {
        let (stop, stopped) = mpsc::channel();
        let (living, lived) = oneshot::channel();
        let (ending, ended) = oneshot::channel();
        let source = Source::new(config, emulated);
        let sampling = config.sampling;
        thread::Builder::new().name("sampler".to_owned()).spawn(move || {
            let mut work = Work {
                station,
                source,
                mean: Mean::default(),
                interval_ms: millis(sampling.interval),
                report_ms: millis(sampling.report),
                stopped,
            };
            let stopped = work.live_through_history();
            // Nobody waits for either when the station is dropped.
            let _ = living.send(());
            if !stopped {
                work.sample_until_stopped();
            }
            work.report();
            let _ = ending.send(());
        })?;
        Ok(Self { stop, lived: Some(lived), ended })
    }

    /// Waits until the history is lived through.
    pub async fn history(&mut self) -> Result<(), Failed> {
        match &mut self.lived {
            Some(lived) => lived.await.map_err(|_| Failed)?,
            None => return Ok(()),
        }
        self.lived = None;
        Ok(())
    }

    /// Waits for the thread to end, which it does when told, or when it fails.
    pub async fn ended(&mut self) -> Result<(), Failed> {
        (&mut self.ended).await.map_err(|_| Failed)
    }

    /// Ends it; what was sampled becomes a last reading.
    pub async fn stop(mut self) -> Result<(), Failed> {
        // It may have ended already.
        let _ = self.stop.send(());
        self.ended().await
    }
}

struct Work {
    station: Arc<Station>,
    source: Source,
    mean: Mean,
    interval_ms: u64,
    report_ms: u64,
    stopped: mpsc::Receiver<()>,
}

impl Work {
    /// Emulated time, as fast as it goes: same chips, drivers, means and log. Gives whether it was stopped.
    fn live_through_history(&mut self) -> bool {
        let Some(clock) = self.source.virtual_clock() else { return false };
        let (began, since_ms) = (Instant::now(), clock.now_ms());
        let mut schedule = Schedule::new(since_ms, self.interval_ms, self.report_ms);
        while !clock.has_caught_up() {
            if !matches!(self.stopped.try_recv(), Err(mpsc::TryRecvError::Empty)) {
                return true;
            }
            clock.sleep_until_ms(schedule.due_ms());
            self.sample();
            if schedule.advance(clock.now_ms()) {
                self.report();
            }
        }
        clock.go_live();
        let hours = (clock.now_ms() - since_ms) / 3_600_000;
        info!(hours, seconds = began.elapsed().as_secs_f32(), "history lived through");
        false
    }

    fn sample_until_stopped(&mut self) {
        // A first reading of one sample: whoever starts a station sees at once whether it works.
        self.sample();
        self.report();
        let start = Instant::now();
        let mut schedule = Schedule::new(0, self.interval_ms, self.report_ms);
        loop {
            let wait = Duration::from_millis(schedule.due_ms()).saturating_sub(start.elapsed());
            match self.stopped.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
            }
            self.sample();
            if schedule.advance(millis(start.elapsed())) {
                self.report();
            }
        }
    }

    fn sample(&mut self) {
        let measured = self.source.measure(self.station.clock.now_ms(), &self.station);
        self.mean.add(&measured);
        self.station.signs.sampled();
        trace!("sampled");
    }

    fn report(&mut self) {
        let clock = &self.station.clock;
        if let Some(reading) = self.mean.finish(clock.now(), clock.trust()) {
            self.station.append(reading);
        }
    }
}

/// The bus and its sensors, or the attempt to open it.
enum Source {
    Open { sensors: Sensors<Bus>, told: Option<u32>, delay: Delay, clock: Option<emulated::Clock> },
    Closed { device: String, settings: Settings, due: Instant, wait: Duration },
}

impl Source {
    fn new(config: &Config, emulated: Option<emulated::Clock>) -> Self {
        match (&config.bus, emulated) {
            (BusConfig::Emulated { series, parts, .. }, Some(clock)) => {
                let weather = Weather::new(series.clone(), config.station.as_str());
                let (bus, delay) = Bus::emulated(&clock, weather, parts);
                let sensors = Sensors::new(bus, clock.now_ms(), config.sensors.clone());
                Self::Open { sensors, told: None, delay, clock: Some(clock) }
            }
            (BusConfig::I2c { device }, _) => Self::closed(device.clone(), config.sensors.clone()),
            (BusConfig::Emulated { .. }, None) => {
                Self::closed("the emulated bus".to_owned(), config.sensors.clone())
            }
        }
    }

    fn closed(device: String, settings: Settings) -> Self {
        Self::Closed { device, settings, due: Instant::now(), wait: Duration::from_secs(1) }
    }

    /// The emulated clock, while it is virtual.
    fn virtual_clock(&self) -> Option<emulated::Clock> {
        match self {
            Self::Open { clock: Some(clock), .. } if !clock.is_live() => Some(clock.clone()),
            _ => None,
        }
    }

    fn measure(&mut self, now_ms: u64, station: &Station) -> Measurement {
        self.try_to_open(now_ms);
        match self {
            Self::Open { sensors, told, delay, .. } => {
                let measured = sensors.measure(now_ms, delay);
                let revision = Some(sensors.revision());
                if *told == revision {
                    return measured;
                }
                *told = revision;
                if station.board.note(sensors.known().collect(), sensors.status()) {
                    station.notify();
                }
                measured
            }
            Self::Closed { .. } => Measurement::failed(&Quantity::ALL, Fault::Bus),
        }
    }

    fn try_to_open(&mut self, now_ms: u64) {
        let Self::Closed { device, settings, due, wait } = self else { return };
        if Instant::now() < *due {
            return;
        }
        match Bus::linux(device) {
            Ok((bus, delay)) => {
                info!(device, "bus opened");
                let sensors = Sensors::new(bus, now_ms, std::mem::take(settings));
                *self = Self::Open { sensors, told: None, delay, clock: None };
            }
            Err(error) => {
                warn!("no sensors: {error}; next attempt in {} s", wait.as_secs());
                *due = Instant::now() + *wait;
                *wait = (*wait * 2).min(LONGEST_RETRY);
            }
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
