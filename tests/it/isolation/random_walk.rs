//! Random walks: two workspaces send the same random operations of the document, and never see each other's things. A third
//! sends the same, but unknown names where they send each other's: all three get the same responses, to the letter. The
//! seeds are fixed, so a failure is reproducible; a dialect only defines the names of its things.

mod diga;
mod ids;
mod phone_com;
mod random;
mod seam;
mod ucwa;

use super::{Case, is_as_documented};
use crate::support::client::{Answer, Client};
use crate::support::document::{Field, Operation, example};
use crate::support::world::World;
use chrono::TimeDelta;
use ids::Names;
use random::{Choices, LABELS};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const SEEDS: [u64; 3] = [1, 1961, 20_260_101];

/// The index of the one without a neighbour.
const LONE: usize = 2;

/// How a dialect is walked.
trait Manner {
    /// Number of operations in a walk.
    const STEPS: usize = 180;

    /// Whether all lists have a deterministic order, so that the three can be compared.
    const IS_IN_ORDER: bool = true;

    fn operations() -> Vec<Operation>;

    /// Whether it creates things. Such operations are chosen more often.
    fn creates(operation: &Operation) -> bool;

    /// Whether it deletes so much that it has to be rare.
    fn is_rare(_: &Operation) -> bool {
        false
    }

    /// Whether a field is always sent, or never.
    fn is_said(_: &Operation, _: &Field) -> Option<bool> {
        None
    }

    /// The kind of thing that a field names.
    fn named(operation: &Operation, field: &Field) -> Option<String>;

    /// A value of a field that names nothing, if its schema is not enough.
    fn value(_: &Operation, _: &Field, _: &mut Choices) -> Option<Value> {
        None
    }

    /// The names of things in a successful response, with their kinds.
    fn learnt(operation: &Operation, answer: &Answer) -> Vec<(String, String)>;

    /// A new workspace. Its names contain the label where possible.
    async fn begin(world: &World, label: &str) -> Life;
}

/// The state of one workspace in a walk.
struct Life {
    /// Its clients.
    client: Vec<Client>,
    /// The names of its things, by their kind.
    known: BTreeMap<String, Vec<String>>,
    names: Names,
    successes: usize,
}

impl Life {
    fn new(client: Vec<Client>, known: Vec<(&str, String)>) -> Life {
        let mut life = Life { client, known: BTreeMap::new(), names: Names::default(), successes: 0 };
        known.into_iter().for_each(|(kind, name)| life.learn(kind.to_owned(), name));
        life
    }

    fn learn(&mut self, kind: String, name: String) {
        let known = self.known.entry(kind).or_default();
        // Recent things are more likely to exist.
        known.retain(|other| *other != name);
        known.push(name);
    }
}

/// The request of one workspace in a step.
struct Request {
    client: Client,
    arguments: Map<String, Value>,
    /// How often it names the other's things.
    foreign: usize,
}

async fn walk<M: Manner>() {
    let operations = M::operations();
    let creating: Vec<Operation> = operations.iter().copied().filter(M::creates).collect();
    let mut tried = BTreeSet::new();
    for seed in SEEDS {
        let world = World::new().await;
        let mut lives = Vec::new();
        for label in &LABELS[..if M::IS_IN_ORDER { 3 } else { 2 }] {
            lives.push(M::begin(&world, label).await);
        }
        let (mut choices, mut foreign) = (Choices::new(seed, 0), 0);
        for step in 0..M::STEPS {
            let choice = if choices.below(3) == 0 { &creating } else { &operations };
            let operation = choice[choices.below(choice.len())];
            // Things have to exist for a while, to be found.
            if M::is_rare(&operation) && choices.below(2) > 0 {
                continue;
            }
            world.pass(TimeDelta::seconds(1));
            // All get the same random numbers.
            let (hand, sides) = (choices.roll(), 0..lives.len());
            let requests: Vec<_> =
                sides.map(|side| request::<M>(&operation, &lives, Choices::new(hand, side))).collect();
            let mut heard = Vec::new();
            for (life, request) in lives.iter_mut().zip(&requests) {
                heard.push(life.live::<M>(operation, request).await);
            }
            if let Some(lone) = heard.get(LONE) {
                let said: Vec<_> = requests.iter().map(|request| Value::from(request.arguments.clone())).collect();
                let is_alike = heard.iter().all(|other| other == lone);
                assert!(is_alike, "seed {seed}, step {step}: {operation} with {said:#?} got {heard:#?}");
            }
            foreign += requests[0].foreign;
            tried.insert(operation.to_string());
        }
        let common: Vec<&String> = lives[0].names.told().intersection(lives[1].names.told()).collect();
        assert!(common.is_empty(), "seed {seed}: both got {common:?}");
        assert!(lives[0].names.told().len() > 20, "seed {seed}: got only {:?}", lives[0].names.told());
        assert!(foreign > M::STEPS / 12, "seed {seed}: the other was named {foreign} times");
        assert!(lives[0].successes > M::STEPS / 3, "seed {seed}: only {} requests succeeded", lives[0].successes);
    }
    let untried: Vec<String> = operations.iter().map(Operation::to_string).filter(|it| !tried.contains(it)).collect();
    assert!(untried.is_empty(), "never tried: {untried:?}");
}

