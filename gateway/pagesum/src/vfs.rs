//! The file system that SQLite sees: its own, with pages verified and sealed as they pass.

use std::ffi::{CStr, c_int, c_void};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_io_methods, sqlite3_vfs};

use super::page::{self, HEADER, PAGE, RESERVED, Verdict};

const NAME: &CStr = c"minuano-pagesum";

/// A parameter of SQLite's own: bytes that `VACUUM INTO` reserves.
pub const RESERVE: &str = "reserve";
/// Whether the first page may be damaged.
pub const LENIENT: &str = "first_page_unverified";
const RESERVE_C: &CStr = c"reserve";
const LENIENT_C: &CStr = c"first_page_unverified";

static UNSUMMED: AtomicU64 = AtomicU64::new(0);

/// Pages read by this process that had no checksum in a database with checksums: another tool wrote them.
pub fn unsummed() -> u64 {
    UNSUMMED.load(Ordering::Relaxed)
}

/// A database, opened. SQLite allocates `szOsFile` bytes for it: this, and behind it the file of the machine's file system.
#[repr(C)]
struct Database {
    base: sqlite3_file,
    /// Its pages carry checksums.
    summed: bool,
    /// Its first page is taken as it is.
    lenient: bool,
}

/// Distance from a [`Database`] to the file behind it, which may begin with anything C knows.
const BEHIND: usize = size_of::<Database>().next_multiple_of(16);

/// The name under which SQLite knows this file system.
pub fn registered() -> rusqlite::Result<&'static CStr> {
    static DONE: OnceLock<c_int> = OnceLock::new();
    match *DONE.get_or_init(register) {
        ffi::SQLITE_OK => Ok(NAME),
        code => Err(rusqlite::Error::SqliteFailure(
            ffi::Error::new(code),
            Some("its file system could not be registered".to_owned()),
        )),
    }
}

fn register() -> c_int {
    // SAFETY: both functions may be called at any time; the name of none means the default.
    let machine = unsafe { ffi::sqlite3_vfs_find(std::ptr::null()) };
    // SAFETY: SQLite's file systems are registered for good, so it lives as long as the process.
    let Some(of_machine) = (unsafe { machine.as_ref() }) else { return ffi::SQLITE_NOTFOUND };
    let mut ours = *of_machine;
    // All but `xOpen` are those of the machine: they look at no more of their first argument than
    // `mxPathname`, which is copied.
    ours.iVersion = ours.iVersion.min(3);
    ours.pNext = std::ptr::null_mut();
    ours.zName = NAME.as_ptr();
    ours.pAppData = machine.cast();
    ours.szOsFile += BEHIND as c_int;
    ours.xOpen = Some(open);
    // SAFETY: what is registered must never move or go, and is leaked.
    unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(ours)), 0) }
}

/// The file behind a database.
///
/// # Safety
///
/// `file` was opened by [`open`] as a database.
unsafe fn behind(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: `szOsFile` made room for it.
    unsafe { file.byte_add(BEHIND) }
}

/// Calls the method of the file behind; one that it does not have is an error.
macro_rules! pass {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        // SAFETY: SQLite calls a method only of an open file, and an open file has methods.
        unsafe {
            let file = behind($file);
            match (*file).pMethods.as_ref().and_then(|methods| methods.$method) {
                Some(method) => method(file $(, $argument)*),
                None => ffi::SQLITE_IOERR,
            }
        }
    }};
}

unsafe extern "C" fn open(
    ours: *mut sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: `register` put the machine's file system there.
    let machine = unsafe { (*ours).pAppData.cast::<sqlite3_vfs>() };
    // SAFETY: it lives as long as the process.
    let Some(open) = (unsafe { (*machine).xOpen }) else { return ffi::SQLITE_CANTOPEN };
    if flags & ffi::SQLITE_OPEN_MAIN_DB == 0 {
        // Logs, journals, temporary files.
        // SAFETY: as SQLite would; there is more room than it needs.
        return unsafe { open(machine, name, file, flags, out) };
    }
    // SAFETY: SQLite gives `szOsFile` bytes, which hold a `Database` and the file behind.
    unsafe {
        (*file).pMethods = std::ptr::null();
        let code = open(machine, name, behind(file), flags, out);
        if code != ffi::SQLITE_OK {
            return code;
        }
        (*file).pMethods = &METHODS;
        let summed = parameter(name, RESERVE_C) == RESERVED as i64 || begins_summed(file);
        let database = file.cast::<Database>();
        (*database).summed = summed;
        (*database).lenient = parameter(name, LENIENT_C) == 1;
    }
    ffi::SQLITE_OK
}

/// A number in the URI; 0 where it is not there.
///
/// # Safety
///
/// `name` is what SQLite gave to `xOpen`.
unsafe fn parameter(name: ffi::sqlite3_filename, parameter: &CStr) -> i64 {
    // SAFETY: of such a name SQLite finds the parameters.
    if name.is_null() { 0 } else { unsafe { ffi::sqlite3_uri_int64(name, parameter.as_ptr(), 0) } }
}

