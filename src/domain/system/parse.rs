//! Reading what a host says it is made of. Strict and bounded: what is not understood is not told.

use super::{INTERFACES, Interface, System};

/// One `key=value` of an answer. A key that is not known is passed over; of a key that comes twice the first
/// counts, but for interfaces.
pub fn apply(system: &mut System, key: &str, value: &str) {
    match key {
        "distribution" => first(&mut system.distribution, words(value)),
        "kernel" => first(&mut system.kernel, words(value)),
        "cpu_model" => first(&mut system.processor, words(value)),
        "cpus" => first(&mut system.processors, number(value).filter(|count| *count > 0)),
        "cpu_list" => first(&mut system.processors, listed(value)),
        "memory_kib" => first(&mut system.memory, number(value).and_then(kib)),
        "memory_bytes" => first(&mut system.memory, number(value)),
        "nic" if system.interfaces.len() < INTERFACES => {
            let interface = interface(value);
            let known = |new: &Interface| system.interfaces.iter().any(|known| known.name == new.name);
            system.interfaces.extend(interface.filter(|new| !known(new)));
        }
        _ => {}
    }
}

fn first<T>(place: &mut Option<T>, value: Option<T>) {
    if place.is_none() {
        *place = value;
    }
}

/// A line of text with single blanks, without control characters.
fn words(text: &str) -> Option<String> {
    let sound = text.len() <= TEXT && !text.chars().any(char::is_control);
    let text: Vec<&str> = text.split_whitespace().collect();
    (sound && !text.is_empty()).then(|| text.join(" "))
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

fn kib(count: u64) -> Option<u64> {
    count.checked_mul(1024)
}

/// How many a list of the kernel's names: `0-3,8` are five.
fn listed(text: &str) -> Option<u32> {
    let mut count: u32 = 0;
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (number(first)?, number(last)?);
        count = count.checked_add(last.checked_sub(first)?.checked_add(1)?)?;
    }
    (count > 0 && count <= PROCESSORS).then_some(count)
}

/// `NAME MAC STATE SPEED`; what is not known is `-`.
fn interface(text: &str) -> Option<Interface> {
    let mut parts = text.split(' ');
    let name = parts.next().filter(|name| is_name(name))?.to_owned();
    let mac = parts.next().and_then(mac);
    let state = parts.next().filter(|word| is_word(word)).map(str::to_owned);
    let speed = parts.next().and_then(number).filter(|speed| (1..=SPEED).contains(speed));
    parts.next().is_none().then_some(Interface { name, mac, state, speed })
}

fn is_name(name: &str) -> bool {
    let sound = |c: char| !c.is_control() && !c.is_whitespace() && c != '/';
    (1..=NAME).contains(&name.len()) && name.chars().all(sound)
}

fn is_word(word: &str) -> bool {
    (1..=NAME).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Octets in hexadecimal; all of them zero is none.
fn mac(text: &str) -> Option<String> {
    let octets: Vec<&str> = text.split(':').collect();
    let is_octet = |octet: &&str| octet.len() == 2 && octet.bytes().all(|byte| byte.is_ascii_hexdigit());
    let sound = (6..=20).contains(&octets.len()) && octets.iter().all(is_octet);
    (sound && octets.iter().any(|octet| *octet != "00")).then(|| text.to_ascii_lowercase())
}

/// Bytes of a text; the names of processors have at most 64.
const TEXT: usize = 200;

/// Bytes of the name of an interface: the kernels allow 15.
const NAME: usize = 15;

/// More processors than any machine has.
const PROCESSORS: u32 = 1 << 16;

/// In Mb/s: ten times what the fastest do.
const SPEED: u32 = 10_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn system(lines: &[(&str, &str)]) -> System {
        let mut system = System::default();
        for (key, value) in lines {
            apply(&mut system, key, value);
        }
        system
    }

    #[test]
    fn what_is_sound_is_read() {
        let read = system(&[
            ("distribution", "Debian GNU/Linux 12 (bookworm)"),
            ("kernel", "6.8.0-31-generic"),
            ("kernel", "another"),
            ("cpu_model", "Intel(R) Xeon(R)  CPU   E5-2680 v4 @ 2.40GHz"),
            ("cpu_list", "0-27,56,60-61"),
            ("memory_kib", "65766012"),
            ("nic", "eth0 52:54:00:AB:34:56 up 1000"),
            ("nic", "eth1 00:00:00:00:00:00 down -1"),
            ("nic", "eth0 52:54:00:ab:34:57 up 10"),
        ]);
        assert_eq!(read.kernel.as_deref(), Some("6.8.0-31-generic"));
        assert_eq!(read.processor.as_deref(), Some("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz"));
        assert_eq!((read.processors, read.memory), (Some(31), Some(65_766_012 * 1024)));
        let told: Vec<String> = read.interfaces.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["eth0 52:54:00:ab:34:56 up, 1000 Mb/s", "eth1 down"]);
    }

    #[test]
    fn what_is_not_sound_is_not_told() {
        let long = "x".repeat(201);
        let wrong = [
            ("kernel", "\u{1b}[2J"),
            ("distribution", ""),
            ("cpu_model", &long),
            ("cpus", "0"),
            ("cpus", "-3"),
            ("cpu_list", "3-0"),
            ("cpu_list", "0-4294967295,0-4294967295"),
            ("memory_kib", "18446744073709551615"),
            ("memory_kib", "n/a"),
            ("nic", "../etc 52:54:00:ab:34:56 up 1000"),
            ("nic", "eth0 52:54:00:ab:34:56 up 1000 more"),
            ("nic", ""),
        ];
        assert_eq!(system(&wrong), System::default());
    }

    #[test]
    fn a_host_with_interfaces_without_end_is_cut() {
        let mut many = System::default();
        for n in 0..1000 {
            apply(&mut many, "nic", &format!("veth{n} - up -"));
        }
        assert_eq!(many.interfaces.len(), INTERFACES);
    }

    proptest! {
        #[test]
        fn no_answer_crashes_it_or_gets_through_whole(key in 0..8_usize, value in "(?s).{0,300}") {
            let keys = ["distribution", "kernel", "cpu_model", "cpus", "cpu_list", "memory_kib", "memory_bytes", "nic"];
            let read = system(&[(keys[key], &value)]);
            let texts = [&read.distribution, &read.kernel, &read.processor].into_iter().flatten();
            for text in texts.chain(read.interfaces.iter().map(|nic| &nic.name)) {
                prop_assert!(text.len() <= TEXT && !text.chars().any(char::is_control));
            }
        }
    }
}
