//! A future that is dropped at a chosen suspension.

use std::pin::Pin;
use std::task::{Context, Poll};

/// When a future is dropped at its k-th suspension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropPoint {
    /// As soon as it is suspended: nothing that it awaits has happened.
    Suspended,
    /// When it is woken and not yet polled: the awaited value is ready, and not taken.
    Woken,
}

/// Polls a future until its suspension number `suspension`, then resolves to None. The caller drops it.
pub struct Interrupted<F> {
    future: Pin<Box<F>>,
    suspension: usize,
    drop_point: DropPoint,
    suspended: usize,
}

impl<F: Future> Interrupted<F> {
    pub fn at(suspension: usize, drop_point: DropPoint, future: F) -> Interrupted<F> {
        Interrupted { future: Box::pin(future), suspension, drop_point, suspended: 0 }
    }
}

impl<F: Future> Future for Interrupted<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let this = self.get_mut();
        if this.suspended == this.suspension {
            return Poll::Ready(None);
        }
        if let Poll::Ready(output) = this.future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        this.suspended += 1;
        let is_over = this.suspended == this.suspension && this.drop_point == DropPoint::Suspended;
        if is_over { Poll::Ready(None) } else { Poll::Pending }
    }
}
