#![no_main]
//! Whatever a worker sends is a frame and a message or an error, and a session that is lied to says so.

use libfuzzer_sys::fuzz_target;
use towpath_remote::{Frame, Order, Report, Session, decode};

fuzz_target!(|frames: Vec<Vec<u8>>| {
    let mut session = Session::default();
    session.push(b"an order".to_vec());
    for bytes in &frames {
        // Refusing is fine.
        let Ok(frame) = Frame::decode(bytes) else { continue };
        assert_eq!(Frame::decode(&frame.encode()).as_ref(), Ok(&frame));
        match frame {
            Frame::Data { sequence, message } => {
                let before = session.received();
                if let Ok(true) = session.receive(sequence) {
                    assert!(session.received() > before);
                    session.take(sequence);
                }
                let _ = (decode::<Order>(&message), decode::<Report>(&message));
            }
            Frame::Ack(sequence) => drop(session.acknowledge(sequence)),
            Frame::Hello(hello) => drop(session.can_resume(hello.received)),
            _ => {}
        }
        assert!(session.taken() <= session.received());
    }
});
