//! `KIND=SHARE`: what goes wrong on purpose, and how often.

use std::ffi::OsStr;

use crate::grammar::UsageError;
use crate::meaning::invalid;

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// A-ABORT in mid-object.
    Abort,
    /// Nothing more in mid-object, with the connection left open.
    Stall,
    /// The connection closed within a PDU.
    HalfPdu,
    /// Answers left unread.
    SlowReader,
    /// An instance sent twice.
    SameUid,
    /// A PDU longer than agreed on.
    LargePdu,
}

/// A share of the objects that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// More than 0, at most 1.
    pub(crate) share: f64,
}

impl FaultKind {
    /// All of them, with their names on the command line.
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("abort", Self::Abort),
        ("stall", Self::Stall),
        ("half-pdu", Self::HalfPdu),
        ("slow-reader", Self::SlowReader),
        ("same-uid", Self::SameUid),
        ("large-pdu", Self::LargePdu),
    ];

    fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find_map(|(known, kind)| (known == name).then_some(kind))
    }
}

/// What every `--fault` asks for together.
///
/// # Errors
/// An unknown kind, a kind twice, a share that is none, more than everything.
pub(crate) fn faults(texts: &[impl AsRef<OsStr>]) -> Result<Vec<Fault>, UsageError> {
    let mut faults: Vec<Fault> = Vec::new();
    for text in texts {
        let text = text.as_ref();
        let fault = fault(text)?;
        if faults.iter().any(|known| known.kind == fault.kind) {
            return Err(invalid("--fault", text, "each kind once"));
        }
        faults.push(fault);
        // A little more than 1 is the rounding of shares such as 10% and 90%.
        if faults.iter().map(|fault| fault.share).sum::<f64>() > 1.0 + f64::EPSILON * 8.0 {
            return Err(invalid("--fault", text, "all shares together 100% at most"));
        }
    }
    Ok(faults)
}

fn fault(text: &OsStr) -> Result<Fault, UsageError> {
    let parsed = text.to_str().and_then(|text| {
        let (kind, share) = text.split_once('=')?;
        let fault = Fault {
            kind: FaultKind::from_name(kind)?,
            share: share_of(share)?,
        };
        Some(fault)
    });
    parsed.ok_or_else(|| {
        let expected = "a kind and a share of at most 100%, such as abort=1%, of \
                        abort, stall, half-pdu, slow-reader, same-uid or large-pdu,";
        invalid("--fault", text, expected)
    })
}

/// `1%` or `0.01`: more than nothing, at most everything.
fn share_of(text: &str) -> Option<f64> {
    let share: f64 = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().ok()? / 100.0,
        None => text.parse().ok()?,
    };
    (share > 0.0 && share <= 1.0).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(texts: &[&str]) -> Result<Vec<(FaultKind, f64)>, String> {
        let faults = faults(texts).map_err(|error| error.text)?;
        Ok(faults.iter().map(|f| (f.kind, f.share)).collect())
    }

    #[test]
    fn a_share_is_a_percentage_or_a_fraction() {
        assert_eq!(
            shares(&["abort=1%", "stall=0.25", "large-pdu=2.5%"]),
            Ok(vec![
                (FaultKind::Abort, 0.01),
                (FaultKind::Stall, 0.25),
                (FaultKind::LargePdu, 0.025)
            ])
        );
    }

    #[test]
    fn every_kind_has_a_name() {
        for (name, kind) in FaultKind::ALL {
            assert_eq!(shares(&[&format!("{name}=1")]), Ok(vec![(kind, 1.0)]));
        }
    }

    #[test]
    fn shares_add_up_to_everything_at_most() {
        assert!(shares(&["abort=10%", "stall=20%", "same-uid=70%"]).is_ok());
        assert!(shares(&["abort=60%", "stall=41%"]).is_err());
    }

    #[test]
    fn nonsense_is_refused_and_told() {
        for text in [
            "",
            "abort",
            "abort=",
            "abort=0",
            "abort=-1%",
            "abort=101%",
            "abort=NaN",
            "abort=inf",
            "crash=1%",
        ] {
            let error = shares(&[text]).expect_err(text);
            assert!(error.starts_with("Invalid value for option --fault ("));
        }
        assert!(shares(&["abort=1%", "abort=2%"]).is_err());
    }
}
