//! A hostile worker and a hostile client around the real loop: a fuzzer's bytes choose what each of them does, and when.
//!
//! Time stands still but where everybody waits, so deadlines pass at once. What is checked: the client hears only what the
//! contract allows, within its limits, and the worker gets well-formed answers to calls that it made, one for each.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;

use arbitrary::{Result, Unstructured};
use codemode_jail::WaitStatus;
use codemode_proto::v1::execute_request;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::*;
use crate::execution::delivery::{Waiting, queue};
use crate::execution::response;
use crate::limits::Limits;
use crate::pool::fuzzing::checkout;

/// What a client heard of one execution, for its own checks to judge.
#[derive(Debug)]
pub struct Heard {
    /// The tools that it offered.
    pub tools: Vec<String>,
    /// The calls of its journal, and the number of the last.
    pub replayed: (u32, u32),
    /// In their order.
    pub responses: Vec<v1::ExecuteResponse>,
}

/// The line that says what is missing of the output.
const MAX_MARKER: usize = 128;

/// Any choices of a worker and a client. Gives what the client heard.
pub fn worker_frames(data: &[u8]) -> Heard {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
    }
    let mut choices = Unstructured::new(data);
    RUNTIME.with(|runtime| runtime.block_on(run(&mut choices)))
}

async fn run(choices: &mut Unstructured<'_>) -> Heard {
    let limits = limits(choices).unwrap_or_else(|_| Limits::defaults());
    let tools: Vec<String> = ["a", "b"].map(str::to_owned).to_vec();
    let (ours, worker) = UnixStream::pair().expect("a pair of sockets");
    ours.set_nonblocking(true).expect("a socket");
    worker.set_nonblocking(true).expect("a socket");
    let (checkout, exit) = checkout(tokio::net::UnixStream::from_std(ours).expect("a socket")).await;
    let journal = journal(choices, &limits).unwrap_or_default();
    let promised = promised(choices, &journal).unwrap_or_default();
    let replayed = (promised.calls, journal.back().map_or(0, |call| call.call_id));
    let mut running = running(checkout.worker, &limits, &tools, promised);
    let (requests, receiver) = mpsc::channel(64);
    let (responses, heard) = queue(choices.int_in_range(1..=100_000).unwrap_or(1));
    let shutdown = Shutdown::new();
    let mut peers = Peers {
        worker: Some(worker),
        exit: Some(exit),
        requests: Some(requests),
        heard: Some(heard),
        journal,
        next_call: replayed.1 + 1,
        sent: Vec::new(),
        responses: Vec::new(),
    };
    let driven = async {
        // Dropped at its end, by which the client knows of it.
        let responses = responses;
        running.drive(ReceiverStream::new(receiver), &responses, &shutdown, |_, _| {}).await
    };
    let (end, ()) = tokio::join!(driven, peers.play(choices, &shutdown));
    // A value and what a frame may have beyond it; of what the client sends, one message over the backlog.
    let most = usize::try_from(limits.value).expect("a size") + 2 * MAX_WORKER_BACKLOG;
    assert!(running.inbound.capacity() <= 2 * most, "{} bytes for a worker's frames", running.inbound.capacity());
    assert!(running.outbound.capacity() <= 8 * most, "{} bytes for a worker", running.outbound.capacity());
    if peers.heard.is_none() {
        // It left, so what it did not read is lost.
        peers.responses.clear();
    }
    let finished = end
        .ok()
        .filter(|_| peers.heard.is_some())
        .map(|end| execute_response::Message::Finished(end.into_finished(running.usage(), running.untold())));
    peers.responses.extend(finished.map(response));
    check(&limits, &tools, replayed, &peers);
    Heard { tools, replayed, responses: peers.responses }
}

