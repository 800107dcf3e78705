//! The hues: Okabe and Ito's, lightened for a dark ground and darkened for a light one.

use ratatui::style::Color;

use crate::domain::link::LinkState;

/// One hue on each ground, and its nearest among sixteen colours.
#[derive(Clone, Copy)]
pub(super) struct Hue {
    pub(super) dark: ([u8; 3], Color),
    pub(super) light: ([u8; 3], Color),
}

const fn hue_of(dark: [u8; 3], dark_ansi: Color, light: [u8; 3], light_ansi: Color) -> Hue {
    Hue { dark: (dark, dark_ansi), light: (light, light_ansi) }
}

pub(super) const SKY: Hue = hue_of([96, 186, 238], Color::Cyan, [0, 92, 148], Color::Blue);
pub(super) const GREEN: Hue = hue_of([64, 190, 148], Color::Green, [0, 100, 70], Color::Green);
pub(super) const YELLOW: Hue = hue_of([240, 228, 110], Color::LightYellow, [112, 90, 0], Color::Yellow);
pub(super) const ORANGE: Hue = hue_of([240, 170, 50], Color::Yellow, [138, 76, 0], Color::Yellow);
pub(super) const VERMILLION: Hue = hue_of([244, 110, 66], Color::LightRed, [168, 44, 0], Color::Red);
pub(super) const PURPLE: Hue = hue_of([222, 146, 194], Color::Magenta, [134, 48, 104], Color::Magenta);
pub(super) const BLUE: Hue = hue_of([116, 152, 236], Color::LightBlue, [36, 72, 172], Color::Blue);
/// Text where the ground is ours.
pub(super) const INK: Hue = hue_of([226, 232, 240], Color::White, [20, 24, 32], Color::Black);
pub(super) const GREY: Hue = hue_of([140, 149, 161], Color::Gray, [80, 88, 100], Color::DarkGray);
pub(super) const DARK: Hue = hue_of([74, 82, 94], Color::DarkGray, [150, 158, 168], Color::Gray);
/// The ground of the selected row, with and without the focus.
pub(super) const NAVY: Hue = hue_of([22, 40, 58], Color::Blue, [206, 224, 244], Color::Cyan);
pub(super) const NIGHT: Hue = hue_of([30, 36, 44], Color::Black, [230, 235, 240], Color::White);

pub(super) fn of_state(state: LinkState) -> Option<Hue> {
    match state {
        LinkState::Idle => None,
        LinkState::Connecting => Some(SKY),
        LinkState::Alive => Some(GREEN),
        LinkState::Pinging => Some(YELLOW),
        LinkState::Reconnecting => Some(ORANGE),
        LinkState::Paused => Some(BLUE),
        LinkState::Rebooted => Some(PURPLE),
        LinkState::Refused | LinkState::Lost => Some(VERMILLION),
    }
}

impl Hue {
    /// Mixed into the ground: a tint that text can be read on.
    pub(super) fn tint(self) -> Self {
        let light = self.light.0.map(|c| 255 - (255 - c) / 6);
        Self { dark: (self.dark.0.map(|c| c / 4), self.dark.1), light: (light, self.light.1) }
    }
}

/// The nearest of the 256 colours: from the 6×6×6 cube or from the greys.
pub fn indexed(rgb: [u8; 3]) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let distance = |a: [u8; 3]| a.iter().zip(rgb).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum::<u32>();
    let level = |c: u8| (0_u8..6).min_by_key(|i| LEVELS[usize::from(*i)].abs_diff(c)).unwrap_or(0);
    let cube = rgb.map(level);
    let cube_rgb = cube.map(|i| LEVELS[usize::from(i)]);
    let grey = (0_u8..24).min_by_key(|i| distance([8 + 10 * i; 3])).unwrap_or(0);
    if distance([8 + 10 * grey; 3]) < distance(cube_rgb) {
        232 + grey
    } else {
        16 + 36 * cube[0] + 6 * cube[1] + cube[2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2: from 1 to 21; 4.5 is enough for text.
    fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
        let light = |rgb: [u8; 3]| {
            let [r, g, b] = rgb.map(|c| {
                let c = f64::from(c) / 255.0;
                if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
            });
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let (a, b) = (light(a), light(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_hue_can_be_read_on_every_ground_it_stands_on() {
        let text = [SKY, GREEN, YELLOW, ORANGE, VERMILLION, PURPLE, BLUE, INK, GREY];
        for hue in text {
            for ground in [[0, 0, 0], [30, 30, 34], NAVY.dark.0, NIGHT.dark.0] {
                assert!(
                    contrast(hue.dark.0, ground) >= 4.5,
                    "{:?} on {ground:?}: {}",
                    hue.dark.0,
                    contrast(hue.dark.0, ground)
                );
            }
            for ground in [[255, 255, 255], [250, 248, 240], NAVY.light.0, NIGHT.light.0] {
                assert!(
                    contrast(hue.light.0, ground) >= 4.5,
                    "{:?} on {ground:?}: {}",
                    hue.light.0,
                    contrast(hue.light.0, ground)
                );
            }
        }
        for state in LinkState::ALL {
            let Some(hue) = of_state(state) else { continue };
            assert!(contrast(hue.dark.0, hue.tint().dark.0) >= 4.5, "{state:?} on its tint");
            assert!(contrast(hue.light.0, hue.tint().light.0) >= 4.5, "{state:?} on its light tint");
        }
        // Edges are seen, not read.
        assert!(contrast(DARK.dark.0, [0, 0, 0]) >= 1.5 && contrast(DARK.light.0, [255, 255, 255]) >= 1.5);
    }
}
