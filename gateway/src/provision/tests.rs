//! A folder of accounts, from its first use on. Whether mosquitto agrees is tested end to end, with mosquitto.

#![allow(clippy::unwrap_used, reason = "a failed expectation is a test's way of failing")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use minuano_telemetry::Millis;

use super::account::Account;
use super::passwords::Passwords;
use super::settings::{Settings, is_host};
use super::{Provision, ProvisionError, Said, Wish, topics};

const YEAR_MS: i64 = 365 * 86_400_000;

fn after(years: i64) -> Millis {
    Millis::new(1_800_000_000_000 + years * YEAR_MS).unwrap()
}

fn station(name: &str) -> Account {
    Account::Station(name.parse().unwrap())
}

fn provision_at(
    folder: &Path,
    now: Millis,
    accounts: &[Account],
    wish: Wish,
) -> Result<Said, ProvisionError> {
    let change = |settings: &mut Settings| settings.hosts = vec!["broker".to_owned()];
    Provision::open(folder, now, change)?.make(accounts, wish)
}

fn provision(folder: &Path, accounts: &[Account], wish: Wish) -> Said {
    provision_at(folder, after(0), accounts, wish).unwrap()
}

/// Every file with what it says.
fn all(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(all(&entry.path())),
            false => found.push((entry.path(), std::fs::read_to_string(entry.path()).unwrap())),
        }
    }
    found.sort();
    found
}

#[test]
fn the_same_once_more_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let accounts =
        [station("roof"), station("shed"), Account::Gateway("home".parse().unwrap()), Account::HomeAssistant];
    assert!(!provision(folder.path(), &accounts, Wish::There).changes.is_empty());
    let before = all(folder.path());
    let again = provision(folder.path(), &accounts, Wish::There);
    assert_eq!(again.changes, Vec::<String>::new());
    assert_eq!(all(folder.path()), before);
    // One more leaves the others as they are.
    provision(folder.path(), &[station("gate")], Wish::There);
    let after = all(folder.path());
    for (file, text) in before {
        let lists = file.ends_with("mosquitto/passwords") || file.ends_with("mosquitto/topics");
        assert!(lists || after.contains(&(file.clone(), text)), "{}", file.display());
    }
}

#[test]
fn secrets_are_their_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    provision(folder.path(), &[station("roof"), Account::Gateway("home".parse().unwrap())], Wish::There);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let mut secrets = 0;
    for (file, text) in all(folder.path()) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let secret = text.contains("PRIVATE KEY") || name.contains("password") || name == "topics";
        secrets += u32::from(secret);
        assert_eq!(mode(&file) & 0o077 == 0, secret, "{name}");
    }
    assert_eq!(secrets, 8, "three keys and the broker's, two passwords, two lists");
    assert_eq!(mode(&folder.path().join("authority")), 0o600 | 0o100);
    assert_eq!(mode(&folder.path().join("stations/roof")), 0o700);
}

#[test]
fn rotate_renews_one_and_revoke_removes_it() {
    let folder = tempfile::tempdir().unwrap();
    let (roof, shed) = (station("roof"), station("shed"));
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
    provision(folder.path(), &[roof.clone(), shed], Wish::There);
    let files = ["stations/roof/roof.password", "stations/roof/roof.key", "stations/roof/roof.pem"];
    let (before, shed_before) = (files.map(read), read("stations/shed/shed.password"));
    provision(folder.path(), std::slice::from_ref(&roof), Wish::Renewed);
    for (file, before) in files.iter().zip(before) {
        assert_ne!(read(file), before, "{file}");
    }
    assert_eq!(read("stations/shed/shed.password"), shed_before);
    let said = provision(folder.path(), std::slice::from_ref(&roof), Wish::Gone);
    assert!(said.changes.iter().any(|line| line == "minuano-roof is let in no more"), "{said:?}");
    assert!(!folder.path().join("stations/roof").exists());
    assert!(!read("mosquitto/passwords").contains("minuano-roof:"));
    assert!(!read("mosquitto/topics").contains("minuano-roof"));
    assert!(read("mosquitto/topics").contains("user minuano-shed\n"));
    let said = provision(folder.path(), &[roof], Wish::Gone);
    assert_eq!(said.notes, ["minuano-roof had no account"]);
}

