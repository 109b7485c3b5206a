//! A book of deactivations under load: who was told what, and what the registry says of it afterwards.

use crate::patience::until;
use crate::post_office::Hook;
use crate::receiver::Receiver;
use crate::voices::{Answer, Voice};
use crate::world::{World, text};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// No answer takes longer: the request's deadline, and a little for a busy machine.
const LONGEST: Duration = Duration::from_secs(35);

/// Phones with a credential each, of persons of their own, and a webhook that wants to hear of them.
pub struct Ledger {
    phones: Vec<String>,
    receiver: Receiver,
    hook: Hook,
}

/// What the callers were told.
#[derive(Debug, Default)]
pub struct Told {
    pub acknowledged: BTreeSet<String>,
    /// Refused with 503, or not answered.
    pub refused: BTreeSet<String>,
}

impl Ledger {
    pub async fn of(world: &World, count: usize) -> Ledger {
        let receiver = Receiver::new().await;
        let hook = Hook::to(world, &receiver).await;
        let mut phones = Vec::with_capacity(count);
        for number in 0..count {
            let person = world.person(&format!("p{number}")).await;
            world.sync_credential(&person).await;
            phones.push(world.phone(&person).await);
        }
        Ledger { phones, receiver, hook }
    }

    pub fn len(&self) -> usize {
        self.phones.len()
    }

    /// Deactivates every phone once, `at_once` at a time, while `trouble` goes on; it is told how many were answered.
    pub async fn press(&self, voice: &Voice, at_once: usize, trouble: impl AsyncFnOnce(&AtomicUsize)) -> Told {
        let answered = Arc::new(AtomicUsize::new(0));
        let mut callers = JoinSet::new();
        for caller in 0..at_once {
            let phones: Vec<String> = self.phones.iter().skip(caller).step_by(at_once).cloned().collect();
            let (voice, answered) = (voice.clone(), Arc::clone(&answered));
            callers.spawn(async move {
                let mut told = Told::default();
                for phone in phones {
                    let is_done = deactivate(&voice, &phone).await;
                    answered.fetch_add(1, Ordering::Relaxed);
                    if is_done {
                        told.acknowledged.insert(phone)
                    } else {
                        told.refused.insert(phone)
                    };
                }
                told
            });
        }
        trouble(&answered).await;
        let mut told = Told::default();
        for mut some in callers.join_all().await {
            told.acknowledged.append(&mut some.acknowledged);
            told.refused.append(&mut some.refused);
        }
        told
    }

    /// Holds the registry against what was told: nothing acknowledged is missing, and nothing is half done.
    pub async fn audit(&self, world: &World, told: &Told) {
        assert_eq!(told.acknowledged.len() + told.refused.len(), self.phones.len());
        let living: BTreeSet<String> = world.phone_ids().await.into_iter().collect();
        let logged = logged(world).await;
        let told_of: BTreeSet<String> = logged.iter().cloned().collect();
        assert_eq!(told_of.len(), logged.len(), "a phone was told of twice");
        for phone in &self.phones {
            let is_gone = !living.contains(phone);
            assert_eq!(is_gone, told_of.contains(phone), "{phone} is half done");
            assert!(is_gone || !told.acknowledged.contains(phone), "{phone} was acknowledged and lives");
        }
        for event_type in ["acs_credential.invalidated", "acs_credential.deleted"] {
            assert_eq!(world.events(event_type).await.len(), logged.len(), "{event_type}");
        }
    }

    /// Does again what was not acknowledged, as clients do, and waits until each phone has been told of to the webhook.
    pub async fn settle(&self, world: &World, voice: &Voice, told: &Told) {
        for phone in &told.refused {
            until("the service does what it could not do before", async || {
                deactivate(voice, phone).await.then_some(())
            })
            .await;
        }
        assert!(world.phone_ids().await.is_empty());
        let mut logged = logged(world).await;
        logged.sort();
        let mut all = self.phones.clone();
        all.sort();
        assert_eq!(logged, all, "one event for each phone");
        give_up_the_dead(world).await;
        until("all are delivered", async || {
            let rows = self.hook.deliveries(world).await;
            (rows.len() == all.len() && rows.iter().all(|row| row["status"] == "delivered")).then_some(())
        })
        .await;
        let heard: BTreeSet<String> =
            self.receiver.heard().iter().map(|message| text(&message.event()["device_id"])).collect();
        assert_eq!(heard, all.into_iter().collect(), "the receiver heard of each");
    }
}

/// Lets the claims of the dead run out, by whichever clock they were made.
async fn give_up_the_dead(world: &World) {
    sqlx::query("update delivery set next_attempt_at = least(next_attempt_at, $1) where status = 'pending'")
        .bind(world.clock.now())
        .execute(&mut world.database().await)
        .await
        .expect("the statement is right");
}

/// The phones that the log tells of.
async fn logged(world: &World) -> Vec<String> {
    world.events("phone.deactivated").await.iter().map(|event| text(&event["device_id"])).collect()
}

/// Whether a deactivation was acknowledged. A refusal is one of those that say to come again; silence is one, too.
async fn deactivate(voice: &Voice, phone: &str) -> bool {
    let began = Instant::now();
    let sent = voice.request("POST", "/phones/deactivate").json(&json!({ "device_id": phone })).send().await;
    assert!(began.elapsed() < LONGEST, "an answer took {:?}", began.elapsed());
    let Ok(response) = sent else { return false };
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let Ok(said) = response.text().await else { return false };
    let answer = Answer::new(status, headers, said);
    if answer.status == 200 {
        answer.ok();
        return true;
    }
    answer.refused(503, "service_unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    false
}

/// Waits until so many were answered.
pub async fn answers(answered: &AtomicUsize, count: usize) {
    until(&format!("{count} are answered"), async || (answered.load(Ordering::Relaxed) >= count).then_some(())).await;
}
