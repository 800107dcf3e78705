//! A share, from 0 to 100.

use std::cmp::Ordering;
use std::fmt;

/// From 0 to 100, and always a number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Percent(f64);

/// What is no share.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no percentage from 0 to 100")]
pub struct PercentError;

impl Percent {
    /// The usual threshold.
    pub const NINETY: Self = Self(90.0);
    pub const ALL: Self = Self(100.0);
    pub const ZERO: Self = Self(0.0);

    /// # Errors
    /// For what is not finite, below 0 or over 100.
    pub fn new(value: f64) -> Result<Self, PercentError> {
        // No need to ask for NaN: it is in no range. `+ 0.0` makes one zero of both.
        if (0.0..=100.0).contains(&value) { Ok(Self(value + 0.0)) } else { Err(PercentError) }
    }

    /// `61%` or `61.5 %`: digits, maybe a fraction, the sign. Nothing else is taken for a number.
    ///
    /// # Errors
    /// For every other text, and for numbers over 100.
    pub fn parse(text: &str) -> Result<Self, PercentError> {
        let number = text.strip_suffix('%').ok_or(PercentError)?.trim_end();
        Self::parse_number(number)
    }

    /// The same without the sign.
    ///
    /// # Errors
    /// For every other text, and for numbers over 100.
    pub fn parse_number(number: &str) -> Result<Self, PercentError> {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits =
            |part: &str| !part.is_empty() && part.len() <= 20 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(PercentError);
        }
        Self::new(number.parse().map_err(|_| PercentError)?)
    }

    /// `part` of `whole`; nothing of nothing is unknown, and so is more than all of it.
    #[must_use]
    pub fn share(part: u64, whole: u64) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "a share is shown with two decimals")]
        let share = (whole > 0).then(|| part as f64 / whole as f64 * 100.0)?;
        Self::new(share).ok()
    }

    /// The average; of nothing there is none.
    #[must_use]
    pub fn average(values: impl IntoIterator<Item = Self>) -> Option<Self> {
        let (sum, count) = values.into_iter().fold((0.0, 0_u32), |(sum, count), value| (sum + value.0, count + 1));
        // Rounding may put the average of many hundreds a little over it.
        (count > 0).then(|| Self((sum / f64::from(count)).clamp(0.0, 100.0)))
    }

    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }

    /// So many points lower, zero at the least.
    #[must_use]
    pub fn less(self, points: Self) -> Self {
        Self((self.0 - points.0).max(0.0))
    }
}

impl Eq for Percent {}

impl PartialOrd for Percent {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Percent {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// With two decimals: `61.00%`.
impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}%", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_shares_are_shares() {
        for (text, value) in [("61%", 61.0), ("0%", 0.0), ("100%", 100.0), ("4.25 %", 4.25), ("007%", 7.0)] {
            assert_eq!(Percent::parse(text).map(Percent::value), Ok(value), "{text}");
        }
        for text in
            ["101%", "100.001%", "-1%", "+1%", "n/a", "", "%", "61", "6 1%", "NaN%", "inf%", "1e1%", ".5%", "5.%", "٣%"]
        {
            assert_eq!(Percent::parse(text), Err(PercentError), "{text:?}");
        }
    }

    #[test]
    fn shown_with_two_decimals() {
        assert_eq!(Percent::share(1, 3).unwrap().to_string(), "33.33%");
        assert_eq!((Percent::share(0, 0), Percent::share(2, 1)), (None, None));
    }

    proptest! {
        #[test]
        fn whatever_is_made_is_from_0_to_100(value in any::<f64>(), text in "\\PC{0,12}%?") {
            for percent in [Percent::new(value), Percent::parse(&text)].into_iter().flatten() {
                prop_assert!((0.0..=100.0).contains(&percent.value()));
            }
        }

        #[test]
        fn an_average_is_between_its_values(values in prop::collection::vec(0.0..=100.0_f64, 1..200)) {
            let values: Vec<Percent> = values.into_iter().map(|value| Percent::new(value).unwrap()).collect();
            let average = Percent::average(values.iter().copied()).unwrap().value();
            let (low, high) = (values.iter().min().unwrap().value(), values.iter().max().unwrap().value());
            prop_assert!(low - 1e-9 <= average && average <= high + 1e-9);
        }
    }
}
