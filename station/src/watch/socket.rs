//! A socket beside the log that says how the station is: `minuano-station health` asks there, as a container's health
//! check does. One line to whoever connects: `well` or `stuck`, then the text that systemd gets.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::UnixListener;
use tracing::{debug, warn};

use super::{Allowed, status};
use crate::config::Config;
use crate::station::Station;

/// Its name in the log's folder.
const NAME: &str = "health.sock";
/// The first word of who makes progress, and of who does not.
pub const WELL: &str = "well";
const STUCK: &str = "stuck";
/// One that asks and does not listen holds up the next for so long.
const TAKES: Duration = Duration::from_secs(1);
/// The folder may come to be, or be mounted, after the start.
const TRY_EVERY: Duration = Duration::from_secs(1);

/// Where the station with its log in this folder answers.
pub fn place(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// Answers, for ever.
pub(super) async fn answer(config: Arc<Config>, station: Arc<Station>) {
    let listener = listen(&place(&config.log.folder)).await;
    let allowed = Allowed::of(&config.sampling, &config.run);
    loop {
        let mut asker = match listener.accept().await {
            Ok((asker, _)) => asker,
            Err(error) => {
                debug!(%error, "nobody could ask how the station is");
                tokio::time::sleep(TRY_EVERY).await;
                continue;
            }
        };
        let line = line(&allowed, Instant::now(), &config, &station);
        match tokio::time::timeout(TAKES, asker.write_all(line.as_bytes())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!(%error, "who asked how the station is went away"),
            Err(_) => debug!("who asked how the station is does not listen"),
        }
    }
}

/// Tries until there is one.
async fn listen(place: &Path) -> UnixListener {
    let mut is_told = false;
    loop {
        match bind(place) {
            Ok(listener) => return listener,
            Err(error) if !is_told => {
                warn!("no health socket at {}: {error}; trying again", place.display());
                is_told = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(TRY_EVERY).await;
    }
}

/// What an earlier run left there answers nobody.
fn bind(place: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => UnixListener::bind(place),
    }
}

fn line(allowed: &Allowed, now: Instant, config: &Config, station: &Station) -> String {
    let text = status::text(config, station);
    match station.signs.stuck(allowed, now) {
        None => format!("{WELL} {text}\n"),
        Some(part) => format!("{STUCK} {part} makes no progress; {text}\n"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::clock::Clock;
    use crate::config::ClockSource;
    use crate::deliver::tests::log_of;

    #[tokio::test]
    async fn who_makes_no_progress_is_named_and_a_socket_left_behind_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        // What a run that was killed leaves.
        drop(std::os::unix::net::UnixListener::bind(place(folder.path())).unwrap());
        let text =
            format!("station = \"roof\"\n[log]\nfolder = {:?}\n[run]\nstuck_after = \"5s\"\n", folder.path());
        let file = folder.path().join("station.toml");
        std::fs::write(&file, text).unwrap();
        let config = Arc::new(Config::load(Some(file)).unwrap());
        let station = Arc::new(Station::new(log_of(0), Clock::system(ClockSource::Trust)));
        let (allowed, late) =
            (Allowed::of(&config.sampling, &config.run), Instant::now() + Duration::from_secs(7));
        let line = line(&allowed, late, &config, &station);
        assert!(line.starts_with("stuck the sampler makes no progress; no link to "), "{line}");

        let task = tokio::spawn(answer(config, station));
        let asked = tokio::task::spawn_blocking(move || {
            let mut answer = String::new();
            loop {
                match UnixStream::connect(place(folder.path())) {
                    Ok(mut stream) => break stream.read_to_string(&mut answer).map(|_| answer),
                    Err(_) => std::thread::yield_now(),
                }
            }
        });
        let answer = tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap().unwrap().unwrap();
        assert!(answer.starts_with("well no link to localhost:1883; no sensor; 0 measured"), "{answer}");
        task.abort();
    }
}
