//! A bound on open connections: a crowd of browsers must leave descriptors for brokers and the store.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// How long a client may take nothing of what it asked for, before its seat goes to another.
const STALLED_AFTER: Duration = Duration::from_secs(60);
/// How long to wait where the process has no descriptors left.
const REST: Duration = Duration::from_millis(500);

/// A listener that takes no more connections than there are seats; others wait in the kernel's queue.
pub struct Seats {
    listener: TcpListener,
    free: Arc<Semaphore>,
}

impl Seats {
    /// So many of them.
    pub fn of(listener: TcpListener, connections: usize) -> Self {
        Self { listener, free: Arc::new(Semaphore::new(connections)) }
    }

    /// The next connection. May be dropped while it waits.
    pub async fn accept(&mut self) -> (Seated, SocketAddr) {
        // Never closed, so there is always a seat in the end.
        let seat = Arc::clone(&self.free).acquire_owned().await.ok();
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    // An event is a small packet that nothing follows: it must not wait for more.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "a connection stays with delayed packets");
                    }
                    return (Seated { stream, stalled: None, _seat: seat }, address);
                }
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection could be taken");
                    sleep(REST).await;
                }
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// A connection on its seat.
pub struct Seated {
    stream: TcpStream,
    /// Since the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    _seat: Option<OwnedSemaphorePermit>,
}

impl AsyncRead for Seated {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Seated {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(context, bytes) {
            self.stalled = None;
            return Poll::Ready(written);
        }
        ready!(self.stalled.get_or_insert_with(|| Box::pin(sleep(STALLED_AFTER))).as_mut().poll(context));
        metrics::counter!("minuano_http_stalled_total").increment(1);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
