//! What somebody outside sees of a gateway, or of another server, in a container.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::process::output;

/// Some report intervals.
const STREAM_S: &str = "60";

/// A server at an address.
pub struct Panel {
    base: String,
    // curl's, which speaks TLS and is in every Debian; xtask itself has no TLS and builds the sooner for it.
    options: Vec<String>,
}

impl Panel {
    /// Without TLS, open to everybody.
    pub fn plain(address: &str) -> Self {
        Self { base: format!("http://{address}"), options: Vec::new() }
    }

    /// With a certificate that this authority signed.
    pub fn private(address: &str, authority: &Path) -> Self {
        let authority = authority.display().to_string();
        Self { base: format!("https://{address}"), options: vec!["--cacert".to_owned(), authority] }
    }

    /// The same, for who shows a token.
    pub fn with_token(&self, token: &str) -> Self {
        let mut options = self.options.clone();
        options.extend(["--header".to_owned(), format!("Authorization: Bearer {token}")]);
        Self { base: self.base.clone(), options }
    }

    /// What is at a path.
    pub fn get(&self, path: &str) -> anyhow::Result<String> {
        output(self.curl(path).arg("--fail"))
    }

    /// The status of the answer at a path.
    pub fn status(&self, path: &str) -> anyhow::Result<String> {
        output(self.curl(path).args(["--output", "/dev/null", "--write-out", "%{http_code}"]))
    }

    /// An error unless a reading comes by the stream of events.
    pub fn tells_readings(&self) -> anyhow::Result<()> {
        let mut stream = self.curl("/api/v1/stream");
        stream.args(["--no-buffer", "--max-time", STREAM_S]).stdout(Stdio::piped());
        let mut stream = stream.spawn()?;
        let lines = BufReader::new(stream.stdout.take().context("no standard output")?).lines();
        let told = lines.map_while(Result::ok).any(|line| line == "event: reading");
        stream.kill()?;
        stream.wait()?;
        ensure!(told, "no reading came by the stream within {STREAM_S} s");
        Ok(())
    }

    /// What the answer to the panel's form says of its cookie.
    pub fn cookie(&self, token: &str) -> anyhow::Result<String> {
        let mut form = self.curl("/login");
        form.args(["--fail", "--output", "/dev/null", "--write-out", "%header{set-cookie}"]);
        output(form.args(["--data-urlencode", &format!("token={token}")]))
    }

    fn curl(&self, path: &str) -> Command {
        let mut command = Command::new("curl");
        command.args(["--silent", "--max-time", "10", "--noproxy", "*"]).args(&self.options);
        command.arg(format!("{}{path}", self.base));
        command
    }

    /// The JSON at a path.
    pub fn json(&self, path: &str) -> anyhow::Result<Value> {
        let text = self.get(path)?;
        serde_json::from_str(&text).with_context(|| text.clone())
    }

    /// An error until a station's reading is there.
    pub fn has_readings(&self) -> anyhow::Result<()> {
        let stations = self.json("/api/v1/stations")?;
        let temperature = &stations["items"][0]["last_reading"]["temperature_c"];
        ensure!(temperature.as_f64().is_some(), "{stations}");
        Ok(())
    }

    /// How many readings of a station are stored.
    pub fn stored(&self, station: &str) -> anyhow::Result<u64> {
        let station = self.json(&format!("/api/v1/stations/{station}"))?;
        station["counts"]["stored"].as_u64().with_context(|| station.to_string())
    }

    /// An error if there is no page.
    pub fn shows_its_page(&self) -> anyhow::Result<()> {
        let page = self.get("/")?;
        ensure!(page.contains("<script"), "the panel's page is {page}");
        Ok(())
    }
}
