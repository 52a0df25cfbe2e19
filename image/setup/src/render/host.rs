//! The host's name, who may log in, where the time comes from, and what stands above the console's login.

use super::{OPEN, Rendered, rendered};
use crate::Wanted;

/// `AuthorizedKeysFile` and `ConditionPathExists=` of sshd.
pub(super) const KEYS: &str = "etc/minuano/authorized_keys";
pub(super) const TIME_SERVER: &str = "etc/systemd/timesyncd.conf.d/minuano.conf";

pub(super) fn files(wanted: &Wanted) -> Vec<Rendered> {
    let host = wanted.host();
    let mut files = vec![
        rendered("etc/hostname", OPEN, format!("{host}\n")),
        rendered(
            "etc/hosts",
            OPEN,
            format!("127.0.0.1 localhost\n127.0.1.1 {host}\n::1 localhost ip6-localhost\n"),
        ),
        rendered("etc/issue.d/minuano.issue", OPEN, issue(wanted, &host)),
    ];
    if !wanted.ssh_keys.is_empty() {
        files.push(rendered(KEYS, OPEN, wanted.ssh_keys.join("\n") + "\n"));
    }
    if let Some(server) = &wanted.time_server {
        files.push(rendered(TIME_SERVER, OPEN, format!("[Time]\nNTP={server}\n")));
    }
    files
}

/// agetty fills in the addresses.
fn issue(wanted: &Wanted, host: &str) -> String {
    let panel = if wanted.gateway { format!("panel: http://{host}.local:8080\n") } else { String::new() };
    format!("Minuano station {} ({host}.local, \\4 \\6)\n{panel}", wanted.station)
}
