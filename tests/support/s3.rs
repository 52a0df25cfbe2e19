//! A bucket behind an S3 server that checks signatures, with its files in a temporary folder, and trouble on the
//! way to it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue, IF_NONE_MATCH};
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::HttpResponse;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

pub const ACCESS_KEY_ID: &str = "minuano-tests";
pub const SECRET_ACCESS_KEY: &str = "only-for-loopback";
pub const NAME: &str = "weather";

/// How long a slow server thinks about each request.
const SLOW: Duration = Duration::from_secs(2);

/// What is wrong between a client and the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    #[default]
    None,
    /// Connections end, and new ones end at once.
    Cut,
    /// The server answers 500 and does nothing.
    Errors,
    /// The server takes its time.
    Slow,
    /// The server stores, and the connection ends before its answer is there.
    AnswerLost,
    /// So many requests are answered, and then none: the next is not done, or done and its answer held back.
    Hangs {
        /// How many.
        after: u64,
        /// Whether the next is done.
        done: bool,
    },
    /// The server takes no notice of `If-None-Match` and overwrites, as Garage 2.5 does.
    Overwrites,
}

/// What goes wrong, and how often it did.
#[derive(Clone)]
struct Way {
    trouble: watch::Receiver<Trouble>,
    bitten: Arc<AtomicU64>,
    /// Requests since the trouble began.
    asked: Arc<AtomicU64>,
    folder: PathBuf,
}

/// An empty bucket. Its server ends with it.
pub struct Bucket {
    /// Such as `http://127.0.0.1:20001`.
    pub endpoint: String,
    folder: TempDir,
    trouble: watch::Sender<Trouble>,
    bitten: Arc<AtomicU64>,
    asked: Arc<AtomicU64>,
    runtime: Option<Runtime>,
}

impl Bucket {
    /// Starts the server.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(NAME)).unwrap();
        let service = service(folder.path(), ACCESS_KEY_ID, SECRET_ACCESS_KEY);
        Self::serving(folder, service)
    }

    /// Starts it as Google's XML API: the same protocol, but for how it is asked who asks (here nobody is) and for
    /// a condition.
    pub fn start_as_google() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(NAME)).unwrap();
        let service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap()).build();
        Self::serving(folder, service)
    }

    fn serving(folder: TempDir, service: S3Service) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (trouble, receiver) = watch::channel(Trouble::None);
        let (bitten, asked) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let way = Way {
            trouble: receiver,
            bitten: Arc::clone(&bitten),
            asked: Arc::clone(&asked),
            folder: folder.path().to_owned(),
        };
        runtime.spawn(serve(listener, service, way));
        Self { endpoint, folder, trouble, bitten, asked, runtime: Some(runtime) }
    }

    /// From now on this goes wrong.
    pub fn trouble(&self, trouble: Trouble) {
        self.asked.store(0, Ordering::Relaxed);
        self.trouble.send_replace(trouble);
    }

    /// How many connections or requests met trouble so far.
    pub fn bitten(&self) -> u64 {
        self.bitten.load(Ordering::Relaxed)
    }

    /// `[lake]` for a gateway.
    pub fn settings(&self) -> String {
        self.settings_with_secret(SECRET_ACCESS_KEY)
    }

    /// `[lake]` for a gateway that believes in this secret.
    pub fn settings_with_secret(&self, secret: &str) -> String {
        format!(
            "[lake]\nurl = \"s3://{NAME}/lake\"\nendpoint = \"{}\"\nregion = \"garage\"\n\
             access_key_id = \"{ACCESS_KEY_ID}\"\nsecret_access_key = \"{secret}\"\n",
            self.endpoint
        )
    }

    /// Where the server keeps the bucket's objects.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join(NAME)
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Every bucket in a folder, for who has this key.
pub fn service(folder: &Path, access_key_id: &str, secret_access_key: &str) -> S3Service {
    let mut builder = S3ServiceBuilder::new(FileSystem::new(folder).unwrap());
    builder.set_auth(SimpleAuth::from_single(access_key_id, secret_access_key));
    builder.build()
}

/// Answers for ever, and nothing goes wrong.
pub async fn serve_well(listener: TcpListener, service: S3Service) {
    let (_untroubled, trouble) = watch::channel(Trouble::None);
    let way = Way { trouble, bitten: Arc::default(), asked: Arc::default(), folder: PathBuf::new() };
    serve(listener, service, way).await;
}

async fn serve(listener: TcpListener, service: S3Service, way: Way) {
    while let Ok((socket, _)) = listener.accept().await {
        if *way.trouble.borrow() == Trouble::Cut {
            way.bite();
            continue;
        }
        let (service, way) = (service.clone(), way.clone());
        let mut cut = way.trouble.clone();
        tokio::spawn(async move {
            let handler = service_fn(move |request| way.clone().answer(service.clone(), request));
            let builder = auto::Builder::new(TokioExecutor::new());
            tokio::select! {
                // A client that goes away is its own affair.
                _ = builder.serve_connection(TokioIo::new(socket), handler) => {}
                _ = cut.wait_for(|trouble| *trouble == Trouble::Cut) => {}
            }
        });
    }
}

impl Way {
    fn bite(&self) {
        self.bitten.fetch_add(1, Ordering::Relaxed);
    }

    async fn answer(
        mut self,
        service: S3Service,
        mut request: Request<Incoming>,
    ) -> Result<HttpResponse, Box<dyn Error + Send + Sync>> {
        google_speaks_s3(request.headers_mut());
        let trouble = *self.trouble.borrow();
        match trouble {
            Trouble::None | Trouble::Cut => {}
            Trouble::Hangs { after, done } => {
                let number = self.asked.fetch_add(1, Ordering::Relaxed);
                if number >= after {
                    if done && number == after {
                        service.call(request.map(s3s::Body::from)).await?;
                    }
                    self.bite();
                    let _ = self.trouble.wait_for(|now| *now != trouble).await;
                    return Err("the answer is lost".into());
                }
            }
            // Its condition is signed, so it stays: what it asks about goes.
            Trouble::Overwrites => {
                if request.method() == Method::PUT && request.headers().contains_key("if-none-match") {
                    let there =
                        self.folder.join(request.uri().path().trim_start_matches('/').replace("%3D", "="));
                    if std::fs::remove_file(there).is_ok() {
                        self.bite();
                    }
                }
            }
            Trouble::Errors => {
                self.bite();
                let mut refused = HttpResponse::new(s3s::Body::empty());
                *refused.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                return Ok(refused);
            }
            Trouble::Slow => {
                self.bite();
                tokio::time::sleep(SLOW).await;
            }
            Trouble::AnswerLost => {
                let stores = request.method() == Method::PUT;
                let answer = service.call(request.map(s3s::Body::from)).await?;
                if stores && answer.status().is_success() {
                    self.bite();
                    return Err("the answer is lost".into());
                }
                return Ok(answer);
            }
        }
        Ok(service.call(request.map(s3s::Body::from)).await?)
    }
}

/// Google's XML API has other words for a bearer and for "only where no object of this name is".
fn google_speaks_s3(headers: &mut HeaderMap) {
    if headers.get(AUTHORIZATION).is_some_and(|who| who.as_bytes().starts_with(b"Bearer")) {
        headers.remove(AUTHORIZATION);
    }
    if headers.remove("x-goog-if-generation-match").is_some_and(|number| number == "0") {
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
    }
}
