//! usb-redir (usbredirparser's protocol, version 0.7) from the side of the device.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};

use super::adapter::{Adapter, Setup};

/// Message types.
const HELLO: u32 = 0;
const CONNECT: u32 = 1;
const DISCONNECT: u32 = 2;
const INTERFACES: u32 = 4;
const ENDPOINTS: u32 = 5;
const SET_CONFIGURATION: u32 = 6;
const GET_CONFIGURATION: u32 = 7;
const CONFIGURATION: u32 = 8;
const SET_ALTERNATE: u32 = 9;
const GET_ALTERNATE: u32 = 10;
const ALTERNATE: u32 = 11;
const CONTROL: u32 = 100;

/// Capabilities, as bits of one word.
const VERSION_IN_CONNECT: u32 = 1 << 1;
const PACKET_SIZES: u32 = 1 << 4;
const LONG_IDS: u32 = 1 << 5;
/// Of transfers that an adapter without bulk endpoints never has; QEMU's XHCI takes no device without it.
const LONG_BULKS: u32 = 1 << 6;
const OURS: u32 = VERSION_IN_CONNECT | PACKET_SIZES | LONG_IDS | LONG_BULKS;

/// A hello without capabilities, and with one word of them.
const VERSION_BYTES: usize = 64;
const HELLO_BYTES: usize = VERSION_BYTES + 4;
/// A control transfer has at most 64 KiB and ten bytes before them.
const MAX_MESSAGE: usize = (64 << 10) + 16;
const STALL: u8 = 4;

/// What the guest's side said.
#[derive(Debug)]
pub struct Message {
    kind: u32,
    id: u64,
    body: Vec<u8>,
}

/// Takes messages apart.
pub struct Reader {
    stream: TcpStream,
    has_long_ids: bool,
}

/// Puts messages together; clones write to the same guest, whole messages each.
#[derive(Clone)]
pub struct Writer {
    stream: Arc<Mutex<TcpStream>>,
    theirs: u32,
}

/// Exchanges hellos.
pub fn greet(stream: TcpStream) -> io::Result<(Reader, Writer)> {
    // Before capabilities are known, ids are short.
    let mut writer = Writer { stream: Arc::new(Mutex::new(stream.try_clone()?)), theirs: 0 };
    let mut hello = [0; HELLO_BYTES];
    hello[..14].copy_from_slice(b"minuano board ");
    hello[VERSION_BYTES..].copy_from_slice(&OURS.to_le_bytes());
    writer.send(HELLO, 0, &hello)?;
    let mut reader = Reader { stream, has_long_ids: false };
    let first = reader.next()?.ok_or(ErrorKind::UnexpectedEof)?;
    if first.kind != HELLO || first.body.len() < VERSION_BYTES {
        return Err(invalid("it does not speak usb-redir"));
    }
    writer.theirs = word(&first.body, VERSION_BYTES).unwrap_or(0);
    reader.has_long_ids = writer.may(LONG_IDS);
    Ok((reader, writer))
}

impl Reader {
    /// The next message; none where the guest has gone.
    pub fn next(&mut self) -> io::Result<Option<Message>> {
        let mut head = [0; 16];
        let head = &mut head[..if self.has_long_ids { 16 } else { 12 }];
        match self.stream.read_exact(head) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            result => result?,
        }
        let at = |place| word(head, place).unwrap_or(0);
        let length = usize::try_from(at(4)).unwrap_or(usize::MAX);
        if length > MAX_MESSAGE {
            return Err(invalid("a message is longer than any can be"));
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Some(Message { kind: at(0), id: u64::from(at(8)) | u64::from(at(12)) << 32, body }))
    }
}

impl Writer {
    fn may(&self, capability: u32) -> bool {
        self.theirs & OURS & capability != 0
    }

