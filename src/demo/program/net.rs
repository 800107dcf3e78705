//! iperf3, one line a second.

use std::fmt::Write;

use super::typed::duration_option;
use super::{End, Part, Scene, YELLOW, to_u64};

pub(super) fn program(words: &[String]) -> (Vec<Part>, End) {
    let seconds = duration_option(words, &["-t", "--time"]).unwrap_or(10.0);
    let peer = words.iter().position(|word| word == "-c").and_then(|place| words.get(place + 1));
    let peer = peer.map_or("10.20.0.1", String::as_str);
    let head = format!(
        "Connecting to host {peer}, port 5201\n[  5] local 10.20.0.17 port 51844 connected to {peer} port 5201\n[ ID] Interval           Transfer     Bitrate         Retr  Cwnd\n"
    );
    if seconds < 1.0 {
        return (vec![Part::text(head), Part::endless(line, 1.0)], End::Code(0));
    }
    let bytes = seconds * 1.09;
    let foot = format!(
        "- - - - - - - - - - - - - - - - - - - - - - - - -\n[ ID] Interval           Transfer     Bitrate         Retr\n[  5]   0.00-{seconds:.2}  sec  {bytes:.2} GBytes  9.36 Gbits/sec   41             sender\n[  5]   0.00-{seconds:.2}  sec  {bytes:.2} GBytes  9.36 Gbits/sec                  receiver\n\niperf Done.\n"
    );
    (vec![Part::text(head), Part::lines(line, to_u64(seconds), 1.0), Part::text(foot)], End::Code(0))
}

fn line(scene: &Scene, number: u64, out: &mut String) {
    let mut dice = scene.dice(number);
    let lossy = dice.below(23) == 0;
    let rate = if lossy { dice.between(610, 880) } else { dice.between(928, 941) };
    let retries = if lossy { dice.between(12, 240) } else { dice.below(2) };
    let (colour, reset) = if lossy { (YELLOW, super::RESET) } else { ("", "") };
    let interval = format!("{number}.00-{}.00", number + 1);
    // A gigabyte of iperf3's is 2^30 bytes.
    let centibytes = rate * 1_000_000_000 / 8 / (1 << 30);
    let _ = writeln!(
        out,
        "{colour}[  5] {interval:>13}  sec  {}.{:02} GBytes  {}.{:02} Gbits/sec {retries:>4}   {}.{:02} MBytes{reset}",
        centibytes / 100,
        centibytes % 100,
        rate / 100,
        rate % 100,
        dice.between(1, 3),
        dice.below(100)
    );
}
