//! Redelivery of one delivery, or of a range. Each form says what its page has shown, so sending it again restarts nothing.

use super::{deliveries, show};
use crate::console::context::PageContext;
use crate::console::elements::form;
use crate::console::field::{Faults, Field};
use crate::console::layout::Redirect;
use crate::domain::id::WebhookId;
use crate::domain::webhook::RedeliveryRange;
use crate::error::{Error, Result};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, Utc};
use maud::{Markup, html};

/// The range that the form suggests.
const SUGGESTED: TimeDelta = TimeDelta::days(1);

pub async fn one(context: PageContext) -> Result<Redirect> {
    let id = deliveries::id(&context)?;
    let attempt = context.form.get("attempt").and_then(|attempt| attempt.parse().ok()).ok_or(Error::NoRoute)?;
    let is_restarted = context.workspace().redeliver_after(id, attempt, context.now).await?;
    let notice = match is_restarted {
        true => "The message is on its way. Reload this page for the answer.",
        false => "Nothing was restarted: the delivery is in progress, or had another attempt meanwhile.",
    };
    Ok(context.redirect(&format!("/deliveries/{id}")).notice(notice))
}

pub async fn range(context: PageContext) -> Result<Response> {
    let id = context.id::<WebhookId>("webhook_id")?;
    let mut faults = Faults::default();
    let (from, until) = (read(&context, "from", &mut faults), read(&context, "until", &mut faults));
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        faults.add("until", "The end of the range must be after its beginning");
    }
    let (Some(from), Some(until), true) = (from, until, faults.is_empty()) else {
        let webhook = context.workspace().webhook_overview(id).await?;
        return Ok(show::filled(&context, &webhook, &faults).await?.into_response());
    };
    let shown_at =
        context.form.get("shown_at").and_then(|at| at.parse::<DateTime<Utc>>().ok()).ok_or(Error::NoRoute)?;
    let includes_delivered = context.form.get("delivered").is_some();
    let range = RedeliveryRange { from, until, includes_delivered, unattempted_since: shown_at.min(context.now) };
    let redelivered = context.workspace().redeliver_range(id, range, context.now).await?;
    let notice = match (redelivered.count, redelivered.rest_from) {
        (0, None) => "There was nothing to restart in this range.".to_owned(),
        (count, None) => format!("Deliveries restarted: {count}."),
        (count, Some(rest)) => format!(
            "Deliveries restarted: {count}. The range is long: continue from {}.",
            rest.to_rfc3339_opts(SecondsFormat::Micros, true)
        ),
    };
    Ok(context.redirect(&format!("/webhooks/{id}")).notice(&notice).into_response())
}

/// The form for a range.
pub fn fields(context: &PageContext, id: WebhookId, faults: &Faults) -> Markup {
    let typed = |name: &str, default: DateTime<Utc>| {
        let default = default.format("%Y-%m-%dT%H:%M:%S").to_string();
        context.form.get(name).map_or(default, str::to_owned)
    };
    let hint = "In UTC, such as 2026-11-30T04:00:00; of the time of the event.";
    let from = Field::text("from", "From", 40).hint(hint).required();
    let until = Field::text("until", "Until, excluded", 40).hint(hint).required();
    let shown_at = context.now.to_rfc3339_opts(SecondsFormat::Micros, true);
    html! {
        details open[faults.of("from").or(faults.of("until")).is_some()] {
            summary { "Redeliver a range" }
            p { "Sends again what failed in a time, as after an outage of the receiver. Message ids stay the same." }
            (form(context, &context.address(&format!("/webhooks/{id}/redeliver")), html! {
                input type="hidden" name="shown_at" value=(shown_at);
                (from.show(&typed("from", context.now - SUGGESTED), faults))
                (until.show(&typed("until", context.now + TimeDelta::minutes(1)), faults))
                label {
                    input type="checkbox" name="delivered" checked[context.form.get("delivered").is_some()];
                    " Also what was delivered, for a receiver that has lost it"
                }
                button type="submit" { "Redeliver" }
            }))
        }
    }
}

/// Reads a time: with an offset, or else in UTC.
fn read(context: &PageContext, name: &'static str, faults: &mut Faults) -> Option<DateTime<Utc>> {
    let text = context.form.filled(name).unwrap_or_default();
    let time = parse(text);
    if time.is_none() {
        faults.add(name, "Enter a time such as 2026-11-30T04:00:00");
    }
    time
}

fn parse(text: &str) -> Option<DateTime<Utc>> {
    let with_offset = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    let in_utc = |format| NaiveDateTime::parse_from_str(text, format).ok().map(|time| time.and_utc());
    let time = with_offset().or_else(|| in_utc("%Y-%m-%dT%H:%M:%S%.f")).or_else(|| in_utc("%Y-%m-%dT%H:%M"))?;
    // Within what Postgres stores.
    (1970..=9999).contains(&chrono::Datelike::year(&time)).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_in_utc_unless_they_say_otherwise() {
        let at = |text| parse(text).map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true));
        for text in ["2026-11-30T04:00", "2026-11-30T04:00:00", "2026-11-30T04:00:00Z", "2026-11-30T05:00:00+01:00"] {
            assert_eq!(at(text).as_deref(), Some("2026-11-30T04:00:00Z"), "{text}");
        }
        for text in ["", "now", "2026-11-30", "+262143-01-01T00:00:00", "0001-01-01T00:00"] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
