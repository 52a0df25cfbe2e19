//! The whole path of a reading, from the brokers to whoever looks.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::alert::deliver;
use crate::alert::outbox::{self, Desk};
use crate::alert::send::Destination;
use crate::clock::now;
use crate::config::Config;
use crate::directory::Directory;
use crate::elastic::Elastic;
use crate::http::{self, App, Readiness, metrics};
use crate::ingest::answers::Answers;
use crate::ingest::message::Message;
use crate::ingest::session::{OUTBOX, Publication, Session};
use crate::ingest::writer::{INBOX, Parts, Writer};
use crate::lake::Lake;
use crate::live::Hub;
use crate::shutdown::requested;
use crate::store::integrity::{self, Opened, Replaced};
use crate::store::{Store, set_aside};
use crate::watch::{Progress, Watch};
use crate::{broker, ingest};

/// Runs the service until `shutdown` becomes true.
///
/// brokers ─► sessions ─► writer (account, check, commit, acknowledge) ─► store ─┬─► live ─► routes, panel
///                                                                               ├─► lake
///                                                                               └─► Elasticsearch
pub async fn run(config: Config, shutdown: watch::Receiver<bool>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.http.listen).await.with_context(|| {
        format!("http.listen {}; it takes a free port on this machine", config.http.listen)
    })?;
    let metrics = metrics::install()?;
    let Opened { store, lock: _lock, replaced } = integrity::open(&config.store.file, now())?;
    let store = Arc::new(store);
    let (directory, hub) = (Arc::new(Directory::default()), Hub::default());
    let readiness = Arc::new(Readiness::default());
    say_what_is_aside(&readiness, store.file(), replaced.as_ref());
    let lake = match &config.lake {
        Some(lake) => Some(
            Lake::open(lake, config.quality.settle_after, &config.gateway, Arc::clone(&store))
                .context("lake.url")?,
        ),
        None => None,
    };
    let mut tasks = Tasks::new();
    if let Some(listen) = config.broker {
        let ended = broker::start(listen)?;
        let stop = requested(shutdown.clone());
        tasks.spawn("the embedded broker", async move {
            tokio::select! {
                _ = ended => {}
                () = stop => {}
            }
            Ok(())
        });
    }

    let (outboxes, sessions_of): (Vec<_>, Vec<_>) =
        config.mqtt.iter().map(|_| mpsc::channel::<Publication>(OUTBOX)).unzip();
    let (inbox, messages) = mpsc::channel::<Message>(INBOX);
    let answers = Answers::new(config.gateway.clone(), outboxes, config.acknowledge);
    let progress = Arc::new(Progress::default());
    let alerts = config.alerts.clone();
    let desk = Desk::new(alerts.iter().map(|alert| (alert.name.clone(), alert.wants.clone())));
    drop_unknown(&store, &alerts)?;
    for alert in alerts {
        let (store, readiness) = (Arc::clone(&store), Arc::clone(&readiness));
        let running = deliver::run(alert, store, readiness, desk.listen(), shutdown.clone());
        tasks.spawn("an alert's destination", async {
            running.await;
            Ok(())
        });
    }
    let parts = Parts {
        gateway: config.gateway.clone(),
        store: Arc::clone(&store),
        directory: Arc::clone(&directory),
        hub: hub.clone(),
        readiness: Arc::clone(&readiness),
        commits: config.store.clone(),
        rules: config.quality.rules(),
        desk,
        events: config.events,
        lake: lake.is_some(),
        elastic_waits: config.elastic.as_ref().map(|elastic| elastic.keep_unsent),
        progress: Arc::clone(&progress),
    };
    let writer = Writer::open(parts, answers)?;
    let written = ingest::writer::spawn(writer, messages)?;
    tasks.spawn("the writer", async { written.await.context("it panicked") });

    for (index, (broker, outbox)) in config.mqtt.iter().zip(sessions_of).enumerate() {
        let session = Session {
            index,
            config: broker.clone(),
            gateway: config.gateway.clone(),
            writer: inbox.clone(),
            readiness: Arc::clone(&readiness),
        };
        session.announce();
        let ended = session.spawn(outbox, shutdown.clone())?;
        tasks.spawn("a broker's session", async { ended.await.context("it panicked") });
    }
    // The sessions hold the rest: when they have ended, the writer ends as soon as all is on disk.
    drop(inbox);

    if let Some(lake) = lake {
        let running = lake.run(requested(shutdown.clone()));
        tasks.spawn("the lake", async {
            running.await;
            Ok(())
        });
    }
    if let Some(elastic) = &config.elastic {
        let (store, readiness) = (Arc::clone(&store), Arc::clone(&readiness));
        let elastic = Elastic::open(elastic, &config.gateway, store, readiness).context("elastic")?;
        let running = elastic.run(requested(shutdown.clone()));
        tasks.spawn("Elasticsearch", async {
            running.await;
            Ok(())
        });
    }
    let address = listener.local_addr()?;
    tracing::info!(gateway = %config.gateway, store = %store.file().display(), "the panel is at http://{address}");
    let watch = Watch { progress, readiness: Arc::clone(&readiness), directory: Arc::clone(&directory) };
    let app =
        App::new(config.gateway, store, directory, hub, readiness, metrics, config.lake.map(|lake| lake.url))
            .served_as(&config.http);
    let serving = http::serve(listener, Arc::new(app), requested(shutdown.clone()));
    tasks.spawn("HTTP", async { Ok(serving.await?) });

    let watching = watch.run(shutdown.clone());
    tasks.spawn("the watch", async {
        watching.await;
        Ok(())
    });

    tasks.all(&shutdown).await?;
    tracing::info!("stopped; everything that came is on disk");
    Ok(())
}

