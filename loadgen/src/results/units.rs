//! Quantities as people read them.

/// Bytes a second, in the unit that gives three digits.
pub(super) fn throughput(bytes_per_s: f64) -> String {
    format!("{}/s", bytes(bytes_per_s))
}

/// Bytes, decimal units.
pub(super) fn bytes(bytes: f64) -> String {
    scaled(bytes, &[(1e9, "GB"), (1e6, "MB"), (1e3, "KB")], "B")
}

/// A duration given in milliseconds.
pub(super) fn milliseconds(ms: f64) -> String {
    scaled(ms / 1e3, &[(1.0, "s"), (1e-3, "ms")], "us")
}

fn scaled(value: f64, units: &[(f64, &str)], smallest: &str) -> String {
    for (scale, unit) in units {
        if value.abs() >= *scale {
            return format!("{} {unit}", three_digits(value / scale));
        }
    }
    let scale = if smallest == "us" { 1e-6 } else { 1.0 };
    format!("{} {smallest}", three_digits(value / scale))
}

/// A number with three digits that count.
pub(super) fn three_digits(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
