//! wpa_supplicant's configuration of the one network.

use std::fmt::Write;

use super::{CLOSED, Rendered, rendered};
use crate::check::Wireless;

/// Where `wpa_supplicant@wlan0.service` looks for it.
pub(super) const FILE: &str = "etc/wpa_supplicant/wpa_supplicant-wlan0.conf";

pub(super) fn file(wifi: &Wireless) -> Rendered {
    let mut text = String::from(
        "# By minuano-setup, at each boot, from minuano.toml.\nctrl_interface=/run/wpa_supplicant\n",
    );
    // Writing to a string cannot fail.
    let _ = writeln!(text, "country={}\nnetwork={{", wifi.country);
    // In hexadecimal, an SSID needs no quoting rules.
    let ssid: String = wifi.ssid.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let _ = writeln!(text, "\tssid={ssid}");
    if wifi.hidden {
        text.push_str("\tscan_ssid=1\n");
    }
    match wifi.passphrase.as_ref().map(minuano_settings::Secret::reveal) {
        None => text.push_str("\tkey_mgmt=NONE\n"),
        // 64 hexadecimal digits are the key itself. A passphrase ends at the line's last quotation mark, whatever is in it.
        Some(key) if key.len() == 64 => _ = writeln!(text, "\tkey_mgmt=WPA-PSK\n\tpsk={key}"),
        Some(passphrase) => _ = writeln!(text, "\tkey_mgmt=WPA-PSK\n\tpsk=\"{passphrase}\""),
    }
    text.push_str("}\n");
    rendered(FILE, CLOSED, text)
}