#[test]
fn what_was_copied_away_is_not_made_anew_unless_asked() {
    let folder = tempfile::tempdir().unwrap();
    provision(folder.path(), &[station("roof")], Wish::There);
    let passwords = folder.path().join("mosquitto/passwords");
    let before = std::fs::read_to_string(&passwords).unwrap();
    std::fs::remove_dir_all(folder.path().join("stations")).unwrap();
    let said = provision(folder.path(), &[station("roof")], Wish::There);
    assert!(said.notes[0].contains("--rotate"), "{said:?}");
    assert_eq!(std::fs::read_to_string(&passwords).unwrap(), before);
    provision(folder.path(), &[station("roof")], Wish::Renewed);
    assert_ne!(std::fs::read_to_string(&passwords).unwrap(), before);
    assert!(folder.path().join("stations/roof/station.toml").exists());
}

#[test]
fn a_gateway_that_was_copied_away_keeps_its_password_when_its_alerts_get_one() {
    let folder = tempfile::tempdir().unwrap();
    let home = Account::Gateway("home".parse().unwrap());
    let alerts = Account::Alerts("home".parse().unwrap());
    provision(folder.path(), std::slice::from_ref(&home), Wish::There);
    let passwords = || std::fs::read_to_string(folder.path().join("mosquitto/passwords")).unwrap();
    let before = passwords();
    std::fs::remove_dir_all(folder.path().join("gateways")).unwrap();
    for _ in 0..2 {
        provision(folder.path(), &[home.clone(), alerts.clone()], Wish::There);
        assert!(passwords().starts_with(before.trim_end()), "{}", passwords());
    }
    let files = folder.path().join("gateways/home");
    assert!(files.join("alerts.password").exists() && !files.join("alerts.key").exists());
    provision(folder.path(), &[home, alerts], Wish::Gone);
    assert!(!files.exists() && !passwords().contains("minuano."), "{}", passwords());
}

#[test]
fn certificates_are_renewed_before_they_end_and_for_new_names() {
    let folder = tempfile::tempdir().unwrap();
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
    let files = ["stations/roof/roof.pem", "mosquitto/server.pem"];
    provision(folder.path(), &[station("roof")], Wish::There);
    let first = files.map(read);
    provision_at(folder.path(), after(4), &[station("roof")], Wish::There).unwrap();
    assert_eq!(files.map(read), first);
    provision_at(folder.path(), after(5), &[station("roof")], Wish::There).unwrap();
    let second = files.map(read);
    assert!(second[0] != first[0] && second[1] != first[1]);
    let named =
        |settings: &mut Settings| settings.hosts = vec!["10.0.0.7".to_owned(), "b.example".to_owned()];
    let said = Provision::open(folder.path(), after(5), named).unwrap().make(&[], Wish::There).unwrap();
    assert_ne!(read("mosquitto/server.pem"), second[1]);
    assert!(said.notes.iter().any(|note| note.contains("restarted")), "{said:?}");
}

