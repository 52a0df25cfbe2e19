//! Damage is found and set aside; copies and what replaces a store.

use super::*;
use crate::store::{backup, set_aside};

fn now() -> Millis {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn made(file: &Path) -> StoreId {
    let connection = Connection::open(file).unwrap();
    connection.execute_batch(include_str!("../golden/v1.sql")).unwrap();
    drop(connection);
    Store::open(file, now()).unwrap().id()
}

#[test]
fn a_sound_store_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.db");
    let id = made(&file);
    let opened = open(&file, now()).unwrap();
    assert_eq!((opened.store.id(), opened.replaced), (id, None));
    let refused = open(&file, now()).unwrap_err().to_string();
    assert!(refused.contains("in use"), "{refused}");
}

#[test]
fn a_damaged_store_is_set_aside_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.db");
    let id = made(&file);
    let mut bytes = std::fs::read(&file).unwrap();
    let pages = bytes.len() / 4096;
    bytes[4096 * (pages - 3)..4096 * (pages - 2)].fill(0x5a);
    bytes[4096..8192].fill(0x5a);
    std::fs::write(&file, &bytes).unwrap();
    let opened = open(&file, now()).unwrap();
    assert_ne!(opened.store.id(), id);
    let replaced = opened.replaced.unwrap();
    assert_eq!(set_aside::list(&file), std::slice::from_ref(&replaced.aside));
    assert!(replaced.aside.to_str().unwrap().ends_with("s.db.set-aside-20261120T120000000Z"));
    assert_eq!(std::fs::read(&replaced.aside).unwrap(), bytes);
}

#[test]
fn what_a_running_gateway_found_is_believed_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.db");
    made(&file);
    condemn(&file, "an index is wrong");
    let opened = open(&file, now()).unwrap();
    assert_eq!(opened.replaced.unwrap().why, "an index is wrong");
    drop((opened.store, opened.lock));
    assert_eq!(open(&file, now()).unwrap().replaced, None, "and only once");
}

#[test]
fn what_is_no_store_is_left_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("letter.txt");
    std::fs::write(&file, "dear reader, ".repeat(1000)).unwrap();
    assert!(open(&file, now()).is_err());
    assert!(open(&file, now()).is_err(), "the second time too");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("dear reader"));
}

#[test]
fn a_copy_of_a_store_in_use_is_restored_under_a_new_identity() {
    let folder = tempfile::tempdir().unwrap();
    let (file, copy) = (folder.path().join("s.db"), folder.path().join("copy.db"));
    let id = made(&file);
    let running = open(&file, now()).unwrap();
    let writer = running.store.writer().unwrap();
    writer.execute_batch("UPDATE streams SET duplicates = 7").unwrap();
    assert!(backup::backup(&running.store, &copy).unwrap() > 0);
    assert!(backup::backup(&running.store, &copy).is_err(), "a copy is not overwritten");
    writer.execute_batch("UPDATE streams SET duplicates = 8").unwrap();
    assert!(backup::restore(&file, &copy, now()).unwrap_err().to_string().contains("in use"));
    drop((writer, running));
    let restored = backup::restore(&file, &copy, now()).unwrap();
    assert_ne!(restored.store, id);
    let opened = open(&file, now()).unwrap();
    assert_eq!((opened.store.id(), opened.replaced), (restored.store, None));
    let duplicates = |store: &Store| {
        store.read(|c| c.query_row("SELECT duplicates FROM streams", [], |row| row.get::<_, i64>(0))).unwrap()
    };
    assert_eq!(duplicates(&opened.store), 7);
    assert_eq!(duplicates(&Store::open(&restored.before.unwrap(), now()).unwrap()), 8);
    let names = std::fs::read_dir(folder.path()).unwrap();
    let partial = names.filter(|n| n.as_ref().unwrap().path().to_str().unwrap().contains("partial"));
    assert_eq!(partial.count(), 0);
    std::fs::write(&copy, "nothing").unwrap();
    assert!(backup::restore(&file, &copy, now()).is_err());
}
