//! Alerts from the desk to a real HTTP receiver, over one that is dead and over a restart.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::routing::post;
use tokio::sync::watch;

use super::deliver;
use super::http::Server;
use super::outbox::Desk;
use super::rules::Wants;
use super::send::{Destination, Retry, Way};
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

/// Answers the first posts so, with what it asks for in seconds, and takes the others.
async fn receiver(answers: &'static [(StatusCode, Option<u64>)]) -> (reqwest::Url, Taken) {
    let (taken, answers) = (Taken::default(), Arc::new(Mutex::new(answers.iter())));
    let into = Arc::clone(&taken);
    let take = move |headers: HeaderMap, body: String| async move {
        if let Some((status, asked)) = answers.lock().unwrap().next() {
            let asked = asked.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds)));
            return (*status, asked.into_iter().collect::<HeaderMap>());
        }
        into.lock().unwrap().push((headers, body));
        (StatusCode::NO_CONTENT, HeaderMap::new())
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(take))).await });
    (url, taken)
}

fn hook(name: &str, url: reqwest::Url) -> Destination {
    let secret: minuano_settings::Secret = serde_json::from_str("\"shared\"").unwrap();
    let way = Way::Webhook(Webhook { server: Server { url, authority: None }, secret: Some(secret) });
    let retry = Retry { first: Duration::from_millis(100), most: Duration::from_millis(200) };
    Destination { name: name.to_owned(), way, wants: wants(), retry, gateway: "home".parse().unwrap() }
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
    let (url, taken) = receiver(&[(StatusCode::SERVICE_UNAVAILABLE, None); 2]).await;
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
        let (store, awake) = (Arc::clone(&store), desk.listen());
        let running_one = deliver::run(hook(name, url), store, Arc::default(), awake, shutdown.clone());
        running.push(tokio::spawn(running_one));
    }
    put(&store, &mut desk, "barn");
    until("four alerts", || taken.lock().unwrap().len() == 4).await;
    until("an empty outbox", || waiting(&store, "hook") == 0).await;
    assert_eq!(waiting(&store, "dead"), 4, "a dead one keeps what it has");
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

fn waiting(store: &Store, name: &str) -> i64 {
    let sql = "SELECT count(*) FROM alert_outbox WHERE destination = ?1";
    store.read(|c| c.query_row(sql, [name], |row| row.get(0))).unwrap()
}

#[tokio::test]
async fn what_is_refused_for_good_is_named_and_holds_up_nothing_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&folder.path().join("g.db"), now()).unwrap());
    let (url, taken) = receiver(&[(StatusCode::NOT_FOUND, None)]).await;
    let (_stop, shutdown) = watch::channel(false);
    let mut desk = Desk::new([("hook".to_owned(), wants())]);
    put(&store, &mut desk, "roof");
    put(&store, &mut desk, "shed");
    let readiness = Arc::new(crate::http::Readiness::default());
    let how = || {
        let conditions = readiness.conditions();
        conditions.into_iter().find(|one| one.name == "alerts to hook").unwrap_or_else(|| panic!("not said"))
    };
    let (shared, awake) = (Arc::clone(&store), desk.listen());
    let running = deliver::run(hook("hook", url), shared, Arc::clone(&readiness), awake, shutdown);
    let running = tokio::spawn(running);
    until("the second", || taken.lock().unwrap().len() == 1).await;
    until("an empty outbox", || waiting(&store, "hook") == 0).await;
    assert!(taken.lock().unwrap()[0].1.contains("shed"), "the first was refused");
    until("word of it", || how().detail.contains("1 given up before")).await;
    assert!(how().met, "a phone that is gone is no reason to restart a gateway");
    running.abort();
}

#[tokio::test]
async fn a_server_that_asks_for_a_rest_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&folder.path().join("g.db"), now()).unwrap());
    let (url, taken) = receiver(&[(StatusCode::TOO_MANY_REQUESTS, Some(1))]).await;
    let (_stop, shutdown) = watch::channel(false);
    let mut desk = Desk::new([("hook".to_owned(), wants())]);
    put(&store, &mut desk, "roof");
    let begun = std::time::Instant::now();
    let running =
        deliver::run(hook("hook", url), Arc::clone(&store), Arc::default(), desk.listen(), shutdown);
    let running = tokio::spawn(running);
    until("the alert", || taken.lock().unwrap().len() == 1).await;
    assert!(begun.elapsed() >= Duration::from_secs(1), "its own rest is 200 ms at most");
    running.abort();
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
