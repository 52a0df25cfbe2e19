//! The cluster over HTTP: who it is, what it is sent, what it answers.

use std::collections::BTreeSet;
use std::time::Duration;

use minuano_settings::tls::Tls;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::bulk::{self, Fault, Outcome};
use super::document::Document;
use super::template;
use crate::cause::chain;
use crate::config::{ElasticConfig, ElasticLogin};
use crate::outward;

/// How long a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// An answer beyond this is none of ours.
const MOST_ANSWER: usize = 32 << 20;
/// Of an answer that is no JSON, what is shown.
const SHOWN: usize = 200;

/// Why the cluster did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The connection, TLS, or the time: what it was sent may have been taken.
    #[error("{0}")]
    Unreachable(String),
    /// It has enough to do. What it was sent was not taken, or perhaps it was.
    #[error("it is busy ({0})")]
    Busy(StatusCode),
    /// The request is larger than it or a proxy on the way takes.
    #[error("it takes no request of {0} bytes")]
    TooLarge(usize),
    /// It does not let this gateway do that.
    #[error("it refuses ({0}): {1}")]
    Refused(StatusCode, String),
    /// Something else.
    #[error("it answers {0}: {1}")]
    Unexpected(StatusCode, String),
}

impl Failure {
    /// A word for `/metrics`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Busy(_) => "busy",
            Self::TooLarge(_) => "too_large",
            Self::Refused(..) => "refused",
            Self::Unexpected(..) => "unexpected",
        }
    }

    /// Whether nothing of what was sent was taken, for sure.
    pub fn took_nothing(&self) -> bool {
        match self {
            Self::TooLarge(_) | Self::Refused(..) => true,
            Self::Busy(status) => *status == StatusCode::TOO_MANY_REQUESTS,
            Self::Unreachable(_) | Self::Unexpected(..) => false,
        }
    }
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Of its own making, the same for as long as it lives.
    pub uuid: String,
    /// `Elasticsearch 8.17.0`, `OpenSearch 2.19.1`.
    pub version: String,
}

/// What an ensured template was like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// As it should be, or newer.
    There,
    /// Put now.
    Put,
}

/// A cluster and one data stream of it.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    login: ElasticLogin,
    stream: String,
}

