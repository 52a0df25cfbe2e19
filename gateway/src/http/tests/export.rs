use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use futures::StreamExt;
use minuano_telemetry::Flag;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

use super::World;

const ROOF: &str = "/api/v1/stations/roof/readings";
const RANGE: &str = "from=2026-11-19T00:00:00Z&to=2026-11-25T00:00:00Z";
/// More than two pieces of a stream, more than one row group, more than the largest page.
const MANY: u32 = 10_500;

async fn bytes(world: &World, path: &str) -> (axum::http::HeaderMap, Bytes) {
    let response = world.response(Request::get(path).body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let headers = response.headers().clone();
    (headers, axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap())
}

fn is_kept(world: &World) -> Vec<i64> {
    let connection = world.store.writer().unwrap();
    let mut rows = connection.prepare("SELECT row FROM readings ORDER BY observed_at, row").unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn rows_of_parquet(file: Bytes) -> Vec<Vec<(String, Field)>> {
    let reader = SerializedFileReader::new(file).unwrap();
    reader.get_row_iter(None).unwrap().map(|row| row.unwrap().into_columns()).collect()
}

fn of<'a>(row: &'a [(String, Field)], name: &str) -> &'a Field {
    &row.iter().find(|(column, _)| column == name).unwrap_or_else(|| panic!("{name}")).1
}

#[tokio::test]
async fn everything_comes_in_every_form_however_much_it_is() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.fill(roof, "2026-11-20T00:00:00Z", MANY);
    // One that is late, so that the order of time is not that of rows.
    world.put(roof, 99_999, "2026-11-19T12:00:00Z", [Some((1.0, Flag::Suspect)), None, None, None]);
    let expected = is_kept(&world);

    let (headers, json) = bytes(&world, &format!("{ROOF}?{RANGE}&resolution=raw&limit=all")).await;
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
    let json: Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((&json["resolution"], &json["next"]), (&Value::from("raw"), &Value::Null));
    let items = json["items"].as_array().unwrap();
    assert!(items.iter().map(|item| item["row"].as_i64().unwrap()).eq(expected.iter().copied()));
    let page = world.ok(&format!("{ROOF}?{RANGE}&resolution=raw&limit=3")).await;
    assert_eq!(items[..3], page["items"].as_array().unwrap()[..]);

    let (headers, csv) = bytes(&world, &format!("{ROOF}?{RANGE}&resolution=raw&format=csv")).await;
    assert!(headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/csv"));
    assert_eq!(headers[header::CONTENT_DISPOSITION], "attachment; filename=\"roof-raw-2026-11-19.csv\"");
    let csv = String::from_utf8(csv.to_vec()).unwrap();
    let rows = csv.lines().skip(1).map(|line| line.split(',').next().unwrap().parse::<i64>().unwrap());
    assert!(rows.eq(expected.iter().copied()), "one header, then every reading");

    let (headers, file) = bytes(&world, &format!("{ROOF}?{RANGE}&resolution=raw&format=parquet")).await;
    assert_eq!(headers[header::CONTENT_TYPE], "application/vnd.apache.parquet");
    let rows = rows_of_parquet(file);
    assert!(rows.iter().map(|row| of(row, "row").clone()).eq(expected.iter().map(|row| Field::Long(*row))));
    assert_eq!(of(&rows[0], "observed_at").to_string(), "2026-11-19 12:00:00.000 +00:00");
    assert_eq!(of(&rows[0], "temperature_c"), &Field::Double(1.0));
    assert_eq!(of(&rows[0], "temperature_c_flag").to_string(), "3");
    assert_eq!(
        (of(&rows[0], "pressure_hpa"), of(&rows[0], "dew_point_c_flag")),
        (&Field::Null, &Field::Null)
    );
    assert_eq!(of(&rows[0], "station"), &Field::Str("roof".to_owned()));
    let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    assert!(rows[0].iter().map(|(name, _)| name.as_str()).eq(header), "the same columns");
}

#[tokio::test]
async fn buckets_beyond_a_page_come_as_an_export() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.fill(roof, "2026-11-20T00:00:00Z", MANY);
    let range = "from=2020-01-01T00:00:00Z&to=2026-12-01T00:00:00Z&resolution=1m";
    assert_eq!(world.get(&format!("{ROOF}?{range}")).await.status, StatusCode::BAD_REQUEST);
    let (_, json) = bytes(&world, &format!("{ROOF}?{range}&limit=all")).await;
    let json: Value = serde_json::from_slice(&json).unwrap();
    let counts = json["items"].as_array().unwrap().iter().map(|item| item["count"].as_u64().unwrap());
    assert_eq!((counts.clone().count(), counts.sum::<u64>()), (1_750, u64::from(MANY)));
    let (_, file) = bytes(&world, &format!("{ROOF}?{range}&format=parquet")).await;
    let rows = rows_of_parquet(file);
    assert_eq!(rows.len(), 1_750);
    assert_eq!(of(&rows[1], "temperature_c_mean"), &Field::Double(20.09));
}

#[tokio::test]
async fn a_page_of_parquet_says_where_the_next_one_is() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.fill(roof, "2026-11-20T00:00:00Z", 5);
    let mut address = format!("{ROOF}?{RANGE}&resolution=raw&limit=2&format=parquet");
    let mut rows = Vec::new();
    loop {
        let (headers, file) = bytes(&world, &address).await;
        rows.extend(rows_of_parquet(file).iter().map(|row| of(row, "row").to_string()));
        let Some(link) = headers.get(header::LINK) else { break };
        let next = link.to_str().unwrap().strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        address = format!("{ROOF}{next}");
    }
    assert_eq!(rows, ["1", "2", "3", "4", "5"]);
    let (_, empty) =
        bytes(&world, &format!("{ROOF}?from=2025-01-01T00:00:00Z&to=2025-01-02T00:00:00Z&format=parquet"))
            .await;
    assert!(rows_of_parquet(empty).is_empty(), "and a file without rows is a file");
}

#[tokio::test]
async fn the_store_is_asked_only_as_fast_as_the_client_reads() {
    let world = World::new();
    let roof = world.station("roof", "UTC");
    world.fill(roof, "2026-11-20T00:00:00Z", MANY);
    let path = format!("{ROOF}?{RANGE}&resolution=raw&format=csv");
    let response = world.response(Request::get(path).body(Body::empty()).unwrap()).await;
    let mut pieces = response.into_body().into_data_stream();
    let first = pieces.next().await.unwrap().unwrap();
    assert_eq!(first.iter().filter(|byte| **byte == b'\n').count(), 4_097, "a header and one piece");
    // No read lasts while the client is away: the writer can truncate the log, and what it writes meanwhile is seen.
    let connection = world.store.writer().unwrap();
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert_eq!(busy, 0);
    connection.execute("DELETE FROM readings WHERE row > 5000", []).unwrap();
    let mut lines = 0;
    while let Some(piece) = pieces.next().await {
        lines += piece.unwrap().iter().filter(|byte| **byte == b'\n').count();
    }
    assert_eq!(lines, 5_000 - 4_096);
}
