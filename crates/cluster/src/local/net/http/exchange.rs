use std::collections::VecDeque;

use super::body::{Body, Unclear};
use super::head::{self, Answered, Asked};
use super::messages::Messages;

/// Requests without an answer at once; a client that sends more is left alone.
const MOST_ASKED: usize = 1024;

/// Requests and answers of one connection, as they pass by.
///
/// What is not clearly HTTP/1.1, or ends with the connection, is never between two exchanges again.
#[derive(Debug)]
pub(in super::super) struct Exchange(Option<Http>);

#[derive(Debug)]
struct Http {
    requests: Messages,
    answers: Messages,
    asked: VecDeque<Asked>,
}

impl Exchange {
    pub(in super::super) fn new() -> Self {
        Self(Some(Http {
            requests: Messages::new(),
            answers: Messages::new(),
            asked: VecDeque::new(),
        }))
    }

    /// Whether every request has its whole answer, so that the next request may go elsewhere.
    pub(in super::super) fn is_between(&self) -> bool {
        self.0.as_ref().is_some_and(|http| {
            http.asked.is_empty() && http.requests.is_between() && http.answers.is_between()
        })
    }

    /// The client sent this.
    pub(in super::super) fn client_sent(&mut self, bytes: &[u8]) {
        self.follow(|http| http.client_sent(bytes));
    }

    /// The pod sent this.
    pub(in super::super) fn pod_sent(&mut self, bytes: &[u8]) {
        self.follow(|http| http.pod_sent(bytes));
    }

    fn follow(&mut self, follow: impl FnOnce(&mut Http) -> Result<(), Unclear>) {
        if let Some(http) = &mut self.0
            && follow(http).is_err()
        {
            self.0 = None;
        }
    }
}

impl Http {
    fn client_sent(&mut self, bytes: &[u8]) -> Result<(), Unclear> {
        let Self {
            requests, asked, ..
        } = self;
        requests.follow(bytes, |head| {
            let (request, body) = head::request(head)?;
            asked.push_back(request);
            match asked.len() > MOST_ASKED {
                true => Err(Unclear),
                false => Ok(body),
            }
        })
    }

    fn pod_sent(&mut self, bytes: &[u8]) -> Result<(), Unclear> {
        let Self { answers, asked, .. } = self;
        answers.follow(bytes, |head| {
            let request = *asked.front().ok_or(Unclear)?;
            match head::response(head, request)? {
                Answered::Interim => Ok(Body::EMPTY),
                // An answer counts when its content is over: until then `answers` is not between.
                Answered::Final(body) => {
                    asked.pop_front();
                    Ok(body)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &str = "> GET / HTTP/1.1\r\n\r\n";
    const OK: &str = "< HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

    /// Whether it is between two exchanges after each step; `>` is what the client sends.
    fn between(steps: &[&str]) -> Vec<bool> {
        let mut exchange = Exchange::new();
        let step = |step: &&str| {
            match step.split_at(2) {
                ("> ", text) => exchange.client_sent(text.as_bytes()),
                (_, text) => exchange.pod_sent(text.as_bytes()),
            }
            exchange.is_between()
        };
        steps.iter().map(step).collect()
    }

    #[test]
    fn an_exchange_is_over_with_the_last_byte_of_its_answer() {
        assert!(Exchange::new().is_between());
        assert_eq!(between(&[GET, OK, GET, OK]), [false, true, false, true]);
        assert_eq!(
            between(&[
                GET,
                "< HTTP/1.1 200 OK\r\nContent-",
                "< Length: 1\r\n\r\n",
                "< x"
            ]),
            [false, false, false, true]
        );
    }

    #[test]
    fn pipelined_requests_all_want_their_answers() {
        assert_eq!(between(&[GET, GET, OK, OK]), [false, false, false, true]);
    }

    #[test]
    fn an_early_answer_does_not_end_a_request() {
        let post = "> POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab";
        assert_eq!(between(&[post, OK, "> c"]), [false, false, true]);
        let early = "< HTTP/1.1 100 Continue\r\n\r\n";
        assert_eq!(
            between(&[post, early, "> c", OK]),
            [false, false, false, true]
        );
    }

    #[test]
    fn what_is_not_http_is_left_alone() {
        assert_eq!(between(&["> \x16\x03\x01"]), [false]);
        assert_eq!(
            between(&["< 220 hello\r\n", GET, OK]),
            [false, false, false]
        );
        assert_eq!(between(&[GET, OK, OK]), [false, true, false]);
        let websocket = "> GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
        assert_eq!(
            between(&[websocket, "< HTTP/1.1 101 Ok\r\n\r\n"]),
            [false, false]
        );
        let long = format!("> GET /{}", "a".repeat(70_000));
        assert_eq!(between(&[&long, "> \r\n\r\n", OK]), [false, false, false]);
    }
}