/// What waits for a destination that is no longer configured would wait for ever.
fn drop_unknown(store: &Store, alerts: &[Destination]) -> anyhow::Result<()> {
    let names: Vec<String> = alerts.iter().map(|alert| alert.name.clone()).collect();
    let dropped = outbox::drop_unknown(&store.writer()?, &names)?;
    if dropped > 0 {
        ::metrics::counter!("minuano_alerts_unknown_total").increment(dropped as u64);
        tracing::warn!(
            "{dropped} alerts were for destinations that are no longer configured; they are dropped"
        );
    }
    Ok(())
}

/// The gateway is ready with a fresh store, but nobody shall miss that another one waits to be salvaged.
fn say_what_is_aside(readiness: &Readiness, file: &Path, replaced: Option<&Replaced>) {
    let aside = set_aside::list(file);
    let count = u32::try_from(aside.len()).unwrap_or(u32::MAX);
    ::metrics::gauge!("minuano_store_set_aside").set(f64::from(count));
    let Some(newest) = aside.last() else { return };
    let name = newest.file_name().unwrap_or_default().to_string_lossy();
    let why = replaced.map(|replaced| format!(" ({})", replaced.why)).unwrap_or_default();
    readiness.set(
        "damaged stores",
        true,
        format!(
            "{count} set aside; the newest is {name}{why}. What it holds is not in this store until, with the \
             gateway stopped, minuano-gateway store salvage has read it"
        ),
    );
}

/// What runs beside each other. None of it ends before the shutdown: a gateway that lives on without its
/// writer would look well and store nothing.
struct Tasks(JoinSet<(&'static str, anyhow::Result<()>)>);

impl Tasks {
    fn new() -> Self {
        Self(JoinSet::new())
    }

    fn spawn(&mut self, name: &'static str, task: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        self.0.spawn(async move { (name, task.await) });
    }

    /// Waits until all have ended, which is right only after `shutdown`.
    async fn all(mut self, shutdown: &watch::Receiver<bool>) -> anyhow::Result<()> {
        while let Some(ended) = self.0.join_next().await {
            let (name, result) = ended.context("a part of the gateway panicked")?;
            result.with_context(|| format!("{name} failed"))?;
            ensure!(*shutdown.borrow(), "{name} ended by itself");
        }
        Ok(())
    }
}
