//! One broker: connects, subscribes, reads, publishes.
//!
//! As rumqttc 0.25 is safe: one task owns `poll()` outside any `select!`, and each connection is a new
//! client. Reading waits for the writer, so a slow disk slows the socket and fills no memory.
//!
//! Each session has a thread of its own, because the thread sleeps where nothing is there to be read: see [`BREATH`].

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use metrics::{Counter, counter};
use minuano_telemetry::{EVERYTHING, GatewayName, Leaf};
use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, Packet, Publish, QoS, SubscribeReasonCode};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::unconstrained;

use super::dial::{self, Line};
use super::message::{Message, Refusals, decode};
use crate::backoff::Backoff;
use crate::clock::now;
use crate::config::MqttConfig;
use crate::http::Readiness;
use crate::shutdown::requested;

const FAREWELL: Duration = Duration::from_millis(500);
/// How long a session that has read everything waits before it reads again. What comes one message at a time is then
/// read, and confirmed to the broker, several at a time: waking for each costs more than all the rest.
const BREATH: Duration = Duration::from_millis(8);
/// Requests that may wait in the client.
const REQUESTS: usize = 256;
/// Publications that may wait for the session.
pub const OUTBOX: usize = 4096;

/// Something this gateway says.
#[derive(Clone, Debug)]
pub struct Publication {
    /// Where.
    pub topic: String,
    /// Whether the broker keeps it.
    pub retain: bool,
    /// What.
    pub payload: Vec<u8>,
}

/// One broker's connection, made again whenever it breaks.
#[derive(Debug)]
pub struct Session {
    /// Its place in the configuration.
    pub index: usize,
    /// Where and how.
    pub config: MqttConfig,
    /// Who connects.
    pub gateway: GatewayName,
    /// Where messages go.
    pub writer: mpsc::Sender<Message>,
    /// Where it says whether it is connected.
    pub readiness: Arc<Readiness>,
}

impl Session {
    /// Has readiness wait for it, from before it runs.
    pub fn announce(&self) {
        self.readiness.set(&self.condition(), false, "not connected yet");
    }

    fn condition(&self) -> String {
        format!("broker {}:{}", self.config.host, self.config.port)
    }

