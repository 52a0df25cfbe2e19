//! The board's control channel: one command a line, one answer a line.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use minuano_station::emulated::{Air, Trouble};

use super::Board;

/// Nobody types a longer line.
const MAX_LINE: u64 = 256;

pub const HELP: &str = "\
weather CELSIUS HECTOPASCAL PERCENT LUX   the air around the chips
unplug ADDRESS | plug ADDRESS             a chip, such as 0x76
trouble ADDRESS WHAT                      nack, fails, stuck-low, times-out, stuck-high, none
adapter out | adapter in                  the whole adapter";

/// Obeys what comes, until the other side is done.
pub fn serve(stream: &TcpStream, board: &Board) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if reader.by_ref().take(MAX_LINE).read_line(&mut line)? == 0 {
            return Ok(());
        }
        let answer = match obey(line.trim(), board) {
            Ok(()) => "ok".to_owned(),
            Err(what) => format!("error: {what}"),
        };
        writeln!(&*stream, "{answer}")?;
    }
}

/// Does what one line says.
pub fn obey(line: &str, board: &Board) -> Result<(), String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match *words.as_slice() {
        ["weather", temperature, pressure, humidity, light] => board.bus.feel(Air {
            temperature_c: number(temperature)?,
            pressure_hpa: number(pressure)?,
            humidity_pct: number(humidity)?,
            illuminance_lx: number(light)?,
        }),
        ["unplug", address] => board.bus.unplug(at(address)?),
        ["plug", address] => board.bus.plug(at(address)?),
        ["trouble", address, what] => board.bus.trouble(at(address)?, trouble(what)?),
        ["adapter", "in"] => board.plug_adapter(true).map_err(|error| error.to_string())?,
        ["adapter", "out"] => board.plug_adapter(false).map_err(|error| error.to_string())?,
        _ => return Err(format!("{line:?} is no command; it takes one of\n{HELP}").replace('\n', " | ")),
    }
    Ok(())
}

fn number(word: &str) -> Result<f64, String> {
    word.parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| format!("{word:?} is no number"))
}

fn at(word: &str) -> Result<u8, String> {
    let address = match word.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    };
    address.filter(|address| *address < 0x80).ok_or_else(|| format!("{word:?} is no address such as 0x76"))
}

fn trouble(word: &str) -> Result<Option<Trouble>, String> {
    Ok(Some(match word {
        "nack" => Trouble::Nack,
        "fails" => Trouble::Fails,
        "stuck-low" => Trouble::StuckLow,
        "times-out" => Trouble::TimesOut,
        "stuck-high" => Trouble::StuckHigh,
        "none" => return Ok(None),
        _ => return Err(format!("{word:?} is no trouble")),
    }))
}
