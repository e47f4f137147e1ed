//! Durations and sizes as people type them: `10s`, `1.5m`, `250ms`, `2h`; `64M`, `1G`.

/// Nanoseconds of a duration; a bare number means seconds.
pub(crate) fn parse_ns(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let scale = match unit.trim() {
        "ns" => 1.0,
        "us" => 1e3,
        "ms" => 1e6,
        "" | "s" => 1e9,
        "m" | "min" => 60e9,
        "h" => 3600e9,
        "d" => 86_400e9,
        other => return Err(format!("unknown unit `{other}` (ns, us, ms, s, m, h, d)")),
    };
    let number: f64 = number.parse().map_err(|_| format!("`{text}` is no duration (example: 10s, 250ms, 2h)"))?;
    let ns = number * scale;
    if !(0.0..=9.0e18).contains(&ns) {
        return Err(format!("`{text}` is out of range"));
    }
    Ok(ns as u64)
}

/// Bytes of a size.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        other => return Err(format!("unknown unit `{other}` (K, M, G)")),
    };
    let number: u64 = number.parse().map_err(|_| format!("`{text}` is no size (example: 64M)"))?;
    number
        .checked_shl(shift)
        .filter(|bytes| bytes >> shift == number)
        .ok_or_else(|| format!("`{text}` is out of range"))
}

#[cfg(test)]
mod tests {
    use super::{parse_bytes, parse_ns};

    #[test]
    fn durations() {
        assert_eq!(parse_ns("10"), Ok(10_000_000_000));
        assert_eq!(parse_ns("1.5m"), Ok(90_000_000_000));
        assert_eq!(parse_ns("250ms"), Ok(250_000_000));
        assert!(parse_ns("ten").is_err());
        assert!(parse_ns("5x").is_err());
        assert!(parse_ns("").is_err());
    }

    #[test]
    fn sizes() {
        assert_eq!(parse_bytes("64M"), Ok(64 << 20));
        assert_eq!(parse_bytes("4096"), Ok(4096));
        assert!(parse_bytes("99999999999999999G").is_err());
        assert!(parse_bytes("M").is_err());
    }
}
