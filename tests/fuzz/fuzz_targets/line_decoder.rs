#![no_main]

#[path = "../targets.rs"]
#[expect(dead_code, reason = "of all targets")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::line_decoder(data));