fn begins_summed(file: *mut sqlite3_file) -> bool {
    let mut first = [0u8; PAGE];
    // What is shorter comes filled with 0.
    let code = pass!(file, xRead, first.as_mut_ptr().cast(), PAGE as c_int, 0);
    matches!(code, ffi::SQLITE_OK | ffi::SQLITE_IOERR_SHORT_READ)
        && (page::reserves(&first) || page::reserved_once(&first))
}

/// The page at `offset`, if it is a whole one.
///
/// # Safety
///
/// `buffer` holds `amount` bytes.
unsafe fn whole<'a>(buffer: *mut c_void, amount: c_int, offset: i64) -> Option<(&'a mut [u8; PAGE], u64)> {
    let offset = u64::try_from(offset).ok()?;
    if amount != PAGE as c_int || offset % PAGE as u64 != 0 {
        return None;
    }
    // SAFETY: it is `PAGE` bytes long, and SQLite uses it nowhere else meanwhile.
    Some((unsafe { buffer.cast::<[u8; PAGE]>().as_mut()? }, offset / PAGE as u64))
}

unsafe extern "C" fn read(file: *mut sqlite3_file, buffer: *mut c_void, amount: c_int, offset: i64) -> c_int {
    let code = pass!(file, xRead, buffer, amount, offset);
    if code != ffi::SQLITE_OK {
        return code;
    }
    // SAFETY: SQLite calls this only of a database that `open` opened.
    let database = unsafe { &mut *file.cast::<Database>() };
    // SAFETY: as SQLite says.
    let Some((page, number)) = (unsafe { whole(buffer, amount, offset) }) else { return code };
    if number == 0 {
        if !page::reserves(page) {
            // Another database by now, or this one with a damaged header.
            let damaged = page::reserved_once(page);
            return if damaged && !database.lenient { ffi::SQLITE_IOERR_DATA } else { code };
        }
        database.summed = true;
    }
    if !database.summed {
        return code;
    }
    match page::verify(page, number) {
        Verdict::Sound => code,
        Verdict::Unsummed => {
            UNSUMMED.fetch_add(1, Ordering::Relaxed);
            code
        }
        Verdict::Damaged if number == 0 && database.lenient => code,
        Verdict::Damaged => ffi::SQLITE_IOERR_DATA,
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    buffer: *const c_void,
    amount: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: SQLite calls this only of a database that `open` opened.
    let database = unsafe { &mut *file.cast::<Database>() };
    if offset == 0 && amount >= HEADER as c_int {
        // SAFETY: it holds `amount` bytes.
        let header = unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), HEADER) };
        database.summed = page::reserves(header);
    }
    // SAFETY: as SQLite says; it is read only.
    match unsafe { whole(buffer.cast_mut(), amount, offset) } {
        Some((page, number)) if database.summed => {
            let mut sealed = *page;
            page::seal(&mut sealed, number);
            pass!(file, xWrite, sealed.as_ptr().cast(), amount, offset)
        }
        _ => pass!(file, xWrite, buffer, amount, offset),
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    pass!(file, xClose)
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: i64) -> c_int {
    pass!(file, xTruncate, size)
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    pass!(file, xSync, flags)
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut i64) -> c_int {
    pass!(file, xFileSize, size)
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    pass!(file, xLock, level)
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, level: c_int) -> c_int {
    pass!(file, xUnlock, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, held: *mut c_int) -> c_int {
    pass!(file, xCheckReservedLock, held)
}

unsafe extern "C" fn control(file: *mut sqlite3_file, what: c_int, argument: *mut c_void) -> c_int {
    pass!(file, xFileControl, what, argument)
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    pass!(file, xSectorSize)
}

unsafe extern "C" fn characteristics(file: *mut sqlite3_file) -> c_int {
    // A part of a page cannot be verified.
    pass!(file, xDeviceCharacteristics) & !ffi::SQLITE_IOCAP_SUBPAGE_READ
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    pass!(file, xShmMap, region, size, extend, out)
}

unsafe extern "C" fn shm_lock(file: *mut sqlite3_file, offset: c_int, count: c_int, flags: c_int) -> c_int {
    pass!(file, xShmLock, offset, count, flags)
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    // SAFETY: as in `pass`.
    unsafe {
        let file = behind(file);
        if let Some(method) = (*file).pMethods.as_ref().and_then(|methods| methods.xShmBarrier) {
            method(file);
        }
    }
}

unsafe extern "C" fn shm_unmap(file: *mut sqlite3_file, delete: c_int) -> c_int {
    pass!(file, xShmUnmap, delete)
}

/// Version 2: with shared memory for the write-ahead log, without pages mapped into memory, which nobody could verify.
static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};
