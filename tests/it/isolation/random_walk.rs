//! Random walks: two workspaces send the same random operations of the document, and never see each other's resources.
//! A third sends the same, but unknown names where they send each other's: all three get the same responses, to the
//! letter. The seeds are fixed, so a failure is reproducible; a dialect only defines the names of its resources.

mod diga;
mod ids;
mod phone_com;
mod random;
mod scim;
mod seam;
mod ucwa;

use super::{Case, is_as_documented};
use crate::support::client::{Client, Response};
use crate::support::document::{Field, Operation, example};
use crate::support::world::World;
use chrono::TimeDelta;
use ids::Names;
use random::{LABELS, Rng};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const SEEDS: [u64; 3] = [1, 1961, 20_260_101];

/// The index of the control, which has no other workspace beside it.
const CONTROL: usize = 2;

/// How a dialect is walked.
trait DialectWalk {
    /// Number of operations in a walk.
    const STEPS: usize = 180;

    /// Whether all lists have a deterministic order, so that the three can be compared.
    const IS_IN_ORDER: bool = true;

    fn operations() -> Vec<Operation>;

    /// Whether it creates resources. Such operations are chosen more often.
    fn creates(operation: &Operation) -> bool;

    /// Whether it deletes so much that it has to be rare.
    fn is_rare(_: &Operation) -> bool {
        false
    }

    /// Whether a field is always sent, or never.
    fn is_sent(_: &Operation, _: &Field) -> Option<bool> {
        None
    }

    /// The kind of resource that a field names.
    fn named(operation: &Operation, field: &Field) -> Option<String>;

    /// A value of a field that names nothing, if its schema is not enough.
    fn value(_: &Operation, _: &Field, _: &mut Rng) -> Option<Value> {
        None
    }

    /// The names of resources in a successful response, with their kinds.
    fn names_in(operation: &Operation, response: &Response) -> Vec<(String, String)>;

    /// A new workspace. Its names contain the label where possible.
    async fn begin(world: &World, label: &str) -> WalkedWorkspace;
}

/// The state of one workspace in a walk.
struct WalkedWorkspace {
    /// Its clients.
    client: Vec<Client>,
    /// The names of its resources, by their kind.
    known: BTreeMap<String, Vec<String>>,
    names: Names,
    successes: usize,
}

impl WalkedWorkspace {
    fn new(client: Vec<Client>, known: Vec<(&str, String)>) -> WalkedWorkspace {
        let mut workspace = WalkedWorkspace { client, known: BTreeMap::new(), names: Names::default(), successes: 0 };
        known.into_iter().for_each(|(kind, name)| workspace.record(kind.to_owned(), name));
        workspace
    }

    fn record(&mut self, kind: String, name: String) {
        let known = self.known.entry(kind).or_default();
        // Recent resources are more likely to exist.
        known.retain(|other| *other != name);
        known.push(name);
    }
}

/// The request of one workspace in a step.
struct Request {
    client: Client,
    arguments: Map<String, Value>,
    /// How often it names the other's resources.
    foreign: usize,
}

