//! `GET /lake`: what is in the lake, what is on its way, and how far it is behind.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor::{self, CursorError};
use super::parameters::{self, Limit, Query};
use super::problem::Problem;
use super::reading::Timestamp;
use super::{App, now};
use crate::lake::status;
use crate::store::query::lake::{self, Batch};

/// Which batches.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The most items in the answer.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 10_000, default = 1_000, nullable = false)]
    limit: Option<Limit>,
    /// `next` of the page before.
    #[serde(default, deserialize_with = "parameters::text")]
    #[param(value_type = Option<String>, nullable = false)]
    cursor: Option<After>,
}

/// Where a page ends.
#[derive(Clone, Copy, Debug)]
pub struct After(i64);

impl FromStr for After {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let [first_row] = cursor::read("lake", text)?;
        Ok(Self(first_row))
    }
}

/// The lake.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lake {
    /// The gateway whose name its keys carry.
    #[schema(example = "home")]
    gateway: String,
    /// The store whose identity its keys carry.
    #[schema(example = "5f0c9a3e")]
    store: String,
    /// Where it is; null where this gateway has no lake.
    #[schema(example = "s3://weather/minuano")]
    url: Option<String>,
    /// Batches that are in it.
    batches_done: u64,
    /// Batches that are on their way.
    batches_planned: u64,
    /// Files that are in it.
    files: u64,
    /// Rows that are in it.
    rows: u64,
    /// Bytes that are in it.
    bytes: u64,
    /// Closed anomalies.
    anomalies: LakeAnomalies,
    /// Age of the oldest settled row, or planned file of anomalies, that is not in it; 0 where there is none.
    lag_seconds: f64,
    /// Batches, newest first.
    items: Vec<LakeBatch>,
    /// Give it as `cursor` to go on; null at the end.
    next: Option<String>,
}

/// Closed anomalies, in files of their own.
#[derive(Debug, Serialize, ToSchema)]
pub struct LakeAnomalies {
    /// Files that are in the lake.
    files: u64,
    /// Anomalies in them.
    rows: u64,
    /// Their size.
    bytes: u64,
    /// Closed anomalies that are not in the lake.
    waiting: u64,
}

/// A contiguous range of rows that goes to the lake together.
#[derive(Debug, Serialize, ToSchema)]
pub struct LakeBatch {
    first_row: i64,
    last_row: i64,
    /// `planned`: on its way. `done`: in the lake.
    #[schema(pattern = "^(planned|done)$", example = "done")]
    state: &'static str,
    planned_at: Timestamp,
    done_at: Option<Timestamp>,
    /// Rows in its files.
    rows: u64,
    /// Their size, as far as they are uploaded.
    bytes: u64,
    /// Tries that failed.
    retries: u32,
    /// Why the last one did.
    error: Option<String>,
    /// One for each UTC hour of `observed_at`.
    files: Vec<LakeFile>,
}

/// A Parquet file.
#[derive(Debug, Serialize, ToSchema)]
pub struct LakeFile {
    /// Below the lake's URL.
    #[schema(example = "readings/date=2026-11-20/hour=12/home-5f0c9a3e-1-3600.parquet")]
    key: String,
    /// The hour that it holds.
    hour: Timestamp,
    rows: u64,
    /// Null until it is uploaded.
    bytes: Option<u64>,
}

impl From<Batch> for LakeBatch {
    fn from(batch: Batch) -> Self {
        Self {
            first_row: batch.first_row,
            last_row: batch.last_row,
            state: if batch.done_at.is_some() { "done" } else { "planned" },
            planned_at: Timestamp(batch.planned_at),
            done_at: batch.done_at.map(Timestamp),
            rows: batch.files.iter().map(|file| file.rows).sum(),
            bytes: batch.files.iter().filter_map(|file| file.bytes).sum(),
            retries: batch.retries,
            error: batch.error,
            files: batch
                .files
                .into_iter()
                .map(|file| LakeFile {
                    key: file.key,
                    hour: Timestamp(file.hour),
                    rows: file.rows,
                    bytes: file.bytes,
                })
                .collect(),
        }
    }
}

/// The lake
#[utoipa::path(
    get,
    path = "/lake",
    tag = "lake",
    params(Which),
    responses(
        (status = 200, description = "Totals, and a page of batches, newest first", body = Lake),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(State(app): State<Arc<App>>, Query(which): Query<Which>) -> Result<Json<Lake>, Problem> {
    let limit = which.limit.unwrap_or_default().0;
    let after = which.cursor.map(|After(first_row)| first_row);
    let configured = app.lake.is_some();
    let at = now();
    let (page, (batches_done, batches_planned), uploaded, episodes, lag_seconds) = app
        .store
        .ask(move |connection| {
            let lag = if configured { status::lag_seconds(connection, at)? } else { 0.0 };
            Ok((
                lake::page(connection, after, limit)?,
                lake::counts(connection)?,
                status::uploaded(connection)?,
                status::episodes(connection)?,
                lag,
            ))
        })
        .await?;
    Ok(Json(Lake {
        gateway: app.gateway.to_string(),
        store: app.store.id().to_string(),
        url: app.lake.clone(),
        batches_done,
        batches_planned,
        files: uploaded.files,
        rows: uploaded.rows,
        bytes: uploaded.bytes,
        anomalies: LakeAnomalies {
            files: episodes.files,
            rows: episodes.rows,
            bytes: episodes.bytes,
            waiting: episodes.waiting,
        },
        lag_seconds,
        items: page.items.into_iter().map(LakeBatch::from).collect(),
        next: page.next.map(|first_row| cursor::write("lake", &[first_row])),
    }))
}