impl Client {
    /// Calls nobody yet.
    pub fn new(config: &ElasticConfig) -> Result<Self, Failure> {
        let tls = match &config.tls {
            Some(tls) => tls.clone(),
            None => Tls::system(None).map_err(|error| Failure::Unreachable(error.to_string()))?,
        };
        let http = outward::client(&tls)
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| unreachable(&error))?;
        Ok(Self {
            http,
            base: config.url.as_str().trim_end_matches('/').to_owned(),
            login: config.login.clone(),
            stream: template::data_stream(&config.namespace),
        })
    }

    /// The data stream's name.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// Asks who is there.
    pub async fn cluster(&self) -> Result<Cluster, Failure> {
        #[derive(Deserialize)]
        struct Root {
            cluster_uuid: String,
            version: Version,
        }
        #[derive(Deserialize)]
        struct Version {
            number: String,
            distribution: Option<String>,
        }
        let root: Root = self.json(Method::GET, "/", None).await?;
        let name = match root.version.distribution.as_deref() {
            Some("opensearch") => "OpenSearch",
            _ => "Elasticsearch",
        };
        Ok(Cluster { uuid: root.cluster_uuid, version: format!("{name} {}", root.version.number) })
    }

    /// Puts the index template where none is, or an older one.
    pub async fn ensure_template(&self) -> Result<Template, Failure> {
        let path = format!(
            "/_index_template/{}?filter_path=index_templates.index_template.version,error",
            template::NAME
        );
        let found: Value = match self.json(Method::GET, &path, None).await {
            Ok(found) => found,
            Err(Failure::Unexpected(StatusCode::NOT_FOUND, _)) => Value::Null,
            Err(failure) => return Err(failure),
        };
        let version = found["index_templates"][0]["index_template"]["version"].as_u64();
        if version.is_some_and(|version| version >= template::VERSION) {
            return Ok(Template::There);
        }
        self.put_template().await?;
        Ok(Template::Put)
    }

    /// Puts the index template, whatever is there.
    pub async fn put_template(&self) -> Result<(), Failure> {
        let path = format!("/_index_template/{}", template::NAME);
        let _: Value = self.json(Method::PUT, &path, Some(&template::template())).await?;
        Ok(())
    }

    /// Which of `documents` are there, in whichever index behind the data stream. Creating under an id that is there
    /// is refused by the index that is written to, and by no older one.
    pub async fn present(&self, documents: &[Document]) -> Result<BTreeSet<String>, Failure> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Found {
            hits: Hits,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Hits {
            hits: Vec<Hit>,
        }
        #[derive(Deserialize)]
        struct Hit {
            _id: String,
        }
        let missing = |failure: &Failure| matches!(failure, Failure::Unexpected(StatusCode::NOT_FOUND, _));
        // What was created a moment ago is found only after a refresh.
        match self.json::<Value>(Method::POST, &format!("/{}/_refresh", self.stream), None).await {
            Err(failure) if missing(&failure) => return Ok(BTreeSet::new()),
            refreshed => refreshed.map(drop)?,
        }
        let ids: Vec<&str> = documents.iter().map(|document| document.id.as_str()).collect();
        let query = json!({ "size": ids.len(), "_source": false, "query": { "ids": { "values": ids } } });
        let path = format!("/{}/_search?filter_path=hits.hits._id,error", self.stream);
        let found: Found = self.json(Method::POST, &path, Some(&query)).await?;
        Ok(found.hits.hits.into_iter().map(|hit| hit._id).collect())
    }

    /// Creates `documents`, and says what became of each.
    pub async fn create(&self, documents: &[Document]) -> Result<Vec<Outcome>, Failure> {
        let path = format!("/{}/_bulk?filter_path={}", self.stream, bulk::FILTER);
        let body = bulk::body(documents);
        let (status, answer) = self.call(Method::POST, &path, Some(("application/x-ndjson", body))).await?;
        bulk::outcomes(&answer, documents).map_err(|why| Failure::Unexpected(status, why))
    }

    async fn json<T: serde::de::DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let body = body.map(|body| ("application/json", body.to_string()));
        let (status, answer) = self.call(method, path, body).await?;
        serde_json::from_slice(&answer)
            .map_err(|error| Failure::Unexpected(status, format!("{error}: {}", shown(&answer))))
    }

    /// Gives a success's status and body.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, String)>,
    ) -> Result<(StatusCode, Vec<u8>), Failure> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        request = match &self.login {
            ElasticLogin::Nobody => request,
            ElasticLogin::User { name, password } => request.basic_auth(name, Some(password.reveal())),
            ElasticLogin::ApiKey(key) => request.header(AUTHORIZATION, format!("ApiKey {}", key.reveal())),
        };
        let mut bytes = 0;
        if let Some((kind, body)) = body {
            bytes = body.len();
            request = request.header(CONTENT_TYPE, kind).body(body);
        }
        let mut response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if answer.len() + chunk.len() > MOST_ANSWER {
                return Err(Failure::Unexpected(status, format!("more than {MOST_ANSWER} bytes")));
            }
            answer.extend_from_slice(&chunk);
        }
        match status.as_u16() {
            200..=299 => Ok((status, answer)),
            413 => Err(Failure::TooLarge(bytes)),
            401 | 403 => Err(Failure::Refused(status, words(&answer))),
            429 | 502 | 503 | 504 => Err(Failure::Busy(status)),
            _ => Err(Failure::Unexpected(status, words(&answer))),
        }
    }
}

fn unreachable(error: &reqwest::Error) -> Failure {
    Failure::Unreachable(chain(error))
}

/// The reason that a JSON error gives, or the beginning of what it is instead.
fn words(answer: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Error {
        error: Fault,
    }
    match serde_json::from_slice::<Error>(answer) {
        Ok(Error { error }) => error.words(),
        Err(_) => shown(answer),
    }
}

fn shown(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}
