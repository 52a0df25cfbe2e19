//! How a job is done: in which order things are written, synced and taken away.

use std::io;

use super::disk::{Disk, Name, read_around};
use super::jobs::{Done, Job};

/// Does a job.
pub fn perform(disk: &mut impl Disk, job: &Job) -> io::Result<Done> {
    match job {
        Job::Spill { segment, header, offset, bytes, .. } => {
            let name = Name::Segment(*segment);
            if let Some(header) = header {
                // Whole before anything follows: a file whose beginning is torn then never held a reading.
                disk.write(name, 0, header)?;
                disk.sync(name)?;
                disk.sync_folder()?;
            }
            disk.write(name, *offset, bytes)?;
            disk.sync(name)?;
        }
        Job::Load { segment, offset, len, around } => {
            let name = Name::Segment(*segment);
            return match around {
                true => read_around(disk, name, *offset, *len).map(|(bytes, _)| Done::Read(bytes)),
                false => disk.read(name, *offset, *len).map(Done::Read),
            };
        }
        Job::Save { copy, bytes, remove } => {
            let name = Name::Table(*copy);
            disk.write(name, 0, bytes)?;
            disk.sync(name)?;
            disk.sync_folder()?;
            // Only now: a cursor that is behind its segments would make what is gone look as if it were lost.
            for number in remove {
                disk.remove(Name::Segment(*number))?;
            }
            if !remove.is_empty() {
                disk.sync_folder()?;
            }
        }
    }
    Ok(Done::Written)
}