#[test]
fn files_that_people_change_are_kept_and_told_of() {
    let folder = tempfile::tempdir().unwrap();
    provision(folder.path(), &[station("roof")], Wish::There);
    let file = folder.path().join("stations/roof/station.toml");
    let changed = std::fs::read_to_string(&file).unwrap() + "\n[log]\nspill = \"1m\"\n";
    std::fs::write(&file, &changed).unwrap();
    let said = provision(folder.path(), &[station("roof")], Wish::Renewed);
    assert!(said.notes.iter().any(|note| note.contains("station.toml was changed")), "{said:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), changed);
}

#[test]
fn rules_of_others_stay_above_ours() {
    let others = "topic read $SYS/#\n\nuser nodered\ntopic readwrite flows/#\n";
    let first = topics::text(others, &[station("roof")], "homeassistant");
    assert!(first.starts_with(others.trim_end()));
    assert_eq!(topics::text(&first, &[station("roof")], "homeassistant"), first);
    // Added below by hand, they would belong to our last user.
    let added = format!("{first}user late\ntopic read x\n");
    let second = topics::text(&added, &[], "homeassistant");
    assert!(second.starts_with("topic read $SYS/#\n"));
    assert!(second.find("user late\ntopic read x").unwrap() < second.find("# ──").unwrap(), "{second}");
    assert!(!second.contains("minuano-roof"));
}

#[test]
fn a_station_has_its_own_topics_and_no_others() {
    let topics = topics::text("", &[station("roof")], "homeassistant");
    let rules: Vec<&str> = topics.lines().filter(|line| line.starts_with("topic ")).collect();
    assert_eq!(
        rules,
        [
            "topic write minuano/v1/roof/telemetry",
            "topic write minuano/v1/roof/backlog",
            "topic write minuano/v1/roof/streams",
            "topic write minuano/v1/roof/about",
            "topic readwrite minuano/v1/roof/status",
            "topic write minuano/v1/roof/health",
            "topic read minuano/v1/roof/acknowledged",
            "topic write homeassistant/device/minuano_roof/config",
            "topic read homeassistant/status",
        ]
    );
}

#[test]
fn no_station_can_have_the_user_of_another_account() {
    let alerts = Account::Alerts("home".parse().unwrap());
    for account in
        [station("roof"), station("gateway"), station("home-assistant"), Account::HomeAssistant, alerts]
    {
        assert_eq!(Account::of_user(&account.user()), Some(account));
    }
    assert_eq!(Account::of_user("minuano.gateway.home"), Some(Account::Gateway("home".parse().unwrap())));
    assert_eq!(Account::of_user("nodered"), None);
}

#[test]
fn mosquittos_own_hashes_are_read() {
    // Made by mosquitto_passwd 2.0.11 for user x, password y.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passwords");
    let theirs = "x:$7$101$XrBgaHwkSC7CJRXh$KSJy/IW74n3/XnWfs5FB7rBQtArMvt2wDXs+ZNfpBVOPgv3wXAaurS2jzhQvwhVeiP+YWlOtD3QXYaRLvGT6rw==\n";
    std::fs::write(&file, theirs).unwrap();
    let mut passwords = Passwords::read(&file).unwrap();
    passwords.set("x", "y").unwrap();
    assert_eq!(passwords.text(), theirs, "the password fits, so the line stays");
    passwords.set("x", "z").unwrap();
    assert_ne!(passwords.text(), theirs);
}

#[test]
fn an_authority_that_does_not_fit_is_named() {
    let folder = tempfile::tempdir().unwrap();
    provision(folder.path(), &[station("roof")], Wish::There);
    let other = tempfile::tempdir().unwrap();
    provision(other.path(), &[station("roof")], Wish::There);
    let key = folder.path().join("authority/ca.key");
    let own = std::fs::read_to_string(&key).unwrap();
    let foreign = std::fs::read_to_string(other.path().join("authority/ca.key")).unwrap();
    let fails = || {
        let made = provision_at(folder.path(), after(0), &[station("roof")], Wish::There);
        made.err().map(|error| error.to_string()).unwrap_or_default()
    };
    for (text, words) in [(foreign.as_str(), "not of the key"), ("nonsense", "is no key")] {
        std::fs::write(&key, text).unwrap();
        assert!(fails().contains(words), "{}", fails());
    }
    std::fs::remove_file(&key).unwrap();
    assert!(fails().contains("ca.key: is missing"), "{}", fails());
    std::fs::write(&key, own).unwrap();
    std::fs::remove_file(folder.path().join("authority/ca.pem")).unwrap();
    assert!(fails().contains("ca.pem: is missing"), "{}", fails());
}

#[test]
fn openssl_takes_the_certificates() {
    let folder = tempfile::tempdir().unwrap();
    provision(folder.path(), &[station("roof")], Wish::There);
    for (purpose, file) in [("sslserver", "mosquitto/server.pem"), ("sslclient", "stations/roof/roof.pem")] {
        let verified = Command::new("openssl")
            .args(["verify", "-x509_strict", "-purpose", purpose, "-CAfile"])
            .args([folder.path().join("mosquitto/ca.pem"), folder.path().join(file)])
            .output()
            .unwrap();
        assert!(verified.status.success(), "{file}: {}", String::from_utf8_lossy(&verified.stderr));
    }
}

#[test]
fn hosts() {
    for right in ["broker", "broker.example", "10.0.0.7", "::1", "fe80::1"] {
        assert!(is_host(right), "{right}");
    }
    for wrong in ["", "broker:8883", "mqtt://broker", "a b", "a..b", "-x"] {
        assert!(!is_host(wrong), "{wrong}");
    }
}
