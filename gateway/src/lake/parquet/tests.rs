use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::schema::printer::print_schema;
use bytes::Bytes;
use minuano_telemetry::{ByQuantity, Clock, Quantity, StreamId};
use proptest::prelude::*;

use super::super::key::Key;
use super::super::rows::LakeRow;
use super::super::testing::NOON;
use super::*;

fn key() -> Key {
    "readings/date=2026-11-20/hour=12/home-0a1b2c3d-1-9.parquet".parse().unwrap()
}

fn row(seq: i64) -> LakeRow {
    LakeRow {
        station: "roof".parse().unwrap(),
        stream: StreamId(0x9f2c_41d0_7a3b_e658),
        clock: Clock::Synchronised,
        seq,
        observed_at: NOON + seq * 10_000,
        received_at: NOON + seq * 10_000 + 250,
        values: ByQuantity([Some(21.43), Some(1013.25), None, Some(15230.5)]),
        flags: [1, 1, 9, 2],
    }
}

fn file(rows: &[LakeRow]) -> Encoded {
    let mut writer = FileWriter::default();
    for row in rows {
        writer.push(row.clone()).unwrap();
    }
    writer.finish(&key()).unwrap()
}

fn rows_of(bytes: Vec<u8>) -> Result<Vec<LakeRow>, ReadError> {
    let mut rows = Vec::new();
    read(bytes.into(), |row| rows.push(row))?;
    Ok(rows)
}

#[test]
fn columns_and_metadata_are_the_golden_ones() {
    let encoded = file(&[row(1), row(2)]);
    let reader = SerializedFileReader::new(Bytes::from(encoded.bytes)).unwrap();
    let metadata = reader.metadata().file_metadata();
    let mut columns = Vec::new();
    print_schema(&mut columns, metadata.schema());
    assert_eq!(String::from_utf8(columns).unwrap().trim(), include_str!("readings.schema").trim());

    let entries = metadata.key_value_metadata().unwrap();
    let text: String = entries
        .iter()
        .map(|entry| format!("{} = {}\n", entry.key, entry.value.as_deref().unwrap()))
        .collect();
    assert_eq!(text, include_str!("readings.metadata"));

    let group = reader.metadata().row_group(0);
    let order: Vec<_> = group.sorting_columns().unwrap().iter().map(|column| column.column_idx).collect();
    assert_eq!(order, [0, 4, 1, 3]);
    assert_eq!(bounded(&file(&[row(1), row(2)])), [0, 4], "a small file: station, observed_at");
    let rows: Vec<_> = (1..5_000).map(row).collect();
    assert_eq!(bounded(&file(&rows)), [0, 4, 6, 7, 8, 9], "a large one: the values too");
}

/// The columns with bounds in the first row group.
fn bounded(file: &Encoded) -> Vec<usize> {
    let reader = SerializedFileReader::new(Bytes::from(file.bytes.clone())).unwrap();
    let group = reader.metadata().row_group(0);
    (0..14).filter(|index| group.column(*index).statistics().is_some()).collect()
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    for count in [500, 5_000] {
        let rows: Vec<_> = (1..count).map(row).collect();
        assert_eq!(file(&rows), file(&rows));
    }
    let rows: Vec<_> = (1..500).map(row).collect();
    assert_ne!(file(&rows).sha256, file(&rows[1..]).sha256);
}

#[test]
fn rows_come_back_over_several_row_groups() {
    let rows: Vec<_> = (0..ROW_GROUP as i64 + 3).map(row).collect();
    let encoded = file(&rows);
    let read = rows_of(encoded.bytes).unwrap();
    assert_eq!(read.len() as u64, encoded.rows);
    assert!(read == rows);
}

#[test]
fn an_empty_file_is_a_file() {
    assert_eq!(rows_of(file(&[]).bytes).unwrap(), []);
}

#[test]
fn another_hash_in_the_footer_is_found() {
    let encoded = file(&[row(1)]);
    let other = file(&[row(2)]).sha256;
    let at = encoded.bytes.windows(64).position(|text| text == encoded.sha256.as_bytes()).unwrap();
    let mut bytes = encoded.bytes;
    bytes[at..at + 64].copy_from_slice(other.as_bytes());
    assert!(matches!(rows_of(bytes), Err(ReadError::Altered { .. })));
}

#[test]
fn what_is_no_file_is_an_error() {
    for bytes in [&b""[..], b"PAR1", b"not parquet at all", b"PAR1\0\0\0\0PAR1"] {
        assert!(rows_of(bytes.to_vec()).is_err());
    }
    let whole = file(&[row(1)]).bytes;
    for length in [whole.len() / 2, whole.len() - 1] {
        assert!(rows_of(whole[..length].to_vec()).is_err());
        assert_eq!(named_sha256(&whole[..length]), None);
    }
}

fn any_row() -> impl Strategy<Value = LakeRow> {
    let value =
        prop_oneof![Just(None), any::<f64>().prop_filter("JSON has none", |v| v.is_finite()).prop_map(Some)];
    let name = "[a-z][a-z0-9_-]{0,31}";
    (name, any::<u64>(), 0_usize..3, any::<[i64; 3]>(), proptest::collection::vec(value, 4), any::<[u8; 4]>())
        .prop_map(|(name, stream, clock, [seq, observed_at, received_at], values, flags)| LakeRow {
            station: name.parse().unwrap(),
            stream: StreamId(stream),
            clock: [Clock::Synchronised, Clock::Holdover, Clock::Unsynchronised][clock],
            seq,
            observed_at,
            received_at,
            values: ByQuantity([values[0], values[1], values[2], values[3]]),
            flags,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_rows_come_back(rows in proptest::collection::vec(any_row(), 0..40)) {
        prop_assert_eq!(rows_of(file(&rows).bytes).unwrap(), rows);
    }

    #[test]
    fn any_bytes_may_be_asked_for_their_hash(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        prop_assert_eq!(named_sha256(&bytes), None);
        let whole = file(&[row(1)]);
        let after_others = [&bytes, &whole.bytes[..]].concat();
        prop_assert_eq!(named_sha256(&after_others), Some(whole.sha256.as_str()));
        named_sha256(&whole.bytes[bytes.len()..whole.bytes.len() - bytes.len()]);
    }
}

#[test]
fn every_quantity_has_its_columns() {
    for quantity in Quantity::ALL {
        let value = SCHEMA.find(&format!("DOUBLE {};", quantity.key())).unwrap();
        assert!(SCHEMA.find(&format!("INT32 {}_flag ", quantity.key())).unwrap() > value);
    }
}
