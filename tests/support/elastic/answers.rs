//! What it answers: the rules of the routes that the gateway uses.

use serde_json::{Value, json};

use super::mapping::{wrong_document, wrong_template};
use super::{Kept, Rules, State, Trouble};

/// The longest id.
const MOST_ID: usize = 512;
/// `index.max_result_window`.
const MOST_HITS: u64 = 10_000;

/// What goes back; `None`: the connection ends instead.
pub type Reply = Option<(u16, Value)>;

fn fault(status: u16, kind: &str, reason: &str) -> Reply {
    Some((status, json!({ "error": { "type": kind, "reason": reason }, "status": status })))
}

fn no_such_index(stream: &str) -> Reply {
    fault(404, "index_not_found_exception", &format!("no such index [{stream}]"))
}

impl State {
    fn count(&mut self, what: &str) {
        *self.seen.entry(what.to_owned()).or_default() += 1;
    }

    pub fn answer(
        &mut self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        login: Option<&str>,
        body: &[u8],
    ) -> Reply {
        let Rules { login: wanted, most_bytes, .. } = &self.rules;
        if let Some(wanted) = wanted
            && login != Some(wanted.as_str())
        {
            return fault(401, "security_exception", "unable to authenticate user for REST request");
        }
        if body.len() > *most_bytes {
            self.count("too_large");
            // Some proxies and old releases answer with a page.
            return Some((413, Value::Null));
        }
        match (method, path.split('/').skip(1).collect::<Vec<_>>().as_slice()) {
            ("GET", [""]) => Some((200, self.root())),
            (_, ["_index_template", name]) => self.index_template(method, name, content_type, body),
            ("POST", [stream, "_bulk"]) => self.bulk(stream, content_type, body),
            ("POST", [stream, "_refresh"]) => self.refresh(stream),
            ("POST", [stream, "_search"]) => self.search(stream, content_type, body),
            _ => fault(400, "illegal_argument_exception", &format!("no handler found for {method} {path}")),
        }
    }

    fn root(&self) -> Value {
        let version = match self.rules.opensearch {
            true => json!({ "distribution": "opensearch", "number": "2.19.1" }),
            false => json!({ "number": "8.17.0", "build_flavor": "default" }),
        };
        json!({ "name": "node", "cluster_name": "tests", "cluster_uuid": "Zx3bq7VdQ0mC9s1e", "version": version })
    }

    fn index_template(&mut self, method: &str, name: &str, kind: Option<&str>, body: &[u8]) -> Reply {
        match method {
            "GET" => match &self.template {
                Some(template) => {
                    let one = json!({ "name": name, "index_template": template });
                    Some((200, json!({ "index_templates": [one] })))
                }
                None => fault(404, "resource_not_found_exception", &format!("[{name}] not found")),
            },
            "PUT" if kind != Some("application/json") => fault(406, "media_type_header_exception", "json"),
            "PUT" => {
                let Ok(template) = serde_json::from_slice::<Value>(body) else {
                    return fault(400, "parse_exception", "not JSON");
                };
                if let Some(wrong) = wrong_template(&template) {
                    return fault(400, "mapper_parsing_exception", &wrong);
                }
                self.template = Some(template);
                self.count("template");
                Some((200, json!({ "acknowledged": true })))
            }
            _ => fault(405, "method_not_allowed", method),
        }
    }

    fn refresh(&mut self, stream: &str) -> Reply {
        let Some(indices) = self.streams.get_mut(stream) else { return no_such_index(stream) };
        indices.iter_mut().flat_map(|index| index.values_mut()).for_each(|kept| kept.refreshed = true);
        Some((200, json!({ "_shards": { "failed": 0 } })))
    }

    fn search(&mut self, stream: &str, kind: Option<&str>, body: &[u8]) -> Reply {
        self.count("search");
        let Some(indices) = self.streams.get(stream) else { return no_such_index(stream) };
        if kind != Some("application/json") {
            return fault(406, "media_type_header_exception", "json");
        }
        let query: Value = serde_json::from_slice(body).unwrap_or_default();
        let size = query["size"].as_u64().unwrap_or(10);
        if size > MOST_HITS {
            return fault(400, "illegal_argument_exception", "Result window is too large");
        }
        let Some(ids) = query["query"]["ids"]["values"].as_array() else {
            return fault(400, "parsing_exception", "unknown query");
        };
        let wanted = |id: &String| ids.iter().any(|one| one == id);
        let found = indices.iter().flatten().filter(|(id, kept)| kept.refreshed && wanted(id));
        let hits: Vec<Value> =
            found.take(usize::try_from(size).unwrap()).map(|(id, _)| json!({ "_id": id })).collect();
        // `filter_path` leaves out what is empty.
        Some((200, if hits.is_empty() { json!({}) } else { json!({ "hits": { "hits": hits } }) }))
    }

