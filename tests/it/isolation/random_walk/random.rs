//! A pseudo-random sequence of numbers (SplitMix64), and values made of it. The three workspaces get the same values, except
//! for label, ids and numbers.

use crate::support::numbers;
use uuid::Uuid;

/// Labels in the names of each workspace's resources: words of one length that no response contains otherwise.
pub const LABELS: [&str; 3] = ["ursa", "lyra", "vela"];

pub struct Rng {
    state: u64,
    /// The index of the workspace.
    pub side: usize,
}

impl Rng {
    pub fn new(seed: u64, side: usize) -> Rng {
        Rng { state: seed, side }
    }

    /// Random numbers of a label's workspace, for its initial resources.
    pub fn of_label(label: &str) -> Rng {
        Rng::new(0, LABELS.iter().position(|other| *other == label).expect("there are three labels"))
    }

    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next_u64() % bound as u64).expect("it is below a usize")
    }

    /// An id that only this workspace has.
    pub fn id(&mut self) -> String {
        Uuid::from_u64_pair(self.side as u64, self.next_u64()).to_string()
    }

    /// A text with the label.
    pub fn text(&mut self) -> String {
        format!("{} text {}", LABELS[self.side], self.below(1000))
    }

    /// A phone number that only this workspace uses, perhaps more than once.
    pub fn number(&mut self) -> String {
        let side = u32::try_from(self.side).expect("three are few");
        numbers::number(side * 1_000_000 + u32::try_from(self.below(40)).expect("forty are few"))
    }
}
