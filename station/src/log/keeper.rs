//! The thread that owns the folder: it does what the log asks for while the log goes on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tracing::{debug, info, warn};

use super::disk::{Disk, Files};
use super::jobs::Job;
use super::perform::perform;
use super::recover::recover;
use crate::station::Station;

/// The longest sleep; nothing hangs on it.
const LONGEST: Duration = Duration::from_secs(600);

/// The running thread.
pub struct Keeper {
    thread: Option<JoinHandle<()>>,
    station: Arc<Station>,
}

impl Keeper {
    /// Starts it. It looks through the folder first; [`Station::recovered`] waits for that.
    pub fn start(folder: PathBuf, station: Arc<Station>) -> Result<Self, std::io::Error> {
        let shared = station.clone();
        let thread = thread::Builder::new().name("log".to_owned()).spawn(move || keep(&folder, &shared))?;
        Ok(Self { thread: Some(thread), station })
    }

    /// Writes what is left to disk and ends, or gives up when that takes too long. Gives whether it ended.
    pub fn stop(mut self, within: Duration) -> bool {
        self.station.log().finish();
        self.station.wake_keeper();
        let Some(thread) = self.thread.take() else { return true };
        let ended = self.station.wait_for_keeper(within);
        if ended {
            // It has nothing left to do, and nothing to say.
            let _ = thread.join();
        }
        ended
    }
}

fn keep(folder: &Path, station: &Station) {
    let mut disk: Option<Files> = None;
    // A card can hang before the first rest, too.
    station.signs.keeping(true);
    loop {
        if disk.is_none() && station.steady_ms() >= station.log().retry_ms() {
            disk = open(folder, station);
        }
        station.folder_was_tried();
        if let Some(files) = &mut disk
            && !work(files, station)
        {
            disk = None;
            continue;
        }
        if station.log().is_finished() {
            station.keeper_ends();
            return;
        }
        station.wait_for_work(disk.is_some(), LONGEST);
    }
}

/// Does everything that is due. Gives whether the disk went along.
fn work(disk: &mut impl Disk, station: &Station) -> bool {
    loop {
        let now = station.moment();
        let Some(job) = station.log().job(&now) else { return true };
        let result = perform(disk, &job);
        let is_load = matches!(job, Job::Load { .. });
        let failed = result.as_ref().err().map(ToString::to_string);
        tell(&job, failed.as_deref());
        station.log().done(job, result, &station.moment());
        if is_load {
            station.notify();
        }
        station.relieved();
        if failed.is_some() && !is_load {
            return false;
        }
    }
}

fn tell(job: &Job, failed: Option<&str>) {
    match (job, failed) {
        (Job::Load { segment, .. }, Some(error)) => warn!(segment, "reading the log back: {error}"),
        (_, Some(error)) => warn!("writing the log: {error}; readings stay in RAM"),
        (Job::Spill { chunks, bytes, .. }, None) => {
            let through = chunks.last().map_or(0, |(_, last, _)| *last);
            debug!(through, bytes = bytes.len(), "spilled");
        }
        (Job::Save { bytes, remove, .. }, None) => {
            debug!(removed = remove.len(), bytes = bytes.len(), "cursors saved");
        }
        (Job::Load { len, .. }, None) => debug!(bytes = len, "read back"),
    }
}

fn open(folder: &Path, station: &Station) -> Option<Files> {
    let mut files = match Files::open(folder) {
        Ok(files) => files,
        Err(error) => {
            warn!(folder = %folder.display(), "no log on disk: {error}; readings stay in RAM");
            station.log().fail("folder", &error, station.steady_ms());
            return None;
        }
    };
    if station.log().is_adopted() {
        return Some(files);
    }
    match recover(&mut files) {
        Ok(recovery) => {
            let (streams, readings) = recovery.counts();
            let (damaged, left) = recovery.trouble();
            if streams > 0 {
                info!(streams, readings, "earlier runs left readings");
            }
            if damaged > 0 {
                warn!(damaged, "places in the log were damaged and skipped");
            }
            if let Some(name) = left {
                warn!(file = %folder.join(name.to_string()).display(), "not understood, left alone");
            }
            station.clock.remember(recovery.mark.as_ref(), recovery.known);
            station.log().adopt(recovery, station.steady_ms());
            station.notify();
            Some(files)
        }
        Err(error) => {
            warn!(folder = %folder.display(), "the log cannot be read: {error}; readings stay in RAM");
            station.log().fail("read", &error, station.steady_ms());
            None
        }
    }
}
