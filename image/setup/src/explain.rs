//! What the person who wrote the file is told, on the same partition.

use std::fmt::Write;

use minuano_settings::Problems;

use crate::Wanted;
use crate::card::NAME;

/// The name of the explanation.
pub const FILE: &str = "minuano-error.txt";

/// The explanation, if there is something to explain. Lines end as Windows wants them, which the others do not mind.
pub fn explanation(wanted: &Wanted, problems: &Problems) -> Option<String> {
    let count = problems.0.len();
    if count == 0 {
        return None;
    }
    let mistakes = if count == 1 { "1 mistake".to_owned() } else { format!("{count} mistakes") };
    let mut text = format!(
        "Minuano found {mistakes} in {NAME}. What is right is used; what is wrong is as if it were not there.\n\n"
    );
    for problem in &problems.0 {
        let _ = writeln!(text, "  {}: {}", problem.key, problem.what);
    }
    let _ = write!(text, "\nSo this station runs like this:\n\n{}", summary(wanted));
    let _ = write!(
        text,
        "\nCorrect {NAME} on a computer, put the card back and switch the Pi on. This file goes away by itself.\n"
    );
    Some(text.replace('\n', "\r\n"))
}

/// What follows from the file, in a few lines.
pub fn summary(wanted: &Wanted) -> String {
    let mut text = format!("  name      {} ({}.local)\n", wanted.station, wanted.host());
    let to = match (&wanted.broker, wanted.gateway) {
        (Some(broker), false) => format!("the broker at {}", broker.host),
        (Some(broker), true) => format!("the broker at {}, and the gateway on this machine", broker.host),
        (None, true) => "the gateway on this machine".to_owned(),
        (None, false) => "nobody: they are kept on the card until a broker is named".to_owned(),
    };
    let _ = writeln!(text, "  readings  go to {to}");
    let wifi = wanted.wifi.as_ref().map_or("none; a cable is used", |wifi| &wifi.ssid);
    let _ = writeln!(text, "  Wi-Fi     {wifi}");
    let _ = writeln!(text, "  zone      {}", wanted.zone.as_deref().unwrap_or("UTC"));
    let ssh =
        if wanted.ssh_keys.is_empty() { "off: there is no ssh_key" } else { "on, for the user minuano" };
    let _ = writeln!(text, "  SSH       {ssh}");
    text
}
