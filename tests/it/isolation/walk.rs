//! Two workspaces that live at random beside each other, by the operations of the document, and never meet: no id that
//! one is ever told is told to the other. The seeds are fixed, so a failure comes again.

use super::things::{collect, ids};
use super::{Case, is_as_documented};
use crate::document::{Dialect, Field, Operation, example, operations_of};
use crate::voices::Voice;
use crate::world::{Tenant, World};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const SEEDS: [u64; 4] = [1, 7, 1961, 20_260_101];
const STEPS: usize = 400;

#[tokio::test]
async fn two_workspaces_that_live_at_random_are_never_told_the_same_id() {
    for seed in SEEDS {
        let world = World::new().await;
        let mut dice = Dice { state: seed, side: 0 };
        let mut lives = [Life::begin(world.sandbox("Left").await), Life::begin(world.sandbox("Right").await)];
        let operations: Vec<Operation> =
            operations_of(Dialect::Seam).into_iter().filter(|it| it.takes_any(&["api_key"])).collect();
        let creating: Vec<Operation> = operations.iter().copied().filter(|it| it.path.contains("create")).collect();
        for _ in 0..STEPS {
            let choice = if dice.below(3) == 0 { &creating } else { &operations };
            let operation = choice[dice.below(choice.len())];
            // Things have to live for a while, to be found.
            if operation.path.ends_with("reset_sandbox") && dice.below(8) > 0 {
                continue;
            }
            // Both do the same, each with its own things and now and then with the other's.
            let state = dice.state;
            for side in [0, 1] {
                dice = Dice { state, side };
                let arguments = arguments(&operation, &lives[side], &lives[1 - side], &mut dice);
                lives[side].step(operation, arguments).await;
            }
        }
        let [left, right] = &lives;
        let common: Vec<&Uuid> = left.told.intersection(&right.told).collect();
        assert!(common.is_empty(), "seed {seed}: both were told of {common:?}");
        for life in &lives {
            assert!(life.told.len() > 100, "seed {seed}: only {} ids were told", life.told.len());
            assert!(life.successes > STEPS / 3, "seed {seed}: only {} calls went well", life.successes);
        }
    }
}

/// What one workspace has been told so far.
struct Life {
    voice: Voice,
    told: BTreeSet<Uuid>,
    /// The ids it knows, by the parameter that they go into.
    known: BTreeMap<String, Vec<String>>,
    successes: usize,
}

impl Life {
    fn begin(tenant: Tenant) -> Life {
        let known = BTreeMap::new();
        Life { voice: tenant.key().clone(), told: BTreeSet::new(), known, successes: 0 }
    }

    async fn step(&mut self, operation: Operation, arguments: Map<String, Value>) {
        let answer = operation.call(&self.voice, &arguments).await;
        is_as_documented(&Case { operation, named: Vec::new() }, &answer);
        let mut given = Vec::new();
        arguments.values().for_each(|value| collect(value, &mut given));
        let request_id = answer.request_id();
        let told = ids(&answer.body);
        self.told.extend(told.into_iter().filter(|id| *id != request_id && !given.contains(&id.to_string())));
        if answer.status == 200 {
            self.successes += 1;
            self.learn(&answer.body);
        }
    }

    fn learn(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(members) => {
                for (name, member) in members {
                    match member.as_str() {
                        Some(id) if name.ends_with("_id") => {
                            let known = self.known.entry(name.clone()).or_default();
                            // Young ones are more likely to be alive.
                            known.retain(|other| other != id);
                            known.push(id.to_owned());
                        }
                        _ => self.learn(member),
                    }
                }
            }
            _ => {}
        }
    }

    fn pick(&self, name: &str, dice: &mut Dice) -> Option<String> {
        let known = self.known.get(name)?;
        let young = known.len().min(6);
        Some(known[known.len() - 1 - dice.below(young)].clone())
    }
}

/// All that is required and some of the rest.
fn arguments(operation: &Operation, own: &Life, other: &Life, dice: &mut Dice) -> Map<String, Value> {
    let mut arguments = Map::new();
    let fields = operation.fields();
    let chosen = dice.below(fields.len().max(1) * 2);
    for (index, field) in fields.iter().enumerate() {
        let roll = (dice.below(6), dice.below(8));
        if field.is_required || index == chosen || roll.0 == 0 && !operation.path.ends_with("/list") {
            let from = if roll.1 == 0 { other } else { own };
            arguments.insert(field.name.to_owned(), value(field, from, dice));
        }
    }
    match operation.path {
        "/events/list" => _ = arguments.insert("since".to_owned(), json!("2000-01-01")),
        "/acs/credentials/create" if !arguments.contains_key("acs_user_id") => {
            arguments.extend(own.pick("user_identity_id", dice).map(|id| ("user_identity_id".to_owned(), json!(id))));
        }
        _ => {}
    }
    arguments.remove("page_cursor");
    arguments
}

fn value(field: &Field, from: &Life, dice: &mut Dice) -> Value {
    let singular = field.name.strip_suffix('s').unwrap_or(field.name);
    let name = if singular == "owner_user_identity_id" { "user_identity_id" } else { singular };
    // What is kept as it was said would be told again later: such ids are made up.
    let is_kept_as_said =
        matches!(name, "acs_user_id" | "acs_system_id" | "connected_account_id" | "connect_webview_id");
    let id = from.pick(name, dice).filter(|_| !is_kept_as_said);
    match (id, field.schema["type"].as_str()) {
        (Some(id), Some("array")) => json!([id]),
        (Some(id), _) => json!(id),
        (None, _) if name.ends_with("_id") && field.schema["type"] == "array" => json!([dice.id()]),
        (None, _) if name.ends_with("_id") => json!(dice.id()),
        (None, Some("string")) if field.schema.get("enum").is_none() && field.schema.get("format").is_none() => {
            json!(format!("text {}", dice.below(1000)))
        }
        (None, Some("string")) if field.schema["format"] == "email" => {
            json!(format!("{}@example.com", dice.below(1000)))
        }
        (None, _) if field.schema["oneOf"].is_array() => example(&field.schema["oneOf"][0]),
        (None, _) => example(field.schema),
    }
}

/// A sequence of numbers that look random (SplitMix64).
struct Dice {
    state: u64,
    /// Who rolls: made-up ids of the two are different.
    side: usize,
}

impl Dice {
    fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound as u64).expect("it is below a usize")
    }

    fn id(&mut self) -> String {
        Uuid::from_u64_pair(self.side as u64, self.roll()).to_string()
    }
}
