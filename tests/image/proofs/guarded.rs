//! Who may log in, what a card makes once and keeps, what is on the card and what in RAM, the name in the network, and a
//! systemd that hangs.

use std::io::Read;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use minuano_tests::Wire;

use super::{AIR, Given, readings};
use crate::board::Board;
use crate::card::Card;
use crate::host::Host;
use crate::machine::{BOOT, Machine};

const STATION: &str = "roof";
/// What a login asks the guest, and what it must answer.
const ASKED: [(&str, &str); 9] = [
    ("hostname", STATION),
    ("findmnt -no FSTYPE /", "overlay"),
    ("findmnt -no FSTYPE /data", "ext4"),
    // Each 5 s is what ext4 does by itself, and so is not listed.
    ("findmnt -no OPTIONS /data | grep -oE 'commit=[0-9]+|data=ordered'", "data=ordered"),
    ("tail -n +2 /proc/swaps", ""),
    ("sudo find /var/log/journal /data -name '*.journal' 2>/dev/null", ""),
    ("sudo grep -vE '^[^:]+:[!*]' /etc/shadow", ""),
    ("systemctl --failed --no-legend --plain", ""),
    ("systemctl show -P RuntimeWatchdogUSec", "14s"),
];
/// The watchdog's 14 s, on a machine that is ten times slower than it thinks.
const RESTARTED: Duration = Duration::from_secs(300);
/// Where mDNS is spoken, and the name as it is written there.
const MDNS: [u8; 4] = [224, 0, 0, 251];
const NAME: &[u8] = b"\x04roof\x05local\x00";

