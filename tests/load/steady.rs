//! Latency at a fixed rate, in short slices. Other programs on the machine take a CPU for milliseconds at a time, in which
//! dozens of requests fall due. So the CPU time of other programs is read before and after each slice, and slices with
//! much of it are reported separately. Only that time decides, never a latency: a pause of the server, of Postgres or of
//! the generator always counts.

use crate::generator::{Generator, Load, histogram};
use crate::report::{Percentiles, median};
use crate::usage::OtherThreads;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Maximum duration of a slice.
pub const SLICE: Duration = Duration::from_millis(100);

/// Whether other programs spent significant CPU time: more than 0.5 % of `time`.
pub fn is_much(spent: Duration, time: Duration) -> bool {
    spent > time / 200
}

/// Parameters of a measurement.
pub struct Timing {
    pub connections: usize,
    /// Total duration.
    pub time: Duration,
    /// Requests a second.
    pub target_rate: f64,
    /// Processes that belong to the measurement, with their children.
    pub ours: [u32; 2],
}

/// Latencies of the slices of one round.
struct Round {
    all: Histogram<u64>,
    undisturbed: Histogram<u64>,
    slices: u32,
    slices_undisturbed: u32,
}

/// Latencies in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Latencies {
    pub all: Percentiles,
    /// Of the slices in which other programs took little CPU time, if any.
    pub undisturbed: Option<Percentiles>,
    /// p99 / p50, of the undisturbed slices if any.
    pub spread: f64,
    pub slices: u32,
    pub slices_undisturbed: u32,
}

impl Timing {
    /// Measures the latencies of requests with this expected status.
    pub fn of(&self, address: SocketAddr, status: u16, request: &mut dyn FnMut(&mut Vec<u8>)) -> io::Result<Latencies> {
        let time = self.time.min(SLICE);
        let slices = (self.time.as_secs_f64() / time.as_secs_f64()).round() as u32;
        let mut generator = Generator::connect(&[address], self.connections)?;
        let mut round = Round::new();
        // The first slice is a warm-up: the connections are new.
        for number in 0..=slices {
            let before = OtherThreads::excluding(&self.ours);
            let load = Load { time, target_rate: Some(self.target_rate), max_requests: u64::MAX, status, request };
            let load_result = generator.run_load(load)?;
            let spent =
                before.zip(OtherThreads::excluding(&self.ours)).map(|(before, after)| after.spent_since(&before));
            if number > 0 {
                // Unknown CPU time counts as disturbed.
                round.note(&load_result.latencies, spent.is_none_or(|spent| is_much(spent, time)));
            }
        }
        Ok(round.latencies())
    }
}

impl Round {
    fn new() -> Round {
        Round { all: histogram(), undisturbed: histogram(), slices: 0, slices_undisturbed: 0 }
    }

    /// Adds one slice.
    fn note(&mut self, latencies: &Histogram<u64>, is_disturbed: bool) {
        add(&mut self.all, latencies);
        self.slices += 1;
        if !is_disturbed {
            add(&mut self.undisturbed, latencies);
            self.slices_undisturbed += 1;
        }
    }

    fn latencies(&self) -> Latencies {
        let Round { ref all, ref undisturbed, slices, slices_undisturbed } = *self;
        let all = Percentiles::of(all);
        let undisturbed = (slices_undisturbed > 0).then(|| Percentiles::of(undisturbed));
        let Percentiles { p50, p99, .. } = undisturbed.unwrap_or(all);
        Latencies { all, undisturbed, spread: p99 as f64 / p50 as f64, slices, slices_undisturbed }
    }
}

impl Latencies {
    /// The medians of several rounds.
    pub fn medians(rounds: &[Latencies]) -> Latencies {
        let undisturbed: Vec<Percentiles> = rounds.iter().filter_map(|round| round.undisturbed).collect();
        Latencies {
            all: Percentiles::medians(&rounds.iter().map(|round| round.all).collect::<Vec<_>>()),
            undisturbed: (!undisturbed.is_empty()).then(|| Percentiles::medians(&undisturbed)),
            spread: median(rounds.iter().map(|round| round.spread).collect()),
            slices: rounds.iter().map(|round| round.slices).sum(),
            slices_undisturbed: rounds.iter().map(|round| round.slices_undisturbed).sum(),
        }
    }
}

fn add(sum: &mut Histogram<u64>, latencies: &Histogram<u64>) {
    sum.add(latencies).expect("all histograms have the same bounds");
}
