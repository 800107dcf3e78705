//! Who may begin a handshake, and who waits behind whom. Pure: time is an argument.

use std::collections::{BTreeMap, HashSet, VecDeque};

use crate::domain::moment::Mono;

use super::room::Room;

/// Places in all and per destination (jump host or address); first come, first served.
#[derive(Default)]
pub(super) struct Places {
    used: usize,
    last: Ticket,
    destinations: BTreeMap<String, Destination>,
    /// Whose turn it is, as long as they have not come.
    called: HashSet<Ticket>,
}

/// Later ones are higher.
pub(super) type Ticket = u64;

struct Destination {
    room: Room,
    used: usize,
    waiting: VecDeque<Ticket>,
}

impl Destination {
    fn new(most: usize) -> Self {
        Self { room: Room::new(most), used: 0, waiting: VecDeque::new() }
    }

    fn is_full(&self) -> bool {
        self.used >= self.room.places()
    }
}

impl Places {
    /// A place in the queue for a destination with at most so many places; whose turn it is tells
    /// [`Places::call`].
    pub(super) fn queue(&mut self, now: Mono, destination: &str, most: usize) -> Ticket {
        self.last += 1;
        // Idle ones are forgotten, once they have no grudge left: the map holds no more than are in use.
        self.destinations.retain(|_, known| {
            known.room.recover(now);
            known.used > 0 || !known.waiting.is_empty() || !known.room.is_whole()
        });
        let known = self.destinations.entry(destination.to_owned()).or_insert_with(|| Destination::new(most));
        known.room.narrow(most);
        known.waiting.push_back(self.last);
        self.last
    }

    /// Takes from the queues all whose turn it is now. They hold their place from here on.
    pub(super) fn call(&mut self) -> Vec<Ticket> {
        let mut called = Vec::new();
        while self.used < IN_ALL {
            // A full destination holds up nobody else.
            let open = self.destinations.values_mut().filter(|known| !known.is_full());
            let next = open
                .filter_map(|known| known.waiting.front().copied().map(|ticket| (ticket, known)))
                .min_by_key(|(ticket, _)| *ticket);
            let Some((ticket, known)) = next else { break };
            known.waiting.pop_front();
            known.used += 1;
            self.used += 1;
            self.called.insert(ticket);
            called.push(ticket);
        }
        called
    }

    /// How many have their turn before this one; `None` when it is called, and comes.
    pub(super) fn before(&mut self, destination: &str, ticket: Ticket) -> Option<u32> {
        if self.called.remove(&ticket) {
            return None;
        }
        let ahead = |known: &Destination| known.waiting.partition_point(|waiting| *waiting < ticket);
        let own = self.destinations.get(destination);
        let before = match own {
            Some(own) if own.is_full() => ahead(own),
            // Not its destination is what it waits for.
            Some(_) | None => self.destinations.values().filter(|known| !known.is_full()).map(ahead).sum(),
        };
        Some(u32::try_from(before).unwrap_or(u32::MAX))
    }

    /// Whoever waited has gone away.
    pub(super) fn leave(&mut self, destination: &str, ticket: Ticket) {
        if self.called.remove(&ticket) {
            self.release(destination);
        } else if let Some(known) = self.destinations.get_mut(destination) {
            known.waiting.retain(|waiting| *waiting != ticket);
        }
    }

    pub(super) fn release(&mut self, destination: &str) {
        self.used = self.used.saturating_sub(1);
        if let Some(known) = self.destinations.get_mut(destination) {
            known.used = known.used.saturating_sub(1);
        }
    }

    /// How a handshake that began at `begun` has ended there.
    pub(super) fn learn(&mut self, now: Mono, destination: &str, begun: Mono, dropped: bool) {
        if let Some(known) = self.destinations.get_mut(destination) {
            if dropped { known.room.shrink(now, begun) } else { known.room.grow(now) }
        }
    }
}

/// What one processor does at once without making any of them late.
pub(super) const IN_ALL: usize = 32;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::room::PER_DESTINATION;
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    /// Queues and takes what is free at once.
    fn take(places: &mut Places, destination: &str) -> Ticket {
        let ticket = places.queue(at(0), destination, PER_DESTINATION);
        for called in places.call() {
            assert!(places.called.remove(&called));
        }
        ticket
    }

    #[test]
    fn a_destination_has_eight_places_and_its_queue_holds_up_nobody_else() {
        let mut places = Places::default();
        for _ in 0..PER_DESTINATION {
            take(&mut places, "jump:22");
        }
        let waiting: Vec<_> = (0..3).map(|_| places.queue(at(0), "jump:22", PER_DESTINATION)).collect();
        assert!(places.call().is_empty());
        let before: Vec<_> = waiting.iter().map(|ticket| places.before("jump:22", *ticket)).collect();
        assert_eq!(before, [Some(0), Some(1), Some(2)]);
        let other = places.queue(at(0), "other:22", PER_DESTINATION);
        assert_eq!(places.call(), [other]);
        assert_eq!(places.before("other:22", other), None);
        places.leave("jump:22", waiting[0]);
        places.release("jump:22");
        assert_eq!(places.call(), [waiting[1]], "first come, first served");
        assert_eq!(places.before("jump:22", waiting[2]), Some(0));
        // Called, but gone: the next one is called instead.
        places.leave("jump:22", waiting[1]);
        assert_eq!(places.call(), [waiting[2]]);
    }

    #[test]
    fn a_destination_has_as_many_places_as_its_hosts_say() {
        let mut places = Places::default();
        let tickets: Vec<_> = (0..3).map(|_| places.queue(at(0), "jump:22", 2)).collect();
        assert_eq!(places.call(), tickets[..2]);
        let wide: Vec<_> = (0..12).map(|_| places.queue(at(0), "wide:22", 12)).collect();
        assert_eq!(places.call(), wide, "more than the default");
    }

    #[test]
    fn there_are_thirty_two_in_all_in_the_order_of_coming() {
        let mut places = Places::default();
        for host in 0..IN_ALL {
            take(&mut places, &host.to_string());
        }
        let (late, later) = (places.queue(at(0), "z", PER_DESTINATION), places.queue(at(0), "a", PER_DESTINATION));
        assert!(places.call().is_empty());
        assert_eq!((places.before("z", late), places.before("a", later)), (Some(0), Some(1)));
        places.release("7");
        assert_eq!(places.call(), [late]);
    }

    #[test]
    fn idle_destinations_are_forgotten_but_not_that_one_dropped_us() {
        let mut places = Places::default();
        for name in ["quiet", "strict"] {
            take(&mut places, name);
        }
        places.learn(at(10), "strict", at(5), true);
        places.release("quiet");
        places.release("strict");
        places.queue(at(11), "new", PER_DESTINATION);
        assert_eq!(places.destinations.keys().collect::<Vec<_>>(), ["new", "strict"]);
        places.queue(at(3_600), "new", PER_DESTINATION);
        assert_eq!(places.destinations.keys().collect::<Vec<_>>(), ["new"]);
    }

    #[test]
    fn a_destination_that_drops_gets_fewer_at_a_time() {
        let mut places = Places::default();
        for _ in 0..PER_DESTINATION {
            take(&mut places, "jump:22");
        }
        places.learn(at(1), "jump:22", at(0), true);
        let waiting = places.queue(at(1), "jump:22", PER_DESTINATION);
        for _ in 0..PER_DESTINATION / 2 {
            places.release("jump:22");
            assert!(places.call().is_empty());
        }
        places.release("jump:22");
        assert_eq!(places.call(), [waiting]);
    }
}
