//! Workspaces with deliveries that may be due, where deliveries are on several nodes: to ask each node after every event would
//! cost more than the deliveries. So a server remembers the workspaces whose events it has written and whose attempts have
//! failed, and asks their nodes; it searches all nodes now and then, for what other servers and commands have left.

use super::ClaimFilter;
use crate::domain::id::WorkspaceId;
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Interval of searches on all nodes.
const SEARCH_INTERVAL: Duration = Duration::from_secs(10);

/// Maximum number of workspaces that are remembered. The others are found by a search.
const MAX_REMEMBERED: usize = 10_000;

/// Workspaces to ask, and when each may have something due.
#[derive(Debug, Default)]
pub(in crate::store) struct DueWorkspaces(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    due_at: HashMap<Uuid, DateTime<Utc>>,
    searched: Option<Instant>,
}

/// Where to look.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// In these workspaces. None if nothing is due.
    In(Vec<WorkspaceId>),
    /// On all nodes.
    Everywhere,
}

impl DueWorkspaces {
    /// Remembers that a workspace may have due deliveries from a time on.
    pub fn remember(&self, workspace: WorkspaceId, due_at: DateTime<Utc>) {
        let mut state = self.state();
        let has_room = state.due_at.len() < MAX_REMEMBERED;
        match state.due_at.get_mut(&workspace.0) {
            Some(known) => *known = due_at.min(*known),
            None if has_room => _ = state.due_at.insert(workspace.0, due_at),
            None => state.searched = None,
        }
    }

    /// Takes the workspaces to ask now, at most `limit`; the task that finds something in one remembers it again.
    pub(super) fn take(&self, filter: &ClaimFilter, limit: usize, now: DateTime<Utc>, at: Instant) -> Lookup {
        let mut state = self.state();
        let is_due = |(id, due_at): &(&Uuid, &DateTime<Utc>)| **due_at <= now && !filter.busy_workspaces.contains(id);
        let mut due: Vec<(bool, DateTime<Utc>, Uuid)> = state
            .due_at
            .iter()
            .filter(is_due)
            .map(|(id, due_at)| (filter.deferred_workspaces.contains(id), *due_at, *id))
            .collect();
        if due.is_empty() && state.searched.is_none_or(|searched| at.duration_since(searched) >= SEARCH_INTERVAL) {
            state.searched = Some(at);
            return Lookup::Everywhere;
        }
        due.sort_unstable();
        due.truncate(limit);
        due.iter().for_each(|(_, _, id)| _ = state.due_at.remove(id));
        Lookup::In(due.into_iter().map(|(_, _, id)| WorkspaceId(id)).collect())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn workspace(number: u128) -> WorkspaceId {
        WorkspaceId(Uuid::from_u128(number))
    }

    #[test]
    fn remembered_workspaces_are_asked_once_when_they_are_due() {
        let (due, now, at) = (DueWorkspaces::default(), DateTime::UNIX_EPOCH, Instant::now());
        let filter = ClaimFilter::default();
        assert_eq!(due.take(&filter, 9, now, at), Lookup::Everywhere);
        assert_eq!(due.take(&filter, 9, now, at), Lookup::In(vec![]));
        due.remember(workspace(1), now + TimeDelta::seconds(5));
        due.remember(workspace(2), now);
        due.remember(workspace(2), now + TimeDelta::seconds(5));
        assert_eq!(due.take(&filter, 9, now, at), Lookup::In(vec![workspace(2)]));
        assert_eq!(due.take(&filter, 9, now + TimeDelta::seconds(5), at), Lookup::In(vec![workspace(1)]));
        assert_eq!(due.take(&filter, 9, now, at + SEARCH_INTERVAL), Lookup::Everywhere);
    }

    #[test]
    fn busy_workspaces_stay_remembered_and_deferred_ones_come_last() {
        let (due, now, at) = (DueWorkspaces::default(), DateTime::UNIX_EPOCH, Instant::now());
        (1..=3).for_each(|number| due.remember(workspace(number), now));
        let filter = ClaimFilter {
            busy_workspaces: vec![workspace(3).0],
            deferred_workspaces: vec![workspace(1).0],
            ..ClaimFilter::default()
        };
        assert_eq!(due.take(&filter, 9, now, at), Lookup::In(vec![workspace(2), workspace(1)]));
        assert_eq!(due.take(&ClaimFilter::default(), 9, now, at), Lookup::In(vec![workspace(3)]));
    }

    #[test]
    fn what_is_not_remembered_is_searched_for() {
        let (due, now, at) = (DueWorkspaces::default(), DateTime::UNIX_EPOCH, Instant::now());
        let filter = ClaimFilter::default();
        assert_eq!(due.take(&filter, 1, now, at), Lookup::Everywhere);
        for number in 0..=MAX_REMEMBERED as u128 {
            due.remember(workspace(number), now);
        }
        while let Lookup::In(some) = due.take(&filter, MAX_REMEMBERED, now, at) {
            assert!(!some.is_empty(), "the search is due at once");
        }
    }
}
