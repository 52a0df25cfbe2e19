//! A publisher that costs next to nothing, so that a benchmark measures what listens: MQTT 3.1.1 at QoS 1.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::{SOON, eventually};

/// Messages that may be without their PUBACK.
const WINDOW: usize = 100;
const PUBACK_BYTES: usize = 4;

/// A connection that publishes and listens to nothing.
pub struct Publisher {
    socket: TcpStream,
    packets: Vec<u8>,
    unconfirmed: usize,
    /// Bytes of PUBACKs that came, of which the last may be cut.
    came: usize,
    packet_id: u16,
}

impl Publisher {
    /// Connects under this client id.
    pub fn connect(port: u16, id: &str) -> Self {
        let mut socket = eventually("the broker", SOON, || TcpStream::connect(("127.0.0.1", port)).ok());
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let mut connect = vec![0x10, u8::try_from(12 + id.len()).unwrap(), 0, 4];
        connect.extend_from_slice(b"MQTT\x04\x02\xff\xff");
        push_text(&mut connect, id);
        socket.write_all(&connect).unwrap();
        let mut connack = [0; 4];
        socket.read_exact(&mut connack).unwrap();
        assert_eq!(connack, [0x20, 2, 0, 0], "the broker refused {id}");
        Self { socket, packets: Vec::with_capacity(64 * 1024), unconfirmed: 0, came: 0, packet_id: 0 }
    }

    /// Queues a message; waits for PUBACKs where the window is full.
    pub fn publish(&mut self, topic: &str, retain: bool, payload: &[u8]) {
        while self.unconfirmed >= WINDOW {
            self.flush();
            self.take_confirmations();
        }
        self.packet_id = self.packet_id.checked_add(1).unwrap_or(1);
        self.packets.push(0x32 | u8::from(retain));
        push_length(&mut self.packets, 2 + topic.len() + 2 + payload.len());
        push_text(&mut self.packets, topic);
        self.packets.extend_from_slice(&self.packet_id.to_be_bytes());
        self.packets.extend_from_slice(payload);
        self.unconfirmed += 1;
    }

    /// Sends what is queued.
    pub fn flush(&mut self) {
        self.socket.write_all(&self.packets).unwrap();
        self.packets.clear();
    }

    /// Sends all and waits until the broker has it.
    pub fn settle(&mut self) {
        self.flush();
        while self.unconfirmed > 0 {
            self.take_confirmations();
        }
    }

    fn take_confirmations(&mut self) {
        let mut bytes = [0; PUBACK_BYTES * WINDOW];
        let read = self.socket.read(&mut bytes).unwrap();
        assert!(read > 0, "the broker ended the connection");
        self.came += read;
        self.unconfirmed -= self.came / PUBACK_BYTES;
        self.came %= PUBACK_BYTES;
    }
}

fn push_text(packet: &mut Vec<u8>, text: &str) {
    packet.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
    packet.extend_from_slice(text.as_bytes());
}

fn push_length(packet: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = u8::try_from(length % 128).unwrap();
        length /= 128;
        packet.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            return;
        }
    }
}
