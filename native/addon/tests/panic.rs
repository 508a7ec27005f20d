//! A panic in the addon is an error of the caller and does not end the process.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The library that cargo built from `examples/panicking.rs` for this run.
fn panicking_addon() -> PathBuf {
    let test = std::env::current_exe().expect("a running test has a path");
    let target = test.parent().and_then(Path::parent).expect("tests lie in target/<profile>/deps");
    let name = format!("{}panicking{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    target.join("examples").join(name)
}

#[test]
fn a_panic_is_thrown_and_the_process_lives_on() {
    let directory = std::env::temp_dir().join(format!("hotstuff-panicking-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    let addon = directory.join("panicking.node");
    std::fs::copy(panicking_addon(), &addon).expect("cargo builds examples before it runs tests");
    let script = "
        const addon = require(process.argv[1]);
        const object = new addon.Panicking();
        const messages = [];
        for (const call of [addon.panicNow, () => object.panicNow(), () => object.panicNow()]) {
            try { call(); } catch (error) { messages.push(error instanceof Error && error.code + ': ' + error.message); }
        }
        console.log(messages.join('; ') + '; ' + object.answer());";
    let run = Command::new("node").arg("-e").arg(script).arg(&addon).output().expect("node is installed");
    std::fs::remove_dir_all(&directory).expect("our own directory");
    let panic = "GenericFailure: on purpose";
    let expected = format!("{panic}; {panic}; {panic}; 42\n");
    assert_eq!(String::from_utf8_lossy(&run.stdout), expected, "{}", String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success());
}

/// The attribute is what makes the difference, so every export must have it.
#[test]
fn every_export_catches_panics() {
    let sources =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).expect("the sources of the addon");
    let mut exports = 0;
    for source in sources {
        let path = source.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("text");
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("#[napi")) {
            let declared =
                lines[at + 1..].iter().find(|line| !line.starts_with("#[")).expect("something exported");
            if declared.starts_with("pub fn") {
                exports += 1;
                assert!(line.contains("catch_unwind"), "{}: {declared}", path.display());
            }
        }
    }
    assert!(exports > 20, "only {exports} exports were found");
}
