//! Every kind of wrong minuano.toml: it boots, explains, and measures.

use std::time::Duration;

use minuano_tests::Wire;

use super::{AIR, Given, readings};
use crate::board::Board;
use crate::card::Card;
use crate::host::Host;
use crate::machine::{BOOT, Machine};

const MEASURES: Duration = Duration::from_secs(300);

/// What is written to the card, what the explanation must say, and whether readings come.
struct Case {
    name: &'static str,
    settings: Option<Vec<u8>>,
    explained: &'static [&'static str],
    publishes: bool,
}

pub fn see(given: &Given) -> String {
    let host = Host::start();
    let right = host.settings("roof");
    let windows = right.replace('\n', "\r\n");
    let ten = format!(
        "station = \"roof\"\ngatway = true\ntime_zone = \"Mars/Olympus\"\nssh_key = \"hello\"\ntime_server = 7\n\
         [place]\nlatitude = 91\nlongitude = \"west\"\naltitude_m = 99999\n\
         [wifi]\ncountry = \"Germany\"\nssid = \"net\"\npassphrase = \"short\"\n\
         [broker]\nport = {}\nhost = \"10.0.2.2\"\ntls = perhaps\n",
        host.broker.port
    );
    let case = |name, settings: Option<&[u8]>, explained, publishes| Case {
        name,
        settings: settings.map(<[u8]>::to_vec),
        explained,
        publishes,
    };
    let cases = [
        case("missing", None, &["minuano.toml: cannot be read", "station: is missing"], false),
        case("empty", Some(b""), &["1 mistake", "station: is missing"], false),
        case(
            "ten mistakes",
            Some(ten.as_bytes()),
            &["10 mistakes", "gatway", "Mars/Olympus", "wifi.passphrase", "minuano.toml line 17"],
            true,
        ),
        case("CRLF", Some(windows.as_bytes()), &[], true),
        case("BOM", Some(format!("\u{FEFF}{right}").as_bytes()), &[], true),
        case(
            "1 MB",
            Some(format!("{right}#{}", "x".repeat(1 << 20)).as_bytes()),
            &["longer than 65536 bytes"],
            false,
        ),
    ];
    let mut said = Vec::new();
    for case in cases {
        println!("   minuano.toml: {}", case.name);
        // A broker of its own hears nothing of the boots before.
        let wire = Wire::connect(host.broker.port);
        let heard = readings(&wire, "roof").len();
        let board = Board::start(AIR).unwrap();
        let card = Card::with(&given.image, case.settings.as_deref());
        let mut machine = Machine::virt(&card, board.address);
        if case.publishes {
            machine.wait("first reading", BOOT, || (readings(&wire, "roof").len() > heard).then_some(()));
        }
        // A sample is at least four messages; detection alone is some dozens.
        machine.wait("the sensors are read", BOOT, || (board.transfers() > 100).then_some(()));
        let measures = machine.since.elapsed();
        match case.explained {
            [] => assert!(card.on_boot("minuano-error.txt").is_none(), "{} needs no explanation", case.name),
            words => {
                let text = machine.wait("the explanation", MEASURES, || {
                    card.on_boot("minuano-error.txt").map(|text| String::from_utf8_lossy(&text).into_owned())
                });
                for word in words {
                    assert!(text.contains(word), "{}: no {word:?} in {text}", case.name);
                }
                assert!(machine.console().contains("Minuano:"), "{}: the console is silent", case.name);
            }
        }
        machine.cut();
        said.push(format!("{} ({:.0} s)", case.name, measures.as_secs_f64()));
    }
    format!("boots, explains on the card and on the console, measures: {}", said.join(", "))
}
