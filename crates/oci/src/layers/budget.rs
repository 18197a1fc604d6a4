use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// A reader that gives only so much: the tar library reads names and extended headers into memory, whatever
/// size they claim to have.
pub(super) struct Budgeted<R> {
    inner: R,
    budget: Budget,
}

/// How many bytes may be read until it is renewed.
#[derive(Clone)]
pub(super) struct Budget(Rc<Cell<u64>>);

impl Budget {
    pub(super) fn renew(&self, bytes: u64) {
        self.0.set(bytes);
    }
}

impl<R> Budgeted<R> {
    pub(super) fn new(inner: R) -> (Self, Budget) {
        let budget = Budget(Rc::default());
        let reader = Self {
            inner,
            budget: budget.clone(),
        };
        (reader, budget)
    }

    pub(super) fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read> Read for Budgeted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.0.get();
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::other(
                "an entry's header is larger than the limit",
            ));
        }
        let wanted = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let read = self.inner.read(&mut buffer[..wanted])?;
        self.budget.0.set(left - read as u64);
        Ok(read)
    }
}
