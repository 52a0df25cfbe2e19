//! Against real files, with SQLite's own file system beside.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{PAGE, is_damage, is_summed, open, unsummed, uri};

fn made(file: &Path) {
    let source = open(":memory:", OpenFlags::default()).unwrap();
    source
        .execute_batch("PRAGMA auto_vacuum = INCREMENTAL; CREATE TABLE t (id INTEGER PRIMARY KEY, what TEXT)")
        .unwrap();
    source.execute("VACUUM INTO ?1", [uri(file)]).unwrap();
}

fn opened(file: &Path) -> Connection {
    let connection = open(file, OpenFlags::default()).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection
}

fn fill(connection: &Connection, rows: i64) {
    connection
        .execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
             INSERT INTO t (what) SELECT printf('%040d', i) FROM n",
            [rows],
        )
        .unwrap();
}

fn sum(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT sum(CAST(what AS INTEGER)) FROM t", [], |row| row.get(0))
}

#[test]
fn every_page_has_its_checksum_and_every_flipped_bit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    // Whatever a name holds.
    let file = folder.path().join("a b?c#d%.db");
    made(&file);
    assert!(is_summed(&file).unwrap());
    let connection = opened(&file);
    fill(&connection, 500);
    assert_eq!(sum(&connection).unwrap(), 125_250);
    drop(connection);
    let bytes = std::fs::read(&file).unwrap();
    assert_eq!(bytes.len() % PAGE, 0);
    for (number, page) in bytes.chunks(PAGE).enumerate() {
        assert_eq!(&page[PAGE - 4..], b"Minu", "page {number}");
    }
    let plain = Connection::open(&file).unwrap();
    assert_eq!(sum(&plain).unwrap(), 125_250, "any tool reads it");
    drop(plain);
    for place in (0..bytes.len()).step_by(97) {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1 << (place % 8);
        std::fs::write(&file, bytes).unwrap();
        let read = open(&file, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(|connection| {
            let all = "PRAGMA integrity_check";
            connection.query_row(all, [], |row| row.get::<_, String>(0))?;
            sum(&connection)
        });
        match read {
            // A page that nothing uses.
            Ok(sum) => assert_eq!(sum, 125_250, "a bit at {place} gives a wrong answer"),
            Err(error) => {
                let not_even_a_database =
                    error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase);
                assert!(is_damage(&error) || not_even_a_database, "at {place}: {error}");
            }
        }
    }
}

#[test]
fn a_page_in_the_wrong_place_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.db");
    made(&file);
    let connection = opened(&file);
    fill(&connection, 500);
    drop(connection);
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - PAGE;
    bytes.copy_within(last.., last - PAGE);
    std::fs::write(&file, bytes).unwrap();
    assert!(is_damage(&sum(&open(&file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()).unwrap_err()));
}

#[test]
fn another_tool_may_empty_the_log_of_a_store_that_was_not_closed() {
    let folder = tempfile::tempdir().unwrap();
    let (file, crashed) = (folder.path().join("s.db"), folder.path().join("crashed.db"));
    made(&file);
    let connection = opened(&file);
    fill(&connection, 500);
    for companion in ["", "-wal"] {
        std::fs::copy(
            folder.path().join(format!("s.db{companion}")),
            folder.path().join(format!("crashed.db{companion}")),
        )
        .unwrap();
    }
    let plain = Connection::open(&crashed).unwrap();
    assert_eq!(sum(&plain).unwrap(), 125_250);
    plain.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(plain);
    let before = unsummed();
    let connection = opened(&crashed);
    assert_eq!(sum(&connection).unwrap(), 125_250);
    assert!(unsummed() > before);
    fill(&connection, 500);
    drop(connection);
    assert_eq!(sum(&opened(&crashed)).unwrap(), 250_500);
}

#[test]
fn a_database_without_room_passes_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plain.db");
    let connection = opened(&file);
    connection.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, what TEXT)").unwrap();
    fill(&connection, 500);
    drop(connection);
    assert!(!is_summed(&file).unwrap());
    assert_eq!(sum(&Connection::open(&file).unwrap()).unwrap(), 125_250);
    assert_eq!(sum(&opened(&file)).unwrap(), 125_250);
}

#[test]
fn the_checksum_is_the_one_that_stores_carry() {
    let mut page = [0x5a; PAGE];
    super::page::seal(&mut page, 7);
    assert_eq!(page[PAGE - 8..], [0x99, 0x6d, 0xe2, 0x57, b'M', b'i', b'n', b'u']);
}
