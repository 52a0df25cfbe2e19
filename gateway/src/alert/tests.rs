//! Alerts from the desk to a real HTTP receiver, over one that is dead and over a restart.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::sync::watch;

use super::deliver;
use super::http::Server;
use super::outbox::Desk;
use super::rules::Wants;
use super::send::{Destination, Way};
use super::webhook::{Webhook, signature};
use super::*;
use crate::clock::now;
use crate::store::Store;

fn wants() -> Wants {
    Wants {
        on: vec!["station".to_owned()],
        stations: None,
        ends: true,
        quiet: None,
        repeat_after: Duration::from_secs(3600),
        limit: 1000,
        limit_within: Duration::from_secs(3600),
    }
}

type Taken = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// Refuses the first `refusals` posts and takes the others.
async fn receiver(refusals: usize) -> (reqwest::Url, Taken) {
    let (taken, seen) = (Taken::default(), Arc::new(Mutex::new(0)));
    let into = Arc::clone(&taken);
    let take = move |headers: HeaderMap, body: String| async move {
        let mut seen = seen.lock().unwrap();
        *seen += 1;
        if *seen <= refusals {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        into.lock().unwrap().push((headers, body));
        StatusCode::NO_CONTENT
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(take))).await });
    (url, taken)
}

fn hook(name: &str, url: reqwest::Url) -> Destination {
    let secret: minuano_settings::Secret = serde_json::from_str("\"shared\"").unwrap();
    let way = Way::Webhook(Webhook { server: Server { url, authority: None }, secret: Some(secret) });
    Destination { name: name.to_owned(), way, wants: wants(), gateway: "home".parse().unwrap() }
}

fn put(store: &Store, desk: &mut Desk, station: &str) {
    let alert = Alert::of_station("home", &station.parse().unwrap(), AnomalyState::Open, now());
    desk.put(&store.writer().unwrap(), &alert, now()).unwrap();
    desk.wake();
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not come about within 30 s");
}

#[tokio::test]
async fn what_was_put_down_before_a_restart_is_sent_signed_and_once_it_is_taken_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&folder.path().join("g.db"), now()).unwrap());
    let (url, taken) = receiver(2).await;
    let (stop, shutdown) = watch::channel(false);
    let names = ["dead", "hook"].map(|name| (name.to_owned(), wants()));
    let mut desk = Desk::new(names.clone());
    for station in ["roof", "shed", "gate"] {
        put(&store, &mut desk, station);
    }
    // The gateway died before it sent any. This one begins with what the store has, and another alert.
    drop(desk);
    let mut desk = Desk::new(names);
    let mut running = Vec::new();
    for (name, url) in [("dead", "http://127.0.0.1:9/".parse().unwrap()), ("hook", url)] {
        let running_one = deliver::run(hook(name, url), Arc::clone(&store), desk.listen(), shutdown.clone());
        running.push(tokio::spawn(running_one));
    }
    put(&store, &mut desk, "barn");
    until("four alerts", || taken.lock().unwrap().len() == 4).await;
    let left = |name: &'static str| {
        let sql = "SELECT count(*) FROM alert_outbox WHERE destination = ?1";
        store.read(|c| c.query_row(sql, [name], |row| row.get::<_, i64>(0))).unwrap()
    };
    until("an empty outbox", || left("hook") == 0).await;
    assert_eq!(left("dead"), 4, "a dead one keeps what it has");
    stop.send_replace(true);
    for one in running {
        one.await.unwrap();
    }
    let taken = taken.lock().unwrap();
    let envelopes: Vec<Envelope> =
        taken.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
    let stations: Vec<&str> = envelopes.iter().map(|one| one.alert.station.as_str()).collect();
    assert_eq!(stations, ["roof", "shed", "gate", "barn"], "in their order");
    for ((headers, body), envelope) in taken.iter().zip(&envelopes) {
        let said = headers["x-minuano-signature"].to_str().unwrap();
        let seconds = said.strip_prefix("t=").and_then(|rest| rest.split(',').next()).unwrap();
        assert_eq!(said, signature("shared", seconds.parse().unwrap(), body));
        assert_eq!(headers["x-minuano-delivery"], envelope.id);
    }
}

#[test]
fn the_outbox_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("g.db"), now()).unwrap();
    let connection = store.writer().unwrap();
    connection
        .execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) \
             INSERT INTO alert_outbox (destination, created_at, due_at, body) SELECT 'hook', 0, 0, '{}' FROM n",
        )
        .unwrap();
    let mut desk = Desk::new([("hook".to_owned(), wants()), ("other".to_owned(), wants())]);
    put(&store, &mut desk, "roof");
    let count = |name: &str| -> i64 {
        let sql = "SELECT count(*) FROM alert_outbox WHERE destination = ?1";
        connection.query_row(sql, [name], |row| row.get(0)).unwrap()
    };
    assert_eq!((count("hook"), count("other")), (super::outbox::MAX_WAITING, 1));
}
