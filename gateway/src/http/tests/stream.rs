use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode};
use futures::StreamExt;
use minuano_telemetry::Flag;
use serde_json::{Value, json};

use super::{World, millis};
use crate::directory::Presence;
use crate::http::stream::{MAX_LISTENERS, MAX_REPLAY};
use crate::live::Event;
use crate::store::row::Owner;

/// A browser's EventSource, as far as tests need one.
pub(super) struct Browser {
    body: BodyDataStream,
    text: String,
    last_id: String,
}

#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) event: String,
    pub(super) data: Value,
    id: Option<String>,
}

impl Browser {
    pub(super) async fn open(world: &World, path: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = world.response(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body().into_data_stream(), text: String::new(), last_id: String::new() }
    }

    /// The next event; `None` when the stream ended.
    pub(super) async fn next(&mut self) -> Option<Seen> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
                };
                let (event, data, id) = (field("event"), field("data"), field("id"));
                self.text = rest.to_owned();
                if let Some(id) = &id {
                    self.last_id.clone_from(id);
                }
                if let Some(event) = event {
                    let data = serde_json::from_str(&data.unwrap()).unwrap();
                    return Some(Seen { event, data, id });
                }
            }
            let more = tokio::time::timeout(Duration::from_secs(10), self.body.next()).await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&more.unwrap()).unwrap());
        }
    }

    async fn rows(&mut self, count: usize) -> Vec<i64> {
        let mut rows = Vec::new();
        while rows.len() < count {
            let seen = self.next().await.unwrap();
            if seen.event == "reading" {
                rows.push(seen.data["row"].as_i64().unwrap());
            }
        }
        rows
    }
}

/// As the writer does: commit, then tell.
fn commit_and_tell(world: &World, owner: Owner, seq: u64) -> i64 {
    let row = world.put(owner, seq, "2026-11-20T12:00:00Z", [Some((21.0, Flag::Good)), None, None, None]);
    world.hub.tell(Event::Reading(world.stored(row)));
    row
}

#[tokio::test]
async fn what_happens_is_told() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    let mut browser = Browser::open(&world, "/api/v1/stream", None).await;
    let row = commit_and_tell(&world, roof, 1);
    let since = millis("2026-11-20T12:00:01Z");
    world.hub.tell(Event::Status { station: "roof".parse().unwrap(), state: Presence::Offline, since });
    let golden = include_str!("../../../../telemetry/tests/golden/anomaly.json");
    world.hub.tell(Event::Anomaly(Arc::new(serde_json::from_str(golden).unwrap())));

    let seen = browser.next().await.unwrap();
    assert_eq!((seen.event.as_str(), seen.id), ("reading", Some(format!("{}-{row}", world.store.id()))));
    let page = "/api/v1/stations/roof/readings?from=2026-11-20T12:00:00Z&to=2026-11-20T13:00:00Z";
    assert_eq!(seen.data, world.ok(page).await["items"][0]);
    let seen = browser.next().await.unwrap();
    let status = json!({"station": "roof", "state": "offline", "since": "2026-11-20T12:00:01.000Z"});
    assert_eq!(seen, Seen { event: "status".to_owned(), data: status, id: None });
    let seen = browser.next().await.unwrap();
    let anomaly: Value = serde_json::from_str(golden).unwrap();
    assert_eq!((seen.event.as_str(), seen.data), ("anomaly", anomaly));
}

#[tokio::test]
async fn a_browser_that_comes_back_misses_nothing_and_gets_nothing_twice() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    let mut browser = Browser::open(&world, "/api/v1/stream", None).await;
    for seq in 1..=3 {
        commit_and_tell(&world, roof, seq);
    }
    assert_eq!(browser.rows(2).await, [1, 2]);
    let last = browser.last_id.clone();
    drop(browser);
    // More than one page, and more than the hub would keep.
    world.fill(roof, "2026-11-20T13:00:00Z", 5_000);
    let mut browser = Browser::open(&world, "/api/v1/stream", Some(&last)).await;
    // Committed before the browser came back and told after it: from the store, not from the hub too.
    world.hub.tell(Event::Reading(world.stored(5_003)));
    let live = commit_and_tell(&world, roof, 9_000);
    let expected: Vec<i64> = (3..=5_003).chain([live]).collect();
    assert_eq!(browser.rows(expected.len()).await, expected);
}

#[tokio::test]
async fn a_browser_that_saw_nothing_yet_has_an_id_to_come_back_to() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.fill(roof, "2026-11-20T12:00:00Z", 3);
    let mut browser = Browser::open(&world, "/api/v1/stream", None).await;
    world.hub.tell(Event::Status {
        station: "roof".parse().unwrap(),
        state: Presence::Online,
        since: millis("2026-11-20T12:00:00Z"),
    });
    browser.next().await.unwrap();
    assert_eq!(browser.last_id, format!("{}-3", world.store.id()));
    assert!(!browser.text.contains("reading"));
}

#[tokio::test]
async fn the_id_may_stand_in_the_query_and_the_header_comes_first() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.fill(roof, "2026-11-20T12:00:00Z", 5);
    let store = world.store.id();
    let path = format!("/api/v1/stream?last_event_id={store}-3");
    assert_eq!(Browser::open(&world, &path, None).await.rows(2).await, [4, 5]);
    let header = format!("{store}-1");
    assert_eq!(Browser::open(&world, &path, Some(&header)).await.rows(4).await, [2, 3, 4, 5]);
}

