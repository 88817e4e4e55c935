//! Readings as Server-Sent Events: each one is the data of an event without a name.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::board::News;

/// Time between two comments where no reading comes, so that nobody on the way thinks the connection dead.
const COMMENT: Duration = Duration::from_secs(15);

/// How long a client should wait before it connects again.
const RETRY: Duration = Duration::from_secs(1);

/// The stream of one client.
pub(super) fn response(news: News) -> Response {
    let first = Event::default().retry(RETRY);
    let events = stream::unfold((Some(first), news), |(first, mut news)| async move {
        let event = match first {
            Some(event) => event,
            None => Event::default().data(news.next().await?.as_str()),
        };
        Some((Ok::<_, Infallible>(event), (None, news)))
    });
    let kept = KeepAlive::new().interval(COMMENT);
    Sse::new(events).keep_alive(kept).into_response()
}
