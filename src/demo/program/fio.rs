//! fio with `--eta=always`: one line that is drawn over and over, a result per verified region.

use std::fmt::Write;

use super::typed::duration_option;
use super::{End, GREEN, Part, RED, RESET, Scene, clock, to_u64};

pub(super) fn program(words: &[String]) -> (Vec<Part>, End) {
    let seconds = duration_option(words, &["--runtime"]).unwrap_or(60.0);
    let frames = to_u64(seconds / INTERVAL).max(1);
    (vec![Part::text(HEADER), Part::lines(line, frames, INTERVAL), Part::text(SUMMARY)], End::Code(0))
}

fn line(scene: &Scene, number: u64, out: &mut String) {
    let mut dice = scene.dice(number);
    let eta = to_u64(scene.seconds(scene.frames - number));
    let percent = scene.seconds(number) * 100.0 / scene.seconds(scene.frames).max(1.0);
    let (read, write) = (dice.between(1_080, 1_390), dice.between(410, 590));
    // Of 128 KiB each.
    let (reads, writes) = (read * 8, write * 8);
    let _ = write!(
        out,
        "\rJobs: 8 (f=8): [m(8)][{percent:.1}%][r={read}MiB/s,w={write}MiB/s][r={}.{}k,w={}.{}k IOPS][eta {}]  ",
        reads / 1000,
        reads / 100 % 10,
        writes / 1000,
        writes / 100 % 10,
        clock(eta)
    );
    if number % REGION != REGION - 1 {
        return;
    }
    let region = number / REGION;
    let (colour, word) = if dice.below(40) == 0 { (RED, "RETRY") } else { (GREEN, "ok") };
    let _ = writeln!(
        out,
        "\nverify: region {region:>5}  crc32c {:08x}  {:>4} MiB  lat p99 {:>4} us  [{colour}{word}{RESET}]",
        dice.below(1 << 32),
        dice.between(3_400, 3_950),
        dice.between(180, 960)
    );
}

const HEADER: &str = "verify: (g=0): rw=randrw, bs=(R) 128KiB-128KiB, (W) 128KiB-128KiB, ioengine=io_uring, iodepth=32\n...\nfio-3.36\nStarting 8 processes\n";
const SUMMARY: &str = concat!(
    "\n\nverify: (groupid=0, jobs=8): err= \x1b[32m0\x1b[0m: pid=5120\n",
    "  read: IOPS=9871, BW=1234MiB/s (1294MB/s)\n",
    "    clat (usec): min=58, max=21871, avg=310.44, stdev=141.90\n",
    "  write: IOPS=3987, BW=498MiB/s (523MB/s)\n",
    "    clat (usec): min=71, max=34102, avg=488.12, stdev=202.31\n",
    "Disk stats (read/write):\n",
    "  nvme1n1: ios=71071200/28706400, merge=0/112, ticks=22061530/14010244, util=99.97%\n"
);
const INTERVAL: f64 = 0.5;
/// Status updates per verified region.
const REGION: u64 = 6;