#[tokio::test]
async fn states_and_episodes_since_then_are_told_again() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    let row = world.fill(roof, "2026-11-20T12:00:00Z", 1);
    let change = |name: &str, since: &str| {
        world.directory.change(&name.parse().unwrap(), |now| {
            now.presence = Presence::Offline;
            now.since = Some(millis(since));
        });
    };
    change("roof", "2026-11-20T12:00:30Z");
    change("shed", "2026-11-20T09:00:00Z");
    let at = |text| millis(text).get();
    world.sql(&format!(
        "INSERT INTO anomalies VALUES (1, 1, NULL, 'range', {old}, {old}, 4, 'closed', 'old', NULL),
             (2, 1, NULL, 'range', {old}, {old}, 4, 'open', 'goes on', NULL),
             (3, 1, NULL, 'range', {old}, {new}, 4, 'closed', 'new', NULL)",
        old = at("2026-11-20T08:00:00Z"),
        new = at("2026-11-20T12:00:10Z"),
    ));
    let id = format!("{}-{row}", world.store.id());
    let mut browser = Browser::open(&world, "/api/v1/stream", Some(&id)).await;
    let seen = browser.next().await.unwrap();
    assert_eq!(
        seen.data,
        json!({"station": "roof", "state": "offline", "since": "2026-11-20T12:00:30.000Z"})
    );
    for expected in [2, 3] {
        let seen = browser.next().await.unwrap();
        assert_eq!((seen.event.as_str(), &seen.data["id"]), ("anomaly", &json!(expected)));
    }
}

#[tokio::test]
async fn an_id_that_cannot_be_continued_resets() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.fill(roof, "2026-11-20T12:00:00Z", 3);
    let store = world.store.id();
    for last in
        [format!("{store}-4"), format!("{store}--1"), "00000000-1".to_owned(), "x".to_owned(), "-".to_owned()]
    {
        let mut browser = Browser::open(&world, "/api/v1/stream", Some(&last)).await;
        let seen = browser.next().await.unwrap();
        let id = Some(format!("{store}-3"));
        assert_eq!(seen, Seen { event: "reset".to_owned(), data: json!({}), id }, "{last}");
    }
    // Rows that retention took are no reason.
    world.sql("DELETE FROM readings");
    let mut browser = Browser::open(&world, "/api/v1/stream", Some(&format!("{store}-3"))).await;
    let row = commit_and_tell(&world, roof, 4);
    assert_eq!(browser.rows(1).await, [row]);
}

#[tokio::test]
async fn too_much_to_tell_again_resets() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    let count = u32::try_from(MAX_REPLAY).unwrap() + 1;
    world.fill(roof, "2026-11-20T12:00:00Z", count);
    let store = world.store.id();
    let mut browser = Browser::open(&world, "/api/v1/stream", Some(&format!("{store}-0"))).await;
    assert_eq!(browser.next().await.unwrap().event, "reset");
    let mut browser = Browser::open(&world, "/api/v1/stream", Some(&format!("{store}-1"))).await;
    assert_eq!(browser.rows(count as usize - 1).await.last(), Some(&i64::from(count)));
}

#[tokio::test]
async fn a_slow_browser_gets_what_the_hub_dropped_from_the_store() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    let mut browser = Browser::open(&world, "/api/v1/stream", None).await;
    commit_and_tell(&world, roof, 1);
    assert_eq!(browser.rows(1).await, [1]);
    // Nobody reads while more happens than the hub keeps: telling does not wait.
    world.fill(roof, "2026-11-20T13:00:00Z", 6_000);
    for row in 2..=6_001 {
        world.hub.tell(Event::Reading(world.stored(row)));
    }
    let last = commit_and_tell(&world, roof, 7_000);
    assert_eq!(browser.rows(6_001).await, (2..=last).collect::<Vec<_>>());
}

#[tokio::test]
async fn one_station_is_one_station() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    let shed = world.station("shed", "UTC");
    commit_and_tell(&world, roof, 1);
    commit_and_tell(&world, shed, 1);
    let id = format!("{}-0", world.store.id());
    let mut browser = Browser::open(&world, "/api/v1/stream?station=shed", Some(&id)).await;
    commit_and_tell(&world, roof, 2);
    let row = commit_and_tell(&world, shed, 2);
    assert_eq!(browser.rows(2).await, [2, row]);
}

#[tokio::test]
async fn one_listener_too_many_is_turned_away_and_a_seat_is_given_back() {
    let world = World::new();
    world.station("roof", "UTC");
    let mut browsers = Vec::new();
    for _ in 0..MAX_LISTENERS {
        browsers.push(Browser::open(&world, "/api/v1/stream", None).await);
    }
    let answer = world.get("/api/v1/stream").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains(&format!("{MAX_LISTENERS} listeners")), "{}", answer.body);
    browsers.pop();
    Browser::open(&world, "/api/v1/stream", None).await;
}

#[tokio::test]
async fn a_stop_ends_streams_at_once() {
    let world = World::new();
    world.station("roof", "UTC");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(crate::http::serve(listener, Arc::clone(&world.app), async {
        let _ = stopped.await;
    }));
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    connection.write_all(b"GET /api/v1/stream HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut head = [0; 12];
    connection.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    let asked = std::time::Instant::now();
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    assert!(asked.elapsed() < Duration::from_millis(1_500), "{:?}", asked.elapsed());
}
