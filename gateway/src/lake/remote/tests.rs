//! Each kind of place, as far as a folder and a listening socket can stand for it.

use std::time::{Duration, Instant};

use super::*;
use crate::config::LakeConfig;

fn config(url: &str) -> LakeConfig {
    LakeConfig { url: url.to_owned(), ..LakeConfig::default() }
}

#[tokio::test]
async fn a_folder_is_made_and_a_file_is_created_once() {
    let folder = tempfile::tempdir().unwrap();
    let remote = Remote::open(&config(&format!("file://{}/a/lake", folder.path().display()))).unwrap();
    let first = remote.create("readings/x.parquet", Bytes::from_static(b"one")).await.unwrap();
    let second = remote.create("readings/x.parquet", Bytes::from_static(b"two")).await.unwrap();
    assert_eq!((first, second), (Created::New, Created::Existed));
    assert_eq!(std::fs::read(folder.path().join("a/lake/readings/x.parquet")).unwrap(), b"one");
}

#[test]
fn a_place_that_cannot_be_is_named() {
    for (url, what) in [
        ("file://lake", "takes an absolute path"),
        ("s3://", "names no bucket"),
        ("ftp://host/x", "takes file://"),
        ("file:///proc/version/lake", "takes a folder that can be written"),
    ] {
        let said = Remote::open(&config(url)).unwrap_err().to_string();
        assert!(said.contains(what), "{said}");
    }
}

#[tokio::test]
async fn storage_class_and_encryption_go_with_each_file() {
    use std::io::{Read, Write};

    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", server.local_addr().unwrap());
    let heard = std::thread::spawn(move || {
        let (mut connection, _) = server.accept().unwrap();
        let (mut request, mut part) = (Vec::new(), [0; 4096]);
        while !request.ends_with(b"rows") {
            let length = connection.read(&mut part).unwrap();
            request.extend_from_slice(&part[..length]);
            if request.starts_with(b"HEAD ") && request.ends_with(b"\r\n\r\n") {
                connection.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").unwrap();
                request.clear();
            }
        }
        connection.write_all(b"HTTP/1.1 200 OK\r\netag: \"1\"\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8(request).unwrap().to_lowercase()
    });
    let remote = Remote::open(&LakeConfig {
        url: "s3://weather/home".to_owned(),
        endpoint: Some(endpoint),
        region: Some("garage".to_owned()),
        access_key_id: Some("id".to_owned()),
        secret_access_key: serde_json::from_str("\"secret\"").ok(),
        storage_class: Some("STANDARD_IA".to_owned()),
        encryption: Some("aws:kms".to_owned()),
        encryption_key_id: Some("our-key".to_owned()),
        ..LakeConfig::default()
    })
    .unwrap();
    let created = remote.create("readings/x.parquet", Bytes::from_static(b"rows")).await.unwrap();
    assert_eq!(created, Created::New);
    let request = heard.join().unwrap();
    for line in [
        "put /weather/home/readings/x.parquet ",
        "if-none-match: *",
        "x-amz-storage-class: standard_ia",
        "x-amz-server-side-encryption: aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id: our-key",
    ] {
        assert!(request.contains(line), "{line} in {request}");
    }
}

#[tokio::test]
async fn a_dead_server_fails_in_seconds() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let remote = Remote::open(&LakeConfig {
        url: "s3://weather/home".to_owned(),
        endpoint: Some(format!("http://{closed}")),
        region: Some("garage".to_owned()),
        access_key_id: Some("id".to_owned()),
        secret_access_key: serde_json::from_str("\"secret\"").ok(),
        ..LakeConfig::default()
    })
    .unwrap();
    let begun = Instant::now();
    remote.create("readings/x.parquet", Bytes::new()).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
}
