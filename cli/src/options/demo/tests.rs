//! The table as a whole.

use super::*;
use crate::options::checks;

/// The general options, as in DCMTK's tools: short name, long name, number of values, group.
const REFERENCE: &str = "\
-h --help 0 -
- --version 0 -
- --arguments 0 -
-q --quiet 0 log-verbosity
-v --verbose 0 log-verbosity
-d --debug 0 log-verbosity
-ll --log-level 1 -
-lc --log-config 1 -";

checks::table_tests!(TOOL, REFERENCE, &[]);
