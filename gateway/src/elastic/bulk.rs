//! The body of a `_bulk` request, and what its answer says of each document; pure.

use serde::Deserialize;

use super::document::Document;

/// Bytes around id and body: `{"create":{"_id":""}}` and two line feeds.
pub const FRAME: usize = 23;
/// Of a reason, what is kept.
const REASON: usize = 300;
/// Asked for, so that an answer is not larger than what it answers.
pub const FILTER: &str = "errors,items.*._id,items.*.status,items.*.error.type,items.*.error.reason,\
     items.*.error.caused_by.reason,error";

/// Newline-delimited JSON: an action and a document, each ended by a line feed, the last one too.
pub fn body(documents: &[Document]) -> String {
    let mut body = String::with_capacity(documents.iter().map(Document::bytes).sum());
    for Document { id, body: document, .. } in documents {
        // Ids are of names, hex digits and a number: nothing of them wants escaping.
        body.push_str("{\"create\":{\"_id\":\"");
        body.push_str(id);
        body.push_str("\"}}\n");
        body.push_str(document);
        body.push('\n');
    }
    body
}

/// What became of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is there.
    Created,
    /// It was there before.
    Present,
    /// It will never be taken as it is.
    Refused(String),
    /// It may be taken another time.
    Later(String),
}

#[derive(Deserialize)]
struct Answer {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    create: Entry,
}

#[derive(Deserialize)]
struct Entry {
    _id: Option<String>,
    status: u16,
    error: Option<Fault>,
}

/// Why, in the server's words.
#[derive(Deserialize)]
pub(super) struct Fault {
    #[serde(rename = "type")]
    kind: Option<String>,
    reason: Option<String>,
    caused_by: Option<Box<Fault>>,
}

impl Fault {
    /// Its kind, its reason and what that came from, in one line.
    pub(super) fn words(&self) -> String {
        let mut words = format!(
            "{}: {}",
            self.kind.as_deref().unwrap_or("unknown"),
            self.reason.as_deref().unwrap_or("no reason given")
        );
        if let Some(cause) = self.caused_by.as_ref().and_then(|cause| cause.reason.as_deref()) {
            words = format!("{words}: {cause}");
        }
        let words: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        words.chars().take(REASON).collect()
    }

    /// Whether it is the document itself that cannot be. Others with status 400, such as a cluster at its limit of
    /// shards, pass.
    fn is_of_the_document(&self) -> bool {
        let kind = self.kind.as_deref().unwrap_or_default();
        kind.ends_with("parsing_exception")
            || kind == "strict_dynamic_mapping_exception"
            || kind == "illegal_argument_exception"
    }
}

/// What became of each of `documents`, in their order. An answer that does not fit them says nothing.
pub fn outcomes(answer: &[u8], documents: &[Document]) -> Result<Vec<Outcome>, String> {
    let answer: Answer =
        serde_json::from_slice(answer).map_err(|error| format!("its answer cannot be read: {error}"))?;
    if answer.items.len() != documents.len() {
        return Err(format!("it answers {} of {} documents", answer.items.len(), documents.len()));
    }
    answer
        .items
        .into_iter()
        .zip(documents)
        .map(|(Item { create }, document)| match create._id {
            Some(id) if id != document.id => Err(format!("it answers {id} where {} was sent", document.id)),
            _ => Ok(outcome(create.status, create.error.as_ref())),
        })
        .collect()
}

fn outcome(status: u16, fault: Option<&Fault>) -> Outcome {
    let words = || fault.map_or_else(|| format!("status {status}"), Fault::words);
    match status {
        200..=299 => Outcome::Created,
        409 => Outcome::Present,
        400 if fault.is_some_and(Fault::is_of_the_document) => Outcome::Refused(words()),
        413 => Outcome::Refused(words()),
        _ => Outcome::Later(words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(count: i64) -> Vec<Document> {
        (1..=count)
            .map(|row| Document { row, id: format!("roof/s/{row}"), body: "{\"a\":1}".to_owned() })
            .collect()
    }

    #[test]
    fn the_body_is_lines_and_ends_with_one() {
        let documents = documents(2);
        let body = body(&documents);
        assert_eq!(
            body,
            "{\"create\":{\"_id\":\"roof/s/1\"}}\n{\"a\":1}\n{\"create\":{\"_id\":\"roof/s/2\"}}\n{\"a\":1}\n"
        );
        assert_eq!(body.len(), documents.iter().map(Document::bytes).sum::<usize>());
    }

    #[test]
    fn each_item_has_an_end_of_its_own() {
        let item = |id: u8, status: u16, kind: &str| {
            let error = match kind {
                "" => String::new(),
                kind => format!(
                    ",\"error\":{{\"type\":\"{kind}\",\"reason\":\"no\",\"caused_by\":{{\"reason\":\"so\"}}}}"
                ),
            };
            format!("{{\"create\":{{\"_id\":\"roof/s/{id}\",\"status\":{status}{error}}}}}")
        };
        let items = [
            item(1, 201, ""),
            item(2, 409, "version_conflict_engine_exception"),
            item(3, 400, "document_parsing_exception"),
            item(4, 400, "validation_exception"),
            item(5, 429, "es_rejected_execution_exception"),
            item(6, 503, ""),
            item(7, 404, "index_not_found_exception"),
        ];
        let answer = format!("{{\"errors\":true,\"items\":[{}]}}", items.join(","));
        let later = |kind: &str| Outcome::Later(format!("{kind}: no: so"));
        assert_eq!(
            outcomes(answer.as_bytes(), &documents(7)).unwrap(),
            [
                Outcome::Created,
                Outcome::Present,
                Outcome::Refused("document_parsing_exception: no: so".to_owned()),
                later("validation_exception"),
                later("es_rejected_execution_exception"),
                Outcome::Later("status 503".to_owned()),
                later("index_not_found_exception"),
            ]
        );
        for (wrong, why) in [
            (answer.as_str(), "7 of 6"),
            ("{\"errors\":false,\"items\":[{\"index\":{\"status\":201}}]}", "cannot be read"),
            ("<html>", "cannot be read"),
        ] {
            let error = outcomes(wrong.as_bytes(), &documents(6)).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        let other = format!("{{\"items\":[{}]}}", item(2, 201, ""));
        assert!(outcomes(other.as_bytes(), &documents(1)).unwrap_err().contains("where roof/s/1 was sent"));
    }
}
