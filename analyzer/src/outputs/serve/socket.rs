//! Readings over a WebSocket: each one is a text message.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::board::News;
use super::guests::{Allowance, Seat};

/// Nothing has to be said to this server, so a message is short and they are few.
const LONGEST_MESSAGE: usize = 1 << 10;
const MESSAGES: u32 = 30;
const MESSAGES_IN: Duration = Duration::from_secs(10);

/// Time between two pings; a client that did not answer the last one is gone.
const PING: Duration = Duration::from_secs(20);

/// Takes the connection over, with its seat.
pub(super) fn upgrade(request: WebSocketUpgrade, news: News, seat: Arc<Seat>) -> Response {
    request
        .max_message_size(LONGEST_MESSAGE)
        .max_frame_size(LONGEST_MESSAGE)
        // Each reading goes out when it comes.
        .write_buffer_size(0)
        .on_upgrade(|socket| async move {
            serve(socket, news).await;
            drop(seat);
        })
}

/// Sends readings until the server or the client ends, or the client talks too much.
async fn serve(mut socket: WebSocket, mut news: News) {
    let mut allowance = Allowance::new(MESSAGES, MESSAGES_IN);
    let mut pings = interval_at(Instant::now() + PING, PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut answered = true;
    let (code, reason) = loop {
        let sent = tokio::select! {
            line = news.next() => match line {
                Some(line) => socket.send(Message::Text(line)).await,
                None => break (close_code::AWAY, "the analyzer ends"),
            },
            said = socket.recv() => match said {
                None | Some(Ok(Message::Close(_))) => return,
                Some(Err(_)) => break (close_code::SIZE, "that was no message of at most 1024 bytes"),
                Some(Ok(_)) if !allowance.take() => break (close_code::POLICY, "too many messages"),
                Some(Ok(_)) => {
                    answered = true;
                    Ok(())
                }
            },
            _ = pings.tick() => {
                if !answered {
                    return;
                }
                answered = false;
                socket.send(Message::Ping(Vec::new().into())).await
            }
        };
        if sent.is_err() {
            return;
        }
    };
    let reason = reason.into();
    // It may be gone already.
    let _ = socket
        .send(Message::Close(Some(CloseFrame { code, reason })))
        .await;
}
