//! What a process has used of CPU and memory, as `/proc` says.

use std::fs;
use std::time::Duration;

/// Linux counts in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// CPU time, user and system, of a running process.
pub fn cpu(pid: u32) -> Duration {
    // Fields 14 and 15; the first two are the number and the name.
    ticks(&stat(&pid.to_string()), 11)
}

/// CPU time of this process's children that have ended.
pub fn cpu_of_ended_children() -> Duration {
    ticks(&stat("self"), 13)
}

/// Resident memory in MB: now, and at the peak.
pub fn resident_mb(pid: u32) -> (f64, f64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let kib = |key: &str| -> f64 {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    (kib("VmRSS:") * 1.024e-3, kib("VmHWM:") * 1.024e-3)
}

fn stat(of: &str) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{of}/stat")).unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    after_name.split_whitespace().map(str::to_owned).collect()
}

fn ticks(stat: &[String], first: usize) -> Duration {
    let ticks: u32 = stat[first..first + 2].iter().map(|field| field.parse::<u32>().unwrap()).sum();
    TICK * ticks
}
