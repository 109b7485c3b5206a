//! Committed ratios: before and after a change, `--check` measures them again. A ratio depends far less on the machine than
//! a rate does, so what is lower by more than the tolerance is slower.

use crate::report::{Report, aligned};
use std::collections::BTreeMap;
use std::fs;

/// The committed ratios: operation, reference, ratio.
type Ratios = BTreeMap<String, BTreeMap<String, f64>>;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/load/ratios.json");

/// Part of a committed ratio that a measurement may be lower.
const TOLERANCE: f64 = 0.2;

/// References whose ratios are committed: the others vary with the machine.
const REFERENCES: [&str; 4] = ["ceiling", "pgbench 32", "keyless 32", "minimal 32"];

/// Result of a check.
pub struct Check {
    pub text: String,
    pub is_passed: bool,
}

/// Compares a report with the committed ratios of the operations that it has.
pub fn check(report: &Report) -> Check {
    let committed: Ratios = serde_json::from_slice(&fs::read(FILE).expect("the ratios are committed"))
        .expect("the committed ratios are JSON of operations and references");
    let mut rows = vec![["", "reference", "committed", "measured", ""].map(str::to_owned).to_vec()];
    let mut is_passed = true;
    for (operation, ratios) in measured(report) {
        for (reference, ratio) in ratios {
            let Some(known) = committed.get(&operation).and_then(|known| known.get(&reference)) else { continue };
            let is_lower = ratio < known * (1.0 - TOLERANCE);
            is_passed &= !is_lower;
            let verdict = if is_lower { "LOWER" } else { "" };
            rows.push(vec![
                operation.clone(),
                reference,
                format!("{known:.2}"),
                format!("{ratio:.2}"),
                verdict.to_owned(),
            ]);
        }
    }
    assert!(rows.len() > 1, "no measured operation has committed ratios; accept some first");
    Check { text: aligned(&rows), is_passed }
}

/// Replaces the committed ratios of the operations that a report has.
pub fn accept(report: &Report) {
    let mut committed: Ratios =
        fs::read(FILE).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    committed.extend(measured(report));
    let text = serde_json::to_string_pretty(&committed).expect("ratios serialize to JSON");
    fs::write(FILE, text + "\n").expect("the file is writable");
}

fn measured(report: &Report) -> Ratios {
    let ratios = |operation: &crate::report::OperationReport| {
        let ratio = |name: &str| Some((name.to_owned(), rounded(operation.of_reference(name)?)));
        (operation.name.to_owned(), REFERENCES.into_iter().filter_map(ratio).collect())
    };
    report.operations.iter().map(ratios).collect()
}

fn rounded(ratio: f64) -> f64 {
    (ratio * 100.0).round() / 100.0
}
