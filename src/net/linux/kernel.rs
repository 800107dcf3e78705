//! Questions to the kernel, one at a time.

use std::io;
use std::time::Duration;

use netlink_packet_core::{
    ErrorMessage, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkBuffer, NetlinkHeader, NetlinkMessage,
    NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{AsyncSocket, AsyncSocketExt, SocketAddr, TokioSocket};

use crate::net::NetError;

/// A socket of our own for questions, so that answers and notifications cannot mix.
pub(super) struct Kernel {
    socket: TokioSocket,
    sequence: u32,
    buffer: Vec<u8>,
}

/// How an answer ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Answered {
    /// No part was skipped as not understood.
    pub(super) whole: bool,
    /// Nothing changed while the kernel was counting: nothing is told twice or left out.
    pub(super) steady: bool,
}

impl Kernel {
    pub(super) fn open() -> Result<Self, NetError> {
        let mut socket = <TokioSocket as AsyncSocket>::new(NETLINK_ROUTE).map_err(NetError::Open)?;
        socket.socket_mut().bind_auto().map_err(NetError::Open)?;
        // Lets the kernel pick the routes instead of sending all of them; those before 4.20 do not
        // know it, and then we pick.
        let _ = socket.socket_mut().set_netlink_get_strict_chk(true);
        Ok(Self { socket, sequence: 0, buffer: Vec::with_capacity(DATAGRAM) })
    }

    /// Asks for one object. A refusal is the error with the kernel's number.
    pub(super) async fn get(
        &mut self,
        what: &'static str,
        question: RouteNetlinkMessage,
    ) -> Result<Option<RouteNetlinkMessage>, NetError> {
        let mut answer = None;
        self.ask(what, question, NLM_F_REQUEST, |message| answer = Some(message)).await?;
        Ok(answer)
    }

    /// Asks for all objects of a kind.
    pub(super) async fn list(
        &mut self,
        what: &'static str,
        question: RouteNetlinkMessage,
        each: impl FnMut(RouteNetlinkMessage),
    ) -> Result<Answered, NetError> {
        self.ask(what, question, NLM_F_REQUEST | NLM_F_DUMP, each).await
    }

    async fn ask(
        &mut self,
        what: &'static str,
        question: RouteNetlinkMessage,
        flags: u16,
        each: impl FnMut(RouteNetlinkMessage),
    ) -> Result<Answered, NetError> {
        match tokio::time::timeout(ANSWER, self.converse(question, flags, each)).await {
            Ok(answered) => answered.map_err(|source| NetError::Ask { what, source }),
            Err(_) => Err(NetError::NoAnswer(what)),
        }
    }

    async fn converse(
        &mut self,
        question: RouteNetlinkMessage,
        flags: u16,
        mut each: impl FnMut(RouteNetlinkMessage),
    ) -> io::Result<Answered> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.flags = flags;
        header.sequence_number = self.sequence;
        let mut request = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(question));
        request.finalize();
        let mut bytes = vec![0; request.buffer_len()];
        request.serialize(&mut bytes);
        self.socket.send_to(&bytes, &SocketAddr::new(0, 0)).await?;
        let single = flags & NLM_F_DUMP != NLM_F_DUMP;
        let mut answered = Answered { whole: true, steady: true };
        loop {
            self.buffer.clear();
            self.socket.recv(&mut self.buffer).await?;
            let part = read(&self.buffer, self.sequence, &mut each)?;
            answered.whole &= part.answered.whole;
            answered.steady &= part.answered.steady;
            // A single object comes without an end mark.
            if part.end || (single && part.objects) {
                return Ok(answered);
            }
        }
    }
}

/// What one datagram held.
struct Part {
    end: bool,
    objects: bool,
    answered: Answered,
}