impl Life {
    /// Sends it; returns the response with names that are the same for all three.
    async fn live<M: Manner>(&mut self, operation: Operation, request: &Request) -> String {
        let answer = operation.call(&request.client, &request.arguments).await;
        is_as_documented(&Case { operation, named: Vec::new() }, &answer);
        if answer.status < 300 {
            self.successes += 1;
            M::learnt(&operation, &answer).into_iter().for_each(|(kind, name)| self.learn(kind, name));
        }
        self.names.say(&Value::from(request.arguments.clone()).to_string());
        self.names.hear(&answer)
    }
}

/// A request with all required fields and some of the others.
fn request<M: Manner>(operation: &Operation, lives: &[Life], mut choices: Choices) -> Request {
    let client = &lives[choices.side].client;
    let mut request =
        Request { client: client[choices.below(client.len())].clone(), arguments: Map::new(), foreign: 0 };
    let fields = operation.fields();
    let chosen = choices.below(fields.len().max(1) * 2);
    for (index, field) in fields.iter().enumerate() {
        let (is_wanted, is_foreign) = (choices.below(6) == 0 || index == chosen, choices.below(4) == 0);
        if !M::is_said(operation, field).unwrap_or(field.is_required || is_wanted) {
            continue;
        }
        let value = match M::named(operation, field) {
            Some(kind) => {
                request.foreign += usize::from(is_foreign && lives[choices.side].known.contains_key(&kind));
                let name = thing(&kind, is_foreign, lives, &mut choices);
                let name = name.parse::<i64>().map_or_else(|_| json!(name), |number| json!(number));
                if field.schema["type"] == "array" { json!([name]) } else { name }
            }
            None => M::value(operation, field, &mut choices).unwrap_or_else(|| value(field, &mut choices)),
        };
        request.arguments.insert(field.name.to_owned(), value);
    }
    request
}

/// A thing of one's own or of the other's; for the one without a neighbour, an unknown name in place of the latter.
fn thing(kind: &str, is_foreign: bool, lives: &[Life], choices: &mut Choices) -> String {
    let known = |side: usize| lives[side].known.get(kind).map_or(&[][..], Vec::as_slice);
    let own = known(choices.side);
    if own.is_empty() {
        return choices.id();
    }
    let index = own.len() - 1 - choices.below(own.len().min(6));
    match (is_foreign, choices.side) {
        (false, _) => own[index].clone(),
        (true, LONE) => nobodys(&own[index]),
        (true, side) => known(1 - side).get(index).cloned().unwrap_or_else(|| nobodys(&own[index])),
    }
}

/// The unknown name in place of this one: as long, and always the same.
fn nobodys(name: &str) -> String {
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
fn value(field: &Field, choices: &mut Choices) -> Value {
    let schema = field.schema;
    if let Some(values) = schema["enum"].as_array() {
        return values[choices.below(values.len())].clone();
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("string"), None) => json!(choices.text()),
        (Some("string"), Some("email")) => json!(format!("{}@example.com", choices.text().replace(' ', "."))),
        (Some("string"), Some("phone")) => json!(choices.number()),
        (Some("boolean"), _) => json!(choices.below(2) == 0),
        (Some("integer"), _) => json!(1 + choices.below(4)),
        _ if schema["oneOf"].is_array() => example(&schema["oneOf"][0]),
        _ => example(schema),
    }
}
