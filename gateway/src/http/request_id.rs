//! A name for each request, in its answer, in its problem and in the log: taken from `X-Request-Id` where that is
//! sane, made otherwise.

use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::HeaderMap;

/// Longer ones are not taken.
const MAX_LENGTH: usize = 64;
/// Where it stands.
pub const HEADER: &str = "x-request-id";

/// A request's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

tokio::task_local! {
    static CURRENT: RequestId;
}

impl RequestId {
    /// The client's, or a new one.
    pub fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
        let sane = |text: &&str| {
            (1..=MAX_LENGTH).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        };
        given.filter(sane).map_or_else(Self::new, |text| Self(text.to_owned()))
    }

    fn new() -> Self {
        // Random for each process, then counted: never twice in one log, and cheap.
        static PROCESS: LazyLock<u32> = LazyLock::new(|| getrandom::u32().unwrap_or_default());
        static COUNT: AtomicU64 = AtomicU64::new(1);
        Self(format!("{:08x}-{:x}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed)))
    }

    /// Runs `answering` so that [`RequestId::current`] knows this one.
    pub async fn during<T>(self, answering: impl Future<Output = T>) -> T {
        CURRENT.scope(self, answering).await
    }

    /// That of the request which is being answered here.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, text.parse().unwrap());
        RequestId::of(&headers).to_string()
    }

    #[test]
    fn a_sane_one_is_taken_and_any_other_replaced() {
        assert_eq!(of("3f2504e0-4f89.A_1"), "3f2504e0-4f89.A_1");
        for insane in ["", "a b", "x\"y", "%0a", &"x".repeat(65)] {
            assert_ne!(of(insane), insane);
        }
        assert_ne!(RequestId::of(&HeaderMap::new()), RequestId::of(&HeaderMap::new()));
    }
}