/// Walks through the messages of a datagram; those with another sequence number are leftovers of a
/// question that was given up.
fn read(datagram: &[u8], sequence: u32, each: &mut impl FnMut(RouteNetlinkMessage)) -> io::Result<Part> {
    let mut part = Part { end: false, objects: false, answered: Answered { whole: true, steady: true } };
    let mut rest = datagram;
    while !rest.is_empty() {
        let Ok(buffer) = NetlinkBuffer::new_checked(rest) else {
            part.answered.whole = false;
            break;
        };
        let length = usize::try_from(buffer.length()).unwrap_or(usize::MAX);
        if buffer.sequence_number() == sequence {
            part.answered.steady &= buffer.flags() & NLM_F_DUMP_INTR == 0;
            let message = rest.get(..length).unwrap_or_default();
            match NetlinkMessage::<RouteNetlinkMessage>::deserialize(message).map(|message| message.payload) {
                Ok(NetlinkPayload::InnerMessage(object)) => {
                    part.objects = true;
                    each(object);
                }
                Ok(NetlinkPayload::Error(error)) => {
                    refusal(&error)?;
                    part.end = true;
                }
                Ok(NetlinkPayload::Done(done)) => {
                    if done.code < 0 {
                        return Err(io::Error::from_raw_os_error(done.code.saturating_neg()));
                    }
                    part.end = true;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "a message of the kernel was not understood");
                    part.objects = true;
                    part.answered.whole = false;
                }
            }
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(part)
}

fn refusal(error: &ErrorMessage) -> io::Result<()> {
    // Number zero is an acknowledgement.
    error.code.map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(code.get().saturating_neg())))
}

/// The kernel answers within the call itself; the asker waits no longer than this for what should
/// not happen, and takes the network for unknown then.
const ANSWER: Duration = Duration::from_secs(5);

/// The kernel fills at most 32 KiB at once; more than this would be cut, and then not understood.
const DATAGRAM: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use netlink_packet_core::DoneMessage;
    use netlink_packet_route::link::LinkMessage;
    use proptest::prelude::*;

    use super::*;

    fn message(sequence: u32, flags: u16, payload: NetlinkPayload<RouteNetlinkMessage>) -> Vec<u8> {
        let mut header = NetlinkHeader::default();
        header.sequence_number = sequence;
        header.flags = flags;
        let mut message = NetlinkMessage::new(header, payload);
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        bytes
    }

    fn link(sequence: u32, flags: u16) -> Vec<u8> {
        message(sequence, flags, NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewLink(LinkMessage::default())))
    }

    fn done(code: i32) -> Vec<u8> {
        let mut done = DoneMessage::default();
        done.code = code;
        message(7, 0, NetlinkPayload::Done(done))
    }

    fn count(datagram: &[u8]) -> io::Result<(usize, Part)> {
        let mut objects = 0;
        let part = read(datagram, 7, &mut |_| objects += 1)?;
        Ok((objects, part))
    }

    #[test]
    fn objects_are_read_up_to_the_end_mark() {
        let (objects, part) = count(&[link(7, 0), link(7, 0), done(0)].concat()).unwrap();
        assert_eq!((objects, part.end, part.answered.whole), (2, true, true));
    }

    #[test]
    fn leftovers_of_an_earlier_question_are_skipped() {
        let (objects, part) = count(&[link(6, 0), link(7, 0)].concat()).unwrap();
        assert_eq!((objects, part.end, part.answered.whole), (1, false, true));
    }

    #[test]
    fn what_was_cut_is_not_whole_and_what_changed_meanwhile_is_not_steady() {
        let changed = count(&link(7, NLM_F_DUMP_INTR)).unwrap().1.answered;
        assert_eq!(changed, Answered { whole: true, steady: false });
        let bytes = link(7, 0);
        let cut = count(&bytes[..bytes.len() - 1]).unwrap().1.answered;
        assert_eq!(cut, Answered { whole: false, steady: true });
    }

    #[test]
    fn what_is_not_understood_is_told() {
        let mut bytes = link(7, 0);
        // An attribute that claims more than there is.
        bytes.extend([0xff, 0x00, 0x03, 0x00]);
        bytes[0] += 4;
        let (objects, part) = count(&[bytes, link(7, 0)].concat()).unwrap();
        assert_eq!((objects, part.answered.whole), (1, false));
    }

    #[test]
    fn a_refusal_within_the_end_mark_is_an_error() {
        assert_eq!(count(&done(-19)).map(|_| ()).unwrap_err().raw_os_error(), Some(19));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = count(&bytes);
        }

        #[test]
        fn no_damage_makes_it_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = [link(7, 0), link(7, 0), done(0)].concat();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _ = count(&bytes);
        }
    }
}
