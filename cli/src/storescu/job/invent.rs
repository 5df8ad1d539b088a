//! `--invent-*`: who an object is, replaced by somebody who never was.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use pdvault_engine::dataset::Tag;
use pdvault_engine::value::Uid;
use uuid::Uuid;

/// How many of one kind go into the next larger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InventCounts {
    /// Images of a series.
    pub(super) images: u64,
    /// Series of a study.
    pub(super) series: u64,
    /// Studies of a patient.
    pub(super) studies: u64,
}

/// The attributes that are replaced where they are present, by name for the log.
const ATTRIBUTES: [(&str, Tag); 8] = [
    ("PatientName", Tag(0x0010, 0x0010)),
    ("PatientID", Tag(0x0010, 0x0020)),
    ("StudyInstanceUID", Tag(0x0020, 0x000D)),
    ("StudyID", Tag(0x0020, 0x0010)),
    ("SeriesInstanceUID", Tag(0x0020, 0x000E)),
    ("SeriesNumber", Tag(0x0020, 0x0011)),
    ("SOPInstanceUID", Tag(0x0008, 0x0018)),
    ("ImageNumber", Tag(0x0020, 0x0013)),
];

/// The name in the log of an attribute that is replaced.
pub(super) fn attribute_name(tag: Tag) -> &'static str {
    ATTRIBUTES
        .iter()
        .find(|(_, own)| *own == tag)
        .map_or("attribute", |(name, _)| name)
}

/// The identity of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// The values of [`ATTRIBUTES`].
    values: [String; ATTRIBUTES.len()],
    /// Patient, study, series, image.
    counters: [u64; 4],
    /// The SOP instance among the values.
    pub(super) sop_instance: Uid,
}

impl Identity {
    /// What is to be written into the data set.
    pub(super) fn edits(&self) -> Vec<(Tag, Vec<u8>)> {
        ATTRIBUTES
            .iter()
            .zip(&self.values)
            .map(|((_, tag), value)| (*tag, value.as_bytes().to_vec()))
            .collect()
    }

    /// The line of the log, and those below it.
    pub(super) fn describe(&self) -> String {
        let [patient, study, series, image] = self.counters;
        let mut text = format!(
            "Inventing Identifying Information (pa{patient}, st{study}, se{series}, im{image}):"
        );
        for ((name, _), value) in ATTRIBUTES.iter().zip(&self.values) {
            // Writing to a string does not fail.
            let _ = write!(text, "\n  {name}={value}");
        }
        text
    }
}

/// Invents one identity after the other.
#[derive(Debug)]
pub(super) struct Inventor {
    counts: InventCounts,
    patient: u64,
    study: u64,
    series: u64,
    image: u64,
    patient_name: String,
    patient_id: String,
    study_uid: String,
    study_id: String,
    series_uid: String,
    series_number: String,
}

impl Inventor {
    /// Begins with the first patient.
    pub(super) fn new(counts: InventCounts) -> Self {
        let mut inventor = Self {
            counts,
            patient: 0,
            study: 0,
            series: 0,
            image: 0,
            patient_name: String::new(),
            patient_id: String::new(),
            study_uid: String::new(),
            study_id: String::new(),
            series_uid: String::new(),
            series_number: String::new(),
        };
        inventor.begin_patient();
        inventor.begin_study();
        inventor.begin_series();
        inventor
    }

    fn begin_patient(&mut self) {
        let (seconds, patient) = (unix_seconds(), self.patient);
        self.patient_name = format!("OFFIS^TEST_PN_{seconds}{patient}");
        self.patient_id = format!("PID_{seconds}{patient}");
    }

    fn begin_study(&mut self) {
        self.study_uid = fresh_uid();
        self.study_id = format!("SID_{}{}", unix_seconds(), self.study);
    }

    fn begin_series(&mut self) {
        self.series_uid = fresh_uid();
        self.series_number = self.series.to_string();
    }

    /// The next identity. As with DCMTK, the first series of a later study keeps the number that it
    /// was counted with, and so does the first study of a later patient.
    pub(super) fn next(&mut self) -> Identity {
        if self.image >= self.counts.images {
            self.image = 0;
            self.series += 1;
            self.begin_series();
        }
        if self.series >= self.counts.series {
            self.series = 0;
            self.study += 1;
            self.begin_study();
        }
        if self.study >= self.counts.studies {
            self.study = 0;
            self.patient += 1;
            self.begin_patient();
        }
        let identity = self.current();
        self.image += 1;
        identity
    }

    fn current(&self) -> Identity {
        let sop_instance = fresh_uid();
        Identity {
            sop_instance: Uid::from(sop_instance.as_str()),
            values: [
                self.patient_name.clone(),
                self.patient_id.clone(),
                self.study_uid.clone(),
                self.study_id.clone(),
                self.series_uid.clone(),
                self.series_number.clone(),
                sop_instance,
                self.image.to_string(),
            ],
            counters: [self.patient, self.study, self.series, self.image],
        }
    }
}

/// A UID that nobody else has (PS3.5 B.2).
fn fresh_uid() -> String {
    format!("2.25.{}", Uuid::new_v4().as_u128())
}

fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(identity: &Identity, name: &str) -> String {
        let at = ATTRIBUTES.iter().position(|(own, _)| *own == name);
        identity.values[at.expect("an attribute")].clone()
    }

    fn inventor() -> Inventor {
        Inventor::new(InventCounts {
            images: 2,
            series: 2,
            studies: 2,
        })
    }

    #[test]
    fn counters_begin_at_zero_and_carry_over() {
        let mut inventor = inventor();
        let seen: Vec<_> = (0..10).map(|_| inventor.next().counters).collect();
        let expected = [
            [0, 0, 0, 0],
            [0, 0, 0, 1],
            [0, 0, 1, 0],
            [0, 0, 1, 1],
            [0, 1, 0, 0],
            [0, 1, 0, 1],
            [0, 1, 1, 0],
            [0, 1, 1, 1],
            [1, 0, 0, 0],
            [1, 0, 0, 1],
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn the_first_series_of_a_later_study_keeps_its_number() {
        let mut inventor = inventor();
        let numbers: Vec<_> = (0..8)
            .map(|_| value(&inventor.next(), "SeriesNumber"))
            .collect();
        assert_eq!(numbers, ["0", "0", "1", "1", "2", "2", "1", "1"]);
    }

    #[test]
    fn images_of_one_series_share_all_but_their_own_names() {
        let mut inventor = inventor();
        let (first, second, third) = (inventor.next(), inventor.next(), inventor.next());
        for name in ["PatientName", "PatientID", "StudyInstanceUID", "StudyID"] {
            assert_eq!(value(&first, name), value(&third, name));
        }
        assert_eq!(
            value(&first, "SeriesInstanceUID"),
            value(&second, "SeriesInstanceUID")
        );
        assert_ne!(
            value(&first, "SeriesInstanceUID"),
            value(&third, "SeriesInstanceUID")
        );
        assert_ne!(first.sop_instance, second.sop_instance);
        assert_eq!(value(&second, "ImageNumber"), "1");
    }

    #[test]
    fn the_log_has_a_heading_and_eight_lines() {
        let text = inventor().next().describe();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[0],
            "Inventing Identifying Information (pa0, st0, se0, im0):"
        );
        assert_eq!(lines.len(), 9);
        assert!(lines[1].starts_with("  PatientName=OFFIS^TEST_PN_"));
        assert!(lines[1].ends_with('0'));
    }
}
