//! What the kernel says of its clock and of this boot.

use rustix::time::{ClockId, clock_gettime};

use crate::log::BootId;

/// From here on the kernel's error bound means that nobody disciplines the clock: it grows to this in 9 hours
/// without a time source. systemd judges by it, too, because chronyd without `rtcsync` never clears the
/// flag STA_UNSYNC.
const MAX_ERROR_US: i64 = 16_000_000;
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Whether a time source disciplines the clock. Where the kernel does not say, the time is no more than a guess.
pub(super) fn is_synchronised() -> bool {
    minuano_kernel_clock::max_error_us().is_ok_and(|error_us| error_us < MAX_ERROR_US)
}

/// Milliseconds since the boot, those asleep included.
pub(super) fn since_boot_ms() -> u64 {
    let since = clock_gettime(ClockId::Boottime);
    let (seconds, nanos) = (u64::try_from(since.tv_sec), u64::try_from(since.tv_nsec));
    seconds.unwrap_or(0).saturating_mul(1_000).saturating_add(nanos.unwrap_or(0) / 1_000_000)
}

/// The kernel's name for this boot; zeros where it has none.
pub fn boot() -> BootId {
    std::fs::read_to_string(BOOT_ID).ok().and_then(|text| boot_of(&text)).unwrap_or_default()
}

fn boot_of(text: &str) -> Option<BootId> {
    let hex: String = text.trim().chars().filter(|character| *character != '-').collect();
    let number = (hex.len() == 32).then(|| u128::from_str_radix(&hex, 16).ok()).flatten()?;
    Some(BootId(number.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_answers() {
        is_synchronised();
        assert_eq!(boot(), boot());
        let first = since_boot_ms();
        assert!(first > 0 && since_boot_ms() >= first);
    }

    #[test]
    fn a_boot_id_is_a_uuid() {
        let boot = boot_of("0e4b2c5f-91d4-4b63-9c7e-0123456789ab\n").unwrap();
        assert_eq!((boot.0[0], boot.0[15]), (0x0e, 0xab));
        assert_eq!(boot_of("none"), None);
        assert_eq!(boot_of(""), None);
    }
}
