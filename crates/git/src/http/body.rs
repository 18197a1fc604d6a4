use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;

use super::cgi::Head;

/// A response's content as git makes it. Dropping it ends git.
#[derive(Debug)]
pub struct Body(Inner);

#[derive(Debug)]
enum Inner {
    Full(Option<Bytes>),
    Stream(mpsc::Receiver<Result<Part, BodyError>>),
    Ended,
}

/// What an exchange with git tells the response.
#[derive(Debug)]
pub(super) enum Part {
    /// First, once.
    Head(Head),
    Data(Bytes),
    /// Last. Without it the response is cut off, not complete.
    Done,
}

/// Why a response breaks off.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BodyError {
    #[error("git http-backend cannot be run: {0}")]
    Backend(String),
    #[error("the request's content broke off: {0}")]
    Request(String),
    #[error("nothing moved for {0} s")]
    Stalled(u64),
    #[error("git ended before its answer did")]
    Interrupted,
}

impl Body {
    pub(super) fn full(text: String) -> Self {
        Self(Inner::Full(Some(text.into())))
    }

    pub(super) fn stream(parts: mpsc::Receiver<Result<Part, BodyError>>) -> Self {
        Self(Inner::Stream(parts))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let parts = match &mut this.0 {
            Inner::Full(content) => return Poll::Ready(content.take().map(|c| Ok(Frame::data(c)))),
            Inner::Ended => return Poll::Ready(None),
            Inner::Stream(parts) => parts,
        };
        let result = match ready!(parts.poll_recv(cx)) {
            Some(Ok(Part::Data(bytes))) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Some(Ok(Part::Done)) => None,
            Some(Ok(Part::Head(_))) | None => Some(Err(BodyError::Interrupted)),
            Some(Err(error)) => Some(Err(error)),
        };
        this.0 = Inner::Ended;
        Poll::Ready(result)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Full(content) => {
                SizeHint::with_exact(content.as_ref().map_or(0, |c| c.len() as u64))
            }
            Inner::Ended => SizeHint::with_exact(0),
            Inner::Stream(_) => SizeHint::default(),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Inner::Ended | Inner::Full(None))
    }
}
