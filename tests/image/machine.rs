//! QEMU with a card in it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use minuano_tests::process::clean;
use minuano_tests::{Process, eventually, ports};

use crate::card::Card;

/// A boot takes a minute on a quiet machine, and all of this where others build beside it.
pub const BOOT: Duration = Duration::from_secs(900);
/// A station that has been powered for the first time has no idea of the time.
const RTC: &str = "base=2025-06-01T00:00:00,clock=vm";
const SYSTEM: &str = "/usr/bin/qemu-system-aarch64";

/// A running machine. It is killed with its handle.
pub struct Machine {
    process: Process,
    /// Since it got its power.
    pub since: Instant,
    /// The panel's port on this host.
    pub panel: u16,
    /// That of the guest's sshd.
    pub ssh: u16,
    log: std::path::PathBuf,
}

impl Machine {
    /// Powers the virtual board. Kernel, initramfs and command line are the card's; the console is that board's.
    pub fn virt(card: &Card, board: SocketAddr) -> Self {
        Self::virt_with(card, board, &[])
    }

    /// The same with more devices. Its network is called `net`.
    pub fn virt_with(card: &Card, board: SocketAddr, devices: &[&str]) -> Self {
        let (panel, ssh) = (ports::free(), ports::free());
        let mut command = clean(Path::new(SYSTEM));
        // As much memory as a Zero 2 W has.
        command.args(["-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", "512", "-rtc", RTC]);
        command.arg("-drive").arg(format!("file={},format=raw,if=virtio", card.file.display()));
        let forwarded =
            [(panel, 8080), (ssh, 22)].map(|(here, there)| format!("hostfwd=tcp:127.0.0.1:{here}-:{there}"));
        command.arg("-netdev").arg(format!("user,id=net,{}", forwarded.join(",")));
        command.args(["-device", "virtio-net-pci,netdev=net,romfile=", "-device", "qemu-xhci"]);
        command.arg("-chardev").arg(format!("socket,id=board,host={},port={}", board.ip(), board.port()));
        command.args(["-device", "usb-redir,chardev=board"]);
        command.args(devices);
        Self::start(command, card, "console=ttyAMA0", (panel, ssh))
    }

    /// Powers a Raspberry Pi 3B with the card's own device tree. `eeprom` answers at 0x76 of the header's bus.
    pub fn pi(card: &Card, eeprom: &Path) -> Self {
        let overlay = card.path("pi.qcow2");
        let mut make = Command::new("qemu-img");
        make.args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"]).arg(&card.file).arg(&overlay).arg("2G");
        assert!(make.status().unwrap().success());
        let mut command = clean(Path::new(SYSTEM));
        command.args(["-M", "raspi3b"]);
        command.arg("-dtb").arg(card.copied("a/bcm2837-rpi-3-b.dtb"));
        command.arg("-drive").arg(format!("file={},format=qcow2,if=sd", overlay.display()));
        command.args(["-netdev", "user,id=net", "-device", "usb-net,netdev=net"]);
        command.arg("-drive").arg(format!("file={},format=raw,if=none,id=chip", eeprom.display()));
        command.args([
            "-device",
            "at24c-eeprom,bus=i2c-bus.1,address=0x76,rom-size=512,address-size=1,drive=chip",
            "-serial",
            "null",
        ]);
        // Opening the watchdog ends the machine: QEMU's has no timer.
        Self::start(command, card, "module_blacklist=bcm2835_wdt", (0, 0))
    }

    fn start(mut command: Command, card: &Card, more: &str, (panel, ssh): (u16, u16)) -> Self {
        let line = card.on_boot("a/cmdline.txt").expect("the card has a command line");
        let line = String::from_utf8(line).unwrap();
        command.arg("-kernel").arg(card.copied("a/vmlinuz"));
        command.arg("-initrd").arg(card.copied("a/initrd.img"));
        command.arg("-append").arg(format!("{} {more} systemd.show_status=1", line.trim()));
        let log = card.path("console.log");
        command.arg("-serial").arg(format!("file:{}", log.display()));
        command.args(["-display", "none", "-monitor", "none", "-no-reboot"]);
        let process = Process::start("QEMU", &mut command, &card.path("qemu.log"));
        Self { process, since: Instant::now(), panel, ssh, log }
    }

    /// What came out of its serial port in this boot.
    pub fn console(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits while the machine runs; fails with the end of its console.
    pub fn wait<T>(&mut self, what: &str, within: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
        let until = Instant::now() + within;
        let mut looked = Instant::now();
        let found = eventually(what, within + Duration::from_secs(5), || {
            if looked.elapsed() > Duration::from_secs(1) {
                looked = Instant::now();
                self.process.must_run();
            }
            let found = condition();
            if found.is_none() && Instant::now() > until {
                let console = self.console();
                let lines: Vec<&str> = console.lines().collect();
                panic!("{what} did not come:\n{}", lines[lines.len().saturating_sub(60)..].join("\n"));
            }
            found
        });
        println!("   {:>5.0} s  {what}", self.since.elapsed().as_secs_f64());
        found
    }

    /// Waits until the machine ends by itself, which here is what a restart does.
    pub fn ended_within(&mut self, deadline: Duration) {
        self.process.ended_within(deadline);
    }

    /// Takes the power away.
    pub fn cut(&mut self) {
        self.process.kill_9();
    }
}
