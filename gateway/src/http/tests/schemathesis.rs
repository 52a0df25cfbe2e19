use std::sync::Arc;

use super::World;

/// Serves seeded stations for tools that ask from outside, such as Schemathesis:
/// `cargo test -p minuano-gateway --lib http::tests::schemathesis -- --ignored`, then
/// `st run http://127.0.0.1:8099/api/v1/openapi.json`. Ends when the file `stop` beside its store is made.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "serves until it is stopped"]
async fn serve_for_schemathesis() {
    let world = World::new();
    for name in ["roof", "shed"] {
        let owner = world.station(name, "America/Denver");
        let at = crate::http::now().get() - 7_200_000;
        world.fill(owner, &minuano_telemetry::Millis::new(at).unwrap().to_string(), 700);
    }
    for name in ["broker", "store"] {
        world.readiness.set(name, true, "");
    }
    world.sql(
        "INSERT INTO anomalies VALUES (1, 1, 'temperature_c', 'range', 1763640000000, 1763640060000, 4, 'open', 'x');
         INSERT INTO ranges VALUES (1, 'overflow', 1, 5)",
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8099").await.unwrap();
    let stop = world.store.file().with_file_name("stop");
    println!("touch {} to stop", stop.display());
    let stopped = async move {
        while !stop.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    crate::http::serve(listener, Arc::clone(&world.app), stopped).await.unwrap();
}
