//! The page that describes the metrics, and the rules and the dashboard that use them.

use super::metrics::{count_rows, counting, figures, until_figures};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const PAGE: &str = ".github/docs/monitoring.md";
const ALERTS: &str = ".github/packaging/monitoring/alerts.yml";
const DASHBOARD: &str = ".github/packaging/monitoring/dashboard.json";

/// A file of the tree.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|fault| panic!("{path}: {fault}"))
}

/// Suffixes of the samples of one metric.
const OF_HISTOGRAMS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Metrics by name, with their types: those of a server that has done a bit of everything.
async fn live() -> BTreeMap<String, String> {
    let (world, operator, _) = counting().await;
    world.key().get("/phones/list").await.ok();
    let counted = "handset_counts_timestamp_seconds";
    let counting = count_rows(&world);
    until_figures(
        &operator,
        &[("handset_outbox_messages", 0.0), (counted, super::metrics::seconds(world.clock.now()))],
    )
    .await;
    drop(counting);
    // So that a request has been refused.
    world.store.close().await;
    assert_eq!(world.key().get("/phones/list").await.status, 503);
    let samples = figures(&operator).await;
    let text = operator.get("/metrics").await.text;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let suffix = |kind: &str| match kind {
        "counter" => "_total",
        "info" => "_info",
        _ => "",
    };
    let live: BTreeMap<String, String> =
        types.map(|(name, kind)| (format!("{name}{}", suffix(kind)), kind.to_owned())).collect();
    for sample in samples.keys() {
        assert!(live.contains_key(metric(sample)), "{sample}");
    }
    live
}

/// The metric of a sample, without labels and the suffixes of histograms.
fn metric(sample: &str) -> &str {
    let name = sample.split('{').next().unwrap_or_default();
    OF_HISTOGRAMS.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

/// The words of a text that begin as the names of metrics do.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != ':');
    let is_name = |word: &&str| word.starts_with("handset_") || word.starts_with("process_");
    words.filter(is_name).map(|word| metric(word).to_owned()).collect()
}

#[tokio::test]
async fn the_page_lists_each_metric_with_its_type() {
    let rows = read(PAGE);
    let listed: BTreeMap<String, String> = rows
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            Some((cells.next()?.trim_end_matches('`').to_owned(), cells.next()?.to_owned()))
        })
        .collect();
    assert_eq!(listed, live().await, "the table of {PAGE}, and what a server reports");
}

#[tokio::test]
async fn rules_and_dashboard_use_metrics_that_exist() {
    let live = live().await;
    let expressions: String =
        read(ALERTS).lines().filter(|line| !line.contains("record:")).collect::<Vec<_>>().join("\n");
    for (file, text) in [(ALERTS, expressions), (DASHBOARD, read(DASHBOARD))] {
        let names = named(&text);
        let unknown: Vec<_> = names.iter().filter(|name| !live.contains_key(*name)).collect();
        assert!(unknown.is_empty() && names.len() > 15, "{file}: {unknown:?}");
    }
}

#[test]
fn rules_and_dashboard_know_each_operation_that_deactivates() {
    let mut routes = Vec::new();
    for path in [
        "src/dialect/seam/phones.rs",
        "src/dialect/seam/devices.rs",
        "src/dialect/seam/user_identities.rs",
        "src/console/lost_phone.rs",
        "src/console/lost_phones.rs",
    ] {
        let source = read(path);
        let before = source.split(".urgent()").collect::<Vec<_>>();
        for text in &before[..before.len() - 1] {
            let route = text.rsplit('"').find(|text| text.starts_with('/')).expect("the operation has a path");
            routes.push(route.replace('{', "[{]").replace('}', "[}]"));
        }
    }
    assert_eq!(routes.len(), 5, "{routes:?}");
    for file in [ALERTS, DASHBOARD] {
        let text = read(file);
        for route in &routes {
            let is_known = text.match_indices(route.as_str()).any(|(at, _)| {
                let after = text[at + route.len()..].chars().next();
                after.is_none_or(|letter| "|\"\\".contains(letter))
            });
            assert!(is_known, "{file} does not know {route}");
        }
    }
}
