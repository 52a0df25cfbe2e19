//! The emulated board: the station's own chip models behind an `i2c-tiny-usb` adapter, served over usb-redir to a QEMU
//! guest, whose kernel makes `/dev/i2c-N` of it. The drivers on the guest cannot tell.
//!
//! # Layout
//!
//! - [`redir`]: the usb-redir protocol, as far as an adapter with nothing but control transfers needs it
//! - [`adapter`]: the USB device: its descriptors and its requests, which become transactions on the emulated bus
//! - [`control`]: what a person or a proof does to the board while it runs, one command a line

pub mod adapter;
pub mod control;
mod redir;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use minuano_station::emulated::{Air, Clock, EmulatedBus, Series, Weather};
use minuano_station::sensors::Part;

/// What stands on the bus.
pub const PARTS: [Part; 2] = [Part::Bme280, Part::Bh1750];

/// A board that guests can be connected to, one after the other.
#[derive(Clone)]
pub struct Board {
    /// Where QEMU's character device connects to.
    pub address: SocketAddr,
    /// The chips.
    pub bus: EmulatedBus,
    transfers: Arc<AtomicU64>,
    plug: Arc<Mutex<Plug>>,
}

/// Whether the adapter is plugged into the guest, and the connection by which that is told.
#[derive(Default)]
struct Plug {
    is_out: bool,
    writer: Option<redir::Writer>,
}

impl Board {
    /// Listens for guests on any free port of the loopback.
    pub fn start(air: Air) -> io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), air)
    }

    /// Listens for guests there.
    pub fn start_at(address: SocketAddr, air: Air) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let weather = Weather::new(Series::built_in().map_err(io::Error::other)?, "board");
        let bus = EmulatedBus::with(Clock::live(), weather, &PARTS);
        bus.feel(air);
        let board =
            Self { address: listener.local_addr()?, bus, transfers: Arc::default(), plug: Arc::default() };
        let served = board.clone();
        thread::spawn(move || served.serve(&listener));
        Ok(board)
    }

    /// A guest after the other: each restart of QEMU is a new connection.
    fn serve(&self, listener: &TcpListener) {
        for stream in listener.incoming().map_while(Result::ok) {
            if let Err(error) = self.session(stream) {
                eprintln!("board: the guest went away: {error}");
            }
            self.plug().writer = None;
        }
    }

    fn session(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let (mut reader, mut writer) = redir::greet(stream)?;
        {
            let mut plug = self.plug();
            if !plug.is_out {
                writer.connect()?;
            }
            plug.writer = Some(writer.clone());
        }
        let mut adapter = adapter::Adapter::new(self.bus.clone(), Arc::clone(&self.transfers));
        while let Some(message) = reader.next()? {
            writer.answer(&message, &mut adapter)?;
        }
        Ok(())
    }

    /// How many messages guests have sent to the chips.
    pub fn transfers(&self) -> u64 {
        self.transfers.load(Ordering::Relaxed)
    }

    /// Takes the whole adapter out of the guest's USB socket, or puts it back.
    pub fn plug_adapter(&self, is_in: bool) -> io::Result<()> {
        let mut plug = self.plug();
        if plug.is_out != is_in {
            return Ok(());
        }
        plug.is_out = !is_in;
        match plug.writer.as_mut() {
            Some(writer) if is_in => writer.connect(),
            Some(writer) => writer.disconnect(),
            None => Ok(()),
        }
    }

    fn plug(&self) -> MutexGuard<'_, Plug> {
        self.plug.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves the board and its control channel until the process ends.
pub fn by_hand(address: SocketAddr, control: SocketAddr) -> io::Result<()> {
    let board = Board::start_at(address, Air::default())?;
    let listener = TcpListener::bind(control)?;
    println!("board on {}, control on {}", board.address, listener.local_addr()?);
    println!("{}", control::HELP);
    for stream in listener.incoming() {
        let (stream, board) = (stream?, board.clone());
        thread::spawn(move || {
            let result = control::serve(&stream, &board);
            let _ = result.and_then(|()| (&stream).flush()).and_then(|()| stream.shutdown(Shutdown::Both));
        });
    }
    Ok(())
}
