//! Readings and buckets in the form that was asked for: a page in one piece, or all of a range as a stream.
//!
//! A stream asks the store for one page after the other, each only when the client has taken the one before.
//! So memory holds two pages whatever the range, no lock is held while a client dawdles, and one that goes away
//! ends its query with the page under way.
//!
//! # Layout
//!
//! - [`Encoder`]: pages to bytes
//! - [`csv`], [`parquet`]: two of its forms
//! - [`stream`]: all of a range

mod csv;
mod parquet;

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use rusqlite::Connection;

use super::accept::Form;
use super::readings::{Answer, Question};
use super::table::{self, Cell};
use crate::store::Store;
use crate::store::query::readings::Position;

/// Readings or buckets in one piece of a stream; of Parquet, in a row group.
const PIECE: usize = 4_096;
/// Larger row groups would cost memory, smaller ones compress worse.
const ROW_GROUP: usize = 8_192;

/// Why bytes could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// As JSON.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// As CSV.
    #[error("{0}")]
    Csv(#[from] ::csv::Error),
    /// As Parquet.
    #[error("{0}")]
    Parquet(#[from] ::parquet::errors::ParquetError),
}

/// Turns pages into bytes: `begin`, `page` for each, `end`.
pub enum Encoder {
    /// Whether an item was written before.
    Json(bool),
    /// Without state.
    Csv,
    /// The file under way.
    Parquet(Box<parquet::File>),
}

impl Encoder {
    /// For the answers to `question`.
    pub fn new(form: Form, question: &Question) -> Result<Self, ExportError> {
        Ok(match form {
            Form::Json => Self::Json(false),
            Form::Csv => Self::Csv,
            Form::Parquet => Self::Parquet(Box::new(parquet::File::new(columns(question))?)),
        })
    }

    /// What comes before the first page.
    pub fn begin(&self, question: &Question) -> Result<Vec<u8>, ExportError> {
        Ok(match self {
            Self::Json(_) => {
                format!("{{\"resolution\":\"{}\",\"items\":[", question.resolution.word()).into()
            }
            Self::Csv => csv::header(&columns(question))?,
            Self::Parquet(_) => Vec::new(),
        })
    }

    /// A page.
    pub fn page(&mut self, question: &Question, answer: &Answer) -> Result<Vec<u8>, ExportError> {
        match self {
            Self::Json(goes_on) => {
                let mut bytes = Vec::new();
                answer.each_item(question, |item| {
                    if std::mem::replace(goes_on, true) {
                        bytes.push(b',');
                    }
                    serde_json::to_writer(&mut bytes, &item)
                })?;
                Ok(bytes)
            }
            Self::Csv => Ok(csv::lines(lines(question, answer))?),
            Self::Parquet(file) => Ok(file.group(&lines(question, answer).collect::<Vec<_>>())?),
        }
    }

    /// What comes after the last page.
    pub fn end(self) -> Result<Vec<u8>, ExportError> {
        Ok(match self {
            Self::Json(_) => b"],\"next\":null}".to_vec(),
            Self::Csv => Vec::new(),
            Self::Parquet(file) => file.finish()?,
        })
    }

    const fn page_size(&self) -> usize {
        match self {
            Self::Json(_) | Self::Csv => PIECE,
            Self::Parquet(_) => ROW_GROUP,
        }
    }
}

fn columns(question: &Question) -> Vec<table::Column> {
    match question.resolution.length_ms() {
        None => table::of_readings(),
        Some(_) => table::of_buckets(),
    }
}

fn lines(question: &Question, answer: &Answer) -> impl Iterator<Item = Vec<Cell>> {
    let altitude = question.altitude_m;
    let (readings, buckets) = match answer {
        Answer::Raw(page) => (page.items.as_slice(), [].as_slice()),
        Answer::Buckets(page) => ([].as_slice(), page.items.as_slice()),
    };
    readings
        .iter()
        .map(move |reading| table::reading(reading, altitude))
        .chain(buckets.iter().map(table::bucket))
}

/// A stream under way.
struct Running {
    store: Arc<Store>,
    question: Arc<Question>,
    encoder: Encoder,
    after: Option<Position>,
    begun: bool,
}

/// All answers to `question` from `after` on, in `form`.
pub fn stream(
    store: Arc<Store>,
    question: Question,
    form: Form,
    after: Option<Position>,
) -> Result<Body, ExportError> {
    let encoder = Encoder::new(form, &question)?;
    let running = Running { store, question: Arc::new(question), encoder, after, begun: false };
    let pieces = futures::stream::try_unfold(Some(running), async |running| match running {
        None => Ok(None),
        // The client sees the connection break off, so that nobody takes a part for the whole.
        Some(running) => running.next().await.map(Some).inspect_err(|error| {
            tracing::error!(%error, "an export broke off");
        }),
    });
    Ok(Body::from_stream(pieces))
}

impl Running {
    /// The next piece, and what makes the one after it.
    async fn next(self) -> io::Result<(Bytes, Option<Self>)> {
        let store = Arc::clone(&self.store);
        let piece = move |connection: &Connection| {
            let limit = self.encoder.page_size();
            let answer = self.question.ask(connection, self.after, limit)?;
            Ok(self.encode(&answer))
        };
        store.ask(piece).await.map_err(io::Error::other)?.map_err(io::Error::other)
    }

    fn encode(mut self, answer: &Answer) -> Result<(Bytes, Option<Self>), ExportError> {
        let mut bytes = if self.begun { Vec::new() } else { self.encoder.begin(&self.question)? };
        bytes.append(&mut self.encoder.page(&self.question, answer)?);
        self.begun = true;
        self.after = answer.next();
        if self.after.is_some() {
            return Ok((bytes.into(), Some(self)));
        }
        bytes.append(&mut self.encoder.end()?);
        Ok((bytes.into(), None))
    }
}
