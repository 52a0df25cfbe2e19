//! Something that listens where a broker should, and is none.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What it does with each connection.
#[derive(Clone, Copy)]
pub enum Manner {
    ClosesAtOnce,
    NeverAnswers,
    SpeaksHttp,
    /// Takes the connection as a broker would, and then closes.
    ClosesAfterConnack,
    /// Takes the connection, and answers the rest with bytes that are no MQTT.
    BabblesAfterConnack,
    /// Answers everything, pings too, and confirms no message.
    ConfirmsNothing,
}

pub struct Rogue {
    connections: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

const CONNACK: [u8; 4] = [0x20, 2, 0, 0];

impl Rogue {
    pub fn listening(port: u16, manner: Manner) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (connections, stop) = (connections.clone(), stop.clone());
            move || {
                let mut open = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    if let Ok((stream, _)) = listener.accept() {
                        connections.fetch_add(1, Ordering::Relaxed);
                        open.extend(receive(stream, manner));
                    }
                    thread::sleep(Duration::from_millis(2));
                }
            }
        });
        Self { connections, stop, thread: Some(thread) }
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Rogue {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().unwrap().join();
    }
}

/// Gives the stream back if it is to stay open. The station may be gone at any moment, so nothing is checked.
fn receive(mut stream: TcpStream, manner: Manner) -> Option<TcpStream> {
    let _ = stream.set_nonblocking(false);
    let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
    let mut bytes = [0; 1_024];
    match manner {
        Manner::ClosesAtOnce => None,
        Manner::NeverAnswers => Some(stream),
        Manner::SpeaksHttp => {
            let _ = stream.read(&mut bytes);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            None
        }
        Manner::ClosesAfterConnack => {
            let _ = stream.read(&mut bytes);
            let _ = stream.write_all(&CONNACK);
            None
        }
        Manner::BabblesAfterConnack => {
            let _ = stream.read(&mut bytes);
            let _ = stream.write_all(&CONNACK);
            let _ = stream.read(&mut bytes);
            let _ = stream.write_all(&[0xFF; 64]);
            Some(stream)
        }
        Manner::ConfirmsNothing => {
            let _ = stream.set_read_timeout(None);
            thread::spawn(move || confirm_nothing(stream));
            None
        }
    }
}

/// Until the other side goes.
fn confirm_nothing(mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        let kind = byte(&mut stream)? >> 4;
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let next = byte(&mut stream)?;
            length |= usize::from(next & 0x7F) << shift;
            shift += 7;
            if next & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        match kind {
            1 => stream.write_all(&CONNACK)?,
            8 => stream.write_all(&[0x90, 3, body[0], body[1], 1])?,
            12 => stream.write_all(&[0xD0, 0])?,
            _ => {}
        }
    }
}

fn byte(stream: &mut TcpStream) -> std::io::Result<u8> {
    let mut one = [0];
    stream.read_exact(&mut one)?;
    Ok(one[0])
}
