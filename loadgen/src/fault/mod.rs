//! Objects that are sent wrong on purpose, each over an association of its own, so that the others are
//! none the worse for it.

mod conversation;
mod crew;
mod script;

use std::fmt;
use std::str::FromStr;

pub(crate) use crew::{Crew, CrewReport, CrewSetup};

/// The most that may be sent wrong, in percent: the others show what it does to a receiver.
pub const FAULT_PERCENT_MAX: f64 = 50.0;

/// What can be done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// A-ABORT in the middle of the data set.
    Abort,
    /// Silence in the middle of the data set; then the rest.
    Stall,
    /// The connection is closed in the middle of a PDU.
    HalfPdu,
    /// The response is taken late, through a small window.
    SlowReader,
    /// The same object twice over one association.
    SameUid,
    /// A PDU longer than the receiver's maximum length (PS3.8 D.1).
    LargePdu,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Abort,
        Self::Stall,
        Self::HalfPdu,
        Self::SlowReader,
        Self::SameUid,
        Self::LargePdu,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Abort => "abort",
            Self::Stall => "stall",
            Self::HalfPdu => "half-pdu",
            Self::SlowReader => "slow-reader",
            Self::SameUid => "same-uid",
            Self::LargePdu => "large-pdu",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many percent of the objects are sent wrong in which way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FaultMix {
    shares: Vec<(Fault, f64)>,
    seed: u64,
}

/// Why a share of faults is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// Nothing is called that.
    #[error(
        "no fault is called {0:?}; there are abort, stall, half-pdu, slow-reader, same-uid and \
         large-pdu"
    )]
    Unknown(String),
    /// The share is no number of percent.
    #[error("{0:?} is no share of the objects: write for example abort=1%")]
    Share(String),
    /// A fault has two shares.
    #[error("{0} is given twice")]
    Twice(Fault),
    /// Together they are too many.
    #[error("the shares of the faults add up to more than {FAULT_PERCENT_MAX} %")]
    TooMany,
}

/// `abort=1%` or `abort=0.01`.
impl FromStr for FaultShare {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (name, share) = text
            .split_once('=')
            .ok_or_else(|| FaultError::Share(text.to_owned()))?;
        let mut all = Fault::ALL.into_iter();
        let fault = all
            .find(|fault| fault.name() == name)
            .ok_or_else(|| FaultError::Unknown(name.to_owned()))?;
        let percent = match share.strip_suffix('%') {
            Some(percent) => percent.parse(),
            None => share.parse().map(|part: f64| part * 100.0),
        };
        match percent {
            Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(Self { fault, percent }),
            _ => Err(FaultError::Share(text.to_owned())),
        }
    }
}

/// A fault and its share of the objects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultShare {
    /// What is done wrong.
    pub fault: Fault,
    /// To how many percent of the objects, 0 to 100.
    pub percent: f64,
}

impl FaultMix {
    /// These shares; which objects they fall on is drawn from `seed`.
    pub fn new(shares: &[FaultShare], seed: u64) -> Result<Self, FaultError> {
        let total: f64 = shares.iter().map(|share| share.percent).sum();
        // A little more is the rounding of shares such as 0.1 and 0.4.
        if total > FAULT_PERCENT_MAX + 1e-9 {
            return Err(FaultError::TooMany);
        }
        for (at, share) in shares.iter().enumerate() {
            if shares[..at]
                .iter()
                .any(|earlier| earlier.fault == share.fault)
            {
                return Err(FaultError::Twice(share.fault));
            }
        }
        let shares = shares.iter().map(|share| (share.fault, share.percent));
        Ok(Self {
            shares: shares.collect(),
            seed,
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.shares.is_empty()
    }

    /// What is done wrong with object `number`.
    pub fn of(&self, number: u64) -> Option<Fault> {
        if self.shares.is_empty() {
            return None;
        }
        let mut drawn = fastrand::Rng::with_seed(mixed(self.seed, number)).f64() * 100.0;
        for (fault, percent) in &self.shares {
            if drawn < *percent {
                return Some(*fault);
            }
            drawn -= percent;
        }
        None
    }
}

/// Seeds that lie far apart for numbers that lie close together.
fn mixed(seed: u64, number: u64) -> u64 {
    let mut word = seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word ^ (word >> 27)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(text: &str) -> FaultShare {
        text.parse().expect(text)
    }

    #[test]
    fn shares_are_read_and_nonsense_is_refused() {
        assert_eq!(share("abort=1%").percent.to_bits(), 1.0_f64.to_bits());
        assert_eq!(share("same-uid=0.25"), share("same-uid=25%"));
        for fault in Fault::ALL {
            assert_eq!(share(&format!("{fault}=100%")).fault, fault);
        }
        let error = |text: &str| text.parse::<FaultShare>().expect_err(text);
        assert!(matches!(error("sleep=1%"), FaultError::Unknown(_)));
        for text in [
            "abort",
            "abort=",
            "abort=x",
            "abort=0",
            "abort=-1%",
            "abort=101%",
            "abort=NaN",
            "abort=inf",
        ] {
            assert!(matches!(error(text), FaultError::Share(_)), "{text}");
        }
        let most = [share("abort=30%"), share("stall=21%")];
        assert_eq!(FaultMix::new(&most, 1), Err(FaultError::TooMany));
        let twice = [share("abort=1%"), share("abort=2%")];
        assert_eq!(
            FaultMix::new(&twice, 1),
            Err(FaultError::Twice(Fault::Abort))
        );
    }

    #[test]
    fn faults_fall_on_their_share_of_the_objects_the_same_ones_each_time() {
        let shares = [share("abort=10%"), share("stall=5%")];
        let mix = FaultMix::new(&shares, 7).expect("15 %");
        let drawn: Vec<_> = (0..10_000).map(|number| mix.of(number)).collect();
        let count = |fault| drawn.iter().filter(|drawn| **drawn == Some(fault)).count();
        // Standard deviations of 30 and 22.
        assert!((850..1150).contains(&count(Fault::Abort)));
        assert!((390..610).contains(&count(Fault::Stall)));
        let again: Vec<_> = (0..10_000).map(|number| mix.of(number)).collect();
        assert_eq!(drawn, again);
        let other = FaultMix::new(&shares, 8).expect("15 %");
        assert!((0..10_000).any(|number| other.of(number) != mix.of(number)));
        assert_eq!(FaultMix::default().of(1), None);
    }
}
