//! What Linux says of its clock's error: adjtimex(2), asked and never told.

use std::io;

/// The kernel's bound on the error of its time of day, in microseconds. It grows by 500 µs a second while nobody
/// disciplines the clock.
#[expect(unsafe_code, reason = "the crate's purpose; see Cargo.toml")]
pub fn max_error_us() -> io::Result<i64> {
    // SAFETY: `timex` holds integers alone, of which all zeros are a value. `modes` of 0 means that nothing is set.
    let mut state: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes no more than this structure, which lives until the call is back.
    let answer = unsafe { libc::adjtimex(&raw mut state) };
    if answer < 0 {
        return Err(io::Error::last_os_error());
    }
    // As wide as a C long, which is narrower on 32-bit machines.
    #[allow(clippy::useless_conversion, reason = "not useless on armv7")]
    Ok(i64::from(state.maxerror))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_kernel_answers_what_it_can_be() {
        // A sandbox may refuse the call, and then says so.
        if let Ok(error_us) = super::max_error_us() {
            assert!((0..=16_000_000).contains(&error_us), "{error_us} µs, and the kernel stops at 16 s");
        }
    }
}