async fn walk<M: DialectWalk>() {
    let operations = M::operations();
    let creating: Vec<Operation> = operations.iter().copied().filter(M::creates).collect();
    let mut tried = BTreeSet::new();
    for seed in SEEDS {
        let world = World::new().await;
        let mut workspaces = Vec::new();
        for label in &LABELS[..if M::IS_IN_ORDER { 3 } else { 2 }] {
            workspaces.push(M::begin(&world, label).await);
        }
        let (mut rng, mut foreign) = (Rng::new(seed, 0), 0);
        for step in 0..M::STEPS {
            let choice = if rng.below(3) == 0 { &creating } else { &operations };
            let operation = choice[rng.below(choice.len())];
            // Things have to exist for a while, to be found.
            if M::is_rare(&operation) && rng.below(2) > 0 {
                continue;
            }
            world.advance(TimeDelta::seconds(1));
            // All get the same random numbers.
            let (step_seed, sides) = (rng.next_u64(), 0..workspaces.len());
            let requests: Vec<_> =
                sides.map(|side| request::<M>(&operation, &workspaces, Rng::new(step_seed, side))).collect();
            let mut responses = Vec::new();
            for (workspace, request) in workspaces.iter_mut().zip(&requests) {
                responses.push(workspace.take_step::<M>(operation, request).await);
            }
            if let Some(control) = responses.get(CONTROL) {
                let arguments: Vec<_> = requests.iter().map(|request| Value::from(request.arguments.clone())).collect();
                let are_equal = responses.iter().all(|other| other == control);
                assert!(are_equal, "seed {seed}, step {step}: {operation} with {arguments:#?} got {responses:#?}");
            }
            foreign += requests[0].foreign;
            tried.insert(operation.to_string());
        }
        let common: Vec<&String> =
            workspaces[0].names.received().intersection(workspaces[1].names.received()).collect();
        assert!(common.is_empty(), "seed {seed}: both got {common:?}");
        assert!(
            workspaces[0].names.received().len() > 20,
            "seed {seed}: got only {:?}",
            workspaces[0].names.received()
        );
        assert!(foreign > M::STEPS / 12, "seed {seed}: the other was named {foreign} times");
        assert!(
            workspaces[0].successes > M::STEPS / 3,
            "seed {seed}: only {} requests succeeded",
            workspaces[0].successes
        );
    }
    let untried: Vec<String> = operations.iter().map(Operation::to_string).filter(|it| !tried.contains(it)).collect();
    assert!(untried.is_empty(), "never tried: {untried:?}");
}

impl WalkedWorkspace {
    /// Sends it; returns the response with names that are the same for all three.
    async fn take_step<M: DialectWalk>(&mut self, operation: Operation, request: &Request) -> String {
        let response = operation.call(&request.client, &request.arguments).await;
        is_as_documented(&Case { operation, named: Vec::new() }, &response);
        if response.status < 300 {
            self.successes += 1;
            M::names_in(&operation, &response).into_iter().for_each(|(kind, name)| self.record(kind, name));
        }
        self.names.record_request(&Value::from(request.arguments.clone()).to_string());
        self.names.normalize(&response)
    }
}

/// A request of a lone walk, as text, with the response's names numbered.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    pub operation: String,
    pub arguments: String,
    pub response: String,
    pub is_success: bool,
}

impl Step {
    pub fn new(operation: Operation, arguments: &Map<String, Value>, response: &Response) -> Step {
        let (status, _, body) = super::comparable(response, arguments);
        Step {
            operation: operation.to_string(),
            arguments: Value::from(arguments.clone()).to_string(),
            response: format!("{status}: {}", ids::without_versions(&body)),
            is_success: status < 300,
        }
    }
}

/// Walks through each dialect with one workspace alone, and returns what it asked and got. The same seed in another world is
/// the same walk.
pub async fn walk_alone(world: &World, seed: u64) -> Vec<Step> {
    let [first, second, _] = LABELS;
    let mut steps = alone::<ucwa::Ucwa>(world, first, seed).await;
    // Two dialects import the number of a label, which exists once.
    steps.extend(alone::<diga::Diga>(world, second, seed).await);
    steps.extend(alone::<phone_com::PhoneCom>(world, first, seed).await);
    steps.extend(alone::<seam::Seam>(world, first, seed).await);
    steps.extend(alone::<scim::Scim>(world, first, seed).await);
    steps
}

