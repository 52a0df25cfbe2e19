//! The service, from its start to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use minuano_telemetry::StreamId;
use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::config::{BusConfig, Config};
use crate::emulated;
use crate::link::{Link, Stop};
use crate::log::keeper::Keeper;
use crate::log::{Counts, Limits, Log, Run};
use crate::sample::{Failed, Sampler};
use crate::shutdown::Shutdown;
use crate::station::Station;
use crate::watch::Watch;

/// How long the end waits for the card to take what is in RAM.
const DISK_WITHIN: Duration = Duration::from_secs(20);

/// Why the service could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The system gives no thread.
    #[error("no thread: {0}")]
    Thread(#[from] std::io::Error),
    /// The sampler has failed.
    #[error(transparent)]
    Sampler(#[from] Failed),
    /// The link has failed.
    #[error("the link has failed: {0}")]
    Link(#[from] tokio::task::JoinError),
    /// No random number names this run.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// A second signal came.
    #[error("stopped at once by a second signal")]
    Impatient,
}

/// Measures, keeps and delivers until the shutdown: sensors ─► sample ─► log ─► MQTT.
pub async fn run(config: Config, mut shutdown: Shutdown) -> Result<Counts, RunError> {
    let config = Arc::new(config);
    let stream = StreamId(getrandom::u64()?);
    info!(station = %config.station, %stream, version = env!("CARGO_PKG_VERSION"), "starting");

    let emulated = emulated_clock(&config);
    let clock = match &emulated {
        Some(clock) => Clock::emulated(clock.clone(), config.clock),
        None => Clock::system(config.clock),
    };
    let log = Log::new(Run { stream, boot: clock.boot() }, limits(&config));
    let station = Arc::new(Station::new(log, clock));
    let keeper = Keeper::start(config.log.folder.clone(), station.clone())?;
    let result = live(&config, &station, emulated, &mut shutdown).await;

    if !keeper.stop(DISK_WITHIN) {
        warn!("the card does not take what is left within {DISK_WITHIN:?}");
    }
    let counts = station.log().counts();
    let measured = station.log().running().measured();
    info!(
        measured,
        taken_over = counts.measured.saturating_sub(measured),
        acknowledged = counts.acknowledged,
        lost = counts.lost,
        unacknowledged = counts.held,
        "stopped"
    );
    result.map(|()| counts)
}

/// From the first sample to the last acknowledgement.
async fn live(
    config: &Arc<Config>,
    station: &Arc<Station>,
    emulated: Option<emulated::Clock>,
    shutdown: &mut Shutdown,
) -> Result<(), RunError> {
    let mut sampler = Sampler::start(config, station.clone(), emulated)?;
    let watch = Watch::start(config, station);
    let (stop, stopped) = Stop::channel();
    let mut link = None;
    tokio::select! {
        result = serve(&mut sampler, &mut link, config, station, stopped) => result?,
        () = shutdown.asked() => info!("stopping"),
    }
    watch.stopping();

    let leave = async {
        sampler.stop().await?;
        station.log().end();
        if let Some(link) = link {
            stop.send_replace(Some(Instant::now() + config.run.stop_within));
            link.await?;
        }
        Ok(())
    };
    tokio::select! {
        result = leave => result,
        () = shutdown.asked() => Err(RunError::Impatient),
    }
}

/// Lives through the history, goes online, and then only ends by failing.
async fn serve(
    sampler: &mut Sampler,
    link: &mut Option<tokio::task::JoinHandle<()>>,
    config: &Arc<Config>,
    station: &Arc<Station>,
    stopped: Stop,
) -> Result<(), RunError> {
    // What earlier runs left is listed before anything else is said.
    station.recovered().await;
    sampler.history().await?;
    let task = link.insert(tokio::spawn(Link::new(config.clone(), station.clone()).run(stopped)));
    tokio::select! {
        ended = sampler.ended() => {
            error!("the sampling thread has ended");
            ended?;
        }
        ended = task => ended?,
    }
    Err(Failed.into())
}

fn limits(config: &Config) -> Limits {
    let spill_ms = u64::try_from(config.log.spill.as_millis()).unwrap_or(u64::MAX);
    Limits::of(config.log.max_bytes, spill_ms)
}

fn emulated_clock(config: &Config) -> Option<emulated::Clock> {
    let BusConfig::Emulated { history, .. } = &config.bus else { return None };
    if history.is_zero() {
        return Some(emulated::Clock::live());
    }
    let history_ms = u64::try_from(history.as_millis()).unwrap_or(u64::MAX);
    let now_ms = emulated::Clock::live().now_ms();
    Some(emulated::Clock::starting(now_ms.saturating_sub(history_ms)))
}
