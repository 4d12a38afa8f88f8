use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;
use tokio_stream::StreamExt as _;
use tonic::transport::server::Connected as _;

use super::seats::MAX_HANDSHAKES;
use super::*;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

type Plainly = Incoming<TcpListener, Plain>;

/// A listener with so many seats, and a way to connect to it.
async fn listening(capacity: usize) -> (Plainly, impl AsyncFn() -> TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connect = async move || TcpStream::connect(address).await.unwrap();
    (Incoming::new(listener, Plain, Seats::new(capacity)), connect)
}

/// Takes connections until the client's side has an outcome. As the library does, each is read from until it fails.
async fn served<T>(incoming: &mut Plainly, client: impl Future<Output = T>) -> T {
    let mut reading = JoinSet::new();
    let mut client = std::pin::pin!(client);
    loop {
        tokio::select! {
            outcome = &mut client => return outcome,
            Some(connection) = incoming.next() => {
                let mut connection = connection.unwrap();
                reading.spawn(async move { while connection.read_u8().await.is_ok() {} });
            }
        }
    }
}

async fn opened(connect: &impl AsyncFn() -> TcpStream, incoming: &mut Plainly) -> (TcpStream, Connection<TcpStream>) {
    let mut client = connect().await;
    client.write_all(PREFACE).await.unwrap();
    (client, incoming.next().await.unwrap().unwrap())
}

/// Nothing arrives but the end.
async fn ended(stream: &mut TcpStream) -> bool {
    matches!(stream.read(&mut [0]).await, Ok(0) | Err(_))
}

#[tokio::test]
async fn first_bytes_reach_the_library_whole() {
    let (mut incoming, connect) = listening(8).await;
    for said in [[PREFACE, b"more"].concat(), b"GET / HTTP/1.1\r\n\r\n".to_vec(), vec![22, 3, 1]] {
        let mut client = connect().await;
        client.write_all(&said).await.unwrap();
        let mut connection = incoming.next().await.unwrap().unwrap();
        drop(client);
        let mut heard = Vec::new();
        connection.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, said);
    }
}

#[tokio::test(start_paused = true)]
async fn silent_connection_is_dropped_at_its_deadline() {
    let (mut incoming, connect) = listening(8).await;
    let began = Instant::now();
    let mut silent = connect().await;
    assert!(served(&mut incoming, ended(&mut silent)).await);
    assert_eq!(began.elapsed().as_secs(), HANDSHAKE_TIME.as_secs());
}

#[tokio::test(start_paused = true)]
async fn preface_that_comes_byte_by_byte_does_not_move_the_deadline() {
    let (mut incoming, connect) = listening(8).await;
    let began = Instant::now();
    let (mut reader, mut writer) = connect().await.into_split();
    let client = async {
        let dribble = async {
            for byte in PREFACE {
                let _ = writer.write_all(&[*byte]).await;
                sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            () = dribble => panic!("it was never dropped"),
            end = reader.read_u8() => end.is_err(),
        }
    };
    assert!(served(&mut incoming, client).await);
    // The time of this test goes on to the next byte where the end of the connection is still on its way.
    let took = began.elapsed().as_secs() - HANDSHAKE_TIME.as_secs();
    assert!(took <= 2, "{took} s late");
}

#[tokio::test]
async fn connection_that_never_showed_a_key_makes_room_the_oldest_first() {
    let (mut incoming, connect) = listening(3).await;
    let (mut keyed, keyed_end) = opened(&connect, &mut incoming).await;
    keyed_end.connect_info().admit();
    let mut admitted = Box::pin(async move {
        let mut connection = keyed_end;
        let mut bytes = vec![0; PREFACE.len() + 1];
        connection.read_exact(&mut bytes).await.map(|_| bytes.pop().unwrap())
    });
    let outcome = served(&mut incoming, async {
        let mut idle = Vec::new();
        for _ in 0..20 {
            let mut stream = connect().await;
            stream.write_all(PREFACE).await.unwrap();
            idle.push(stream);
        }
        let (last, before) = idle.split_last_mut().unwrap();
        let (second_last, dropped) = before.split_last_mut().unwrap();
        for stream in dropped {
            assert!(ended(stream).await);
        }
        // The youngest two have the seats that are left.
        for stream in [last, second_last] {
            assert!(timeout(Duration::from_millis(50), ended(stream)).await.is_err());
        }
        keyed.write_all(b"!").await.unwrap();
        admitted.as_mut().await.unwrap()
    });
    assert_eq!(outcome.await, b'!');
}

#[tokio::test]
async fn peer_that_takes_nothing_makes_room_as_well() {
    let (mut incoming, connect) = listening(1).await;
    let (_deaf, mut end) = opened(&connect, &mut incoming).await;
    let mut writing = JoinSet::new();
    writing.spawn(async move { while end.write_all(&[0; 8_192]).await.is_ok() {} });
    let opened = timeout(Duration::from_secs(5), opened(&connect, &mut incoming)).await;
    assert!(opened.is_ok());
    writing.join_next().await.unwrap().unwrap();
}

#[tokio::test]
async fn new_connection_is_refused_where_each_has_shown_a_key() {
    let (mut incoming, connect) = listening(2).await;
    let mut keyed = Vec::new();
    for _ in 0..2 {
        let (client, end) = opened(&connect, &mut incoming).await;
        end.connect_info().admit();
        keyed.push((client, end));
    }
    let mut refused = connect().await;
    assert!(served(&mut incoming, ended(&mut refused)).await);
    keyed.pop();
    opened(&connect, &mut incoming).await;
}

#[tokio::test]
async fn stalled_handshakes_make_room_for_others() {
    let (mut incoming, connect) = listening(2_048).await;
    let outcome = served(&mut incoming, async {
        let mut stalled = Vec::new();
        for _ in 0..MAX_HANDSHAKES + 8 {
            stalled.push(connect().await);
        }
        for stream in &mut stalled[..8] {
            assert!(ended(stream).await);
        }
        timeout(Duration::from_millis(50), ended(&mut stalled[8])).await.is_err()
    });
    assert!(outcome.await);
}

#[tokio::test]
async fn admitted_peer_is_disconnected_where_that_is_asked() {
    let (mut incoming, connect) = listening(2).await;
    let (mut client, mut end) = opened(&connect, &mut incoming).await;
    let peer = end.connect_info();
    peer.admit();
    let reading = tokio::spawn(async move {
        let mut heard = Vec::new();
        let error = end.read_to_end(&mut heard).await.unwrap_err();
        (heard.len(), error.kind())
    });
    tokio::task::yield_now().await;
    peer.disconnect();
    assert_eq!(reading.await.unwrap(), (PREFACE.len(), io::ErrorKind::ConnectionAborted));
    assert!(ended(&mut client).await);
    drop(peer);
    // Its seat is another's.
    let mut seated = Vec::new();
    for _ in 0..2 {
        let (client, end) = opened(&connect, &mut incoming).await;
        end.connect_info().admit();
        seated.push((client, end));
    }
}

#[tokio::test]
async fn requests_without_a_key_are_few_and_given_back() {
    let (mut incoming, connect) = listening(1).await;
    let (_client, end) = opened(&connect, &mut incoming).await;
    let peer = end.connect_info();
    let open: Vec<_> = std::iter::from_fn(|| peer.open()).collect();
    assert_eq!(open.len(), 16);
    drop(open);
    peer.admit();
    peer.admit();
    assert_eq!(std::iter::from_fn(|| peer.open()).collect::<Vec<_>>().len(), 256);
}
