//! Runs calls in the form of ioos_qc over Minuano's checks: one JSON line a call, `{"fn":…,"flags":[…]}`.
//!
//! cargo run -q -p minuano-gateway --example qartod -- calls.json

use std::io::Write;

use anyhow::Context;
use minuano_gateway::quality::qartod::calls::Call;

fn main() -> anyhow::Result<()> {
    let file =
        std::env::args().nth(1).context("takes a file: a JSON list of calls {\"fn\":…,\"args\":{…}}")?;
    let text = std::fs::read_to_string(&file).with_context(|| file.clone())?;
    let calls: Vec<Call> = serde_json::from_str(&text).with_context(|| file.clone())?;
    let now = i64::try_from(jiff::Timestamp::now().as_nanosecond())?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for call in calls {
        let line = match call.flags(now) {
            Ok(flags) => serde_json::json!({"fn": call.function, "flags": flags}),
            Err(error) => serde_json::json!({"fn": call.function, "error": error.to_string()}),
        };
        writeln!(out, "{line}")?;
    }
    Ok(())
}