    /// Plugs the device into the guest.
    pub fn connect(&mut self) -> io::Result<()> {
        // Of 32 endpoints only the two of number 0 are there, for control transfers: type 0, where 255 is none.
        let mut endpoints = vec![255; 32];
        endpoints[0] = 0;
        endpoints[16] = 0;
        // Intervals and interfaces.
        endpoints.extend([0; 64]);
        if self.may(PACKET_SIZES) {
            endpoints.extend((0..32).flat_map(|index| if index % 16 == 0 { [8, 0] } else { [0, 0] }));
        }
        self.send(ENDPOINTS, 0, &endpoints)?;
        // One interface, number 0, of a class of its own.
        let mut interfaces = 1u32.to_le_bytes().to_vec();
        interfaces.extend([0; 32]);
        for _ in ["class", "subclass", "protocol"] {
            interfaces.push(0xFF);
            interfaces.extend([0; 31]);
        }
        self.send(INTERFACES, 0, &interfaces)?;
        // Full speed, class 255.
        let mut device = vec![1, 0xFF, 0, 0];
        device.extend(Adapter::VENDOR.to_le_bytes());
        device.extend(Adapter::PRODUCT.to_le_bytes());
        if self.may(VERSION_IN_CONNECT) {
            device.extend(Adapter::VERSION.to_le_bytes());
        }
        self.send(CONNECT, 0, &device)
    }

    /// Pulls it out.
    pub fn disconnect(&mut self) -> io::Result<()> {
        self.send(DISCONNECT, 0, &[])
    }

    /// Answers what wants an answer. Cancelled packets do not: each was answered when it came.
    pub fn answer(&mut self, message: &Message, adapter: &mut Adapter) -> io::Result<()> {
        let Message { kind, id, body } = message;
        let byte = |place: usize| body.get(place).copied().unwrap_or(0);
        match *kind {
            SET_CONFIGURATION => self.send(CONFIGURATION, *id, &[0, byte(0)]),
            GET_CONFIGURATION => self.send(CONFIGURATION, *id, &[0, 1]),
            SET_ALTERNATE => self.send(ALTERNATE, *id, &[0, byte(0), byte(1)]),
            GET_ALTERNATE => self.send(ALTERNATE, *id, &[0, byte(0), 0]),
            CONTROL => self.control(*id, body, adapter),
            _ => Ok(()),
        }
    }

    /// endpoint, request, request type, status, value, index, length, and the data of a transfer to the device.
    fn control(&mut self, id: u64, body: &[u8], adapter: &mut Adapter) -> io::Result<()> {
        let Some((head, data)) = body.split_at_checked(10) else {
            return Err(invalid("a control transfer without its head"));
        };
        let half = |place: usize| u16::from_le_bytes([head[place], head[place + 1]]);
        let setup = Setup {
            request_type: head[2],
            request: head[1],
            value: half(4),
            index: half(6),
            length: half(8),
        };
        let mut answer = head.to_vec();
        let is_in = setup.is_in();
        let (status, length, data) = match adapter.control(&setup, data) {
            Some(mut bytes) if is_in => {
                bytes.truncate(setup.length.into());
                (0, u16::try_from(bytes.len()).unwrap_or(setup.length), bytes)
            }
            Some(_) => (0, setup.length, Vec::new()),
            None => (STALL, 0, Vec::new()),
        };
        answer[3] = status;
        answer[8..10].copy_from_slice(&length.to_le_bytes());
        answer.extend(data);
        self.send(CONTROL, id, &answer)
    }

    fn send(&mut self, kind: u32, id: u64, body: &[u8]) -> io::Result<()> {
        let mut bytes = kind.to_le_bytes().to_vec();
        bytes.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        let id = id.to_le_bytes();
        bytes.extend(if self.may(LONG_IDS) { &id[..] } else { &id[..4] });
        bytes.extend(body);
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).write_all(&bytes)
    }
}

fn word(bytes: &[u8], place: usize) -> Option<u32> {
    bytes.get(place..place + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.to_owned())
}
