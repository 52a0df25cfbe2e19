//! The service, from its start to its end.

use std::sync::Arc;
use std::time::Instant;

use minuano_telemetry::StreamId;
use tracing::{error, info};

use crate::clock::Clock;
use crate::config::{BusConfig, Config};
use crate::emulated;
use crate::link::{Link, Stop};
use crate::log::{Counts, Log};
use crate::sample::{Failed, Sampler};
use crate::shutdown::Shutdown;
use crate::station::Station;
use crate::watch::Watch;

/// Why the service could not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The system gives no thread.
    #[error("no thread for the sampler: {0}")]
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
    let station = Arc::new(Station::new(Log::new(stream, config.log.max_bytes), clock));

    let mut sampler = Sampler::start(&config, station.clone(), emulated)?;
    let watch = Watch::start(&config, &station);
    let (stop, stopped) = Stop::channel();
    let mut link = None;
    tokio::select! {
        result = serve(&mut sampler, &mut link, &config, &station, stopped) => result?,
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
    let result = tokio::select! {
        result = leave => result,
        () = shutdown.asked() => Err(RunError::Impatient),
    };
    let counts = station.log().counts();
    info!(
        measured = counts.measured,
        acknowledged = counts.acknowledged,
        lost = counts.lost,
        unacknowledged = counts.held,
        "stopped"
    );
    result.map(|()| counts)
}

/// Lives through the history, goes online, and then only ends by failing.
async fn serve(
    sampler: &mut Sampler,
    link: &mut Option<tokio::task::JoinHandle<()>>,
    config: &Arc<Config>,
    station: &Arc<Station>,
    stopped: Stop,
) -> Result<(), RunError> {
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

fn emulated_clock(config: &Config) -> Option<emulated::Clock> {
    let BusConfig::Emulated { history, .. } = &config.bus else { return None };
    if history.is_zero() {
        return Some(emulated::Clock::live());
    }
    let history_ms = u64::try_from(history.as_millis()).unwrap_or(u64::MAX);
    let now_ms = emulated::Clock::live().now_ms();
    Some(emulated::Clock::starting(now_ms.saturating_sub(history_ms)))
}
