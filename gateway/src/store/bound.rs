//! How large the store may grow, where the configuration says so.

use rusqlite::{Connection, ErrorCode, ffi};

/// The error of a full disk where the store has all that it may have.
pub fn check(connection: &Connection, most: Option<u64>) -> rusqlite::Result<()> {
    if !is_reached(connection, most)? {
        return Ok(());
    }
    let full = ffi::Error { code: ErrorCode::DiskFull, extended_code: ffi::SQLITE_FULL };
    let what = "store.max_bytes is reached, and nothing in it is in the lake already".to_owned();
    Err(rusqlite::Error::SqliteFailure(full, Some(what)))
}

/// Whether the store has all that it may have.
pub fn is_reached(connection: &Connection, most: Option<u64>) -> rusqlite::Result<bool> {
    most.map_or(Ok(false), |most| Ok(in_use(connection)? >= most))
}

/// Bytes of its file that hold something.
fn in_use(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
    Ok(pages.saturating_mul(number("page_size")?))
}