async fn alone<M: DialectWalk>(world: &World, label: &str, seed: u64) -> Vec<Step> {
    let operations = M::operations();
    let mut workspace = [M::begin(world, label).await];
    let (mut rng, mut steps) = (Rng::new(seed, 0), Vec::new());
    // Each operation in turn, twice: first those that create resources.
    let creating = operations.iter().filter(|operation| M::creates(operation));
    let order: Vec<_> = creating.chain(&operations).chain(&operations).collect();
    for operation in order.into_iter().filter(|operation| !M::is_rare(operation)) {
        world.advance(TimeDelta::seconds(1));
        let request = request::<M>(operation, &workspace, Rng::new(rng.next_u64(), 0));
        let successes = workspace[0].successes;
        let response = workspace[0].take_step::<M>(*operation, &request).await;
        let arguments = Value::from(request.arguments).to_string();
        let is_success = workspace[0].successes > successes;
        steps.push(Step { operation: operation.to_string(), arguments, response, is_success });
    }
    steps
}

/// A request with all required fields and some of the others.
fn request<M: DialectWalk>(operation: &Operation, workspaces: &[WalkedWorkspace], mut rng: Rng) -> Request {
    let client = &workspaces[rng.side].client;
    let mut request = Request { client: client[rng.below(client.len())].clone(), arguments: Map::new(), foreign: 0 };
    let fields = operation.fields();
    let chosen = rng.below(fields.len().max(1) * 2);
    for (index, field) in fields.iter().enumerate() {
        let (is_wanted, is_foreign) = (rng.below(6) == 0 || index == chosen, rng.below(4) == 0);
        if !M::is_sent(operation, field).unwrap_or(field.is_required || is_wanted) {
            continue;
        }
        let value = match M::named(operation, field) {
            Some(kind) => {
                request.foreign += usize::from(is_foreign && workspaces[rng.side].known.contains_key(&kind));
                let name = resource_name(&kind, is_foreign, workspaces, &mut rng);
                let name = name.parse::<i64>().map_or_else(|_| json!(name), |number| json!(number));
                if field.schema["type"] == "array" { json!([name]) } else { name }
            }
            None => M::value(operation, field, &mut rng).unwrap_or_else(|| value(field, &mut rng)),
        };
        request.arguments.insert(field.name.to_owned(), value);
    }
    request
}

/// A resource of the workspace itself or of the other one; for the control, an unknown name in place of the latter.
fn resource_name(kind: &str, is_foreign: bool, workspaces: &[WalkedWorkspace], rng: &mut Rng) -> String {
    let known = |side: usize| {
        let of_kind = workspaces.get(side).and_then(|workspace| workspace.known.get(kind));
        of_kind.map_or(&[][..], Vec::as_slice)
    };
    let own = known(rng.side);
    if own.is_empty() {
        return rng.id();
    }
    let index = own.len() - 1 - rng.below(own.len().min(6));
    // One that walks alone names its own.
    match (is_foreign && workspaces.len() > 1, rng.side) {
        (false, _) => own[index].clone(),
        (true, CONTROL) => unknown_name(&own[index]),
        (true, side) => known(1 - side).get(index).cloned().unwrap_or_else(|| unknown_name(&own[index])),
    }
}

/// The unknown name in place of this one: as long, and always the same.
fn unknown_name(name: &str) -> String {
    match Uuid::try_parse(name) {
        Ok(id) => Uuid::from_u128(id.as_u128() ^ 0xffff_ffff_ffff).to_string(),
        Err(_) => {
            let number: u64 = name.parse().expect("a name is an id or a number");
            let [half, unit] = [5, 1].map(|digit| digit * 10_u64.pow(number.ilog10()));
            (if number < half { number + half } else { number - half + unit }).to_string()
        }
    }
}

/// A random valid value of a field.
fn value(field: &Field, rng: &mut Rng) -> Value {
    let schema = field.schema;
    if let Some(values) = schema["enum"].as_array() {
        return values[rng.below(values.len())].clone();
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("string"), None) => json!(rng.text()),
        (Some("string"), Some("email")) => json!(format!("{}@example.com", rng.text().replace(' ', "."))),
        (Some("string"), Some("phone")) => json!(rng.number()),
        (Some("boolean"), _) => json!(rng.below(2) == 0),
        (Some("integer"), _) => json!(1 + rng.below(4)),
        _ if schema["oneOf"].is_array() => example(&schema["oneOf"][0]),
        _ => example(schema),
    }
}