    fn bulk(&mut self, stream: &str, kind: Option<&str>, body: &[u8]) -> Reply {
        if !matches!(kind, Some("application/x-ndjson" | "application/json")) {
            return fault(406, "media_type_header_exception", "Content-Type header is not supported");
        }
        let Some(lines) = body.strip_suffix(b"\n") else {
            return fault(
                400,
                "illegal_argument_exception",
                "The bulk request must be terminated by a newline [\\n]",
            );
        };
        let trouble = match self.troubles.len() {
            0 => Trouble::None,
            many => self.troubles[self.bulks % many],
        };
        self.bulks += 1;
        self.count(&format!("{trouble:?}"));
        match trouble {
            Trouble::Busy => return fault(429, "es_rejected_execution_exception", "rejected execution"),
            Trouble::Unavailable => return Some((503, Value::Null)),
            Trouble::Cut => return None,
            Trouble::None | Trouble::PutsOff | Trouble::AnswerLost => {}
        }
        let lines: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').collect();
        let mut items = Vec::new();
        for (number, pair) in lines.chunks(2).enumerate() {
            let [action, source] = pair else {
                return fault(400, "illegal_argument_exception", "Malformed action/metadata line");
            };
            let Ok(action) = serde_json::from_slice::<Value>(action) else {
                return fault(400, "illegal_argument_exception", "Malformed action/metadata line");
            };
            let Some((operation, of)) = action.as_object().and_then(|action| action.iter().next()) else {
                return fault(400, "illegal_argument_exception", "Malformed action/metadata line");
            };
            let put_off = trouble == Trouble::PutsOff && number % 3 == 2;
            let id = of["_id"].as_str().unwrap_or_default();
            let (status, error) = self.item(stream, operation, id, source, put_off);
            let mut item = json!({ "_id": id, "status": status });
            if let Some((kind, reason)) = error {
                item["error"] = json!({ "type": kind, "reason": reason });
            }
            items.push(json!({ operation.as_str(): item }));
        }
        if trouble == Trouble::AnswerLost {
            return None;
        }
        let is_wrong = |item: &Value| item["create"]["error"].is_object();
        Some((200, json!({ "errors": items.iter().any(is_wrong), "items": items })))
    }

    fn item(
        &mut self,
        stream: &str,
        operation: &str,
        id: &str,
        source: &[u8],
        put_off: bool,
    ) -> (u16, Option<(&'static str, String)>) {
        let wrong = |status, kind, reason: &str| (status, Some((kind, reason.to_owned())));
        if put_off {
            return wrong(
                429,
                "es_rejected_execution_exception",
                "rejected execution of coordinating operation",
            );
        }
        if operation != "create" {
            let reason = "only write ops with an op_type of create are allowed in data streams";
            return wrong(400, "illegal_argument_exception", reason);
        }
        let matching = self.template.as_ref().filter(|template| {
            let patterns = template["index_patterns"].as_array().unwrap();
            let fits = |pattern: &Value| {
                pattern
                    .as_str()
                    .and_then(|text| text.strip_suffix('*'))
                    .is_some_and(|text| stream.starts_with(text))
            };
            patterns.iter().any(fits) && template["data_stream"].is_object()
        });
        let Some(template) = matching else {
            return wrong(404, "index_not_found_exception", "no such index and auto creation is off");
        };
        if id.is_empty() || id.len() > MOST_ID {
            return wrong(400, "illegal_argument_exception", "the id has 1 to 512 bytes here");
        }
        let Ok(source) = serde_json::from_slice::<Value>(source) else {
            return wrong(400, "document_parsing_exception", "not JSON");
        };
        if let Some(reason) = wrong_document(&source, template) {
            return wrong(400, "document_parsing_exception", &reason);
        }
        let seq = source["minuano"]["seq"].as_u64().unwrap_or(0);
        if self.refuses_each.is_some_and(|each| seq.is_multiple_of(each)) {
            return wrong(400, "document_parsing_exception", "failed to parse field [minuano.seq]");
        }
        let indices = self.streams.entry(stream.to_owned()).or_default();
        if indices.is_empty() {
            indices.push(std::collections::BTreeMap::new());
        }
        let Some(written_to) = indices.last_mut() else { return wrong(500, "illegal_state_exception", "") };
        if written_to.contains_key(id) {
            self.count("conflict");
            return wrong(409, "version_conflict_engine_exception", "document already exists");
        }
        written_to.insert(id.to_owned(), Kept { source, refreshed: false });
        self.count("create");
        (201, None)
    }
}
