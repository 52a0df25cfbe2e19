//! Has the gateway built again when its panel was.

use std::path::Path;

fn main() {
    let panel = Path::new("../dashboard/dist");
    // Cargo takes a watched path that is missing for one that has just changed, at every build. An empty
    // folder is no panel and is left alone by git and Vite.
    let _ = std::fs::create_dir_all(panel);
    println!("cargo::rerun-if-changed={}", panel.display());
    println!("cargo::rerun-if-changed=build.rs");
}
