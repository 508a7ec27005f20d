//! Reads what hotstuff-ts wrote with the types of hotstuff_rs 0.4.0, plays it to running replicas, and writes down what
//! became of it beside messages of its own. See README.md.

mod cast;
mod exchange;
mod plain;
mod read;
mod replica;
mod write;

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

use hotstuff_rs::types::crypto_primitives::{CryptoHasher, Digest};
use serde_json::{Value, json};

use crate::cast::Cast;

/// What both sides should agree on and do not; each finding names the vector that shows it.
pub type Result<T> = std::result::Result<T, String>;

const LOCK: &str = include_str!("../Cargo.lock");

/// The version of a dependency that this program was built with.
fn version(name: &str) -> Result<&'static str> {
    LOCK.split("[[package]]")
        .find(|entry| entry.contains(&format!("name = \"{name}\"\n")))
        .and_then(|entry| entry.split("version = \"").nth(1)?.split('"').next())
        .ok_or_else(|| format!("Cargo.lock does not name {name}"))
}

fn answer(ours: &[u8]) -> Result<Value> {
    let given: Value =
        serde_json::from_slice(ours).map_err(|error| format!("ours.json: {error}"))?;
    let cast = Cast::from(&given)?;
    Ok(json!({
        "madeBy": format!("hotstuff_rs {}", version("hotstuff_rs")?),
        "with": {
            "borsh": version("borsh")?,
            "ed25519-dalek": version("ed25519-dalek")?,
            "sha2": version("sha2")?,
        },
        "ours": hex::encode(CryptoHasher::digest(ours)),
        "readings": read::messages(&given["messages"], &cast)?,
        "certificates": read::certificates(&given["certificates"])?,
        "hostile": read::hostile(&given["hostile"])?,
        "written": write::messages(&cast)?,
        "replica": exchange::all(&given["scripts"], &cast)?,
    }))
}

fn run() -> Result<()> {
    let folder = PathBuf::from(env::args().nth(1).ok_or("give the folder of ours.json")?);
    let ours = fs::read(folder.join("ours.json")).map_err(|error| format!("ours.json: {error}"))?;
    let answer = answer(&ours)?;
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut writer = serde_json::Serializer::with_formatter(&mut text, formatter);
    serde::Serialize::serialize(&answer, &mut writer).map_err(|error| error.to_string())?;
    text.push(b'\n');
    fs::write(folder.join("hotstuff-rs.json"), text)
        .map_err(|error| format!("hotstuff-rs.json: {error}"))
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(finding) => {
            eprintln!("{finding}");
            ExitCode::FAILURE
        }
    }
}