pub fn see(given: &Given) -> String {
    let host = Host::start();
    let board = Board::start(AIR).unwrap();
    let wire = Wire::connect(host.broker.port);
    let reading = |machine: &mut Machine| {
        let heard = readings(&wire, STATION).len();
        machine.wait("a reading", BOOT, || (readings(&wire, STATION).len() > heard).then_some(()));
    };

    let locked = Card::with(&given.image, Some(host.settings(STATION).as_bytes()));
    let mut machine = Machine::virt(&locked, board.address);
    reading(&mut machine);
    // The initramfs has few programs.
    let missed: Vec<String> =
        machine.console().lines().filter(|line| line.contains(": not found")).map(str::to_owned).collect();
    assert!(missed.is_empty(), "{missed:?}");
    assert!(!has_sshd(machine.ssh), "sshd runs without a key in minuano.toml");
    machine.cut();

    let key = locked.path("key");
    called(Command::new("/usr/bin/ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key));
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let settings = format!("ssh_key = {:?}\n{}", public.trim(), host.settings(STATION));
    let card = Card::with(&given.image, Some(settings.as_bytes()));
    let boot = |name: &str| {
        let packets = card.path(name);
        let dump = format!("filter-dump,id=dump,netdev=net,file={}", packets.display());
        let devices = ["-device", "i6300esb", "-action", "watchdog=reset", "-object", &dump];
        let mut machine = Machine::virt_with(&card, board.address, &devices);
        reading(&mut machine);
        let port = machine.ssh;
        machine.wait("sshd", BOOT, || has_sshd(port).then_some(()));
        machine.wait("its name in the network", BOOT, || is_announced(&packets).then_some(()));
        let login = Login { port, key: key.clone(), known: card.path("known_hosts") };
        let id = login.asks("cat /etc/machine-id");
        (machine, login, id)
    };

    let (mut machine, login, first) = boot("first.pcap");
    for (question, answer) in ASKED {
        assert_eq!(login.asks(question), answer, "{question}");
    }
    let memory = login.asks("free -m | awk '/^Mem/ {print $3}'");
    let another = login.attempt("root", "true");
    assert!(!another.status.success(), "root may log in");
    machine.cut();

    // The second login knows the host key of the first, and takes no other.
    let (mut machine, login, second) = boot("second.pcap");
    assert_eq!(first, second, "the machine id is kept");
    let begun = Instant::now();
    // Frozen, systemd feeds no watchdog.
    let _ = login.attempt("minuano", "sudo sh -c 'echo 1 >/sys/fs/cgroup/init.scope/cgroup.freeze'");
    machine.ended_within(RESTARTED);
    format!(
        "no sshd without `ssh_key`; with it the user `minuano` may log in by that key, `root` may not, and nobody has a password; \
         machine id and host key are the same after a power cut; root an overlay, /data ext4, no swap, no journal on the card, no unit \
         failed, {memory} MB in use; `roof.local` announced by mDNS; a systemd that was frozen was restarted by an emulated watchdog \
         (i6300esb, not the Pi's) after {:.0} s",
        begun.elapsed().as_secs_f64()
    )
}

/// Whether somebody there says that it is an SSH server. QEMU takes each connection, and hangs up where the guest does.
fn has_sshd(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut banner = [0; 4];
    stream.read_exact(&mut banner).is_ok() && banner == *b"SSH-"
}

/// The way into the guest.
struct Login {
    port: u16,
    key: std::path::PathBuf,
    known: std::path::PathBuf,
}

impl Login {
    fn attempt(&self, user: &str, question: &str) -> Output {
        let mut ssh = Command::new("/usr/bin/ssh");
        ssh.args([
            "-F",
            "none",
            "-T",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "ConnectTimeout=120",
        ]);
        ssh.args([
            "-o",
            "StrictHostKeyChecking=accept-new",
            "-o",
            "HostKeyAlias=card",
            "-o",
            "ServerAliveInterval=5",
        ]);
        ssh.arg("-o").arg(format!("UserKnownHostsFile={}", self.known.display())).arg("-i").arg(&self.key);
        ssh.arg("-p").arg(self.port.to_string()).arg(format!("{user}@127.0.0.1")).arg(question);
        ssh.output().unwrap()
    }

    /// What the guest answers.
    fn asks(&self, question: &str) -> String {
        let output = self.attempt("minuano", question);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_ne!(output.status.code(), Some(255), "no login: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

fn called(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

/// Whether an answer with the name went to the multicast address, which is how mDNS announces it. What QEMU writes: a file
/// header of 24 bytes, then packets behind 16 bytes each, the third four of which are the length.
fn is_announced(packets: &Path) -> bool {
    let bytes = std::fs::read(packets).unwrap_or_default();
    let mut rest = bytes.get(24..).unwrap_or_default();
    while let Some((head, after)) = rest.split_first_chunk::<16>() {
        let length = u32::from_le_bytes(head[8..12].try_into().unwrap()) as usize;
        let Some((packet, after)) = after.split_at_checked(length) else { return false };
        // Ethernet 14, IPv4 20, UDP 8; then the message's number and its flags.
        let is_answer =
            packet.get(30..34) == Some(&MDNS) && packet.get(44).is_some_and(|flags| flags & 0x80 != 0);
        if is_answer && packet.windows(NAME.len()).any(|window| window == NAME) {
            return true;
        }
        rest = after;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_announced_by_an_answer_and_not_by_a_question() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pcap");
        let written = |flags: u8, address: [u8; 4]| {
            let mut packet = [vec![0; 30], address.to_vec(), vec![0; 10], vec![flags, 0]].concat();
            packet.extend(NAME);
            let length = u32::try_from(packet.len()).unwrap().to_le_bytes();
            let bytes = [vec![0; 24], vec![0; 8], length.to_vec(), length.to_vec(), packet].concat();
            std::fs::write(&file, bytes).unwrap();
        };
        written(0x84, MDNS);
        assert!(is_announced(&file));
        written(0, MDNS);
        assert!(!is_announced(&file));
        written(0x84, [10, 0, 2, 2]);
        assert!(!is_announced(&file));
        std::fs::write(&file, [0; 30]).unwrap();
        assert!(!is_announced(&file));
    }
}