    /// Runs on a thread of its own; the answer comes when it has ended.
    pub fn spawn(
        self,
        outbox: mpsc::Receiver<Publication>,
        shutdown: watch::Receiver<bool>,
    ) -> std::io::Result<oneshot::Receiver<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (ended, end) = oneshot::channel();
        std::thread::Builder::new().name("session".to_owned()).spawn(move || {
            runtime.block_on(self.run(outbox, shutdown));
            // Nobody waits when the process is ending for another reason.
            let _ = ended.send(());
        })?;
        Ok(end)
    }

    /// Runs until `shutdown`. Ends before it only by a mistake of ours.
    async fn run(self, outbox: mpsc::Receiver<Publication>, shutdown: watch::Receiver<bool>) {
        let (current, clients) = watch::channel(None);
        let publisher = tokio::spawn(publish(outbox, clients.clone()));
        let mut reader = tokio::spawn(self.keep_connected(current, shutdown.clone()));
        tokio::select! {
            () = requested(shutdown) => farewell(clients).await,
            _ = &mut reader => {}
        }
        reader.abort();
        publisher.abort();
    }

    async fn keep_connected(
        self,
        current: watch::Sender<Option<AsyncClient>>,
        shutdown: watch::Receiver<bool>,
    ) {
        let condition = self.condition();
        let mut heard = Heard::default();
        let mut backoff = Backoff::new(self.config.retry_first, self.config.retry_most);
        loop {
            // A dot is in no station's name, so no station can take this client id over.
            let id = format!("minuano.gateway.{}", self.gateway);
            let why = match dial::connect(&self.config, id, REQUESTS).await {
                Ok(Line { client, mut events }) => {
                    // The queue is empty yet.
                    let _ = client.try_subscribe(EVERYTHING, QoS::AtLeastOnce);
                    current.send_replace(Some(client));
                    let why = self.read(&mut events, &mut heard, &condition, &mut backoff).await;
                    current.send_replace(None);
                    counter!("minuano_broker_disconnections_total").increment(1);
                    why
                }
                Err(why) => why,
            };
            if *shutdown.borrow() {
                return;
            }
            let pause = backoff.after_failure();
            let detail = format!("{why}; next try in {:.1} s", pause.as_secs_f64());
            tracing::warn!("{condition}: {detail}");
            self.readiness.set(&condition, false, &detail);
            tokio::time::sleep(pause).await;
        }
    }

    /// Reads until the connection breaks; gives why it did.
    async fn read(
        &self,
        events: &mut EventLoop,
        heard: &mut Heard,
        condition: &str,
        backoff: &mut Backoff,
    ) -> String {
        loop {
            match next(events).await {
                Ok(Event::Incoming(Packet::SubAck(answer))) => {
                    if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                        return format!("the broker refuses the subscription to {EVERYTHING}");
                    }
                    tracing::info!("{condition}: connected");
                    self.readiness.set(condition, true, "connected");
                    backoff.reset();
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    if self.take(&publish, heard).await.is_err() {
                        return "the writer has stopped".to_owned();
                    }
                }
                Ok(Event::Incoming(_) | Event::Outgoing(_)) => {}
                Err(error) => return dial::why(&error, &self.config),
            }
        }
    }

    async fn take(
        &self,
        publish: &Publish,
        heard: &mut Heard,
    ) -> Result<(), mpsc::error::SendError<Message>> {
        match decode(&publish.topic, &publish.payload) {
            Ok((station, said)) => {
                heard.received[said.leaf() as usize].increment(1);
                let message = Message {
                    broker: self.index,
                    retained: publish.retain,
                    station,
                    said,
                    received_at: now(),
                };
                self.writer.send(message).await
            }
            Err(refusal) => {
                heard.refusals.take(&publish.topic, &refusal, Instant::now());
                Ok(())
            }
        }
    }
}

/// What is counted of what came. A counter is looked up once, not for each message.
struct Heard {
    received: [Counter; Leaf::ALL.len()],
    refusals: Refusals,
}

impl Default for Heard {
    fn default() -> Self {
        let counter = |leaf: Leaf| counter!("minuano_messages_received_total", "leaf" => leaf.word());
        Self { received: Leaf::ALL.map(counter), refusals: Refusals::default() }
    }
}

/// The next event, after a breath where there is none yet.
async fn next(events: &mut EventLoop) -> Result<Event, ConnectionError> {
    let mut next = pin!(events.poll());
    // Unconstrained: that the task had its turn would otherwise look as if there were nothing to read.
    match futures::poll!(unconstrained(next.as_mut())) {
        Poll::Ready(event) => event,
        Poll::Pending => {
            std::thread::sleep(BREATH);
            next.await
        }
    }
}

/// Hands publications to whichever client is connected. One that finds none is dropped: a station that
/// misses an acknowledgement sends again, and a repeat makes an acknowledgement due.
async fn publish(mut outbox: mpsc::Receiver<Publication>, clients: watch::Receiver<Option<AsyncClient>>) {
    while let Some(publication) = outbox.recv().await {
        let client = clients.borrow().clone();
        let sent = match client {
            Some(client) => {
                let Publication { topic, retain, payload } = publication;
                client.publish(topic, QoS::AtLeastOnce, retain, payload).await.is_ok()
            }
            None => false,
        };
        if !sent {
            counter!("minuano_publications_dropped_total").increment(1);
        }
    }
}

/// Says goodbye to the broker, and waits a moment for the connection to end.
async fn farewell(mut clients: watch::Receiver<Option<AsyncClient>>) {
    let client = clients.borrow().clone();
    if client.is_some_and(|client| client.try_disconnect().is_ok()) {
        let gone = clients.wait_for(Option::is_none);
        // Whether it came in time or not: nothing of ours waits for the broker.
        let _ = tokio::time::timeout(FAREWELL, gone).await;
    }
}
