//! The routes over a real store, asked as a client asks them.

mod climate;
mod derived;
mod document;
mod errors;
mod events;
mod export;
mod fuzz;
mod guards;
mod lists;
mod operations;
mod readings;
mod stations;
mod stream;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::Response;
use metrics_exporter_prometheus::PrometheusBuilder;
use minuano_telemetry::{ByQuantity, Clock, Flag, Millis, Quantity, StationName};
use serde_json::Value;
use tower::ServiceExt;

use super::{App, Readiness, router};
use crate::config::HttpConfig;
use crate::directory::{Directory, Presence};
use crate::live::Hub;
use crate::store::row::{NewReading, Owner, insert};
use crate::store::{Store, StoredReading};

const REQUEST_ID: header::HeaderName = header::HeaderName::from_static("x-request-id");

/// A gateway without a broker: what the ingest would write, the tests do.
struct World {
    _folder: tempfile::TempDir,
    store: Arc<Store>,
    directory: Arc<Directory>,
    hub: Hub,
    readiness: Arc<Readiness>,
    app: Arc<App>,
}

/// An answer, read whole.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

fn millis(text: &str) -> Millis {
    text.parse().unwrap()
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("gateway.db"), Millis::YEAR_2020).unwrap());
        let directory = Arc::new(Directory::default());
        let hub = Hub::default();
        let readiness = Arc::new(Readiness::awaiting(["broker", "store"]));
        let app = Arc::new(App::new(
            "home".parse().unwrap(),
            Arc::clone(&store),
            Arc::clone(&directory),
            hub.clone(),
            Arc::clone(&readiness),
            PrometheusBuilder::new().build_recorder().handle(),
            Some("file:///lake".to_owned()),
        ));
        Self { _folder: folder, store, directory, hub, readiness, app }
    }

    /// The same, served as this configuration says.
    fn served_as(self, config: &HttpConfig) -> Self {
        let Self { _folder, store, directory, hub, readiness, app } = self;
        let app = Arc::new(Arc::into_inner(app).unwrap().served_as(config));
        Self { _folder, store, directory, hub, readiness, app }
    }

    /// A known station with one stream, whose days begin in `zone`.
    fn station(&self, name: &str, zone: &str) -> Owner {
        let name: StationName = name.parse().unwrap();
        let about =
            include_str!("../../../../telemetry/tests/golden/about.json").replace("America/Denver", zone);
        let about = serde_json::from_str(&about).unwrap();
        self.directory.change(&name, |now| {
            now.says(&about);
            now.presence = Presence::Online;
            now.since = Some(millis("2026-11-20T00:00:00Z"));
        });
        let connection = self.store.writer().unwrap();
        connection.execute("INSERT INTO stations (name) VALUES (?1)", [name.as_str()]).unwrap();
        let station = connection.last_insert_rowid();
        self.run(station, "9f2c41d07a3be658", "2026-11-20T00:00:00Z")
    }

    /// Another run of a station.
    fn run(&self, station: i64, stream: &str, first_at: &str) -> Owner {
        let connection = self.store.writer().unwrap();
        let sql = "INSERT INTO streams (station, stream, first_at) VALUES (?1, ?2, ?3)";
        connection.execute(sql, (station, stream, millis(first_at).get())).unwrap();
        Owner { station, stream: connection.last_insert_rowid() }
    }

    fn sql(&self, sql: &str) {
        self.store.writer().unwrap().execute_batch(sql).unwrap();
    }

    /// Commits a reading and gives its row.
    fn put(&self, owner: Owner, seq: u64, at: &str, values: [Option<(f64, Flag)>; 4]) -> i64 {
        insert(&self.store.writer().unwrap(), owner, &reading(seq, millis(at), values)).unwrap()
    }

    /// Commits `count` readings, one each 10 s from `from`, of 20.00 °C and one hundredth more each.
    fn fill(&self, owner: Owner, from: &str, count: u32) -> i64 {
        let mut connection = self.store.writer().unwrap();
        let transaction = connection.transaction().unwrap();
        let mut row = 0;
        for index in 0..count {
            let at = Millis::new(millis(from).get() + i64::from(index) * 10_000).unwrap();
            let values = [Some((20.0 + f64::from(index) / 100.0, Flag::Good)), None, None, None];
            row = insert(&transaction, owner, &reading(u64::from(index) + 1, at, values)).unwrap();
        }
        transaction.commit().unwrap();
        row
    }

    fn stored(&self, row: i64) -> Arc<StoredReading> {
        let found = self
            .store
            .read(|connection| crate::store::query::readings::arrived(connection, row - 1, row, 1))
            .unwrap()
            .pop()
            .unwrap();
        Arc::new(found)
    }

    async fn response(&self, request: Request<Body>) -> Response {
        router(Arc::clone(&self.app)).oneshot(request).await.unwrap()
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.response(request).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str) -> Answer {
        self.answer(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn accept(&self, path: &str, accept: &str) -> Answer {
        self.answer(Request::get(path).header("accept", accept).body(Body::empty()).unwrap()).await
    }

    /// What must be an answer 200 in JSON.
    async fn ok(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        assert_eq!(answer.header(header::CONTENT_TYPE), "application/json");
        answer.json()
    }

    /// Follows `next` to the end and gives every item.
    async fn pages(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut address = path.to_owned();
        loop {
            let page = self.ok(&address).await;
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => address = format!("{path}&cursor={next}"),
                None => return items,
            }
        }
    }
}

fn reading(seq: u64, at: Millis, values: [Option<(f64, Flag)>; 4]) -> NewReading {
    let mut flags = [Flag::Missing; 4];
    let mut measured = ByQuantity::default();
    for quantity in Quantity::ALL {
        if let Some((value, flag)) = values[quantity as usize] {
            measured.set(quantity, Some(value));
            flags[quantity as usize] = flag;
        }
    }
    NewReading {
        seq,
        observed_at: at,
        received_at: Millis::new(at.get() + 120).unwrap(),
        clock: Clock::Synchronised,
        samples: 10,
        values: measured,
        faults: ByQuantity::default(),
        flags,
    }
}