fn running(worker: Worker, limits: &Limits, tools: &[String], promised: JournalSize) -> Running {
    let accepted = v1::Accepted { limits: Some(limits.to_wire()), ..v1::Accepted::default() };
    Running {
        worker,
        queue_time: Duration::ZERO,
        bounds: Bounds { limits: limits.clone(), ceilings: Limits::ceilings() },
        tools: tools.to_vec(),
        journal: Journal::new(promised, limits.tool_calls, limits.value, tools),
        clock: 0,
        calls: PendingCalls::default(),
        output: OutputBudget::new(limits.output),
        inbound: BytesMut::with_capacity(READ_SIZE),
        outbound: BytesMut::new(),
        outbox: VecDeque::from([execute_response::Message::Accepted(accepted)]),
        started: Instant::now(),
        accepted: Instant::now(),
        exit: None,
        cpu_time: Duration::ZERO,
        peak_memory: 0,
    }
}

fn limits(choices: &mut Unstructured<'_>) -> Result<Limits> {
    Ok(Limits {
        value: *choices.choose(&[1, 64, 1_000, 70_000, 1 << 20])?,
        output: *choices.choose(&[1, 10, 1_000, 100_000])?,
        tool_calls: *choices.choose(&[1, 3, 100])?,
        tool_call_time: Duration::from_secs(*choices.choose(&[1, 20, 300])?),
        ..Limits::defaults()
    })
}

/// A journal that mostly keeps to the contract.
fn journal(choices: &mut Unstructured<'_>, limits: &Limits) -> Result<VecDeque<v1::JournalCall>> {
    let mut calls = VecDeque::new();
    let (mut call_id, mut seen) = (0, 0);
    for index in 0..choices.int_in_range(0..=limits.tool_calls.min(4))? {
        call_id += 1 + u32::from(choices.ratio(1, 8)?);
        seen += u32::from(seen < index && choices.arbitrary()?);
        let outcome = match choices.int_in_range(0..=2u8)? {
            0 => None,
            1 => Some(v1::journal_call::Outcome::Value(choices.arbitrary::<[u8; 2]>()?.to_vec().into())),
            _ => Some(v1::journal_call::Outcome::Failure(v1::ToolFailure::default())),
        };
        calls.push_back(v1::JournalCall {
            call_id,
            tool: (*choices.choose(&["a", "b", "a", "b", "c"])?).to_owned(),
            arguments: choices.arbitrary::<[u8; 4]>()?.to_vec().into(),
            clock: vec![0; choices.int_in_range(0..=20)?].into(),
            seen: if choices.ratio(7, 8)? { seen } else { choices.arbitrary()? },
            order: if outcome.is_some() { choices.int_in_range(0..=4)? } else { 0 },
            outcome,
        });
    }
    Ok(calls)
}

/// What `start` says of a journal: mostly the truth.
fn promised(choices: &mut Unstructured<'_>, journal: &VecDeque<v1::JournalCall>) -> Result<JournalSize> {
    let calls = u32::try_from(journal.len()).expect("it is short") + u32::from(choices.ratio(1, 16)?);
    Ok(JournalSize { calls, bytes: if choices.ratio(15, 16)? { 1_000 } else { choices.int_in_range(0..=100)? } })
}

