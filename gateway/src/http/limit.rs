//! What one client may ask for: a rate with a burst, and so much at once. One that asks for more is told when to
//! come back, and costs the others nothing.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body::{Frame, SizeHint};

use super::App;
use super::problem::Problem;

/// Clients that are told apart at once; beyond that new ones share one allowance until others have rested.
const MAX_CLIENTS: usize = 4_096;
/// This machine's own programs, which may be a proxy for many, have this many times the allowance.
const LOOPBACK_FACTOR: u32 = 20;

/// Who sent a request: the other end of its connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// An allowance.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Requests a second in the long run.
    pub per_second: u32,
    /// Requests after a rest.
    pub burst: u32,
    /// Requests at the same time.
    pub at_once: u32,
}

impl Allowance {
    fn of(self, client: IpAddr) -> Self {
        if !client.is_loopback() {
            return self;
        }
        let times = |number: u32| number.saturating_mul(LOOPBACK_FACTOR);
        Self { per_second: times(self.per_second), burst: times(self.burst), at_once: times(self.at_once) }
    }
}

/// Why a client has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It asked too often; it may come back after so many seconds.
    Rate(u32),
    /// So many of its requests are being answered.
    AtOnce(u32),
}

#[derive(Clone, Copy, Debug)]
struct Client {
    /// Requests that it may make now.
    left: f64,
    /// At this time.
    at: Instant,
    /// Being answered.
    active: u32,
}

/// Every client of late.
#[derive(Debug)]
pub struct Clients {
    allowance: Allowance,
    known: Mutex<HashMap<IpAddr, Client>>,
}

impl Clients {
    /// Each with this allowance.
    pub fn new(allowance: Allowance) -> Self {
        Self { allowance, known: Mutex::default() }
    }

    /// Takes a request of `client` in, or says why not.
    pub fn enter(self: &Arc<Self>, client: IpAddr, now: Instant) -> Result<Seat, Refused> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = self.key(&mut known, network(client), now);
        let allowance = self.allowance.of(key);
        let entry = known.entry(key).or_insert(Client { left: allowance.burst.into(), at: now, active: 0 });
        entry.left = rested(entry, allowance, now);
        entry.at = now;
        if entry.active >= allowance.at_once {
            return Err(Refused::AtOnce(allowance.at_once));
        }
        if entry.left < 1.0 {
            let wait = ((1.0 - entry.left) / f64::from(allowance.per_second)).ceil().max(1.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "1 or a little more"
            )]
            return Err(Refused::Rate(wait as u32));
        }
        entry.left -= 1.0;
        entry.active += 1;
        Ok(Seat { clients: Arc::clone(self), key })
    }

    /// Where `client` is counted.
    fn key(&self, known: &mut HashMap<IpAddr, Client>, client: IpAddr, now: Instant) -> IpAddr {
        if known.len() < MAX_CLIENTS || known.contains_key(&client) {
            return client;
        }
        // Who has rested and has nothing under way is as good as new.
        known.retain(|key, entry| {
            let allowance = self.allowance.of(*key);
            entry.active > 0 || rested(entry, allowance, now) < f64::from(allowance.burst)
        });
        if known.len() < MAX_CLIENTS {
            return client;
        }
        metrics::counter!("minuano_http_clients_shared_total").increment(1);
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    }
}

fn rested(entry: &Client, allowance: Allowance, now: Instant) -> f64 {
    let since = now.saturating_duration_since(entry.at).as_secs_f64();
    (entry.left + since * f64::from(allowance.per_second)).min(allowance.burst.into())
}

/// An IPv6 host has all the addresses of its network of 64 bits.
fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        other => other,
    }
}

/// A request that is being answered; it ends with the answer's last byte.
#[derive(Debug)]
pub struct Seat {
    clients: Arc<Clients>,
    key: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut known = self.clients.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.get_mut(&self.key) {
            entry.active = entry.active.saturating_sub(1);
        }
    }
}

/// Who asks: the other end of the connection, or whom the proxy before the gateway names.
pub fn client(app: &App, request: &Request) -> IpAddr {
    let peer =
        request.extensions().get::<Peer>().map_or(Ipv4Addr::LOCALHOST.into(), |Peer(address)| *address);
    if app.settings.behind_proxy { forwarded(request.headers()).unwrap_or(peer) } else { peer }
}

