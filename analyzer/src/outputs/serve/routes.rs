//! What is found where.

use std::sync::Arc;

use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};

use super::board::Board;
use super::door::Door;
use super::guests::{Guests, Seat};
use super::{events, metrics, overlay, socket};
use crate::outputs::About;

/// What the routes are listed as, for people.
pub(super) const PATHS: [(&str, &str); 5] = [
    ("/", "overlay for streaming software"),
    ("/ws", "readings over a WebSocket"),
    ("/events", "readings as Server-Sent Events"),
    ("/snapshot", "the last reading"),
    ("/metrics", "Prometheus"),
];

/// What every answer is made from.
pub(super) struct Site {
    pub(super) about: About,
    pub(super) board: Board,
    pub(super) guests: Guests,
    pub(super) door: Door,
}

/// All routes, behind the door.
pub(super) fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/ws", get(web_socket))
        .route("/events", get(event_stream))
        .route("/snapshot", get(snapshot))
        .route("/metrics", get(prometheus))
        .fallback(nothing)
        .layer(middleware::from_fn_with_state(Arc::clone(&site), door))
        .with_state(site)
}

/// Lets nobody in whom the door does not admit, and says what browsers may do with the answer.
async fn door(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    // What is no text is no name that could be known.
    let text = |value: &HeaderValue| value.to_str().unwrap_or("?").to_owned();
    let host = request.headers().get(header::HOST).map(text);
    let host = request.uri().authority().map(ToString::to_string).or(host);
    let admitted = site
        .door
        .admits(host.as_deref(), origin.as_ref().map(text).as_deref());
    let mut response = match admitted {
        Ok(()) => next.run(request).await,
        Err(why) => return (StatusCode::FORBIDDEN, why).into_response(),
    };
    let headers = response.headers_mut();
    let fixed = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
    headers.extend([
        fixed(header::CACHE_CONTROL, "no-store"),
        fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        fixed(
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-site",
        ),
        fixed(header::VARY, "origin"),
    ]);
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

async fn page(State(site): State<Arc<Site>>) -> Response {
    let policy = HeaderValue::from_static(overlay::POLICY);
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, overlay::page(&site.about)).into_response()
}

async fn web_socket(
    State(site): State<Arc<Site>>,
    Extension(seat): Extension<Arc<Seat>>,
    request: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    match (request, site.board.subscribe()) {
        (Ok(request), Some(news)) => socket::upgrade(request, news, seat),
        (Err(error), _) => (
            StatusCode::UPGRADE_REQUIRED,
            [(header::UPGRADE, "websocket")],
            format!("{error}\n"),
        )
            .into_response(),
        (_, None) => ending(),
    }
}

async fn event_stream(State(site): State<Arc<Site>>) -> Response {
    site.board.subscribe().map_or_else(ending, events::response)
}

async fn snapshot(State(site): State<Arc<Site>>) -> Response {
    let now = site.board.now();
    let Some(line) = now.line else {
        let why = if now.listening {
            format!("{}: no reading yet\n", now.title)
        } else {
            format!("{} is waited for\n", now.title)
        };
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], why).into_response();
    };
    (
        [(header::CONTENT_TYPE, "application/json")],
        line.as_str().to_owned() + "\n",
    )
        .into_response()
}

async fn prometheus(State(site): State<Arc<Site>>) -> Response {
    let text = metrics::text(&site.board.now(), &site.about, site.guests.count());
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response()
}

async fn nothing(method: Method, uri: Uri) -> Response {
    let paths: String = PATHS
        .iter()
        .map(|(path, what)| format!("  {path:<10} {what}\n"))
        .collect();
    (
        StatusCode::NOT_FOUND,
        format!("There is nothing for {method} {}. There is:\n{paths}", uri.path()),
    )
        .into_response()
}

fn ending() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "The analyzer ends.\n").into_response()
}