fn check(limits: &Limits, tools: &[String], replayed: (u32, u32), peers: &Peers) {
    let (mut calls, mut last, mut output) = (replayed.0, replayed.1, 0);
    let (mut asked_again, mut heard_of, mut told_of) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (index, response) in peers.responses.iter().enumerate() {
        match response.message.as_ref().expect("a message has content") {
            execute_response::Message::Accepted(_) => assert_eq!(index, 0, "`accepted` is the first"),
            execute_response::Message::ToolCall(call) => {
                if call.call_id > last {
                    (calls, last) = (calls + 1, call.call_id);
                    assert!(calls <= limits.tool_calls, "call {calls} of {}", limits.tool_calls);
                } else {
                    assert!(call.call_id <= replayed.1 && asked_again.insert(call.call_id), "{call:?} after {last}");
                }
                heard_of.insert(call.call_id);
                told_of.extend(call.answered.iter().map(|answer| answer.call_id));
                assert!(tools.contains(&call.tool) && call.arguments.len() as u64 <= limits.value);
            }
            execute_response::Message::Output(piece) => output += piece.data.len(),
            execute_response::Message::Finished(finished) => {
                assert_eq!(index + 1, peers.responses.len(), "`finished` is the last");
                assert!(finished.value.len() as u64 <= limits.value);
                for answer in &finished.answered {
                    let is_new = heard_of.contains(&answer.call_id) && told_of.insert(answer.call_id);
                    assert!(is_new && answer.failure.is_some(), "{answer:?} with the end");
                }
                let exceeded = finished.exceeded.as_ref().map_or("", |exceeded| &exceeded.message);
                assert!(exceeded.len() < 1_000 && !exceeded.contains("17179869"), "{exceeded}");
            }
        }
    }
    assert!(output as u64 <= limits.output + MAX_MARKER as u64, "{output} bytes of output");
    let mut sent = &peers.sent[..];
    let (mut answered, mut told) = (BTreeSet::new(), 0);
    while let Some((length, rest)) = sent.split_first_chunk::<4>() {
        // The worker may have ended in the middle of a frame.
        let Some((frame, rest)) = rest.split_at_checked(u32::from_le_bytes(*length) as usize) else { break };
        let (&[kind, a, b, c, d, status], payload) = frame.split_first_chunk::<6>().expect("kind, call id and status");
        let call_id = u32::from_le_bytes([a, b, c, d]);
        match kind {
            2 => {
                assert!((1..peers.next_call).contains(&call_id) && answered.insert(call_id), "{frame:?}");
                assert!(status == 0 || serde_json::from_slice::<serde_json::Value>(payload).is_ok(), "{frame:?}");
            }
            3 => {
                assert!(call_id > told && call_id <= replayed.1, "{frame:?} after {told}");
                told = call_id;
            }
            _ => panic!("{frame:?} to a worker"),
        }
        sent = rest;
    }
}

/// Whoever is around the loop. What is `None` has left.
struct Peers {
    worker: Option<UnixStream>,
    exit: Option<tokio::sync::oneshot::Sender<Exit>>,
    requests: Option<mpsc::Sender<std::result::Result<v1::ExecuteRequest, String>>>,
    heard: Option<Waiting>,
    /// Not sent yet.
    journal: VecDeque<v1::JournalCall>,
    next_call: u32,
    /// To the worker.
    sent: Vec<u8>,
    responses: Vec<v1::ExecuteResponse>,
}

impl Peers {
    async fn play(&mut self, choices: &mut Unstructured<'_>, shutdown: &Shutdown) {
        while !choices.is_empty() {
            if self.step(choices, shutdown).await.is_err() {
                break;
            }
            self.read();
            tokio::task::yield_now().await;
        }
        while let Some(heard) = &mut self.heard {
            let Some(response) = heard.next().await else { break };
            heard.held().release(u64::MAX);
            self.responses.extend(response.ok());
            self.read();
        }
    }

