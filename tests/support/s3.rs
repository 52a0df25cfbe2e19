//! A bucket behind an S3 server that checks signatures, with its files in a temporary folder.

use std::path::PathBuf;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

pub const ACCESS_KEY_ID: &str = "minuano-tests";
pub const SECRET_ACCESS_KEY: &str = "only-for-loopback";
pub const NAME: &str = "weather";

/// An empty bucket. Its server ends with it.
pub struct Bucket {
    /// Such as `http://127.0.0.1:20001`.
    pub endpoint: String,
    folder: TempDir,
    runtime: Option<Runtime>,
}

impl Bucket {
    /// Starts the server.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(NAME)).unwrap();
        let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET_ACCESS_KEY));
        let service = builder.build();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        runtime.spawn(serve(listener, service));
        Self { endpoint, folder, runtime: Some(runtime) }
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

async fn serve(listener: TcpListener, service: S3Service) {
    while let Ok((socket, _)) = listener.accept().await {
        let service = service.clone();
        tokio::spawn(async move {
            // A client that goes away is its own affair.
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}
