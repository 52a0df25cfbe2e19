//! A peer that says what QEMU and the kernel's driver say, byte by byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use minuano_station::emulated::Air;

use super::{Board, control};

/// What QEMU 10 announces: connect version, filters, acknowledged disconnects, packet sizes, long ids, long bulks.
const QEMUS: u32 = 0x7E;
const BME280: u16 = 0x76;
const BH1750: u16 = 0x23;
const AIR: Air =
    Air { temperature_c: 21.5, pressure_hpa: 1001.25, humidity_pct: 48.0, illuminance_lx: 1200.0 };

struct Peer {
    stream: TcpStream,
    has_long_ids: bool,
    next_id: u64,
}

impl Peer {
    /// Shakes hands; the three messages that plug the device in are read where `is_in`.
    fn meet(board: &Board, capabilities: u32, is_in: bool) -> Self {
        let stream = TcpStream::connect(board.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut peer = Self { stream, has_long_ids: false, next_id: 1 };
        let mut hello = [0; 68];
        hello[..16].copy_from_slice(b"qemu usb-redir g");
        hello[64..].copy_from_slice(&capabilities.to_le_bytes());
        peer.send(0, 0, &hello);
        let (kind, _, theirs) = peer.next();
        assert_eq!((kind, theirs.len()), (0, 68));
        assert_eq!(theirs[64] & 0x70, 0x70, "what QEMU's XHCI asks for");
        peer.has_long_ids = capabilities & 0x20 != 0;
        if is_in {
            peer.sees_the_device(capabilities);
        }
        peer
    }

    fn sees_the_device(&mut self, capabilities: u32) {
        let (kind, _, endpoints) = self.next();
        assert_eq!((kind, endpoints.len()), (5, if capabilities & 0x10 != 0 { 160 } else { 96 }));
        let (kind, _, interfaces) = self.next();
        assert_eq!((kind, interfaces.len()), (4, 132));
        let (kind, _, device) = self.next();
        assert_eq!((kind, device.len()), (1, if capabilities & 2 != 0 { 10 } else { 8 }));
        assert_eq!(device[4..8], [0x03, 0x04, 0x31, 0xC6]);
    }

    fn send(&mut self, kind: u32, id: u64, body: &[u8]) {
        let mut bytes = [kind.to_le_bytes(), u32::try_from(body.len()).unwrap().to_le_bytes()].concat();
        bytes.extend(&id.to_le_bytes()[..if self.has_long_ids { 8 } else { 4 }]);
        bytes.extend(body);
        self.stream.write_all(&bytes).unwrap();
    }

    fn next(&mut self) -> (u32, u64, Vec<u8>) {
        let mut head = [0; 16];
        self.stream.read_exact(&mut head[..if self.has_long_ids { 16 } else { 12 }]).unwrap();
        let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        let mut body = vec![0; usize::try_from(word(4)).unwrap()];
        self.stream.read_exact(&mut body).unwrap();
        (word(0), u64::from(word(8)) | u64::from(word(12)) << 32, body)
    }

    /// A control transfer; gives the data, or the status where it is not 0.
    fn control(
        &mut self,
        kind: u8,
        request: u8,
        value: u16,
        index: u16,
        data: &[u8],
        length: u16,
    ) -> Result<Vec<u8>, u8> {
        let mut body = vec![kind & 0x80, request, kind, 0];
        for half in [value, index, length] {
            body.extend(half.to_le_bytes());
        }
        body.extend(data);
        let id = self.next_id;
        self.next_id += 1;
        self.send(100, id, &body);
        let (answered, theirs, answer) = self.next();
        assert_eq!((answered, theirs), (100, id));
        assert_eq!(answer[..3], body[..3]);
        if answer[3] == 0 { Ok(answer[10..].to_vec()) } else { Err(answer[3]) }
    }

    fn status(&mut self) -> u8 {
        self.control(0xC1, 3, 0, 0, &[], 1).unwrap()[0]
    }

    fn write(&mut self, address: u16, data: &[u8]) -> Result<u8, u8> {
        let length = u16::try_from(data.len()).unwrap();
        self.control(0x41, 5, 0, address, data, length).map(|_| self.status())
    }

    fn read(&mut self, address: u16, length: u16) -> Result<Vec<u8>, u8> {
        let data = self.control(0xC1, 7, 1, address, &[], length)?;
        assert_eq!(data.len(), usize::from(length));
        Ok(data)
    }
}

#[test]
fn the_kernels_driver_finds_its_adapter_and_the_chips() {
    let board = Board::start(AIR).unwrap();
    let mut peer = Peer::meet(&board, QEMUS, true);
    // As the kernel enumerates: eight bytes of the device first, then all, then the configuration.
    assert_eq!(peer.control(0x80, 6, 0x0100, 0, &[], 8).unwrap().len(), 8);
    let device = peer.control(0x80, 6, 0x0100, 0, &[], 18).unwrap();
    assert_eq!((device.len(), &device[8..12]), (18, &[0x03, 0x04, 0x31, 0xC6][..]));
    let configuration = peer.control(0x80, 6, 0x0200, 0, &[], 255).unwrap();
    assert_eq!(configuration.len(), usize::from(configuration[2]));
    let product = peer.control(0x80, 6, 0x0302, 0x0409, &[], 255).unwrap();
    assert_eq!(usize::from(product[0]), product.len());
    assert_eq!(
        peer.control(0x80, 6, 0x0600, 0, &[], 10),
        Err(4),
        "no device qualifier at full speed: a stall"
    );
    peer.send(6, 77, &[1]);
    assert_eq!(peer.next(), (8, 77, vec![0, 1]));
    assert_eq!(peer.control(0xC1, 1, 0, 0, &[], 4).unwrap(), 0x0EFF_0001u32.to_le_bytes());
    // The identity of a BME280, then an address where nobody is.
    assert_eq!(peer.write(BME280, &[0xD0]), Ok(1));
    assert_eq!(peer.read(BME280, 1).unwrap(), [0x60]);
    assert_eq!(peer.write(0x40, &[0xE7]), Ok(2));
    // A BH1750 in continuous high resolution mode says the weather's light: lux × 1.2.
    assert_eq!(peer.write(BH1750, &[0x01]), Ok(1));
    assert_eq!(peer.write(BH1750, &[0x20]), Ok(1));
    // Its first conversion takes 180 ms, before which it says 0.
    let lux = minuano_tests::eventually("light", minuano_tests::SOON, || {
        let count = u16::from_be_bytes(peer.read(BH1750, 2).unwrap().try_into().unwrap());
        (count != 0).then(|| f64::from(count) / 1.2)
    });
    assert!((lux - AIR.illuminance_lx).abs() < 1.0, "{lux}");
}

#[test]
fn an_older_peer_with_short_ids_is_understood() {
    let board = Board::start(AIR).unwrap();
    let mut peer = Peer::meet(&board, 0, true);
    assert_eq!(peer.write(BME280, &[0xD0]), Ok(1));
    assert_eq!(peer.read(BME280, 1).unwrap(), [0x60]);
}

#[test]
fn what_is_done_to_the_board_is_seen_by_the_guest() {
    let board = Board::start(AIR).unwrap();
    let mut peer = Peer::meet(&board, QEMUS, true);
    let tell = |line: &str| control::obey(line, &board).unwrap();
    assert_eq!(peer.write(BME280, &[0xD0]), Ok(1));
    tell("unplug 0x76");
    assert_eq!(peer.write(BME280, &[0xD0]), Ok(2));
    tell("plug 118");
    assert_eq!(peer.write(BME280, &[0xD0]), Ok(1));
    tell("trouble 0x76 nack");
    assert_eq!((peer.write(BME280, &[0xD0]), peer.write(BH1750, &[1])), (Ok(2), Ok(1)));
    tell("trouble 0x76 times-out");
    assert_eq!((peer.write(BME280, &[0xD0]), peer.write(BH1750, &[1])), (Err(4), Err(4)), "the bus is one");
    tell("trouble 0x76 none");
    assert_eq!(peer.write(BME280, &[0xD0]), Ok(1));
    tell("adapter out");
    assert_eq!(peer.next(), (2, 0, vec![]));
    tell("adapter in");
    peer.sees_the_device(QEMUS);
    for wrong in ["", "weather 1 2 3", "weather a 1 1 1", "unplug 0x80", "trouble 0x76 flu", "adapter up"] {
        assert!(control::obey(wrong, &board).is_err(), "{wrong:?}");
    }
}

#[test]
fn an_adapter_that_is_out_stays_out_over_a_restart_of_the_guest() {
    let board = Board::start(AIR).unwrap();
    board.plug_adapter(false).unwrap();
    let mut peer = Peer::meet(&board, QEMUS, false);
    board_is_served(&board);
    board.plug_adapter(true).unwrap();
    peer.sees_the_device(QEMUS);
    drop(peer);
    Peer::meet(&board, QEMUS, true);
}

/// Waits until the session is known to the board.
fn board_is_served(board: &Board) {
    minuano_tests::eventually("a session", minuano_tests::SOON, || {
        board.plug().writer.is_some().then_some(())
    });
}

#[test]
fn nonsense_ends_a_session_and_not_the_board() {
    let board = Board::start(AIR).unwrap();
    for nonsense in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xFF; 80], &[0; 12], b"short"] {
        let mut stream = TcpStream::connect(board.address).unwrap();
        // It may have hung up already.
        let _ = stream.write_all(nonsense).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).ok();
    }
    let mut peer = Peer::meet(&board, QEMUS, true);
    peer.send(100, 1, &[0, 1]);
    peer.stream.read_to_end(&mut Vec::new()).ok();
    let mut peer = Peer::meet(&board, QEMUS, true);
    peer.send(12_345, 1, &[1, 2, 3]);
    peer.send(100, 2, &[0x80, 9, 0xC1, 0, 0, 0, 0, 0, 1, 0]);
    assert_eq!(peer.next().2[3], 4, "an unknown request stalls");
}