    async fn step(&mut self, choices: &mut Unstructured<'_>, shutdown: &Shutdown) -> Result<()> {
        match choices.int_in_range(0..=12u8)? {
            0..=2 => {
                let frame = frame(choices, &mut self.next_call)?;
                self.write(&frame).await;
            }
            3 => {
                let frame = frame(choices, &mut self.next_call)?;
                self.write(&frame[..choices.int_in_range(0..=frame.len())?]).await;
            }
            4 => {
                let length = choices.int_in_range(0..=64)?;
                self.write(choices.bytes(length.min(choices.len()))?).await;
            }
            5 => {
                let call_id = choices.int_in_range(0..=self.next_call)?;
                self.request(execute_request::Message::ToolResult(v1::ToolResult {
                    call_id,
                    outcome: outcome(choices)?,
                }));
            }
            6 => self.request(match choices.int_in_range(0..=1)? {
                0 => execute_request::Message::Cancel(v1::Cancel {}),
                _ => execute_request::Message::Start(v1::Start::default()),
            }),
            7 => {
                if let Some(heard) = &mut self.heard {
                    let response = tokio::select! {
                        biased;
                        response = heard.next() => response,
                        () = std::future::ready(()) => None,
                    };
                    self.responses.extend(response.and_then(std::result::Result::ok));
                    if choices.arbitrary()? {
                        heard.held().release(u64::MAX);
                    }
                }
            }
            8 => tokio::time::sleep(Duration::from_millis(choices.int_in_range(0..=40_000)?)).await,
            9 => {
                let status = choices.int_in_range(0..=64)?;
                let status =
                    if choices.arbitrary()? { WaitStatus::Exited(status) } else { WaitStatus::Signaled(status) };
                let cpu_time = Duration::from_secs(choices.int_in_range(0..=100)?);
                if let Some(sender) = self.exit.take_if(|_| status != WaitStatus::Exited(0)) {
                    let _ = sender.send(Exit { status, cpu_time, peak_memory: choices.arbitrary()? });
                }
                self.worker = None;
            }
            10 => match choices.int_in_range(0..=4)? {
                0 => shutdown.expire(),
                1 => self.heard = None,
                2 => self.requests = None,
                3 => self.exit = None,
                _ => {
                    if let Some(requests) = &self.requests {
                        let _ = requests.try_send(Err("malformed".to_owned()));
                    }
                }
            },
            _ => {
                let count = choices.int_in_range(0..=self.journal.len())?;
                let calls = self.journal.drain(..count).collect();
                self.request(execute_request::Message::Journal(v1::JournalPart { calls }));
            }
        }
        Ok(())
    }

    fn request(&self, message: execute_request::Message) {
        if let Some(requests) = &self.requests {
            let _ = requests.try_send(Ok(v1::ExecuteRequest { message: Some(message) }));
        }
    }

    /// Writes, as long as the executor reads.
    async fn write(&mut self, mut bytes: &[u8]) {
        let mut refused = 0;
        while !bytes.is_empty() && refused < 8 {
            let Some(worker) = &mut self.worker else { return };
            match worker.write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => refused += 1,
                Err(_) => self.worker = None,
            }
            tokio::task::yield_now().await;
        }
    }

    fn read(&mut self) {
        let mut bytes = [0; 4096];
        while let Some(Ok(length @ 1..)) = self.worker.as_mut().map(|worker| worker.read(&mut bytes)) {
            self.sent.extend_from_slice(&bytes[..length]);
        }
    }
}

/// A frame of a worker, mostly one that keeps to the protocol.
fn frame(choices: &mut Unstructured<'_>, next_call: &mut u32) -> Result<Vec<u8>> {
    let mut body = match choices.int_in_range(0..=9u8)? {
        0 => vec![choices.arbitrary()?],
        1..=4 => {
            let call_id = if choices.ratio(7, 8)? { *next_call } else { choices.int_in_range(0..=9)? };
            *next_call = next_call.saturating_add(u32::from(call_id == *next_call));
            let tool =
                if choices.ratio(15, 16)? { choices.int_in_range(0..=1)? } else { choices.arbitrary::<u16>()? };
            let flags = u8::from(choices.ratio(1, 8)?) + u8::from(choices.ratio(1, 32)?);
            let count = choices.int_in_range(0..=3u32)?;
            let mut body = [&[17][..], &call_id.to_le_bytes(), &tool.to_le_bytes(), &[flags]].concat();
            body.extend_from_slice(&count.to_le_bytes());
            for _ in 0..count {
                body.extend_from_slice(&choices.int_in_range(0..=*next_call)?.to_le_bytes());
            }
            let clock = if choices.ratio(31, 32)? { choices.int_in_range(0..=16)? } else { 40_000 };
            body.extend_from_slice(&u32::to_le_bytes(clock));
            body.resize(body.len() + clock as usize, 0);
            body
        }
        5..=7 => vec![18, choices.int_in_range(0..=3)?],
        _ => vec![19, choices.int_in_range(0..=5)?],
    };
    if choices.ratio(1, 8)? {
        // Larger than a fuzzer's input.
        body.resize(body.len() + choices.int_in_range(0..=150_000)?, b'x');
    } else {
        let length = choices.int_in_range(0..=48)?;
        body.extend_from_slice(choices.bytes(length.min(choices.len()))?);
    }
    let length = u32::try_from(body.len()).expect("a short frame");
    Ok([&length.to_le_bytes()[..], &body].concat())
}