/// What stands before it comes from the client, who can write what it likes.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

/// Why a client is turned away, in `minuano_http_limited_total{reason}`.
pub const REASONS: [&str; 2] = ["rate", "at_once"];

/// Holds each client to its allowance. Supervisors are never turned away.
pub async fn admit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    match app.clients.enter(client(&app, &request), Instant::now()) {
        Ok(seat) => next.run(request).await.map(|body| Body::new(Held { body, _seat: seat })),
        Err(refused) => {
            let (reason, wait, detail) = match refused {
                Refused::Rate(wait) => (REASONS[0], wait, "you ask too often".to_owned()),
                Refused::AtOnce(most) => {
                    (REASONS[1], 1, format!("{most} of your requests are being answered"))
                }
            };
            metrics::counter!("minuano_http_limited_total", "reason" => reason).increment(1);
            let detail = format!("{detail}; come back after {wait} s (see Retry-After)");
            let mut response = Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).into_response();
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
            response
        }
    }
}

/// A body that holds its request's seat.
struct Held {
    body: Body,
    _seat: Seat,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn clients() -> Arc<Clients> {
        Arc::new(Clients::new(Allowance { per_second: 2, burst: 4, at_once: 3 }))
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_client_has_a_burst_then_a_rate_and_others_have_theirs() {
        let (clients, now) = (clients(), Instant::now());
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        for _ in 0..4 {
            assert!(clients.enter(one, now).is_ok());
        }
        assert_eq!(clients.enter(one, now).unwrap_err(), Refused::Rate(1));
        assert!(clients.enter(other, now).is_ok());
        let later = now + Duration::from_millis(500);
        assert!(clients.enter(one, later).is_ok());
        assert_eq!(clients.enter(one, later).unwrap_err(), Refused::Rate(1));
        assert!(clients.enter(one, now + Duration::from_secs(3_600)).is_ok());
    }

    #[test]
    fn so_much_at_once_and_a_seat_comes_back_with_its_answer() {
        let (clients, now) = (clients(), Instant::now());
        let one = address("2001:db8::1");
        let mut seats: Vec<_> = (0..3).map(|_| clients.enter(one, now).unwrap()).collect();
        assert_eq!(clients.enter(address("2001:db8::ffff"), now).unwrap_err(), Refused::AtOnce(3));
        assert!(clients.enter(address("2001:db8:0:1::1"), now).is_ok(), "another network");
        seats.pop();
        assert!(clients.enter(one, now).is_ok());
    }

    #[test]
    fn this_machine_has_more() {
        let (clients, now) = (clients(), Instant::now());
        let seats: Vec<_> = (0..60).map(|_| clients.enter(address("::1"), now).unwrap()).collect();
        assert_eq!(clients.enter(address("::1"), now).unwrap_err(), Refused::AtOnce(60));
        assert!(clients.enter(address("::ffff:127.0.0.1"), now).is_ok());
        drop(seats);
    }

    #[test]
    fn a_crowd_of_addresses_is_bounded_and_makes_place_when_it_has_rested() {
        let (clients, now) = (clients(), Instant::now());
        for number in 0..20_000u32 {
            let _ = clients.enter(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number)), now);
        }
        assert_eq!(clients.known.lock().unwrap().len(), MAX_CLIENTS + 1);
        let later = now + Duration::from_secs(10);
        assert!(clients.enter(address("192.0.2.1"), later).is_ok());
        assert!(clients.known.lock().unwrap().len() <= 2);
    }

    #[test]
    fn a_proxy_is_believed_for_what_it_added() {
        let mut headers = HeaderMap::new();
        assert_eq!(forwarded(&headers), None);
        headers.append("x-forwarded-for", "10.0.0.1".parse().unwrap());
        headers.append("x-forwarded-for", "spoofed, 192.0.2.7".parse().unwrap());
        assert_eq!(forwarded(&headers), Some(address("192.0.2.7")));
        headers.append("x-forwarded-for", "nonsense".parse().unwrap());
        assert_eq!(forwarded(&headers), None);
    }
}
