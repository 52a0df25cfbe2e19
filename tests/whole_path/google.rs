//! `gs://` against what there is of it here: the S3 server without signatures, since Google's XML API is that protocol with
//! other conditions. No server of Google's, nor its sign-in, has been spoken to.

use minuano_tests::payload::backlog;
use minuano_tests::{Bucket, Gateway, SOON, Settings, Wire, eventually};
use serde_json::json;

const STREAM: &str = "9f2c41d07a3be658";

#[test]
fn a_bucket_of_google_takes_each_file_once() {
    let bucket = Bucket::start_as_google();
    let lake = "[lake]\nurl = \"gs://weather/lake\"\n".to_owned();
    let mut gateway = Gateway::prepare(&Settings { lake, ..Settings::default() });
    let key = json!({
        "gcs_base_url": bucket.endpoint,
        "disable_oauth": true,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    });
    gateway.set("GOOGLE_SERVICE_ACCOUNT_KEY", &key.to_string());
    gateway.start_again();
    let wire = Wire::connect(gateway.mqtt_port);
    wire.say("minuano/v1/roof/backlog", backlog(STREAM, 0, 1, 1..=50));
    eventually("fifty", SOON, || (gateway.stored("roof") == 50).then_some(()));
    assert_eq!(gateway.command_json(&["lake", "flush", "--json"])["lake_rows"], 50);
    assert!(bucket.folder().join("lake").is_dir());
    let report = gateway.command_json(&["lake", "verify", "--json"]);
    assert_eq!((&report["rows"], &report["ok"]), (&50.into(), &true.into()), "{report}");
    let checked = gateway.command(&["check-config", "--online"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
}