fn outcome(choices: &mut Unstructured<'_>) -> Result<Option<v1::tool_result::Outcome>> {
    Ok(match choices.int_in_range(0..=8u8)? {
        0 => None,
        1..=2 => Some(v1::tool_result::Outcome::Failure(v1::ToolFailure {
            r#type: choices.arbitrary()?,
            message: choices.arbitrary()?,
            builtin_type: choices.arbitrary()?,
        })),
        3 => Some(v1::tool_result::Outcome::Value(vec![b' '; choices.int_in_range(0..=2 << 20)?].into())),
        _ => Some(v1::tool_result::Outcome::Value(choices.arbitrary::<&[u8]>()?.to_vec().into())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How an execution ends whose worker says this at once.
    async fn end(limits: &Limits, kind: u8, payload: &[u8]) -> v1::Exceeded {
        let (ours, _worker) = tokio::net::UnixStream::pair().unwrap();
        let mut running = running(checkout(ours).await.0.worker, limits, &["a".to_owned()], JournalSize::default());
        running.inbound.extend_from_slice(&u32::try_from(payload.len() + 1).unwrap().to_le_bytes());
        running.inbound.extend_from_slice(&[kind]);
        running.inbound.extend_from_slice(payload);
        running.take_frames().expect("it is the end").exceeded.expect("and why")
    }

    /// A call of tool 0 as a worker sends it.
    fn call(call_id: u32, arguments: usize) -> Vec<u8> {
        let mut body = vec![17];
        body.extend_from_slice(&call_id.to_le_bytes());
        // Tool, flags, answers seen, bytes of the clock.
        body.extend_from_slice(&[0; 2 + 1 + 4 + 4]);
        body.resize(body.len() + arguments, b'1');
        [&u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
    }

    #[tokio::test]
    async fn small_call_behind_a_large_one_keeps_only_itself() {
        let (ours, _worker) = tokio::net::UnixStream::pair().unwrap();
        let limits = Limits { value: 1 << 20, ..Limits::defaults() };
        let mut running = running(checkout(ours).await.0.worker, &limits, &["a".to_owned()], JournalSize::default());
        for number in 0..10 {
            running.inbound.extend_from_slice(&call(2 * number + 1, (1 << 20) + 1));
            running.inbound.extend_from_slice(&call(2 * number + 2, 10));
            assert!(running.take_frames().is_none());
            assert!(running.inbound.capacity() <= 2 * READ_SIZE, "{} bytes", running.inbound.capacity());
        }
        // The large ones were refused.
        assert_eq!(running.outbox.len(), 1 + 10);
    }

    #[tokio::test]
    async fn output_frame_over_its_limit_breaks_the_protocol() {
        let exceeded = end(&Limits::defaults(), 18, &vec![1; 64 * 1024 + 2]).await;
        assert_eq!(exceeded.limit(), v1::Limit::Protocol);
        assert_eq!(
            exceeded.message,
            "the worker broke its protocol: an output frame of 65537 bytes exceeds the limit of 65536"
        );
    }
}
