//! The whole path of a reading, from the brokers to whoever looks.

use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::clock::now;
use crate::config::Config;
use crate::directory::Directory;
use crate::http::{self, App, Readiness, metrics};
use crate::ingest::answers::Answers;
use crate::ingest::message::Message;
use crate::ingest::session::{OUTBOX, Publication, Session};
use crate::ingest::writer::{INBOX, Parts, Writer};
use crate::lake::Lake;
use crate::live::Hub;
use crate::store::Store;
use crate::{broker, ingest};

/// Runs the service until `shutdown` becomes true.
///
/// brokers ─► sessions ─► writer (account, check, commit, acknowledge) ─► store ─┬─► live ─► routes, panel
///                                                                               └─► lake
pub async fn run(config: Config, shutdown: watch::Receiver<bool>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.http.listen).await.with_context(|| {
        format!("http.listen {}; it takes a free port on this machine", config.http.listen)
    })?;
    let metrics = metrics::install()?;
    let store = Arc::new(Store::open(&config.store.file, now())?);
    let (directory, hub) = (Arc::new(Directory::default()), Hub::default());
    let readiness = Arc::new(Readiness::default());
    let lake = match &config.lake {
        Some(lake) => Some(
            Lake::open(lake, config.quality.settle_after, &config.gateway, Arc::clone(&store))
                .context("lake.url")?,
        ),
        None => None,
    };
    if let Some(listen) = config.broker {
        broker::start(listen)?;
    }

    let (outboxes, mut sessions_of): (Vec<_>, Vec<_>) =
        config.mqtt.iter().map(|_| mpsc::channel::<Publication>(OUTBOX)).unzip();
    let (inbox, messages) = mpsc::channel::<Message>(INBOX);
    let answers = Answers::new(config.gateway.clone(), outboxes, config.acknowledge);
    let parts = Parts {
        gateway: config.gateway.clone(),
        store: Arc::clone(&store),
        directory: Arc::clone(&directory),
        hub: hub.clone(),
        readiness: Arc::clone(&readiness),
        commits: config.store.clone(),
        lake: lake.is_some(),
    };
    let writer = Writer::open(parts, answers)?;
    let writer = ingest::writer::spawn(writer, messages)?;

    let mut sessions = JoinSet::new();
    for (index, broker) in config.mqtt.iter().enumerate().rev() {
        let session = Session {
            index,
            config: broker.clone(),
            gateway: config.gateway.clone(),
            writer: inbox.clone(),
            readiness: Arc::clone(&readiness),
        };
        if let Some(outbox) = sessions_of.pop() {
            sessions.spawn(session.run(outbox, shutdown.clone()));
        }
    }
    drop(inbox);

    let lake_task = lake.map(|lake| tokio::spawn(lake.run(stopped(shutdown.clone()))));
    let address = listener.local_addr()?;
    tracing::info!(gateway = %config.gateway, store = %store.file().display(), "the panel is at http://{address}");
    let app =
        App::new(config.gateway, store, directory, hub, readiness, metrics, config.lake.map(|lake| lake.url));
    let serving = http::serve(listener, Arc::new(app), stopped(shutdown));
    let served = serving.await.context("http");

    // The sessions end first: then nothing more comes, and the writer ends when all is on disk.
    while sessions.join_next().await.is_some() {}
    writer.await.context("the writer ended before the others")?;
    if let Some(task) = lake_task {
        task.await?;
    }
    tracing::info!("stopped; everything that came is on disk");
    served
}

async fn stopped(mut shutdown: watch::Receiver<bool>) {
    // An error means that nobody is left to say it.
    let _ = shutdown.wait_for(|stop| *stop).await;
}
